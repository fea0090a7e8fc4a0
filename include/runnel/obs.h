/* SPDX-License-Identifier: MIT */
/*
 * Seeing inside a running program.
 *
 * Environment: RUNNEL_SIGQUIT=1 prints the dump on SIGQUIT instead of ending the process;
 * RUNNEL_LEAKS=off|report|fail says what rn_run does about tasks that were still waiting on
 * channels or locks when its function returned: nothing, a report on stderr (the default), or a
 * report and exit status 3 when the process exits. RUNNEL_VERIFY=1 has dumps, and that report, mark
 * the tasks that rn_verify_none would name; not for programs in a debugger that calls rn_dump,
 * which would try to stop the threads that the debugger has stopped.
 */
#ifndef RUNNEL_OBS_H
#define RUNNEL_OBS_H

#include <runnel/base.h>
#include <runnel/chan.h>

RN_EXTERN_C_BEGIN

/*
 * Writes the table of tasks (name, state, where it waits and on what, where it was started) and of
 * channels (element size, buffered, waiting, where it was made) to a file descriptor. A snapshot
 * while the others go on. Any task, any thread, a debugger; never waits for a task.
 */
RN_API void rn_dump(int fd);

/* Prints rn_dump(2) whenever the process gets SIGQUIT. Returns 0 or a negative errno value. */
RN_API int rn_dump_on_sigquit(void);

/*
 * Writes how much of their stacks the tasks of each function have used, to choose stack classes by
 * (task.h). A line for each name, place where tasks of it were started, and class, with the most
 * bytes that one of them has used, the median, the class, the smallest class with a guard that has
 * room for one and a half times the most and 1 KiB, and how many have ended and are alive. It tells
 * what was seen: another input may need more. A snapshot while the others go on, of the tasks that
 * have begun since the first rn_run that saw the setting.
 *
 * Only with RUNNEL_STACK_REPORT=1 in the environment of an rn_run, which begins to measure then and
 * writes it to stderr at its end, too (not in simulated runs); each task costs some microseconds
 * more. docs/debugging.md tells how it is measured. Returns 0; -ENODATA if nothing is measured (nor
 * written); -ENOTSUP with a sanitizer, under Valgrind or where the system does not tell which pages
 * have memory, which a line on fd says; -ENOMEM. Any task but one on a tiny stack, any thread;
 * waits for no task.
 */
RN_API int rn_stack_report(int fd);

/*
 * Looks for leaked tasks: those that wait for something (a channel, those of a select, a lock, a
 * group) that no task which can still run, and no thread, can ever get hold of again. They are
 * listed on stderr, with where they wait and where they were started, and go on waiting. What is
 * found is leaked for certain; not all that is leaked is found (docs/leaks.md). A task that only
 * the cancelling of a group or context would end is none while somebody can cancel it; the end of
 * rn_run is no such way out. Tasks in the background are none.
 *
 * Every other thread of the process is stopped meanwhile, as by a debugger: for milliseconds, and
 * for 0.3 to 3 s more for each GB of memory that the program has touched. Calls of
 * threads of the program's own, and functions that rn_blocking runs, may end with EINTR: those that
 * signal(7) lists as interrupted by stop signals. Where Yama's ptrace_scope is 1, prctl's
 * PR_SET_PTRACER is set to anyone for that time, and to nobody after.
 * Returns how many there are; -EPERM if the system lets nobody stop the threads or read memory (a
 * debugger is attached, or a sandbox forbids it), -EBUSY if they could not be stopped within two
 * seconds, -ENOTSUP if there is more memory than can be looked at, -ENOMEM, or another error
 * (docs/leaks.md has them all). With a single thread, as in simulated runs, nothing needs to be
 * stopped. Any task, any thread; waits for none; no cancellation point.
 */
RN_API RN_MUST_CHECK int rn_verify_none(void);

/* The runtime's own account since the process started. Numbers are exact when no task runs. */
typedef struct rn_stats {
    uint64_t tasks_started;
    uint64_t tasks_ended;
    uint64_t tasks_leaked; /* still waiting when their rn_run returned */
    uint64_t switches;     /* from task to task */
    uint64_t steals;       /* tasks taken from another worker's queue */
    uint64_t wakes;        /* sleeping workers woken */
    uint64_t blocking;     /* calls run by helper threads */
    uint32_t workers;
    uint32_t helpers; /* helper threads alive now */
} rn_stats;

/* Stores the account in *out. Any task, any thread; never waits. */
RN_API void rn_stats_read(rn_stats *out);

/*
 * What has passed through a measured channel, for Little's law: over a time T, the mean number of
 * elements in it is L = occupancy_ns / T, they arrive at the rate lambda = arrivals / T, and stay
 * for W = residence_ns / departures; L = lambda W. What a waiting sender still holds is not in the
 * channel yet: that time is in send_blocked_ns.
 */
typedef struct rn_channel_stats {
    int64_t measured_ns;     /* T: since rn_measure */
    uint64_t arrivals;       /* elements accepted, those handed to a waiting receiver included */
    uint64_t departures;     /* elements received, or taken back: a timer's, by its stop */
    uint64_t occupancy;      /* elements in the buffer now */
    uint64_t most;           /* ... at most */
    int64_t occupancy_ns;    /* time integral of the number of elements in the buffer (a million for
                              * 2.5 hours make INT64_MAX, where it stays) */
    int64_t residence_ns;    /* sum of the times that the departed ones were in it; likewise */
    uint64_t send_waits;     /* sends that had to wait and were served */
    uint64_t recv_waits;     /* receives */
    int64_t send_blocked_ns; /* for how long in sum */
    int64_t recv_blocked_ns;
} rn_channel_stats;

/*
 * Begins to measure a channel, or begins anew. What is in it counts among the arrivals, as having
 * come now. A measured operation costs two or three looks at the clock; one on a channel that is
 * not measured, nothing that can be measured. Selects count for the case that was chosen.
 * Returns 0, -ENOMEM, or -EINVAL for nil. Any task, any thread; never waits.
 */
RN_API int rn_channel_measure(rn_channel *c);

/* Stores what has been measured so far. False, and zeroes, if the channel is not measured. Any
 * task, any thread; never waits. */
RN_API bool rn_channel_stats_read(rn_channel *c, rn_channel_stats *out);

RN_EXTERN_C_END

#ifndef __cplusplus
#define rn_measure(c) rn_channel_measure(RN_ANY_(c))
#define rn_measured(c, out) rn_channel_stats_read(RN_ANY_(c), (out))
#endif

#endif
