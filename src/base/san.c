/* SPDX-License-Identifier: MIT */
/*
 * Which sanitizer's runtime is in the process. The references are weak, so each is NULL in a
 * program without it; ELF gives a shared library the symbols of the program's statically linked
 * runtime, because a linker exports from a program whatever the shared libraries on its line refer
 * to.
 *
 * Looked up in a constructor that runs before those of the program, in which it may already use the
 * library. The models and instrumented builds do without.
 */
#include "base/san.h"

RNI_WEAK void __msan_unpoison(const volatile void *addr, size_t bytes);
RNI_WEAK void __tsan_write_range(void *addr, unsigned long bytes);

void rni_san_wrote(void *p, size_t bytes)
{
    if (!p || !bytes)
        return;
    if (rni_san_is(RNI_SAN_MEMORY))
        __msan_unpoison(p, bytes);
    if (rni_san_is(RNI_SAN_THREAD))
        __tsan_write_range(p, bytes);
}

#ifdef RNI_SAN_FOUND

struct rni_san rni_san;

RNI_WEAK void __sanitizer_start_switch_fiber(void **save, const void *bottom, size_t size);
RNI_WEAK void __msan_start_switch_fiber(const void *bottom, size_t size);
RNI_WEAK void __tsan_switch_to_fiber(void *fiber, unsigned flags);

__attribute__((constructor(101))) static void look(void)
{
    unsigned found = 0;
    if (__sanitizer_start_switch_fiber)
        found |= RNI_SAN_ADDRESS;
    if (__tsan_switch_to_fiber)
        found |= RNI_SAN_THREAD;
    if (__msan_start_switch_fiber)
        found |= RNI_SAN_MEMORY;
    rni_san.found = (unsigned char)found;
    rni_san.fibers = found & RNI_SAN_THREAD;
}

#endif
