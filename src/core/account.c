/* SPDX-License-Identifier: MIT */
/* What others read of the workers while these run: reports, the monitor and the statistics. */
#include <runnel/obs.h>

#include "core/blocking.h"
#include "core/records.h"
#include "core/worker.h"

bool rni_worker_look(unsigned i, rni_worker_seen *out)
{
    if (i >= rni_worker_memory())
        return false;
    const rni_worker *w = &rni_rt.workers[i];
    *out = (rni_worker_seen){
        .thread_id = w->thread_id,
        .stack_base = w->stack_base,
        .loop_frame = w->loop_frame,
        .loop_sp = __atomic_load_n(&w->loop.context.sp, __ATOMIC_RELAXED),
        .in_callback = atomic_load_explicit(&w->callbacks, memory_order_relaxed) > 0,
    };
    return true;
}

rni_task *rni_runtime_runs(unsigned worker, uint64_t *progress)
{
    if (worker >= rni_worker_memory())
        return NULL;
    rni_worker *w = &rni_rt.workers[worker];
    *progress = atomic_load_explicit(&w->dispatches, memory_order_relaxed) +
                (uint64_t)__atomic_load_n(&w->looked_at, __ATOMIC_RELAXED);
    return __atomic_load_n(&w->seat.current, __ATOMIC_RELAXED);
}

void rni_runtime_account(rn_stats *out)
{
    *out = (rn_stats){ .workers = rn_worker_count() };
    out->tasks_started = atomic_load_explicit(&rni_rt.foreign_started, memory_order_relaxed);
    unsigned count = rni_worker_memory();
    for (unsigned i = 0; i < count; i++) {
        rni_worker *w = &rni_rt.workers[i];
        out->tasks_started += atomic_load_explicit(&w->started, memory_order_relaxed);
        out->tasks_ended += atomic_load_explicit(&w->ended, memory_order_relaxed);
        out->switches += atomic_load_explicit(&w->dispatches, memory_order_relaxed);
        out->steals += atomic_load_explicit(&w->steals, memory_order_relaxed);
        out->wakes += atomic_load_explicit(&w->wakes, memory_order_relaxed);
    }
    out->tasks_leaked = atomic_load_explicit(&rni_rt.leaked, memory_order_relaxed);
    out->blocking = rni_blocking_calls();
    out->helpers = rni_blocking_helpers();
}

void rni_count_leaks(uint64_t n)
{
    atomic_fetch_add_explicit(&rni_rt.leaked, n, memory_order_relaxed);
}
