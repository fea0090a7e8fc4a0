/* SPDX-License-Identifier: MIT */
/* How much of their stacks tasks use: see depth.c. */
#ifndef RNI_CORE_DEPTH_H
#define RNI_CORE_DEPTH_H

#include "core/task.h"

/* Why depths cannot be measured in this process, in words; NULL if they can. Any thread. */
const char *rni_depth_hindrance(void);

/* Measures every task that begins from now on, until the process ends. */
void rni_depth_measure(void);

/* On t's stack, before its first step and after its end, by switch_sanitized.c. */
void rni_depth_begin(rni_task *t, const rni_spawn *s);
void rni_depth_end(rni_task *t);

/* Whether t is a task whose depth is being measured. Any thread. */
static inline bool rni_depth_known(const rni_task *t)
{
    return atomic_load_explicit(&t->painted, memory_order_relaxed) != NULL;
}

/* How many bytes of its stack it has used so far, from the top to the lowest that was written. Any
 * thread: of a task that goes on meanwhile, a guess. */
size_t rni_depth_of(const rni_task *t);

/* The size of the stacks of that class. */
size_t rni_depth_class_bytes(unsigned stack_class);

/* The size of the smallest class with a guard whose tasks have at least so many bytes; 0: there is
 * none. */
size_t rni_depth_class(size_t bytes);

#endif
