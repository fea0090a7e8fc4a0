/* SPDX-License-Identifier: MIT */
/*
 * What a group owns may be made by a thread while the group is closing: either the group ends it,
 * or there is none. A deferred function of the group joins the thread, so the group is there.
 */
#include <runnel.h>

#include <pthread.h>
#include <stdatomic.h>

#include "kit/kit.h"

static int do_nothing(int unused)
{
    (void)unused;
    return 0;
}
RN_TASK(do_nothing, int);

typedef struct maker {
    rn_group *g;
    rn_ctx *ctx;
    bool (*make)(struct maker *m);
    _Atomic(long) made;
    pthread_t thread;
} maker;

static bool make_timer(maker *m)
{
    return rn_timer_new(m->g, RN_HOUR) != NULL;
}

static bool make_timer_task(maker *m)
{
    return rn_timer_go(m->g, RN_HOUR, do_nothing, 0) != NULL;
}

static bool make_after(maker *m)
{
    return rn_after(m->g, RN_HOUR) != NULL;
}

static bool make_ticker(maker *m)
{
    return rn_ticker_new(m->g, RN_HOUR) != NULL;
}

static bool make_after_func(maker *m)
{
    return rn_ctx_after_func(m->ctx, m->g, do_nothing, 0) != NULL;
}

static void *make_until_closed(void *arg)
{
    maker *m = arg;
    while (m->make(m))
        atomic_fetch_add(&m->made, 1);
    return NULL;
}

static void join(void *arg)
{
    CHECK_EQ(pthread_join(((maker *)arg)->thread, NULL), 0);
}

TASK_TEST(group_that_closes_ends_only_what_is_finished)
{
    static bool (*const makes[])(maker *) = { make_timer, make_timer_task, make_after, make_ticker,
                                              make_after_func };
    rn_ctx *ctx = rn_ctx_with_cancel(rn_ctx_background());
    for (int i = 0; i < 150; i++) {
        maker m = { .g = rn_group_new(NULL), .ctx = ctx, .make = makes[i % 5] };
        CHECK_EQ(rn_group_defer(m.g, join, &m), 0);
        CHECK_EQ(pthread_create(&m.thread, NULL, make_until_closed, &m), 0);
        while (atomic_load(&m.made) == 0)
            rn_yield();
        rn_group_close(m.g);
    }
    rn_ctx_unref(ctx);
    return 0;
}
