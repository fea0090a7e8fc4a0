/* SPDX-License-Identifier: MIT */
/*
 * A work-stealing deque in plain C11 (Chase and Lev, 2005, with the orders of Le, Pop, Cohen and
 * Zappa Nardelli, 2013): its owner pushes and pops at the bottom, others steal from the top.
 *
 * With BUG=1 the owner takes the last item without asking the thieves; with BUG=2 the fence between
 * the owner's store of bottom and its load of top is missing, which only weak memory shows; with
 * BUG=3 a release store stands for the release fence in push: a thief that reads the bottom that
 * pop has stored, relaxed, then knows nothing of the item. (C11 let a release sequence go on with
 * later stores of the same thread, so there it was right; C++20 has taken that back.)
 */
#ifndef DEQUE_H
#define DEQUE_H

#include <stdatomic.h>

#ifndef BUG
#define BUG 0
#endif

enum { DEQUE_ROOM = 4, DEQUE_EMPTY = -1, DEQUE_LOST = -2 };

typedef struct deque {
    _Atomic(long) top, bottom;
    _Atomic(long) items[DEQUE_ROOM];
} deque;

static inline void deque_push(deque *q, long item)
{
    long b = atomic_load_explicit(&q->bottom, memory_order_relaxed);
    atomic_store_explicit(&q->items[b % DEQUE_ROOM], item, memory_order_relaxed);
#if BUG == 3
    atomic_store_explicit(&q->bottom, b + 1, memory_order_release);
#else
    atomic_thread_fence(memory_order_release); /* it also covers pop's stores of bottom */
    atomic_store_explicit(&q->bottom, b + 1, memory_order_relaxed);
#endif
}

static inline long deque_pop(deque *q)
{
    long b = atomic_load_explicit(&q->bottom, memory_order_relaxed) - 1;
    atomic_store_explicit(&q->bottom, b, memory_order_relaxed);
#if BUG != 2
    atomic_thread_fence(memory_order_seq_cst);
#endif
    long t = atomic_load_explicit(&q->top, memory_order_relaxed);
    long item = DEQUE_EMPTY;
    if (t <= b)
        item = atomic_load_explicit(&q->items[b % DEQUE_ROOM], memory_order_relaxed);
    if (t >= b) { /* the last one, or none */
#if BUG != 1
        if (t == b && !atomic_compare_exchange_strong_explicit(
                          &q->top, &t, t + 1, memory_order_seq_cst, memory_order_relaxed))
            item = DEQUE_EMPTY;
#endif
        atomic_store_explicit(&q->bottom, b + 1, memory_order_relaxed);
    }
    return item;
}

static inline long deque_steal(deque *q)
{
    long t = atomic_load_explicit(&q->top, memory_order_acquire);
    atomic_thread_fence(memory_order_seq_cst);
    long b = atomic_load_explicit(&q->bottom, memory_order_acquire);
    if (t >= b)
        return DEQUE_EMPTY;
    long item = atomic_load_explicit(&q->items[t % DEQUE_ROOM], memory_order_relaxed);
    if (!atomic_compare_exchange_strong_explicit(&q->top, &t, t + 1, memory_order_seq_cst,
                                                 memory_order_relaxed))
        return DEQUE_LOST;
    return item;
}

#endif
