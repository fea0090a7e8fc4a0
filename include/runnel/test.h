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
 * deadline on such a wait therefore never passes; talk to channels in tests instead. Threads that
 * are not the library's do not hold the clock.
 */
#ifndef RUNNEL_TEST_H
#define RUNNEL_TEST_H

#include <runnel/base.h>

RN_EXTERN_C_BEGIN

/* What rn_now() returns when a test run begins: the first instant of the year 2000 in UTC. */
#define RN_TEST_START (INT64_C(946684800) * RN_SECOND)

/* Settings of a test run. Zero means the default for each. */
typedef struct rn_test_options {
    uint64_t seed; /* of the choices of selects and the scheduler; 0: a new one each time */
} rn_test_options;

/*
 * As rn_run, on a virtual clock that starts at RN_TEST_START. options may be NULL. When all tasks
 * wait and no timer is armed, that is reported at once and the process exits with status 2, as
 * under rn_run.
 * Returns fn's result; -EBUSY in a task, during another run, or while tasks that threads have
 * started still run; else as rn_run. Waits; any thread.
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

RN_EXTERN_C_END

#endif
