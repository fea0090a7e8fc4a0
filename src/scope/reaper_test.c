/* SPDX-License-Identifier: MIT */
/* Contexts that lose their last reference while a timer fires or a task's owner is told. */
#include <runnel.h>

#include <stdatomic.h>

#include "core/park.h"
#include "kit/kit.h"

static const int key = 1;
static rn_mutex held;
static rn_chan(int) dropped;

/* A drop that waits: for a lock that the test holds, and for room. */
static void drop_and_wait(void *value)
{
    CHECK_EQ(rn_mutex_lock(&held), 0);
    CHECK_EQ(rn_send(dropped, *(int *)value), 0);
    rn_mutex_unlock(&held);
}

typedef struct last_reference {
    rni_timer timer;
    rn_ctx *ctx;
} last_reference;

static void give_back(rni_timer *timer)
{
    last_reference *r = RNI_CONTAINER(timer, last_reference, timer);
    rn_ctx *ctx = r->ctx;
    rni_timer_fired(timer);
    rn_ctx_unref(ctx);
}

TASK_TEST(drop_may_wait_when_a_timer_gives_back_the_last_reference)
{
    enum { N = 20 };
    static last_reference refs[N];
    int values[N], seen = 0;
    dropped = rn_make(g, int, 0);
    CHECK_EQ(rn_mutex_lock(&held), 0);
    for (int i = 0; i < N; i++) {
        values[i] = 1 << i;
        rn_ctx *outer = rn_ctx_with_value_drop(rn_group_ctx(g), &key, &values[i], drop_and_wait);
        refs[i] = (last_reference){ .timer.fn = give_back, .ctx = rn_ctx_with_cancel(outer) };
        rn_ctx_unref(outer);
        CHECK_EQ(rni_timer_arm(&refs[i].timer, rni_now() + i % 3 * RN_MILLISECOND), 0);
    }
    rn_sleep(5 * RN_MILLISECOND);
    rn_mutex_unlock(&held);
    for (int i = 0; i < N; i++) {
        int value = 0;
        CHECK_EQ(rn_recv(dropped, &value), 0);
        seen |= value;
    }
    CHECK_EQ(seen, (1 << N) - 1);
    return 0;
}

static int last_drops;

static void count_drop(void *value)
{
    CHECK_EQ(rn_sleep(RN_MILLISECOND), 0); /* it is a task that calls this */
    last_drops += *(int *)value;
}

static int leave_to_timer(rn_group *g, void *arg)
{
    static last_reference r;
    static int one = 1;
    (void)g;
    (void)arg;
    r = (last_reference){ .timer.fn = give_back,
                          .ctx = rn_ctx_with_value_drop(rn_ctx_background(), &key, &one,
                                                        count_drop) };
    CHECK_EQ(rni_timer_arm(&r.timer, rni_now()), 0);
    return rn_sleep(RN_MILLISECOND / 2);
}

TEST(run_does_not_end_before_what_timers_gave_back_is_dropped)
{
    for (int i = 1; i <= 20; i++) {
        CHECK_EQ(rn_run(leave_to_timer, NULL), 0);
        CHECK_EQ(last_drops, i);
    }
}

/* ---- a hand-over at the very end ---- */

static _Atomic(bool) in_callback;

static void give_back_late(rni_timer *timer)
{
    last_reference *r = RNI_CONTAINER(timer, last_reference, timer);
    rn_ctx *ctx = r->ctx;
    rni_timer_fired(timer);
    atomic_store(&in_callback, true);
    for (int64_t end = rn_now() + RN_MILLISECOND; rn_now() < end;) {}
    rn_ctx_unref(ctx);
}

static int end_meanwhile(rn_group *g, void *arg)
{
    static last_reference r;
    static int one = 1;
    (void)g;
    (void)arg;
    r = (last_reference){ .timer.fn = give_back_late,
                          .ctx = rn_ctx_with_value_drop(rn_ctx_background(), &key, &one,
                                                        count_drop) };
    atomic_store(&in_callback, false);
    CHECK_EQ(rni_timer_arm(&r.timer, rn_now()), 0);
    while (!atomic_load(&in_callback)) /* another worker fires it, or this one in the yield */
        CHECK_EQ(rn_yield(), 0);
    return 0;
}

TEST(run_waits_for_timers_that_are_about_to_give_back)
{
    for (int i = 1; i <= 20; i++) {
        int before = last_drops;
        CHECK_EQ(rn_run(end_meanwhile, NULL), 0);
        CHECK_EQ(last_drops, before + 1);
    }
}

static void drop_for_ever(void *value)
{
    (void)value;
    (void)!rn_mutex_lock(&held);
}

static int leave_to_stuck_drop(rn_group *g, void *arg)
{
    static last_reference r;
    static int one = 1;
    (void)g;
    (void)arg;
    CHECK_EQ(rn_mutex_lock(&held), 0);
    r = (last_reference){ .timer.fn = give_back,
                          .ctx = rn_ctx_with_value_drop(rn_ctx_background(), &key, &one,
                                                        drop_for_ever) };
    CHECK_EQ(rni_timer_arm(&r.timer, rn_now()), 0);
    return rn_sleep(RN_MILLISECOND);
}

TEST_EXIT(drop_that_waits_for_ever_is_a_deadlock, 2, " reaper [mutex lock] at ")
{
    rn_run(leave_to_stuck_drop, NULL);
}
