/* SPDX-License-Identifier: MIT */
/*
 * Which stacks tasks get: from the public class to the one of stack.h.
 *
 * A tiny stack becomes a small one where 2 KiB cannot be enough. A function that is bound when it
 * is first called runs the dynamic linker on the caller's stack, which saves there whatever
 * registers arguments may be in: up to 2.5 KiB with AVX-512. So tiny stacks need a program whose
 * functions are bound when it starts. Frames of sanitized code are larger, and the portable switch
 * saves a ucontext_t of a kilobyte.
 */
#include "arch/switch.h"
#include "base/san.h"
#include "core/settings.h"
#include "core/stack.h"
#include "os/os.h"

static int tiny_class(void)
{
    bool fits = rni_arch_parked && !rni_san_is(RNI_SAN_ANY) && !rni_os_binds_late();
    return fits ? RNI_STACK_TINY : 0;
}

/* What was found out the first time: class + 1, or 0. */
static int remembered(_Atomic(int) *chosen, int (*find_out)(void))
{
    int known = atomic_load_explicit(chosen, memory_order_relaxed);
    if (known)
        return known - 1;
    int cls = find_out();
    atomic_store_explicit(chosen, cls + 1, memory_order_relaxed);
    return cls;
}

int rni_stack_class_of(rn_stack_class c)
{
    static _Atomic(int) usual, tiny;
    switch (c) {
    case RN_STACK_DEFAULT: return remembered(&usual, rni_settings_stack);
    case RN_STACK_SMALL: return 0;
    case RN_STACK_NORMAL: return 1;
    case RN_STACK_LARGE: return 2;
    case RN_STACK_HUGE: return 3;
    case RN_STACK_TINY: return remembered(&tiny, tiny_class);
    default: return -1;
    }
}
