/* SPDX-License-Identifier: MIT */
/*
 * Whether all tasks are asleep, and for how long.
 *
 * The last worker to go idle asks, with idle_lock held, when every other worker is on the idle
 * list. Then no task runs, and a task can only become ready through something outside: a timer, a
 * descriptor, a helper thread, a foreign thread, or a task that such a one queued but that no
 * worker has taken yet. Each of these is counted before the task that depends on it parks, and the
 * count drops only after the task has been queued; so if all are zero here, nothing will ever come.
 *
 * In a test run (virtual.c) timers do not keep the tasks from being asleep: time jumps to the next
 * one. Foreign threads do not hold time either, since one that never calls would stop it for ever;
 * they only prevent the verdict that all is dead.
 *
 * If there is a thread that the library has never seen, that verdict waits: the worker asks again
 * every tenth of a second. A thread that drops one to zero, being no worker, calls
 * rni_outside_gone, because the last worker may have asked before.
 */
#include "core/blocking.h"
#include "core/hooks.h"
#include "core/worker.h"

uint64_t rni_live_tasks(void)
{
    uint64_t started = atomic_load_explicit(&rni_rt.foreign_started, memory_order_relaxed);
    uint64_t ended = 0;
    unsigned count = rni_worker_memory();
    for (unsigned i = 0; i < count; i++) {
        ended += atomic_load_explicit(&rni_rt.workers[i].ended, memory_order_relaxed);
        started += atomic_load_explicit(&rni_rt.workers[i].started, memory_order_relaxed);
    }
    return started > ended ? started - ended : 0;
}

/* Threads of this process that the library has not made and that have never called it. One of them
 * may be about to. */
bool rni_strangers(void)
{
    unsigned known = rni_active() + rni_blocking_helpers() + rni_report_threads() +
                     rni_san_threads();
    return rni_os_thread_count() > known; /* RNI_OS_UNKNOWN is: there may be some */
}

/* Whether something that is no worker may be about to make a task ready, threads and timers
 * apart. */
static bool anything_outside(void)
{
    rni_runtime *rt = &rni_rt;
    if (atomic_load_explicit(&rt->stopping, memory_order_relaxed) ||
        atomic_load_explicit(&rt->helpers_busy, memory_order_acquire) ||
        atomic_load_explicit(&rt->io_waiters, memory_order_acquire) ||
        atomic_load_explicit(&rt->inject_full, memory_order_relaxed))
        return true;
    for (unsigned i = 0; i < rt->count; i++)
        if (atomic_load_explicit(&rt->workers[i].inbox_full, memory_order_relaxed))
            return true;
    return false;
}

static bool no_threads_and_no_timers(void)
{
    return atomic_load_explicit(&rni_rt.foreign_threads, memory_order_acquire) == 0 &&
           (rni_next_timer() == INT64_MAX || rni_virtual_in_vain());
}

rni_verdict rni_ask(void)
{
    bool is_virtual = rni_clock_is_virtual();
    if (!is_virtual && !atomic_load_explicit(&rni_rt.owns_process, memory_order_relaxed))
        return RNI_MAY_GO_ON;
    if (anything_outside())
        return RNI_MAY_GO_ON;
    if (is_virtual) {
        /* acquire; partner: set_root in timer.c */
        if (atomic_load_explicit(&rni_virtual_quiet()->next, memory_order_acquire) != INT64_MAX)
            return RNI_ALL_QUIET;
        if (rni_next_timer() != INT64_MAX && !rni_virtual_in_vain())
            return RNI_ALL_WAIT;
    }
    return no_threads_and_no_timers() && rni_live_tasks() > 0 ? RNI_ALL_DEAD : RNI_MAY_GO_ON;
}
