/* SPDX-License-Identifier: MIT */
/*
 * Small things every room uses: branch hints, container_of and asserts.
 *
 * RNI_ASSERT states an invariant of runnel itself. It is cheap, so it stays on in release builds; a
 * failure is a bug in runnel and aborts, so that a core file shows it.
 */
#ifndef RNI_BASE_CHECK_H
#define RNI_BASE_CHECK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define rni_likely(x) __builtin_expect(!!(x), 1)
#define rni_unlikely(x) __builtin_expect(!!(x), 0)
#define RNI_CONTAINER(ptr, type, member) ((type *)(void *)((char *)(ptr)-offsetof(type, member)))
#define RNI_NOINLINE __attribute__((noinline))
#ifndef RNI_HIDDEN /* nothing in a build that shows the tests all of the shared library */
#define RNI_HIDDEN __attribute__((visibility("hidden")))
#endif

__attribute__((noreturn, cold)) void rni_assert_failed(const char *expr, const char *where);

#define RNI_WHERE2(x) #x
#define RNI_WHERE1(x) RNI_WHERE2(x)
#define RNI_WHERE __FILE__ ":" RNI_WHERE1(__LINE__)
#define RNI_ASSERT(e) (rni_likely(e) ? (void)0 : rni_assert_failed(#e, RNI_WHERE))

#endif
