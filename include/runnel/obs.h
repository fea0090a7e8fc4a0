/* SPDX-License-Identifier: MIT */
/*
 * Seeing inside a running program.
 *
 * Environment: RUNNEL_SIGQUIT=1 prints the dump on SIGQUIT instead of ending the process;
 * RUNNEL_LEAKS=off|report|fail says what rn_run does about tasks that were still waiting on
 * channels or locks when its function returned: nothing, a report on stderr (the default), or a
 * report and exit status 3 when the process exits.
 */
#ifndef RUNNEL_OBS_H
#define RUNNEL_OBS_H

#include <runnel/base.h>

RN_EXTERN_C_BEGIN

/*
 * Writes the table of tasks (name, state, where it waits and on what, where it was started) and of
 * channels (element size, buffered, waiting, where it was made) to a file descriptor. A snapshot
 * while the others go on. Any task, any thread, a debugger; never waits for a task.
 */
RN_API void rn_dump(int fd);

/* Prints rn_dump(2) whenever the process gets SIGQUIT. Returns 0 or a negative errno value. */
RN_API int rn_dump_on_sigquit(void);

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

RN_EXTERN_C_END

#endif
