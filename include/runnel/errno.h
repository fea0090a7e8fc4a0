/* SPDX-License-Identifier: MIT */
/*
 * errno for code that runs in tasks.
 *
 * glibc declares the function behind errno const, so at -O2 a compiler may keep its address in a
 * register across a call that parks the task. If the task then goes on on another worker, `errno`
 * reads and writes the old thread's variable. This header redefines errno to go through a function
 * that is not const; each task has an errno of its own, saved when it parks.
 *
 * Define RN_KEEP_ERRNO before including runnel.h to keep the C library's errno.
 */
#ifndef RUNNEL_ERRNO_H
#define RUNNEL_ERRNO_H

#include <errno.h>
#include <runnel/base.h>

RN_EXTERN_C_BEGIN

/* The address of the calling thread's errno, worked out anew at each call. Never waits. */
RN_API int *rn_errno(void);

RN_EXTERN_C_END

#ifndef RN_KEEP_ERRNO
#undef errno
#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define RN_ERRNO_ATOMIC_ 1
#endif
#elif defined(__SANITIZE_THREAD__)
#define RN_ERRNO_ATOMIC_ 1
#endif
#if defined(RN_ERRNO_ATOMIC_) && !defined(__cplusplus)
/* To TSan the tasks of one worker are threads that share its errno. They take turns; it cannot
 * know. */
#define errno (*(_Atomic(int) *)rn_errno())
#else
#define errno (*rn_errno())
#endif
#endif

#endif
