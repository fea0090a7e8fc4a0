/* SPDX-License-Identifier: MIT */
/*
 * Fences. An acquire fence learns the messages of what its thread has read relaxed; a release fence
 * keeps what its thread knows for its later stores. One of seq_cst is both and has a place in S
 * (order.c). None of them touches a location, so they commute with all that other threads do, and
 * are no steps of their own.
 *
 * A heavy fence is a step in every thread: the fence stands between two operations of a thread that
 * knows nothing of it. Its fences are one after the other in S.
 */
#include <stdatomic.h>

#include "engine.h"

static void acquire(rni_ck_thread *t)
{
    rni_ck_clock_join(&t->now, &t->acquired);
}

static void release(rni_ck_thread *t)
{
    rni_ck_clock_copy(&t->released, &t->now);
    t->has_released = true;
    rni_ck_end_access(t);
}

static void fence_sc(rni_ck_thread *t, uint32_t *previous)
{
    acquire(t);
    rni_ck_order_fence(t, previous);
    release(t);
}

void rni_ck_fence(int order, const void *pc)
{
    rni_ck_thread *t = rni_ck_current;
    t->last_pc = NULL;
    if (rni_ck_tracing)
        rni_ck_trace(pc, "fence %s", rni_ck_order_name(order));
    if (order == memory_order_seq_cst) {
        fence_sc(t, NULL);
        return;
    }
    if (rni_ck_acquires(order))
        acquire(t);
    if (rni_ck_releases(order))
        release(t);
}

void rn_check_heavy_fence(void)
{
    if (!rni_ck_user) {
        atomic_thread_fence(memory_order_seq_cst);
        return;
    }
    rni_ck_user = 0;
    const void *pc = __builtin_return_address(0);
    rni_ck_thread *t = rni_ck_current;
    uint32_t previous[RNI_CK_THREADS] = { 0 };
    t->last_pc = NULL;
    for (unsigned i = 0; i <= rni_ck_thread_count; i++) {
        unsigned whose = i == 0 || i == rni_ck_thread_count ? (unsigned)t->index : i;
        if (i == (unsigned)t->index && i != 0)
            continue;
        rni_ck_visible((rni_ck_operation){ RNI_CK_FENCE_ALL, whose }, pc);
        if (rni_ck_tracing)
            rni_ck_trace(pc, "heavy fence of thread %u", whose);
        fence_sc(&rni_ck_threads[whose], previous);
    }
    rni_ck_user = 1;
}
