/* SPDX-License-Identifier: MIT */
/* The slow half of the run queue: growing, and the thief's side. runq.h has the protocol. */
#include <errno.h>
#include <string.h>

#include "core/runq.h"
#include "os/os.h"

/* The models of tests/check have small ones, so that a ring grows and a thief gives up. */
#if defined(RUNNEL_IN_MODEL)
enum { RING_FIRST = 2, THIEF_PATIENCE = 2 };
#else
enum { RING_FIRST = 256, THIEF_PATIENCE = 2000 };
#endif

bool rni_runq_asymmetric;

int rni_runq_init(rni_runq *q)
{
    memset(q, 0, sizeof *q);
    q->ring = rni_os_alloc(RING_FIRST * sizeof *q->ring);
    if (!q->ring)
        return -ENOMEM;
    q->mask = RING_FIRST - 1;
    return 0;
}

void rni_runq_fini(rni_runq *q)
{
    rni_os_free(q->ring);
    q->ring = NULL;
}

RNI_NOINLINE void rni_runq_wait_for_thief(rni_runq *q)
{
    do {
        atomic_store_explicit(&q->busy, 0, memory_order_release);
        unsigned spins = 0;
        while (atomic_load_explicit(&q->thief, memory_order_acquire) != 0) {
            if (++spins < 200)
                rni_cpu_relax();
            else
                rni_os_thread_yield();
        }
        /* A full fence: this is the rare path, and the thief's heavy fence may be past. */
        atomic_exchange_explicit(&q->busy, 1, memory_order_seq_cst);
        rni_fence_after_rmw();
    } while (atomic_load_explicit(&q->thief, memory_order_acquire) != 0);
}

RNI_NOINLINE bool rni_runq_grow(rni_runq *q)
{
    uint32_t size = q->mask + 1, head = atomic_load_explicit(&q->head, memory_order_relaxed);
    if (size > UINT32_MAX / 4)
        return false;
    rni_runnable *bigger = rni_os_alloc(2 * (size_t)size * sizeof *bigger);
    if (!bigger)
        return false;
    for (uint32_t i = 0; i < size; i++)
        bigger[(head + i) & (2 * size - 1)] = q->ring[(head + i) & q->mask];
    rni_os_free(q->ring);
    q->ring = bigger;
    q->mask = 2 * size - 1;
    return true;
}

/* Becomes the only user of q. False when there is no fence, or that takes too long: the owner's
 * thread may have been preempted inside, and there is other work to look for. */
static bool thief_enter(rni_runq *q)
{
    uint32_t none = 0;
    if (!atomic_compare_exchange_strong_explicit(&q->thief, &none, 1, memory_order_seq_cst,
                                                 memory_order_relaxed))
        return false;
    bool fenced = !rni_runq_asymmetric || rni_os_heavy_fence();
    if (!rni_runq_asymmetric)
        atomic_thread_fence(memory_order_seq_cst);
    for (unsigned spins = 0; fenced && spins < THIEF_PATIENCE; spins++) {
        if (atomic_load_explicit(&q->busy, memory_order_acquire) == 0)
            return true;
        rni_cpu_relax();
    }
    atomic_store_explicit(&q->thief, 0, memory_order_release);
    return false;
}

static bool may_move(rni_runnable r)
{
    return rni_is_spawn(r) || rni_as_task(r)->pinned == NULL;
}

unsigned rni_runq_steal(rni_runq *q, rni_runnable *out, bool lifo)
{
    if (!thief_enter(q))
        return 0;
    uint32_t length = rni_runq_length(q), want = (length + 1) / 2;
    if (want > RNI_STEAL_MAX)
        want = RNI_STEAL_MAX;
    unsigned got = 0;
    for (uint32_t i = 0; i < want; i++) {
        rni_runnable r = rni_runq_shift(q);
        if (may_move(r))
            out[got++] = r;
        else
            rni_runq_append(q, r); /* there is room: it has just been taken out */
    }
    rni_runnable last = atomic_load_explicit(&q->lifo, memory_order_relaxed);
    if (got == 0 && lifo && last && may_move(last)) {
        atomic_store_explicit(&q->lifo, 0, memory_order_relaxed);
        out[got++] = last;
    }
    atomic_store_explicit(&q->thief, 0, memory_order_release);
    return got;
}
