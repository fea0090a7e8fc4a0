/* SPDX-License-Identifier: MIT */
/*
 * Two instructions that C has no name for. The models of tests/check are checked against C11, which
 * promises less than x86 does, and so take the portable ones on every CPU.
 */
#ifndef RNI_ARCH_CPU_H
#define RNI_ARCH_CPU_H

#include <stdatomic.h>

/* Tells the CPU that this is a spin loop. */
static inline void rni_cpu_relax(void)
{
#if defined(RUNNEL_IN_MODEL)
    __asm__ volatile("" ::: "memory");
#elif defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("isb" ::: "memory");
#else
    __asm__ volatile("" ::: "memory");
#endif
}

/* Orders stores before an atomic read-modify-write against loads after it: on x86 the locked
 * instruction already did. */
static inline void rni_fence_after_rmw(void)
{
#if defined(__x86_64__) && !defined(RUNNEL_IN_MODEL)
    atomic_signal_fence(memory_order_seq_cst);
#else
    atomic_thread_fence(memory_order_seq_cst);
#endif
}

#endif
