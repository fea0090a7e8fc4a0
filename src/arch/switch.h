/* SPDX-License-Identifier: MIT */
/*
 * The context switch, one file per CPU behind this header.
 *
 * A context is two words. `sp` is NULL while the context runs and is the saved stack pointer while
 * it does not; `result` is what rni_arch_switch returns when it is resumed. That makes `sp` the
 * hand-over flag between two workers: the switch stores it with release order as its last use of
 * the old stack, and whoever resumes the context first loads it, with acquire order, until it is
 * not NULL. No other flag says that a parked task's registers are complete.
 *
 * The stub saves the callee-saved registers on the old stack and ends in an indirect jump, never in
 * a return: the return-address predictor of the CPU would be wrong every time, which costs 12 ns
 * where the switch itself costs 4.5. Callers tail-call it, so that the jump lands in user code.
 * MXCSR and the x87 control word are not saved: a task that changes them restores them before it
 * waits.
 */
#ifndef RNI_ARCH_SWITCH_H
#define RNI_ARCH_SWITCH_H

#include <stddef.h>

typedef struct rni_context {
    void *sp;   /* offset 0; see above; accessed with __atomic builtins */
    int result; /* offset 8 */
} rni_context;

/*
 * rni_arch_parked + 4 is the pc to unwind a saved context from, with sp as its stack pointer. It is
 * never executed and only has unwind information. NULL with the portable switch, whose saved
 * contexts are no plain stacks.
 */
extern const char rni_arch_parked[] __attribute__((weak, visibility("hidden")));

/* Saves the running context in *from and resumes *to. Returns to->result, in the other context's
 * call of this function. */
int rni_arch_switch(rni_context *from, rni_context *to);

/* Resumes *to for good: the running context is not saved. */
__attribute__((noreturn)) void rni_arch_leave(rni_context *to);

/*
 * Makes *c a context that will run fn on the stack that ends below top (16-byte aligned). fn must
 * not return. Writes its first frame below top. limit is the lowest address of the stack.
 */
void rni_arch_prepare(rni_context *c, void *limit, void *top, void (*fn)(void));

#endif
