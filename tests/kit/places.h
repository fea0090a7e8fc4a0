/* SPDX-License-Identifier: MIT */
/*
 * For tests that say what rn_verify_none must not call leaked: tasks that something can still get
 * to, by a reference at one place only. Where the reference can be taken away, that is done next,
 * and then the task must be found: so a place is silent because of the reference, and not for want
 * of looking. Variables that hold one are volatile: nothing reads them, and they count all the
 * same.
 */
#ifndef RUNNEL_TESTS_PLACES_H
#define RUNNEL_TESTS_PLACES_H

#include <runnel.h>

#include <stdatomic.h>
#include <stdlib.h>

#include "kit/dumped.h"
#include "kit/kit.h"
#include "kit/verified.h"

typedef rn_chan(int) chan_int;
typedef rn_chan(rn_unit) chan_unit;

static int wait_on(rn_receiver(int) c)
{
    int v;
    int rc = rn_recv(c, &v);
    return rc == -ECANCELED ? rc : 0;
}
RN_TASK(wait_on, rn_receiver(int));

/* Starts a task that waits on a new channel, and returns the channel. */
NOT_INLINED static chan_int waiter(rn_group *g)
{
    chan_int c = rn_make(g, int, 0);
    CHECK(c);
    CHECK_EQ(rn_go(g, wait_on, rn_rx(c)), 0);
    return c;
}

/* What calls have left below: the stacks of threads are read as a whole. */
NOT_INLINED static void clear_stack(void)
{
    char below[16384];
    memset(below, 0, sizeof below);
    __asm__ volatile("" : : "r"(below) : "memory");
}

/* One place for a reference. */
typedef struct place {
    const char *name;
    void (*plant)(rn_group *g);
    void (*uproot)(void); /* NULL: it cannot be */
    int with, without;    /* how many are leaked as long as it is there, and after */
    const char *until;    /* a part of the dump that shows that all is in place */
    int lines;
} place;

static chan_int volatile global;
__attribute__((unused)) static void uproot_global(void)
{
    global = NULL;
}

static _Atomic(bool) task_stop;
static int yield_with(rn_chan(int) c)
{
    chan_int volatile mine = c;
    while (!atomic_load_explicit(&task_stop, memory_order_relaxed))
        rn_yield();
    mine = NULL;
    (void)mine;
    return 0;
}
RN_TASK(yield_with, rn_chan(int));
__attribute__((unused)) static void stop_tasks(void)
{
    atomic_store_explicit(&task_stop, true, memory_order_relaxed);
    until_dumped(" yield_with [", 0);
}

static int sleep_with(rn_chan(int) c)
{
    int rc = rn_sleep(RN_HOUR);
    return rc ? rc : rn_send(c, 1);
}
RN_TASK(sleep_with, rn_chan(int));

__attribute__((unused)) NOT_INLINED static void run_place(rn_group *g, const place *p)
{
    p->plant(g);
    clear_stack();
    if (p->until)
        until_dumped(p->until, p->lines);
    rn_sleep(RN_MILLISECOND); /* who is about to wait has left its stack */
    for (int i = 0; i < 3; i++)
        VERIFY(p->with, p->name);
    if (!p->uproot)
        return;
    p->uproot();
    clear_stack();
    rn_sleep(RN_MILLISECOND);
    VERIFY(p->without, p->name);
    VERIFY(p->without, p->name);
}

#define RECEIVES "wait_on [chan receive"

#define PLACE(name_, plant_, uproot_, with_, without_, until_, lines_)                             \
    TASK_TEST(verify_is_silent_about_##name_)                                                      \
    {                                                                                              \
        static const place p = { #name_,     (plant_), (uproot_), (with_),                         \
                                 (without_), (until_), (lines_) };                                 \
        setenv("RUNNEL_LEAKS", "off", 1);                                                          \
        run_place(g, &p);                                                                          \
        return 0;                                                                                  \
    }

#endif
