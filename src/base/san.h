/* SPDX-License-Identifier: MIT */
/*
 * What the sanitizers must be told, in one place.
 *
 * An ordinary build of the library serves a program that is built with any sanitizer: it looks
 * once, before main, whether a sanitizer's runtime is in the process (san.c) and notes it in
 * rni_san, one byte that is never written again. All that a plain program pays is a test of that
 * byte beside each switch and each edge, on the hottest paths in the branch of another test. A
 * library that is itself instrumented (RUNNEL_SANITIZE) knows the answer when it is compiled, and
 * the test folds away. (docs/design/0011-sanitizers.md)
 *
 * TSan. Every task is a fiber, switched to without synchronisation, because edges of the
 * scheduler's own would hide the races of user code; core/switch_sanitized.c does that. The edges
 * that a program may rely on are announced by hand, RNI_EDGE_OUT before what RNI_EDGE_IN of the
 * same address comes after:
 * - by core: spawn -> first step, ready -> resume, and what timers and helper threads hand over.
 *   Two more cover memory that is used again, spawn records and stacks: of two tasks that one
 *   worker ran one after the other, neither of which ever waited, TSan takes the first as ended
 *   before the second began.
 * - by the rooms above core: what their locks and atomics order (channels, locks, groups, contexts
 *   ...). An instrumented library needs none of these, since TSan sees the atomics, so there the
 *   macros are empty above core.
 * core, arch, os and obs are the scheduler (RNI_SCHEDULER, set by the build): TSan must not see
 * their locks in any build, and does not instrument them in its own.
 *
 * ASan and MSan are told of the switches. MSan takes what code without instrumentation writes as
 * not written, and TSan does not see it: RNI_WROTE says what an ordinary library has written into
 * memory of the program's.
 *
 * Valgrind needs no entry here: core/stack.c tells it of each stack, whether it is there or not.
 */
#ifndef RNI_BASE_SAN_H
#define RNI_BASE_SAN_H

#include "base/check.h"

enum { RNI_SAN_ADDRESS = 1, RNI_SAN_THREAD = 2, RNI_SAN_MEMORY = 4, RNI_SAN_ANY = 7 };

#if defined(__has_feature)
#define RNI_FEATURE(x) __has_feature(x)
#else
#define RNI_FEATURE(x) 0
#endif

/* RNI_SAN: which of them are in the process. */
#if defined(RUNNEL_IN_MODEL)
#define RNI_SAN 0 /* a checker that follows the scheduler, and must see all of it */
#elif defined(__SANITIZE_ADDRESS__) || RNI_FEATURE(address_sanitizer)
#define RNI_SAN RNI_SAN_ADDRESS
#elif RNI_FEATURE(memory_sanitizer)
#define RNI_SAN RNI_SAN_MEMORY
#elif defined(RUNNEL_SANITIZE_THREAD)
#define RNI_SAN RNI_SAN_THREAD
#elif defined(__SANITIZE_THREAD__) || RNI_FEATURE(thread_sanitizer)
#define RNI_SAN 0 /* a room above core, where TSan sees for itself */
#else
/* Alone in its cache line, because everyone reads it. `fibers` is whether the begin and the end of
 * a task are to be told: where TSan is, and once depths are measured (core/depth.c). It is read
 * plainly, as an atomic load would cost an instruction more for each: a byte does not tear, and
 * from when on it is seen does not matter. */
extern struct rni_san {
    _Alignas(64) unsigned char found;
    unsigned char fibers;
} rni_san RNI_HIDDEN;
#define RNI_SAN rni_san.found
#define RNI_SAN_FOUND 1
#endif

static inline bool rni_san_is(unsigned which)
{
    return rni_unlikely((RNI_SAN & which) != 0);
}

/* Weak: NULL unless the runtime is there, which rni_san_is has said. */
#define RNI_WEAK __attribute__((weak, visibility("default")))
RNI_WEAK void __tsan_acquire(void *addr);
RNI_WEAK void __tsan_release(void *addr);

#define RNI_EDGE_OUT(p) (rni_san_is(RNI_SAN_THREAD) ? __tsan_release((void *)(p)) : (void)0)
#define RNI_EDGE_IN(p) (rni_san_is(RNI_SAN_THREAD) ? __tsan_acquire((void *)(p)) : (void)0)

/* Whether this file's locks are edges: above core, in an ordinary build. */
#if !defined(RNI_SCHEDULER) && defined(RNI_SAN_FOUND)
#define RNI_LOCKS_ARE_SEEN 1
#endif

/* The library has written `bytes` bytes at p, memory of the program's; p may be NULL. Nothing where
 * the compiler sees for itself. */
void rni_san_wrote(void *p, size_t bytes);
#if defined(RNI_SAN_FOUND)
#define RNI_SEES_WRITES (RNI_SAN_THREAD | RNI_SAN_MEMORY)
#define RNI_SEEN RNI_SAN
#else
#define RNI_SEES_WRITES 0
#define RNI_SEEN 0
#endif
#define RNI_WROTE(p, bytes) (rni_san_is(RNI_SEES_WRITES) ? rni_san_wrote((p), (bytes)) : (void)0)

/* The system has written, in a call that MSan does not intercept. */
#define RNI_SYSTEM_WROTE(p, bytes)                                                                 \
    (rni_san_is(RNI_SAN_MEMORY) ? rni_san_wrote((p), (bytes)) : (void)0)

/* For functions of core that other rooms inline. */
#if !defined(RUNNEL_IN_MODEL) && (defined(__SANITIZE_THREAD__) || RNI_FEATURE(thread_sanitizer))
#define RNI_UNSEEN __attribute__((no_sanitize("thread")))
#else
#define RNI_UNSEEN
#endif

#endif
