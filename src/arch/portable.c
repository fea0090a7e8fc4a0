/* SPDX-License-Identifier: MIT */
/*
 * The switch for CPUs without a file of their own: POSIX ucontext. Slow (it makes three system
 * calls a switch), correct, and the reference the other files are compared with.
 *
 * The saved stack pointer of the contract is here the address of a ucontext_t that lives on the
 * saved stack. swapcontext cannot tell when it has finished saving, so the context that runs next
 * stores that address: left_context and left_saved tell it where and what. One that is switched to
 * for the first time does so in its entry function.
 *
 * A ucontext carries a signal mask, but masks belong to threads here: the one to come gets the
 * thread's own, so that the switch leaves the mask as it is.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <stdint.h>
#include <ucontext.h>

#include "arch/switch.h"
#include "base/check.h"

typedef struct saved {
    ucontext_t uc;
    void (*fn)(void);
} saved;

/* What the context that has just been left wants stored, for the one that runs next. Per thread,
 * and only touched between the two halves of one switch. */
static __thread rni_context *left_context;
static __thread saved *left_saved;

/* noinline: the thread may be another one after swapcontext. */
static RNI_NOINLINE void set_left(rni_context *c, saved *s)
{
    left_context = c;
    left_saved = s;
    __asm__ volatile("" ::: "memory");
}

static RNI_NOINLINE void publish_left(void)
{
    rni_context *c = left_context;
    saved *s = left_saved;
    left_context = NULL;
    if (c)
        __atomic_store_n(&c->sp, s, __ATOMIC_RELEASE);
    __asm__ volatile("" ::: "memory");
}

static void entry(unsigned high, unsigned low)
{
    saved *s = (saved *)(uintptr_t)((uint64_t)high << 32 | low);
    publish_left();
    s->fn();
    __builtin_trap();
}

static saved *take(rni_context *to)
{
    saved *s = __atomic_load_n(&to->sp, __ATOMIC_ACQUIRE);
    __atomic_store_n(&to->sp, NULL, __ATOMIC_RELAXED);
    return s;
}

/* The result is kept beside the switch: it must be read after the resume, from our own context. */
int rni_arch_switch(rni_context *from, rni_context *to)
{
    saved here;
    saved *next = take(to);
    set_left(from, &here);
    pthread_sigmask(SIG_SETMASK, NULL, &next->uc.uc_sigmask);
    swapcontext(&here.uc, &next->uc);
    publish_left();
    return from->result;
}

void rni_arch_leave(rni_context *to)
{
    saved *next = take(to);
    set_left(NULL, NULL);
    pthread_sigmask(SIG_SETMASK, NULL, &next->uc.uc_sigmask);
    setcontext(&next->uc);
    __builtin_trap();
}

void rni_arch_prepare(rni_context *c, void *limit, void *top, void (*fn)(void))
{
    /* The record goes on top of the new stack; makecontext gets what is below it. */
    saved *s = (saved *)(((uintptr_t)top - sizeof(saved)) & ~(uintptr_t)63);
    getcontext(&s->uc);
    s->fn = fn;
    s->uc.uc_stack.ss_sp = limit;
    s->uc.uc_stack.ss_size = (size_t)((char *)s - (char *)limit);
    s->uc.uc_link = NULL;
    uint64_t p = (uint64_t)(uintptr_t)s;
    makecontext(&s->uc, (void (*)(void))entry, 2, (unsigned)(p >> 32), (unsigned)p);
    c->result = 0;
    __atomic_store_n(&c->sp, s, __ATOMIC_RELEASE);
}
