/* SPDX-License-Identifier: MIT */
/*
 * The runtime as a whole: starting and ending it, its clock and its account. For rn_run,
 * rn_test_run and reports.
 */
#ifndef RNI_CORE_RUNTIME_H
#define RNI_CORE_RUNTIME_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <runnel/obs.h>

/* Starts the workers; the calling thread becomes worker 0 if main_is_worker, which is what rn_run
 * asks for and what rni_runtime_serve or _wait ends. 0, -EALREADY if they run and are in use, or
 * another error. */
int rni_runtime_start(bool main_is_worker);

/* Stops the workers if no task is alive and no run under way. Whether none run. */
bool rni_runtime_rest(void);

/* After a foreign thread has queued a task or set a timer: makes sure that workers run. */
void rni_runtime_ensure(void);

/* Lets others run until all callbacks of timers and owners that were under way have ended. */
void rni_callbacks_end(void);

/* Worker 0 on the calling thread: runs tasks until *done is not 0, then stops the runtime if
 * nothing else needs it. */
void rni_runtime_serve(_Atomic(uint32_t) *done);

/* The same for a thread that is not a worker: sleeps. */
void rni_runtime_wait(_Atomic(uint32_t) *done);

/* Sets *done, which may be gone when this returns. */
void rni_runtime_done(_Atomic(uint32_t) *done);

/* The task that a worker runs, NULL if none. If *progress, stored with it, is what it was at an
 * earlier call, the worker has not been in the scheduler in between. */
struct rni_task *rni_runtime_runs(unsigned worker, uint64_t *progress);

/* Tasks started and not ended, runnel's own excepted. */
uint64_t rni_live_tasks(void);

/* Fills in everything. */
void rni_runtime_account(rn_stats *out);

/* Between true and false a fork by the only thread of the process leaves the child free to use the
 * library, which in others it may not. No workers run. */
void rni_fork_is_ours(bool yes);

/* Between the two the clock is virtual; no workers run at either. */
void rni_virtual_start(int64_t start);
void rni_virtual_stop(void);

/* Notes that n tasks were still waiting when their run was over. */
void rni_count_leaks(uint64_t n);

#endif
