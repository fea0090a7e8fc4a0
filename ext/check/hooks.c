/* SPDX-License-Identifier: MIT */
/* What a model may call while it runs. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "engine.h"

int rn_check_self(void)
{
    return rni_ck_running ? rni_ck_current->index : 0;
}

void rn_check_fail(const char *format, ...)
{
    char said[1024];
    rni_ck_user = 0;
    va_list args;
    va_start(args, format);
    vsnprintf(said, sizeof said, format, args);
    va_end(args);
    if (!rni_ck_running) {
        fprintf(stderr, "rn-check: %s\n", said);
        abort();
    }
    rni_ck_fail("%s", said);
}

unsigned rn_check_choose(unsigned n)
{
    if (!rni_ck_user || n < 2)
        return 0;
    rni_ck_user = 0;
    unsigned taken = rni_ck_choose(n);
    if (rni_ck_tracing)
        rni_ck_trace(__builtin_return_address(0), "choose %u of %u", taken, n);
    rni_ck_user = 1;
    return taken;
}

void rn_check_spin(void)
{
    if (!rni_ck_user)
        return;
    rni_ck_user = 0;
    rni_ck_spin(__builtin_return_address(0));
    rni_ck_user = 1;
}

void rn_check_wait(const volatile void *word, uint32_t expected)
{
    if (!rni_ck_user || rni_ck_current->index == 0)
        return;
    rni_ck_user = 0;
    const void *pc = __builtin_return_address(0);
    rni_ck_thread *t = rni_ck_current;
    t->last_pc = NULL;
    rni_ck_visible((rni_ck_operation){ RNI_CK_SLEEP, (uintptr_t)word }, pc);
    bool sleeps = (uint32_t)rni_ck_newest((uintptr_t)word, 4, pc) == expected;
    if (rni_ck_tracing)
        rni_ck_trace(pc, "futex wait %s while %u: %s", rni_ck_place((const void *)word), expected,
                     sleeps ? "sleeps" : "goes on");
    if (sleeps) {
        t->state = RNI_CK_SLEEPS;
        t->sleeps_on = (uintptr_t)word;
        rni_ck_let_next_run();
        rni_ck_newest((uintptr_t)word, 4, pc);
    }
    rni_ck_user = 1;
}

void rn_check_wake(const volatile void *word, int count)
{
    if (!rni_ck_user)
        return;
    rni_ck_user = 0;
    const void *pc = __builtin_return_address(0);
    rni_ck_current->last_pc = NULL;
    rni_ck_visible((rni_ck_operation){ RNI_CK_WAKE, (uintptr_t)word }, pc);
    if (rni_ck_tracing)
        rni_ck_trace(pc, "futex wake %s", rni_ck_place((const void *)word));
    while (count-- > 0) {
        rni_ck_thread *sleepers[RNI_CK_THREADS];
        unsigned n = 0;
        for (unsigned i = 1; i < rni_ck_thread_count; i++) {
            rni_ck_thread *u = &rni_ck_threads[i];
            if (u->state == RNI_CK_SLEEPS && u->sleeps_on == (uintptr_t)word)
                sleepers[n++] = u;
        }
        if (n == 0)
            break;
        sleepers[rni_ck_choose(n)]->state = RNI_CK_READY;
    }
    rni_ck_user = 1;
}
