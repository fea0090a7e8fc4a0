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

static int ring_init(rni_ring *r)
{
    r->slots = rni_os_alloc(RING_FIRST * sizeof *r->slots);
    r->mask = RING_FIRST - 1;
    return r->slots ? 0 : -ENOMEM;
}

int rni_runq_init(rni_runq *q, bool asymmetric)
{
    memset(q, 0, sizeof *q);
    atomic_store_explicit(&q->thief, asymmetric ? 0 : RNI_RUNQ_FENCED, memory_order_relaxed);
    int rc = ring_init(&q->ready);
    if (rc == 0)
        rc = ring_init(&q->fresh);
    return rc ? rc : ring_init(&q->yielded);
}

void rni_runq_fini(rni_runq *q)
{
    rni_os_free(q->ready.slots);
    rni_os_free(q->fresh.slots);
    rni_os_free(q->yielded.slots);
    q->ready.slots = q->fresh.slots = q->yielded.slots = NULL;
}

static bool thief_inside(rni_runq *q)
{
    return atomic_load_explicit(&q->thief, memory_order_acquire) & RNI_RUNQ_THIEF;
}

RNI_NOINLINE void rni_runq_enter_slow(rni_runq *q)
{
    if (atomic_load_explicit(&q->thief, memory_order_relaxed) & RNI_RUNQ_FENCED)
        atomic_thread_fence(memory_order_seq_cst); /* partner: thief_enter */
    while (thief_inside(q)) {
        atomic_store_explicit(&q->busy, 0, memory_order_release);
        for (unsigned spins = 0; thief_inside(q); spins++)
            if (spins < 200)
                rni_cpu_relax();
            else
                rni_os_thread_yield();
        /* A full fence: this is the rare path, and the thief's heavy fence may be past. */
        atomic_exchange_explicit(&q->busy, 1, memory_order_seq_cst);
        rni_fence_after_rmw();
    }
}

RNI_NOINLINE bool rni_ring_grow(rni_ring *r)
{
    uint32_t size = r->mask + 1, head = atomic_load_explicit(&r->head, memory_order_relaxed);
    if (size > UINT32_MAX / 4)
        return false;
    rni_runnable *bigger = rni_os_alloc(2 * (size_t)size * sizeof *bigger);
    if (!bigger)
        return false;
    for (uint32_t i = 0; i < size; i++)
        bigger[(head + i) & (2 * size - 1)] = r->slots[(head + i) & r->mask];
    rni_os_free(r->slots);
    r->slots = bigger;
    r->mask = 2 * size - 1;
    return true;
}

static void make_oldest_ready(rni_runq *q, rni_ring *ring)
{
    if (rni_ring_length(ring) > 0 && rni_ring_length(&q->ready) <= q->ready.mask)
        rni_ring_append(&q->ready, rni_ring_shift(ring));
}

RNI_NOINLINE void rni_runq_age(rni_runq *q)
{
    make_oldest_ready(q, &q->fresh);
    if (++q->looks < RNI_RUNQ_POLITE)
        return;
    q->looks = 0;
    make_oldest_ready(q, &q->yielded);
}

static void thief_leave(rni_runq *q, uint32_t none)
{
    atomic_store_explicit(&q->thief, none, memory_order_release);
}

/* Becomes the only user of q; *none is for thief_leave. False when there is no fence, or that takes
 * too long: the owner's thread may have been preempted inside, and there is other work to look
 * for. */
static bool thief_enter(rni_runq *q, uint32_t *none)
{
    uint32_t old = atomic_load_explicit(&q->thief, memory_order_relaxed) & RNI_RUNQ_FENCED;
    bool fenced = true;
    *none = old;
    if (!atomic_compare_exchange_strong_explicit(&q->thief, &old, old | RNI_RUNQ_THIEF,
                                                 memory_order_seq_cst, memory_order_relaxed))
        return false;
    if (old & RNI_RUNQ_FENCED)
        atomic_thread_fence(memory_order_seq_cst);
    else
        fenced = rni_os_heavy_fence();
    for (unsigned spins = 0; fenced && spins < THIEF_PATIENCE; spins++) {
        if (atomic_load_explicit(&q->busy, memory_order_acquire) == 0)
            return true;
        rni_cpu_relax();
    }
    thief_leave(q, *none);
    return false;
}

static bool may_move(rni_runnable r)
{
    return rni_is_spawn(r) || rni_as_task(r)->pinned == NULL;
}

/* Moves the oldest half of a ring to out, which has room for most; returns how many. */
static unsigned take_half(rni_ring *ring, rni_runnable *out, uint32_t most)
{
    uint32_t want = (rni_ring_length(ring) + 1) / 2;
    unsigned got = 0;
    for (uint32_t i = 0; i < (want < most ? want : most); i++) {
        rni_runnable r = rni_ring_shift(ring);
        if (may_move(r))
            out[got++] = r;
        else
            rni_ring_append(ring, r); /* there is room: it has just been taken out */
    }
    return got;
}

unsigned rni_runq_steal(rni_runq *q, rni_runnable *out, bool lifo)
{
    uint32_t none;
    if (!thief_enter(q, &none))
        return 0;
    unsigned got = take_half(&q->ready, out, RNI_STEAL_MAX);
    got += take_half(&q->fresh, out + got, RNI_STEAL_MAX - got);
    got += take_half(&q->yielded, out + got, RNI_STEAL_MAX - got);
    rni_runnable last = atomic_load_explicit(&q->lifo, memory_order_relaxed);
    if (got == 0 && lifo && last && may_move(last)) {
        atomic_store_explicit(&q->lifo, 0, memory_order_relaxed);
        out[got++] = last;
    }
    thief_leave(q, none);
    return got;
}
