/* SPDX-License-Identifier: MIT */
/*
 * TSan intercepts the C library's functions even in code that it does not instrument. What this
 * room asks of them on behalf of the scheduler is not the program's business (base/san.h), so it is
 * bracketed. So is it for MSan in an ordinary build: what is passed lies on a task's stack, where
 * an earlier, instrumented frame has left marks.
 */
#ifndef RNI_OS_QUIET_H
#define RNI_OS_QUIET_H

#include "base/san.h"

RNI_WEAK void __tsan_ignore_thread_begin(void);
RNI_WEAK void __tsan_ignore_thread_end(void);
RNI_WEAK void __msan_scoped_disable_interceptor_checks(void);
RNI_WEAK void __msan_scoped_enable_interceptor_checks(void);

enum { RNI_SAN_QUIET = RNI_SAN_THREAD | (RNI_SEES_WRITES & RNI_SAN_MEMORY) };

static inline void rni_quiet_begin(void)
{
    if (rni_san_is(RNI_SAN_QUIET & RNI_SAN_THREAD))
        __tsan_ignore_thread_begin();
    if (rni_san_is(RNI_SAN_QUIET & RNI_SAN_MEMORY))
        __msan_scoped_disable_interceptor_checks();
}

static inline void rni_quiet_end(void)
{
    if (rni_san_is(RNI_SAN_QUIET & RNI_SAN_THREAD))
        __tsan_ignore_thread_end();
    if (rni_san_is(RNI_SAN_QUIET & RNI_SAN_MEMORY))
        __msan_scoped_enable_interceptor_checks();
}

#define RNI_QUIET_BEGIN() (rni_san_is(RNI_SAN_QUIET) ? rni_quiet_begin() : (void)0)
#define RNI_QUIET_END() (rni_san_is(RNI_SAN_QUIET) ? rni_quiet_end() : (void)0)

/* TSan takes every clone for a fork; this is glibc's own name of it, which it does not know. */
#if defined(__GLIBC__)
int __clone(int (*fn)(void *arg), void *stack, int flags, void *arg, ...);
#define RNI_QUIET_CLONE __clone
#else
#define RNI_QUIET_CLONE clone
#endif

#endif
