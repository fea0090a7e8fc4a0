/* SPDX-License-Identifier: MIT */
/*
 * The switch as core uses it: the architecture's stub, and what the sanitizers want to hear around
 * it (switch_sanitized.c). In a plain process that is the stub itself behind one test (base/san.h),
 * and the jump that ends it still leads straight to user code.
 */
#ifndef RNI_CORE_SWITCH_H
#define RNI_CORE_SWITCH_H

#include "base/san.h"
#include "core/task.h"

int rni_switch_seen(rni_task *from, rni_task *to);
__attribute__((noreturn)) void rni_switch_leave_seen(rni_task *from, rni_task *to);
void rni_switch_arrived_seen(rni_task *t);
void rni_fiber_begin_seen(rni_task *t, const rni_spawn *s);
void rni_fiber_end_seen(rni_task *t, const rni_spawn *s);
void rni_switch_thread_init_seen(rni_task *loop);

/* Saves `from`, the running context, and resumes `to`; returns to->context.result. */
static inline int rni_switch(rni_task *from, rni_task *to)
{
    if (rni_san_is(RNI_SAN_ANY))
        return rni_switch_seen(from, to);
    return rni_arch_switch(&from->context, &to->context);
}

/* The same, and `from` never runs again. */
__attribute__((noreturn)) static inline void rni_switch_leave(rni_task *from, rni_task *to)
{
    if (rni_san_is(RNI_SAN_ANY))
        rni_switch_leave_seen(from, to);
    rni_arch_leave(&to->context);
}

/* First thing on a new stack. */
static inline void rni_switch_arrived(rni_task *t)
{
    if (rni_san_is(RNI_SAN_ANY))
        rni_switch_arrived_seen(t);
}

/* Whether anyone wants to hear of the two below. */
static inline bool rni_fiber_seen(void)
{
#if defined(RNI_SAN_FOUND)
    return rni_unlikely(rni_san.fibers != 0);
#else
    return rni_san_is(RNI_SAN_THREAD);
#endif
}

/* The first step of t, which was s, comes next. */
static inline void rni_fiber_begin(rni_task *t, const rni_spawn *s)
{
    if (rni_fiber_seen())
        rni_fiber_begin_seen(t, s);
}

/* t has ended, and the arguments in s are no longer needed. */
static inline void rni_fiber_end(rni_task *t, const rni_spawn *s)
{
    if (rni_fiber_seen())
        rni_fiber_end_seen(t, s);
}

/* The calling thread has become a worker's, whose loop this is. */
static inline void rni_switch_thread_init(rni_task *loop)
{
    if (rni_san_is(RNI_SAN_ANY))
        rni_switch_thread_init_seen(loop);
}

#endif
