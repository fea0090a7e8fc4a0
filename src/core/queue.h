/* SPDX-License-Identifier: MIT */
/*
 * Queueing on the caller's own worker, as the callers of the hot paths have it in line. What is
 * rare is in queue.c, at the end of each function, so that none of them needs a frame.
 */
#ifndef RNI_CORE_QUEUE_H
#define RNI_CORE_QUEUE_H

#include "core/worker.h"

/* r found no room in `ring`, one of w's. */
RNI_NOINLINE void rni_queue_full(rni_worker *w, rni_ring *ring, rni_runnable r);
RNI_NOINLINE void rni_queue_next_slowly(rni_worker *w, rni_runnable r);
RNI_NOINLINE void rni_queue_kick(rni_worker *w, uint32_t level);

/* A worker that watches closely finds backlog by itself; else it must be woken. level 1: someone
 * looks every few milliseconds, so only a queue behind the running task matters; 2: nobody does. */
static inline bool rni_wants_kick(uint32_t level)
{
    return rni_unlikely(atomic_load_explicit(&rni_rt.want_kick, memory_order_relaxed) >= level);
}

static inline void rni_kick(rni_worker *w, uint32_t level)
{
    if (rni_wants_kick(level))
        rni_queue_kick(w, level);
}

/* The rest of the two below, for who is inside w's queue. */
static inline void rni_queue_inside(rni_worker *w, rni_ring *ring, rni_runnable r)
{
    bool room = rni_ring_append(ring, r);
    rni_runq_leave(&w->queue);
    if (rni_unlikely(!room))
        rni_queue_full(w, ring, r);
    else
        rni_kick(w, 1);
}

static inline void rni_queue_next_inside(rni_worker *w, rni_runnable r)
{
    rni_runq *q = &w->queue;
    rni_runnable old = atomic_load_explicit(&q->lifo, memory_order_relaxed);
    atomic_store_explicit(&q->lifo, r, memory_order_relaxed);
    if (old) {
        rni_queue_inside(w, rni_runq_ring(q, old), old);
        return;
    }
    rni_runq_leave(q);
    rni_kick(w, 2);
}

/* Queues r on worker w, the caller's, behind the others that are ready. */
static inline void rni_queue_last(rni_worker *w, rni_runnable r)
{
    rni_runq_enter(&w->queue);
    rni_queue_inside(w, &w->queue.ready, r);
}

/* Queues r on worker w, the caller's, so that all others go first. */
static inline void rni_queue_behind(rni_worker *w, rni_runnable r)
{
    rni_runq_enter(&w->queue);
    rni_queue_inside(w, &w->queue.yielded, r);
}

/* Queues r, which w has stolen, as it was queued there. */
static inline void rni_queue_again(rni_worker *w, rni_runnable r)
{
    rni_runq_enter(&w->queue);
    rni_queue_inside(w, rni_runq_ring(&w->queue, r), r);
}

/* The same, but r is the next to run. */
static inline void rni_queue_next(rni_worker *w, rni_runnable r)
{
    if (rni_likely(rni_runq_enter_quickly(&w->queue)))
        rni_queue_next_inside(w, r);
    else
        rni_queue_next_slowly(w, r);
}

/* The same as far as it takes no call; else, or if a worker is to be woken, false, and nothing has
 * been done. */
static inline bool rni_queue_next_quickly(rni_worker *w, rni_runnable r)
{
    rni_runq *q = &w->queue;
    if (rni_unlikely(!rni_runq_enter_quickly(q)))
        return false;
    rni_runnable old = atomic_load_explicit(&q->lifo, memory_order_relaxed);
    bool done = !rni_wants_kick(old ? 1 : 2) &&
                (!old || rni_ring_append(rni_runq_ring(q, old), old));
    if (rni_likely(done))
        atomic_store_explicit(&q->lifo, r, memory_order_relaxed);
    rni_runq_leave(q);
    return done;
}

#endif
