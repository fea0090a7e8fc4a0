/* SPDX-License-Identifier: MIT */
/*
 * The model's threads: coroutines that are made once and run from their beginning in every
 * execution. An execution that is given up leaves them where they are; the next one starts them
 * again.
 *
 * ucontext gives each its stack; _setjmp and _longjmp, which make no system calls, do the rest.
 */
#define _GNU_SOURCE
#undef _FORTIFY_SOURCE /* its longjmp refuses to leave a stack for another */
#include <errno.h>
#include <sys/mman.h>
#include <ucontext.h>

#include "engine.h"

enum { STACK = 256 * 1024, GUARD = 64 * 1024 };

rni_ck_thread rni_ck_threads[RNI_CK_THREADS];
unsigned rni_ck_thread_count;
rni_ck_thread *rni_ck_current;

static ucontext_t creator, created;
static rni_ck_thread *newest;

/* Stands at the bottom of every stack and is entered again in each execution. */
static void bottom(void)
{
    if (_setjmp(newest->base) == 0)
        swapcontext(&created, &creator);
    rni_ck_thread_main();
}

static int create(rni_ck_thread *t)
{
    char *memory = mmap(NULL, STACK + GUARD, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED || mprotect(memory, GUARD, PROT_NONE) != 0)
        return -ENOMEM;
    t->stack = memory + GUARD;
    newest = t;
    getcontext(&created);
    created.uc_stack.ss_sp = t->stack;
    created.uc_stack.ss_size = STACK;
    created.uc_link = NULL;
    makecontext(&created, bottom, 0);
    swapcontext(&creator, &created);
    return 0;
}

int rni_ck_threads_create(void)
{
    for (int i = 1; i < RNI_CK_THREADS; i++) {
        if (!rni_ck_threads[i].stack && create(&rni_ck_threads[i]) != 0)
            return -ENOMEM;
    }
    return 0;
}

void rni_ck_switch(jmp_buf *from, jmp_buf *to)
{
    if (_setjmp(*from) == 0)
        _longjmp(*to, 1);
}
