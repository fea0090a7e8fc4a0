/* SPDX-License-Identifier: MIT */
/*
 * Testing programs that wait: a clock that the test holds.
 *
 *     static int times_out(rn_group *g, void *arg) { ... rn_sleep(RN_HOUR) ... }
 *     int main(void) { return rn_test_run(times_out, NULL, NULL); }
 *
 * In a test run rn_now() stands still while any task runs and jumps to the next timer when every
 * task waits. So an hour takes no time, and how long something took is exact. Computing takes no
 * time on this clock.
 *
 * A task waits, in this sense, in any call of the library except rn_fd_wait, the TCP calls and
 * rn_blocking: during those time stands still, because the world outside has not answered yet. A
 * deadline on such a wait therefore never passes; talk to channels in tests instead, or simulate:
 * simulated runs (rn_test_run) have a network of their own, and time passes in its calls as in any
 * other. Threads that are not the library's do not hold the clock.
 */
#ifndef RUNNEL_TEST_H
#define RUNNEL_TEST_H

#include <runnel/base.h>

RN_EXTERN_C_BEGIN

/* What rn_now() returns when a test run begins: the first instant of the year 2000 in UTC. */
#define RN_TEST_START (INT64_C(946684800) * RN_SECOND)

/* How the schedules of simulated runs are chosen. */
typedef enum rn_test_strategy {
    RN_TEST_RANDOM,    /* at random, by the seed */
    RN_TEST_PCT,       /* by priorities at random, which change now and then: rare orders sooner */
    RN_TEST_EXHAUSTIVE /* one after the other, all that interrupt tasks so many times at most */
} rn_test_strategy;

/* What simulated runs have shown. */
typedef struct rn_test_report {
    uint64_t runs;        /* that were made, the one in this process included */
    uint64_t seed;        /* of the one that failed; 0 if none did, or by RN_TEST_EXHAUSTIVE */
    uint64_t hash;        /* of all decisions of the last one: equal for equal runs */
    uint64_t decisions;   /* of the last one */
    bool failed;          /* one did */
    bool exhausted;       /* RN_TEST_EXHAUSTIVE: there are no more schedules within the bound */
    const char *schedule; /* of the one of several that failed, as short as could be made; valid
                             until the next test run of the process; NULL if none did, if it was the
                             last one or the only one, or if it is longer than 100 decisions */
} rn_test_report;

/* Settings of a test run. Zero means the default for each. With a seed, a number of runs or a
 * strategy it is simulated. */
typedef struct rn_test_options {
    uint64_t seed; /* of all that is left open; of the first of several runs. 0: 1 */
    uint64_t runs; /* so many at most, each with the next seed or schedule, until one fails; 0: 1 */
    rn_test_strategy strategy;
    unsigned preemptions; /* RN_TEST_EXHAUSTIVE: interruptions at most; RN_TEST_PCT: changes of
                             priority; 0: 2 */
    unsigned faults;      /* so many per mille of what may fail in the simulated network does, and
                             RN_BUGGIFY is true now and then; 0: never */
    bool together;        /* several runs share a child process: each finds the program's variables
                             as the one before has left them, and costs microseconds instead of
                             milliseconds */
    rn_test_report *report; /* filled in before the return; may be NULL */
} rn_test_options;

/*
 * As rn_run, on a virtual clock that starts at RN_TEST_START. options may be NULL. When all tasks
 * wait and no timer is armed, that is reported at once and the process exits with status 2, as
 * under rn_run.
 *
 * A simulated run has one thread. After each call of the library another task may go on, and
 * which, what selects choose, and which of two timers at one instant is first is drawn from the
 * seed. So the same seed gives the same run, as long as nothing else that the program does is
 * random. rn_blocking's functions run one at a time, between the tasks' calls. Descriptors of the
 * program's own and other threads are real.
 *
 * rn_tcp_listen and rn_tcp_dial, called by a task of such a run, use a network in memory. There
 * every numeric address is this program's own, and the only name is localhost. The seed says how
 * long bytes take (up to 5 ms) and how many a read or a write gets; with faults also that a dial is
 * refused (-ECONNREFUSED), has no way (-EHOSTUNREACH) or no answer (-ETIMEDOUT, after 127 s), that
 * an accept finds no descriptor free (-EMFILE), that a connection is reset (-ECONNRESET), and that
 * bytes take up to ten minutes. The numbers that rn_conn_fd and rn_listener_fd give are good for
 * rn_fd_wait and RN_FD only, and threads may not wait for them (-EOPNOTSUPP).
 *
 * Of several runs all but the last are made in child processes (fork) whose output goes nowhere, so
 * each begins with the memory as it is at the call, unless they are made together. A run fails if
 * fn's result is not 0, if it ends the process (a deadlock, a panic, an assertion, a signal), if it
 * leaves a task waiting (RUNNEL_LEAKS=off: that is fine), if it makes a million decisions, or if it
 * takes a minute of real time. Then the schedule is made as short as possible, told on stderr with
 * the command that repeats it, and run in this process, where it fails once more; but not one that
 * took a minute, which nobody would stop here.
 *
 * In the environment, RUNNEL_SEEDS=n makes every test run, and every rn_run of main's, one of n
 * simulated runs, RUNNEL_SEED=s repeats a seed, RUNNEL_SCHEDULE=... a schedule
 * (docs/environment.md).
 *
 * Returns fn's result; -EDEADLK if that is 0 but simulated runs left a task waiting; -ETIMEDOUT if
 * one took a minute; -ECHILD if one ended its process, and not when it was repeated here; -EBUSY in
 * a task, during another run, or while tasks that threads have started still run; -EINVAL if fn is
 * NULL or there is no such strategy; -EAGAIN or -ENOMEM if there can be no child; else as rn_run.
 * Waits; any thread, the only one of the process if there are several runs: the children have no
 * other.
 */
RN_API int rn_test_run(int (*fn)(rn_group *g, void *arg), void *arg,
                       const rn_test_options *options);

/*
 * Waits until every other task waits for something that only time or the caller can bring; no time
 * passes. Then what the caller has set off is done, as far as it can be at this instant.
 * Returns 0, or -ECANCELED. Only for tasks of a test run; elsewhere a programming error.
 */
#define rn_test_wait() rn_test_wait_at(RN_HERE)
RN_API int rn_test_wait_at(const char *site);

/*
 * True now and then in simulated runs with faults, at about a quarter of the places in the program;
 * false always otherwise. For what may happen but hardly ever does: if (RN_BUGGIFY) n = 1;
 * Never waits; any task, any thread.
 */
#define RN_BUGGIFY rn_test_buggify_at(RN_HERE)
RN_API bool rn_test_buggify_at(const char *site);

RN_EXTERN_C_END

#endif
