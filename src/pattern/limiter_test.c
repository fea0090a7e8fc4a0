/* SPDX-License-Identifier: MIT */
/* Rate limiters, under the virtual clock. */
#include <runnel.h>

#include <stdatomic.h>

#include "kit/kit.h"
#include "kit/run_with.h"

static int64_t elapsed(void)
{
    return rn_now() - RN_TEST_START;
}

/* TEST(name) with a body that runs under the virtual clock. */
#define CLOCK_TEST(name_)                                                                          \
    static int clock_##name_(rn_group *g, void *arg);                                              \
    TEST(name_)                                                                                    \
    {                                                                                              \
        CHECK_EQ(rn_test_run(clock_##name_, NULL, NULL), 0);                                       \
        CHECK_EQ(rn_task_count(), 0);                                                              \
    }                                                                                              \
    static int clock_##name_(__attribute__((unused)) rn_group *g, __attribute__((unused)) void *arg)

CLOCK_TEST(limiter_admits_its_burst_then_its_rate)
{
    rn_limiter l = RN_LIMITER(10, RN_SECOND, 3);
    for (int i = 0; i < 30; i++) {
        CHECK_EQ(rn_limiter_wait(&l, 1), 0);
        CHECK_EQ(elapsed(), i < 3 ? 0 : (i - 2) * RN_SECOND / 10);
    }
    return 0;
}

CLOCK_TEST(limiter_never_rounds_its_rate)
{
    rn_limiter thirds = RN_LIMITER(3, RN_SECOND, 1);
    int64_t begun = rn_now();
    for (int i = 0; i <= 3000; i++) /* the 3,000 after the first take 1,000 s */
        CHECK_EQ(rn_limiter_wait(&thirds, 1), 0);
    CHECK_EQ(rn_now() - begun, 1000 * RN_SECOND);
    return 0;
}

CLOCK_TEST(limiter_allows_what_is_there)
{
    rn_limiter l = RN_LIMITER(1, RN_SECOND, 5);
    CHECK(rn_limiter_allow(&l, 3));
    CHECK(!rn_limiter_allow(&l, 3));
    CHECK(rn_limiter_allow(&l, 2));
    CHECK(!rn_limiter_allow(&l, 1));
    CHECK(rn_limiter_allow(&l, 0));
    rn_sleep(RN_SECOND - 1);
    CHECK(!rn_limiter_allow(&l, 1));
    rn_sleep(1);
    CHECK(rn_limiter_allow(&l, 1));
    rn_sleep(RN_HOUR);
    CHECK(!rn_limiter_allow(&l, 6)); /* never more than the burst */
    CHECK(rn_limiter_allow(&l, 5));
    CHECK(!rn_limiter_allow(&l, 1));
    CHECK(!rn_limiter_allow(&l, -1));
    return 0;
}

CLOCK_TEST(limiter_refuses_more_than_its_burst)
{
    rn_limiter l = RN_LIMITER(1, RN_SECOND, 5);
    rn_reservation r;
    CHECK_EQ(rn_limiter_wait(&l, 6), -ERANGE);
    CHECK_EQ(rn_limiter_reserve(&l, 6, &r), -ERANGE);
    CHECK_EQ(rn_limiter_wait(&l, -1), -ERANGE);
    CHECK(rn_limiter_allow(&l, 5)); /* nothing was taken */
    CHECK_EQ(elapsed(), 0);
    return 0;
}

CLOCK_TEST(limiter_without_limit_ignores_its_burst)
{
    rn_limiter l = RN_LIMITER(1, 0, 0);
    rn_reservation r;
    for (int i = 0; i < 1000; i++)
        CHECK_EQ(rn_limiter_wait(&l, 1000), 0);
    CHECK_EQ(rn_limiter_reserve(&l, INT64_MAX, &r), 0);
    CHECK_EQ(r.at_ns, rn_now());
    rn_reservation_cancel(&r);
    CHECK(rn_limiter_allow(&l, 7));
    CHECK_EQ(elapsed(), 0);
    return 0;
}

CLOCK_TEST(limiter_at_rate_0_admits_only_its_burst)
{
    rn_limiter l = RN_LIMITER(0, RN_SECOND, 2);
    rn_reservation r;
    CHECK(rn_limiter_allow(&l, 1));
    CHECK_EQ(rn_limiter_wait(&l, 1), 0);
    rn_sleep(1000 * RN_HOUR);
    CHECK(!rn_limiter_allow(&l, 1));
    CHECK_EQ(rn_limiter_wait(&l, 1), -ERANGE);
    CHECK_EQ(rn_limiter_reserve(&l, 1, &r), -ERANGE);
    rn_limiter_set(&l, 1, RN_SECOND, 2);
    CHECK_EQ(rn_limiter_wait(&l, 1), 0);
    CHECK_EQ(elapsed(), 1000 * RN_HOUR + RN_SECOND);
    return 0;
}

/* ---- deadlines and cancellation ---- */

CLOCK_TEST(limiter_that_would_be_late_fails_at_once)
{
    rn_limiter l = RN_LIMITER(1, RN_SECOND, 1);
    CHECK_EQ(rn_limiter_wait(&l, 1), 0);
    CHECK_EQ(rn_limiter_wait_until(&l, 1, rn_now() + RN_SECOND - 1), -ETIMEDOUT);
    CHECK_EQ(elapsed(), 0);
    CHECK_EQ(rn_limiter_wait_until(&l, 1, rn_now() + RN_SECOND), 0); /* nothing was taken */
    CHECK_EQ(elapsed(), RN_SECOND);
    return 0;
}

static int wait_under_a_deadline(rn_limiter *l)
{
    CHECK_EQ(rn_limiter_wait(l, 1), -ETIMEDOUT);
    CHECK_EQ(elapsed(), 0);
    return 0;
}
RN_TASK(wait_under_a_deadline, rn_limiter *);

CLOCK_TEST(limiter_minds_the_deadline_of_the_context)
{
    rn_limiter l = RN_LIMITER(1, RN_MINUTE, 1);
    rn_ctx *ctx = rn_ctx_with_timeout(rn_group_ctx(g), RN_SECOND);
    rn_group *h = rn_group_new(ctx);
    CHECK(rn_limiter_allow(&l, 1));
    rn_go(h, wait_under_a_deadline, &l);
    CHECK_EQ(rn_group_wait(h), 0);
    rn_group_close(h);
    rn_ctx_unref(ctx);
    return 0;
}

static int wait_expecting(rn_limiter *l, int64_t tokens, int expected, int64_t at)
{
    CHECK_EQ(rn_limiter_wait(l, tokens), expected);
    CHECK_EQ(elapsed(), at);
    return 0;
}
RN_TASK(wait_expecting, rn_limiter *, int64_t, int, int64_t);

CLOCK_TEST(limiter_gets_the_tokens_of_a_cancelled_wait_back)
{
    rn_limiter l = RN_LIMITER(1, RN_SECOND, 10);
    rn_group *h = rn_group_new(NULL);
    CHECK(rn_limiter_allow(&l, 10));
    rn_go(h, wait_expecting, &l, 10, -ECANCELED, 3 * RN_SECOND);
    rn_sleep(3 * RN_SECOND);
    rn_group_cancel(h, 0);
    rn_group_close(h);
    CHECK(rn_limiter_allow(&l, 3));
    CHECK(!rn_limiter_allow(&l, 1));
    rn_group_cancel(g, 0);
    CHECK_EQ(rn_limiter_wait(&l, 0), -ECANCELED); /* refused like any wait */
    return 0;
}

CLOCK_TEST(limiter_serves_waiters_in_order)
{
    rn_limiter l = RN_LIMITER(1, RN_SECOND, 4);
    rn_group *h = rn_group_new(NULL);
    CHECK(rn_limiter_allow(&l, 4));
    rn_go(h, wait_expecting, &l, 4, 0, 4 * RN_SECOND);
    CHECK_EQ(rn_test_wait(), 0);
    rn_go(h, wait_expecting, &l, 1, 0, 5 * RN_SECOND); /* small ones do not overtake */
    CHECK_EQ(rn_test_wait(), 0);
    rn_go(h, wait_expecting, &l, 2, 0, 7 * RN_SECOND);
    CHECK_EQ(rn_group_wait(h), 0);
    rn_group_close(h);
    return 0;
}

/* ---- reservations ---- */

CLOCK_TEST(reservation_tells_its_time_and_can_be_given_back)
{
    rn_limiter l = RN_LIMITER(1, RN_SECOND, 2);
    rn_reservation a, b, c;
    CHECK_EQ(rn_limiter_reserve(&l, 2, &a), 0);
    CHECK_EQ(a.at_ns, rn_now());
    CHECK_EQ(rn_limiter_reserve(&l, 2, &b), 0);
    CHECK_EQ(b.at_ns, rn_now() + 2 * RN_SECOND);
    rn_reservation_cancel(&b);
    rn_reservation_cancel(&b); /* only once */
    CHECK_EQ(rn_limiter_reserve(&l, 1, &c), 0);
    CHECK_EQ(c.at_ns, rn_now() + RN_SECOND);
    rn_sleep(RN_SECOND + 1);
    rn_reservation_cancel(&c); /* its time has passed */
    CHECK(!rn_limiter_allow(&l, 1));
    rn_sleep(RN_SECOND - 1);
    CHECK(rn_limiter_allow(&l, 1));
    return 0;
}

CLOCK_TEST(reservation_that_others_stand_behind_gives_back_less)
{
    rn_limiter l = RN_LIMITER(1, RN_SECOND, 10);
    rn_reservation a, b;
    CHECK(rn_limiter_allow(&l, 10));
    CHECK_EQ(rn_limiter_reserve(&l, 5, &a), 0);
    CHECK_EQ(rn_limiter_reserve(&l, 2, &b), 0); /* at 7 s, and stays there */
    CHECK_EQ(b.at_ns, rn_now() + 7 * RN_SECOND);
    rn_reservation_cancel(&a); /* 3 of 5: 2 are what b waits for anyhow */
    CHECK_EQ(rn_limiter_reserve(&l, 1, &a), 0);
    CHECK_EQ(a.at_ns, rn_now() + 5 * RN_SECOND);
    return 0;
}

CLOCK_TEST(limiter_can_be_set_anew)
{
    rn_limiter l = RN_LIMITER(1, RN_MINUTE, 1);
    rn_reservation r;
    CHECK(rn_limiter_allow(&l, 1));
    rn_sleep(RN_MINUTE / 4); /* a quarter of a token */
    rn_limiter_set(&l, 1, RN_SECOND, 1);
    CHECK_EQ(rn_limiter_reserve(&l, 1, &r), 0);
    CHECK_EQ(r.at_ns - rn_now(), 3 * RN_SECOND / 4);
    rn_reservation_cancel(&r);
    rn_limiter_set(&l, 1, 0, 0);
    CHECK(rn_limiter_allow(&l, 1000));
    rn_limiter_set(&l, 1, RN_SECOND, 2);
    CHECK(rn_limiter_allow(&l, 1));
    return 0;
}

CLOCK_TEST(limiter_of_huge_numbers_saturates)
{
    rn_limiter l = RN_LIMITER(1, RN_FOREVER, INT64_MAX);
    rn_reservation r;
    CHECK(rn_limiter_allow(&l, INT64_MAX));
    CHECK_EQ(rn_limiter_reserve(&l, INT64_MAX, &r), 0);
    CHECK_EQ(r.at_ns, INT64_MAX);
    rn_limiter fast = RN_LIMITER(INT64_MAX, 1, INT64_MAX);
    for (int i = 0; i < 10; i++)
        CHECK_EQ(rn_limiter_wait(&fast, INT64_MAX), 0);
    CHECK_EQ(elapsed(), 9);
    return 0;
}

/* ---- many limiters ---- */

/* The book's: Per(2, second) with a burst of 1, Per(10, minute) with a burst of 10. */
CLOCK_TEST(limiters_must_all_admit)
{
    rn_limiter second = RN_LIMITER(2, RN_SECOND, 1), minute = RN_LIMITER(10, RN_MINUTE, 10);
    rn_limiter *both[] = { &second, &minute };
    CHECK(rn_limiter_strictest(both, 2) == &minute);
    CHECK(rn_limiter_strictest(both, 1) == &second);
    CHECK(rn_limiter_strictest(both, 0) == NULL);
    for (int i = 0; i < 20; i++) {
        CHECK_EQ(rn_limiter_wait_all(both, 2, 1), 0);
        if (i < 10)
            CHECK_EQ(elapsed(), i * RN_SECOND / 2);
        else
            CHECK_EQ(elapsed(), (i - 9) * 6 * RN_SECOND);
    }
    return 0;
}

CLOCK_TEST(limiters_that_refuse_cost_the_others_nothing)
{
    rn_limiter a = RN_LIMITER(1, RN_SECOND, 5), b = RN_LIMITER(1, RN_HOUR, 1);
    rn_limiter *both[] = { &a, &b };
    CHECK_EQ(rn_limiter_wait_all(both, 2, 2), -ERANGE);
    CHECK(rn_limiter_allow(&b, 1));
    CHECK_EQ(rn_limiter_wait_at(both, 2, 1, rn_now() + RN_MINUTE, "here"), -ETIMEDOUT);
    CHECK_EQ(elapsed(), 0);
    CHECK(rn_limiter_allow(&a, 5));
    CHECK_EQ(rn_limiter_wait_all(both, 0, 2), 0);
    return 0;
}

static int wait_for_all(rn_limiter **both)
{
    CHECK_EQ(rn_limiter_wait_all(both, 2, 1), -ECANCELED);
    return 0;
}
RN_TASK(wait_for_all, rn_limiter **);

CLOCK_TEST(limiters_of_a_cancelled_wait_get_their_tokens_back)
{
    rn_limiter a = RN_LIMITER(1, RN_HOUR, 1), b = RN_LIMITER(1, RN_MINUTE, 1);
    rn_limiter *both[] = { &a, &b };
    rn_group *h = rn_group_new(NULL);
    CHECK(rn_limiter_allow(&b, 1));
    rn_go(h, wait_for_all, both);
    rn_sleep(RN_SECOND);
    CHECK(!rn_limiter_allow(&a, 1));
    rn_group_close(h);
    CHECK(rn_limiter_allow(&a, 1)); /* it had admitted the event a second ago */
    rn_sleep(RN_MINUTE - RN_SECOND);
    CHECK(rn_limiter_allow(&b, 1));
    return 0;
}

/* ---- many tasks, real time ---- */

static int take_many(rn_limiter *l, _Atomic(int) *taken)
{
    for (int i = 0; i < 10000; i++)
        if (rn_limiter_allow(l, 1))
            atomic_fetch_add(taken, 1);
    return 0;
}
RN_TASK(take_many, rn_limiter *, _Atomic(int) *);

TASK_TEST(limiter_admits_exactly_its_burst_to_many_tasks)
{
    static rn_limiter l = RN_LIMITER(0, RN_SECOND, 70000);
    static _Atomic(int) taken;
    rn_group *h = rn_group_new(NULL);
    (void)g;
    for (int i = 0; i < 8; i++)
        rn_go(h, take_many, &l, &taken);
    CHECK_EQ(rn_group_wait(h), 0);
    rn_group_close(h);
    CHECK_EQ(taken, 70000);
    return 0;
}

/* ---- loops that never wait ---- */

static int raise_flag(_Atomic(bool) *flag)
{
    atomic_store(flag, true);
    return 0;
}
RN_TASK(raise_flag, _Atomic(bool) *);

static int poll_limiters(rn_group *g, void *arg)
{
    rn_limiter empty = RN_LIMITER(0, RN_HOUR, 0), full = RN_LIMITER(1, 0, 0);
    rn_reservation r;
    (void)arg;
    for (int i = 0; i < 4; i++) {
        _Atomic(bool) stop = false;
        CHECK_EQ(rn_go(g, raise_flag, &stop), 0);
        long n = 0;
        for (; !atomic_load(&stop) && n < 100000; n++) {
            switch (i) {
            case 0: CHECK(!rn_limiter_allow(&empty, 1)); break;
            case 1: CHECK_EQ(rn_limiter_reserve(&empty, 1, &r), -ERANGE); break;
            case 2: CHECK_EQ(rn_limiter_wait_until(&empty, 1, 0), -ERANGE); break;
            default: CHECK_EQ(rn_limiter_wait(&full, 1), 0);
            }
        }
        CHECK(n < 100000);
    }
    return 0;
}

WITH_WORKERS(1, limiter_polls_let_others_run, poll_limiters)
