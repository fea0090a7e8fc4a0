/* SPDX-License-Identifier: MIT */
/*
 * TSan intercepts the C library's functions even in code that it does not instrument. What this
 * room asks of them on behalf of the scheduler is not the program's business (src/core/san.h), so
 * it is bracketed. Empty in every other build.
 */
#ifndef RNI_OS_QUIET_H
#define RNI_OS_QUIET_H

#if defined(RUNNEL_SANITIZE_THREAD)
void __tsan_ignore_thread_begin(void);
void __tsan_ignore_thread_end(void);
#define RNI_QUIET_BEGIN() __tsan_ignore_thread_begin()
#define RNI_QUIET_END() __tsan_ignore_thread_end()
/* It takes every clone for a fork; this is glibc's own name of it. */
int __clone(int (*fn)(void *arg), void *stack, int flags, void *arg, ...);
#define RNI_QUIET_CLONE __clone
#else
#define RNI_QUIET_BEGIN() ((void)0)
#define RNI_QUIET_END() ((void)0)
#define RNI_QUIET_CLONE clone
#endif

#endif
