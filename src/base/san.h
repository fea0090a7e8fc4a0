/* SPDX-License-Identifier: MIT */
/*
 * What the sanitizers must be told, in one place.
 *
 * TSan does not instrument src/core (the build says so): the scheduler moves tasks between threads
 * by rules that it cannot follow, and edges of its own would hide the races of user code. Instead
 * every task is a TSan fiber, switched to without synchronisation, and the edges a program may rely
 * on are announced by hand: spawn -> first step, ready -> resume. Two more cover memory that is
 * used again, spawn records and stacks: of two tasks that one worker ran one after the other,
 * neither of which ever waited, TSan takes the first as ended before the second began.
 */
#ifndef RNI_CORE_SAN_H
#define RNI_CORE_SAN_H

#if defined(__SANITIZE_ADDRESS__)
#define RNI_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define RNI_ASAN 1
#endif
#endif

#if defined(RUNNEL_SANITIZE_THREAD)
#define RNI_TSAN 1
#endif

#if defined(RNI_TSAN)
#define RNI_SAN_THREADS 2 /* TSan's own: one, and after a fork another */
#else
#define RNI_SAN_THREADS 0
#endif

#if defined(RNI_TSAN)
void __tsan_acquire(void *addr);
void __tsan_release(void *addr);
#define RNI_EDGE_OUT(p) __tsan_release((void *)(p))
#define RNI_EDGE_IN(p) __tsan_acquire((void *)(p))
#else
#define RNI_EDGE_OUT(p) ((void)(p))
#define RNI_EDGE_IN(p) ((void)(p))
#endif

/* For functions of core that other rooms inline. The models of tests/check are compiled with the
 * flag, too, but for a checker that follows the scheduler, and must see them. */
#if defined(RUNNEL_IN_MODEL)
#define RNI_UNSEEN
#elif defined(RNI_TSAN) || defined(__SANITIZE_THREAD__)
#define RNI_UNSEEN __attribute__((no_sanitize("thread")))
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define RNI_UNSEEN __attribute__((no_sanitize("thread")))
#endif
#endif
#if !defined(RNI_UNSEEN)
#define RNI_UNSEEN
#endif

#if defined(RNI_ASAN) || defined(RNI_TSAN)
#define RNI_SANITIZED 1
#endif

#endif
