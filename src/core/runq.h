/* SPDX-License-Identifier: MIT */
/*
 * A worker's queue of runnable tasks, which its owner uses without a single atomic
 * read-modify-write and which others may nevertheless steal from at any time.
 *
 * Asymmetric exclusion. The owner brackets each use: store `busy` = 1, compiler barrier, load
 * `thief`; if it is 0 the queue is the owner's until it stores `busy` = 0. A thief takes `thief`
 * (compare-and-swap, so thieves exclude each other), then executes a heavy fence (os.h), then waits
 * until `busy` is 0; the queue is the thief's until it stores `thief` = 0. The heavy fence makes
 * every CPU execute a full fence between the thief's store and the thief's load: either the owner's
 * load sees `thief`, or the thief's load sees `busy`. This is Dekker's protocol with the whole cost
 * on the side that steals (about 9 us, and a steal moves half a queue).
 * Memory orders: `busy` = 0 is a release store, partner: the thief's acquire load of `busy`;
 * `thief` = 0 is a release store, partner: the owner's acquire load of `thief`.
 * Without the heavy fence (an old kernel, a seccomp filter) the owner executes a full fence itself:
 * `thief` is then never 0 but has the bit RNI_RUNQ_FENCED, which leads the owner to its slow path.
 *
 * Order. `lifo` holds the task readied or started last and runs next, so that a task and the one it
 * has just woken share a warm cache; at most RNI_LIFO_STREAK times in a row while others wait. What
 * it displaces goes into one of two rings.
 *
 * `ready` holds tasks that can go on, first in, first out; they come before those of `fresh`, which
 * have not begun, and of which the owner takes the newest. So what has begun ends before more
 * begins, and a task that starts others and waits for them has them done before its elder siblings
 * begin: a tree of tasks is walked depth first, with about as many stacks in use as it is deep,
 * where first in, first out begins all of a level before any of the next. Thieves take the oldest,
 * whose trees are the largest. `yielded` holds, first in, first out, those that let all others go
 * first.
 *
 * Nobody starves: at each look around, every RNI_TICKS_PER_LOOK picks or 100 us, the oldest of
 * `fresh` becomes one of `ready`, and at every RNI_RUNQ_POLITE-th the oldest of `yielded`.
 *
 * Rejected: one ring, first in, first out (docs/design/0014); a Chase-Lev deque (a fence at each
 * pop); the 256-slot ring of Go and tokio (a compare-and-swap at each pop, 17 ns here); queues that
 * thieves ask the owner to share (a task that never returns to the scheduler would keep its queue).
 */
#ifndef RNI_CORE_RUNQ_H
#define RNI_CORE_RUNQ_H

#include "core/task.h"

/* Without a call none of the callers needs a frame. */
#define RNI_ALWAYS __attribute__((always_inline)) static inline

enum { RNI_LIFO_STREAK = 16, RNI_STEAL_MAX = 128, RNI_RUNQ_POLITE = 16 };

/* Something to run: a rni_task *, or a rni_spawn * with bit 0 set; 0 is nothing. */
typedef uintptr_t rni_runnable;

static inline rni_runnable rni_run_task(rni_task *t)
{
    return (uintptr_t)t;
}

static inline rni_runnable rni_run_spawn(rni_spawn *s)
{
    return (uintptr_t)s | 1;
}

static inline bool rni_is_spawn(rni_runnable r)
{
    return r & 1;
}

static inline rni_spawn *rni_as_spawn(rni_runnable r)
{
    return (rni_spawn *)(r & ~(uintptr_t)1);
}

static inline rni_task *rni_as_task(rni_runnable r)
{
    return (rni_task *)r;
}

/* Inside the queue only; the atomics are relaxed, for watchers that only estimate. */
typedef struct rni_ring {
    _Atomic(uint32_t) head, tail; /* free-running; tail - head tasks are in it */
    uint32_t mask;
    rni_runnable *slots;
} rni_ring;

typedef struct rni_runq {
    _Atomic(uint32_t) busy;  /* the owner is inside */
    _Atomic(uint32_t) thief; /* RNI_RUNQ_THIEF: one is inside or wants to be; RNI_RUNQ_FENCED */
    /* Inside only; the atomic is relaxed, for watchers. */
    _Atomic(rni_runnable) lifo;
    unsigned streak;
    unsigned looks; /* since the last one that served `yielded` */
    rni_ring ready, fresh, yielded;
} rni_runq;

enum { RNI_RUNQ_THIEF = 1, RNI_RUNQ_FENCED = 2 };

/* asymmetric: the heavy fence works. */
int rni_runq_init(rni_runq *q, bool asymmetric);
void rni_runq_fini(rni_runq *q);

RNI_NOINLINE void rni_runq_enter_slow(rni_runq *q);
RNI_NOINLINE bool rni_ring_grow(rni_ring *r);

static inline void rni_runq_enter(rni_runq *q)
{
    atomic_store_explicit(&q->busy, 1, memory_order_relaxed);
    atomic_signal_fence(memory_order_seq_cst);
    if (rni_unlikely(atomic_load_explicit(&q->thief, memory_order_acquire) != 0))
        rni_runq_enter_slow(q);
}

/* The same without a call: false, and not inside, if there is more to do. */
static inline bool rni_runq_enter_quickly(rni_runq *q)
{
    atomic_store_explicit(&q->busy, 1, memory_order_relaxed);
    atomic_signal_fence(memory_order_seq_cst);
    if (rni_likely(atomic_load_explicit(&q->thief, memory_order_acquire) == 0))
        return true;
    atomic_store_explicit(&q->busy, 0, memory_order_release); /* what earlier visits did */
    return false;
}

static inline void rni_runq_leave(rni_runq *q)
{
    atomic_store_explicit(&q->busy, 0, memory_order_release);
}

static inline uint32_t rni_ring_length(const rni_ring *r)
{
    return atomic_load_explicit(&r->tail, memory_order_relaxed) -
           atomic_load_explicit(&r->head, memory_order_relaxed);
}

/* How many the rings hold; an estimate for anybody who is not inside. */
static inline uint32_t rni_runq_length(const rni_runq *q)
{
    return rni_ring_length(&q->ready) + rni_ring_length(&q->fresh) + rni_ring_length(&q->yielded);
}

/* The rest but for rni_runq_steal: the owner, inside. */

/* Where what has lost the place of the next to run goes. */
static inline rni_ring *rni_runq_ring(rni_runq *q, rni_runnable r)
{
    return rni_is_spawn(r) ? &q->fresh : &q->ready;
}

/* Appends r. False if the ring is full. */
static inline bool rni_ring_append(rni_ring *ring, rni_runnable r)
{
    uint32_t tail = atomic_load_explicit(&ring->tail, memory_order_relaxed);
    if (rni_unlikely(tail - atomic_load_explicit(&ring->head, memory_order_relaxed) > ring->mask))
        return false;
    ring->slots[tail & ring->mask] = r;
    atomic_store_explicit(&ring->tail, tail + 1, memory_order_relaxed);
    return true;
}

/* The same, with a larger ring if need be. False if there is no memory for one. */
static inline bool rni_ring_add(rni_ring *ring, rni_runnable r)
{
    return rni_ring_append(ring, r) || (rni_ring_grow(ring) && rni_ring_append(ring, r));
}

/* Takes the oldest; 0 if there is none. */
static inline rni_runnable rni_ring_shift(rni_ring *ring)
{
    enum { FORESIGHT = 4, MANY = 8 };
    uint32_t head = atomic_load_explicit(&ring->head, memory_order_relaxed);
    uint32_t length = atomic_load_explicit(&ring->tail, memory_order_relaxed) - head;
    if (length == 0)
        return 0;
    rni_runnable r = ring->slots[head & ring->mask];
    /* What will be touched: the record and, if it is a parked task's, the frames below it. (In a
     * function of its own gcc 12 takes it for one without effect.) */
    char *soon = (char *)(ring->slots[(head + FORESIGHT) & ring->mask] & ~(uintptr_t)1);
    __builtin_prefetch(soon);
    if (rni_unlikely(length > MANY)) {
        __builtin_prefetch(soon + 128);
        __builtin_prefetch(soon + 256);
        __builtin_prefetch(soon - 64);
        __builtin_prefetch(soon - 128);
        __builtin_prefetch(soon - 192);
    }
    atomic_store_explicit(&ring->head, head + 1, memory_order_relaxed);
    return r;
}

/* Takes the newest; there is one. That head moves if and only if the oldest has been taken is what
 * a watcher looks at. */
static inline rni_runnable rni_ring_pop(rni_ring *ring)
{
    uint32_t head = atomic_load_explicit(&ring->head, memory_order_relaxed);
    uint32_t newest = atomic_load_explicit(&ring->tail, memory_order_relaxed) - 1;
    if (newest == head)
        atomic_store_explicit(&ring->head, head + 1, memory_order_relaxed);
    else
        atomic_store_explicit(&ring->tail, newest, memory_order_relaxed);
    return ring->slots[newest & ring->mask];
}

/* Takes what runs next when `lifo` does not; 0 if there is nothing. */
RNI_ALWAYS rni_runnable rni_runq_take(rni_runq *q)
{
    if (rni_ring_length(&q->ready) > 0)
        return rni_ring_shift(&q->ready);
    if (rni_ring_length(&q->fresh) > 0)
        return rni_ring_pop(&q->fresh);
    return rni_ring_shift(&q->yielded);
}

RNI_ALWAYS rni_runnable rni_runq_next(rni_runq *q)
{
    rni_runnable r = atomic_load_explicit(&q->lifo, memory_order_relaxed);
    bool again = q->streak < RNI_LIFO_STREAK;
    if (r && (again || rni_runq_length(q) == 0)) {
        q->streak = again ? q->streak + 1 : 0;
        atomic_store_explicit(&q->lifo, 0, memory_order_relaxed);
        return r;
    }
    q->streak = 0;
    return rni_runq_take(q);
}

/* What rni_runq_next would take, if it has begun and the streak is not over; else 0, and nothing
 * has been taken. That needs no more registers than a function without a frame has. */
RNI_ALWAYS rni_runnable rni_runq_next_begun(rni_runq *q)
{
    rni_runnable r = atomic_load_explicit(&q->lifo, memory_order_relaxed);
    if (r) {
        if (rni_unlikely(q->streak >= RNI_LIFO_STREAK))
            return 0;
        q->streak++;
        atomic_store_explicit(&q->lifo, 0, memory_order_relaxed);
        return r;
    }
    rni_ring *ring = &q->ready;
    if (rni_ring_length(ring) == 0) {
        if (rni_unlikely(rni_ring_length(&q->fresh) > 0))
            return 0;
        ring = &q->yielded;
    }
    q->streak = 0;
    return rni_ring_shift(ring);
}

/* Serves those that others come before; at each look around. */
RNI_NOINLINE void rni_runq_age(rni_runq *q);

/* A thief: moves the oldest half of each ring, at most RNI_STEAL_MAX, to out; if there is none and
 * lifo is set, takes that. Pinned tasks stay. Returns how many; 0 also if the owner or another
 * thief was inside for too long. */
unsigned rni_runq_steal(rni_runq *q, rni_runnable *out, bool lifo);

#endif
