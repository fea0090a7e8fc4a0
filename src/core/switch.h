/* SPDX-License-Identifier: MIT */
/*
 * The switch as core uses it: the architecture's stub, and what the sanitizers want to hear around
 * it. In a plain build these are the stub itself and nothing.
 */
#ifndef RNI_CORE_SWITCH_H
#define RNI_CORE_SWITCH_H

#include "core/san.h"
#include "core/task.h"

#ifdef RNI_SANITIZED
/* switch_sanitized.c */
int rni_switch(rni_task *from, rni_task *to);
__attribute__((noreturn)) void rni_switch_leave(rni_task *from, rni_task *to);
void rni_switch_arrived(rni_task *t); /* first thing on a new stack */
void rni_fiber_begin(rni_task *t);    /* t's first step comes next */
void rni_fiber_end(rni_task *t);      /* t has ended */
void rni_switch_thread_init(rni_task *loop);
#else
static inline int rni_switch(rni_task *from, rni_task *to)
{
    return rni_arch_switch(&from->context, &to->context);
}
__attribute__((noreturn)) static inline void rni_switch_leave(rni_task *from, rni_task *to)
{
    (void)from;
    rni_arch_leave(&to->context);
}
static inline void rni_switch_arrived(rni_task *t)
{
    (void)t;
}
static inline void rni_fiber_begin(rni_task *t)
{
    (void)t;
}
static inline void rni_fiber_end(rni_task *t)
{
    (void)t;
}
static inline void rni_switch_thread_init(rni_task *loop)
{
    (void)loop;
}
#endif

#endif
