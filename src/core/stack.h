/* SPDX-License-Identifier: MIT */
/*
 * Task stacks: reserved by class in large chunks, guarded, pooled, and never unmapped.
 *
 * A slot is [guard][usable]. The rni_task of whoever uses the slot sits at its top, shifted by a
 * colour so that the tops of different slots do not fall into the same cache sets. Only touched
 * pages cost memory: normally the top one.
 *
 * Tiny slots have no guard and stand side by side, all but the first in huge pages. Their size is
 * an odd number of cache lines, which does what the colours do. A word at the bottom of each tells
 * whether it has overflowed. What goes deep is not called on one: see dispatch.c and panic.c.
 */
#ifndef RNI_CORE_STACK_H
#define RNI_CORE_STACK_H

#include "core/task.h"

/* The classes that RUNNEL_STACK may choose come first. */
enum { RNI_STACK_GUARDED = 4, RNI_STACK_CLASSES = 5, RNI_STACK_CACHE = 32 };

/* A worker's own free stacks of one class; the worker only. */
typedef struct rni_stack_cache {
    rni_task *free[RNI_STACK_CACHE];
    unsigned n;
} rni_stack_cache;

/* A free slot's task record, which tells the slot's stack. What its last task left is still there;
 * begin (dispatch.c) sets what matters. NULL when there is no memory. cls is 0 to 3 for SMALL to
 * HUGE, and RNI_STACK_TINY. */
rni_task *rni_stack_take(rni_stack_cache *caches, unsigned cls);

/* Gives a slot back. The caller may still stand on it if nobody else can take from this cache
 * before it has left: the most recent slot of a cache is never handed on. */
void rni_stack_give(rni_stack_cache *caches, rni_task *t);

/* Empties a worker's caches into the common pool. */
void rni_stack_flush(rni_stack_cache *caches);

/* The first frame of a slot begins below this address. */
static inline void *rni_stack_top(rni_task *t)
{
    return (void *)((uintptr_t)t & ~(uintptr_t)63);
}

/* Whether rni_stack_take will make no system call. */
static inline bool rni_stack_at_hand(const rni_stack_cache *caches, unsigned cls)
{
    return caches[cls].n > 0;
}

/* Panics if t, the caller's, has a tiny stack that has overflowed. */
#define RNI_STACK_CANARY UINT64_C(0x5afe57ac4b077011)
void rni_stack_overflowed(rni_task *t);
static inline void rni_stack_inspect(rni_task *t)
{
    if (rni_unlikely(*(const volatile uint64_t *)t->stack_limit != RNI_STACK_CANARY))
        rni_stack_overflowed(t);
}

/* The class for a public rn_stack_class; -1 if there is no such class. DEFAULT follows
 * RUNNEL_STACK. */
int rni_stack_class_of(rn_stack_class c);
size_t rni_stack_usable(unsigned cls);

/* If address lies in a guard: the task of that slot, else NULL. Async-signal-safe. */
rni_task *rni_stack_guard_owner(const void *address);
/* Whether some stacks have no guard, because the system has refused it. Async-signal-safe. */
bool rni_stack_unguarded(void);

#endif
