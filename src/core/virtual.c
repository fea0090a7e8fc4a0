/* SPDX-License-Identifier: MIT */
/*
 * The virtual clock of test runs: time stands still while anything can happen, and jumps to the
 * next timer when all tasks are asleep.
 *
 * `now` is 0 while the clock is the real one. It is set before the workers start and cleared after
 * they have been joined. In between only the last worker to fall asleep changes it (idle.c), after
 * the verdict (verdict.c) that no task runs and nothing outside the library can wake one. So nobody
 * sees time move while it computes, and what happens at one instant of the virtual clock is all
 * that the tasks do from one jump to the next.
 *
 * `quiet` holds the waits of rn_test_wait, which end before time passes.
 *
 * How workers wait and watch each other is measured on the real clock, rni_real_now: a nap must
 * end.
 */
#include "base/layout.h"
#include "core/park.h"
#include "core/worker.h"

/* So many jumps in a row that make no task run are taken for tickers that nobody listens to, which
 * would otherwise let a deadlocked program tick for ever; unless something else is yet to come, as
 * the end of a long sleep. */
enum { VAIN_PASSES_MAX = 1000 * 1000 };

static _Atomic(int64_t) virtual_now;
static rni_timers quiet;
static uint64_t vain_passes, dispatches_seen; /* under the world's sleep: one worker at a time */

RNI_LAYOUT = { RNI_LAYOUT_ADDRESS("clock.virtual", virtual_now) };

int64_t rni_now(void)
{
    /* acquire; partner: rni_virtual_pass. A thread sees the time of the timer that woke it. */
    int64_t now = atomic_load_explicit(&virtual_now, memory_order_acquire);
    return rni_likely(now == 0) ? rni_os_now() : now;
}

int64_t rni_real_now(void)
{
    return rni_os_now();
}

bool rni_clock_is_virtual(void)
{
    return atomic_load_explicit(&virtual_now, memory_order_relaxed) != 0;
}

void rni_virtual_start(int64_t start)
{
    rni_timers_init(&quiet);
    vain_passes = 0;
    atomic_store_explicit(&virtual_now, start, memory_order_release);
}

void rni_virtual_stop(void)
{
    atomic_store_explicit(&virtual_now, 0, memory_order_release);
}

rni_timers *rni_virtual_quiet(void)
{
    return &quiet;
}

int64_t rni_next_timer(void)
{
    int64_t next = INT64_MAX;
    for (unsigned i = 0; i < rni_rt.count; i++) {
        /* acquire; partner: set_root in timer.c */
        int64_t n = atomic_load_explicit(&rni_rt.workers[i].timers.next, memory_order_acquire);
        if (n < next)
            next = n;
    }
    return next;
}

bool rni_virtual_in_vain(void)
{
    if (vain_passes <= VAIN_PASSES_MAX)
        return false;
    for (unsigned i = 0; i < rni_rt.count; i++)
        if (atomic_load_explicit(&rni_rt.workers[i].timers.once, memory_order_relaxed) > 0)
            return false;
    return true;
}

static void count_vain_passes(void)
{
    uint64_t dispatches = 0;
    for (unsigned i = 0; i < rni_rt.count; i++)
        dispatches += atomic_load_explicit(&rni_rt.workers[i].dispatches, memory_order_relaxed);
    vain_passes = dispatches == dispatches_seen ? vain_passes + 1 : 0;
    dispatches_seen = dispatches;
}

void rni_virtual_pass(rni_verdict v)
{
    if (v == RNI_ALL_QUIET) {
        rni_timers_run(&quiet, INT64_MAX);
        return;
    }
    count_vain_passes();
    int64_t next = rni_next_timer();
    if (next == INT64_MAX)
        return; /* a thread has stopped it just now */
    if (next > atomic_load_explicit(&virtual_now, memory_order_relaxed))
        atomic_store_explicit(&virtual_now, next, memory_order_release); /* partner: rni_now */
    for (unsigned i = 0; i < rni_rt.count; i++)
        rni_timers_run(&rni_rt.workers[i].timers, next);
}
