/* SPDX-License-Identifier: MIT */
/*
 * Tells Valgrind where a stack is, so that a switch to it is no growth of the present one. That is
 * a "client request": a sequence of instructions that changes nothing and that Valgrind knows (its
 * manual, "The Client Request mechanism"; the interface is fixed for ever). Written out, so that
 * the build needs no header of Valgrind's. Nothing on other CPUs.
 */
#ifndef RNI_ARCH_VALGRIND_H
#define RNI_ARCH_VALGRIND_H

#include <stdbool.h>
#include <stdint.h>

static inline void rni_valgrind_stack(const void *lowest, const void *end)
{
#if defined(__x86_64__)
    enum { STACK_REGISTER = 0x1501 };
    volatile uint64_t request[6] = { STACK_REGISTER, (uintptr_t)lowest, (uintptr_t)end - 1 };
    uint64_t id = 0;
    __asm__ volatile("rolq $3, %%rdi\n\trolq $13, %%rdi\n\trolq $61, %%rdi\n\trolq $51, %%rdi\n\t"
                     "xchgq %%rbx, %%rbx"
                     : "+d"(id)
                     : "a"(&request[0])
                     : "cc", "memory");
#else
    (void)lowest;
    (void)end;
#endif
}

/* Whether the program runs under Valgrind. */
static inline bool rni_valgrind_runs(void)
{
    uint64_t answer = 0;
#if defined(__x86_64__)
    enum { RUNNING_ON_VALGRIND = 0x1001 };
    volatile uint64_t request[6] = { RUNNING_ON_VALGRIND };
    __asm__ volatile("rolq $3, %%rdi\n\trolq $13, %%rdi\n\trolq $61, %%rdi\n\trolq $51, %%rdi\n\t"
                     "xchgq %%rbx, %%rbx"
                     : "+d"(answer)
                     : "a"(&request[0])
                     : "cc", "memory");
#endif
    return answer != 0;
}

#endif
