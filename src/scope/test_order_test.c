/* SPDX-License-Identifier: MIT */
/* Orders that cancels and the test clock promise, and one that it does not: among timers that are
 * due at one instant. */
#include <runnel.h>

#include <stdatomic.h>

#include "kit/kit.h"

/* A test in a test run. */
#define TIMED_TEST(name)                                                                           \
    static int name##_body(rn_group *g);                                                           \
    static int name##_run(rn_group *g, void *arg)                                                  \
    {                                                                                              \
        (void)arg;                                                                                 \
        return name##_body(g);                                                                     \
    }                                                                                              \
    TEST(name)                                                                                     \
    {                                                                                              \
        CHECK_EQ(rn_test_run(name##_run, NULL, NULL), 0);                                          \
        CHECK_EQ(rn_task_count(), 0);                                                              \
    }                                                                                              \
    static int name##_body(__attribute__((unused)) rn_group *g)

TIMED_TEST(test_timers_due_at_one_instant_come_in_either_order)
{
    bool seen[2] = { false, false };
    for (int i = 0; i < 1000 && !(seen[0] && seen[1]); i++) {
        rn_receiver(int64_t) a = rn_after(g, 1), b = rn_after(g, 1);
        int64_t v;
        int first = rn_select(RN_RECV(a, &v, NULL), RN_RECV(b, &v, NULL));
        CHECK(first == 0 || first == 1);
        seen[first] = true;
        rn_free(a);
        rn_free(b);
    }
    CHECK(seen[0]);
    CHECK(seen[1]);
    return 0;
}

static int be_first(_Atomic(int) *first, int me)
{
    int none = 0;
    CHECK_EQ(rn_sleep(1), 0);
    atomic_compare_exchange_strong(first, &none, me);
    return 0;
}
RN_TASK(be_first, _Atomic(int) *, int);

TIMED_TEST(test_sleepers_to_one_instant_wake_in_either_order)
{
    bool seen[3] = { false };
    for (int i = 0; i < 1000 && !(seen[1] && seen[2]); i++) {
        _Atomic(int) first = 0;
        rn_group *h = rn_group_new(NULL);
        CHECK_EQ(rn_go(h, be_first, &first, 1), 0);
        CHECK_EQ(rn_go(h, be_first, &first, 2), 0);
        CHECK_EQ(rn_sleep(1), 0);
        CHECK_EQ(rn_test_wait(), 0);
        seen[atomic_load(&first)] = true;
        CHECK_EQ(rn_group_wait(h), 0);
        CHECK_EQ(rn_group_close(h), 0);
    }
    CHECK(!seen[0]);
    CHECK(seen[1]);
    CHECK(seen[2]);
    return 0;
}

static int write_then_wait(int *plain, rn_chan(int) never)
{
    *plain += 1;
    return rn_wait(never) == -ECANCELED ? 0 : -EPROTO;
}
RN_TASK(write_then_wait, int *, rn_chan(int));

/* Ordinary variables: TSan sees whether the wait orders what the others did before they waited. */
TIMED_TEST(test_wait_comes_after_what_the_others_did)
{
    int plain[20] = { 0 };
    rn_group *h = rn_group_new(NULL);
    rn_chan(int) never = rn_make(g, int, 0);
    for (int i = 0; i < 20; i++) {
        CHECK_EQ(rn_go(h, write_then_wait, &plain[i], never), 0);
        CHECK_EQ(rn_test_wait(), 0);
        CHECK_EQ(plain[i], 1);
    }
    CHECK_EQ(rn_group_close(h), 0);
    return 0;
}

static int sleep_till_cancel(int *x)
{
    CHECK_EQ(rn_sleep(RN_FOREVER), -ECANCELED);
    CHECK_EQ(*x, 7);
    return 0;
}
RN_TASK(sleep_till_cancel, int *);

static int recv_till_cancel(rn_chan(int) never, int *x)
{
    CHECK_EQ(rn_wait(never), -ECANCELED);
    CHECK_EQ(*x, 7);
    return 0;
}
RN_TASK(recv_till_cancel, rn_chan(int), int *);

/* TSan: the refused call must come after the cancel, as the one that is woken does. */
TASK_TEST(order_by_a_cancel_before_a_call_that_it_refuses)
{
    for (int i = 0; i < 300; i++) {
        int x = 0;
        rn_group *h = rn_group_new(NULL);
        for (int j = 0; j < 3; j++) {
            CHECK_EQ(rn_go(h, sleep_till_cancel, &x), 0);
            CHECK_EQ(rn_go(h, recv_till_cancel, rn_make(g, int, 0), &x), 0);
        }
        for (int j = 0; j < i % 3; j++)
            rn_yield();
        x = 7;
        rn_group_cancel(h, 0);
        rn_group_close(h);
    }
    return 0;
}

static int done_implies_err(rn_ctx *ctx)
{
    CHECK_EQ(rn_wait(rn_ctx_done(ctx)), -EPIPE);
    CHECK_EQ(rn_ctx_err(ctx), -ECANCELED);
    return 0;
}
RN_TASK(done_implies_err, rn_ctx *);

static int cancel_now(rn_ctx *ctx)
{
    rn_ctx_cancel(ctx, 0);
    return 0;
}
RN_TASK(cancel_now, rn_ctx *);

/* Who has seen done closed finds err set. */
TASK_TEST(context_whose_done_is_closed_has_err_set)
{
    (void)g;
    for (int i = 0; i < 100; i++) {
        rn_group *h = rn_group_new(NULL);
        rn_ctx *ctx = rn_ctx_with_cancel(rn_ctx_background());
        for (int j = 0; j < 500; j++)
            CHECK_EQ(rn_go(h, done_implies_err, ctx), 0);
        rn_sleep(50 * RN_MICROSECOND);
        CHECK_EQ(rn_go(h, cancel_now, ctx), 0);
        CHECK_EQ(rn_group_wait(h), 0);
        CHECK_EQ(rn_group_close(h), 0);
        rn_ctx_unref(ctx);
    }
    return 0;
}
