/* SPDX-License-Identifier: MIT */
/* rn_sleep, rn_yield and rn_now. */
#include <runnel.h>

#include <pthread.h>
#include <stdatomic.h>

#include "kit/kit.h"

TASK_TEST(sleep_lasts_at_least_as_long_as_asked)
{
    static const int64_t lengths[] = { 1, RN_MICROSECOND, 100 * RN_MICROSECOND, RN_MILLISECOND,
                                       20 * RN_MILLISECOND };
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        int64_t before = rn_now();
        CHECK_EQ(rn_sleep(lengths[i]), 0);
        CHECK(rn_now() - before >= lengths[i]);
    }
    return 0;
}

TASK_TEST(sleep_of_nothing_returns_at_once)
{
    CHECK_EQ(rn_sleep(0), 0);
    CHECK_EQ(rn_sleep(-1), 0);
    CHECK_EQ(rn_sleep(INT64_MIN), 0);
    return 0;
}

static int sleep_for(int64_t ns, _Atomic(int) *result)
{
    atomic_store(result, rn_sleep(ns));
    return 0;
}
RN_TASK(sleep_for, int64_t, _Atomic(int) *);

TASK_TEST(sleep_for_ever_ends_by_cancellation_only)
{
    static const int64_t lengths[] = { RN_FOREVER, RN_FOREVER - 1, RN_HOUR };
    for (int i = 0; i < 3; i++) {
        _Atomic(int) result = 1;
        rn_group *h = rn_group_new(NULL);
        CHECK_EQ(rn_go(h, sleep_for, lengths[i], &result), 0);
        CHECK_EQ(rn_sleep(5 * RN_MILLISECOND), 0);
        CHECK_EQ(atomic_load(&result), 1);
        CHECK_EQ(rn_group_close(h), 0);
        CHECK_EQ(atomic_load(&result), -ECANCELED);
    }
    return 0;
}

static int sleep_then_send(int ms, rn_sender(int) out)
{
    rn_sleep(ms * RN_MILLISECOND);
    return rn_send(out, ms);
}
RN_TASK(sleep_then_send, int, rn_sender(int));

/* On the virtual clock: on the real one a busy machine may let the sleepers begin in any order. */
static int wake_in_order(rn_group *g, void *arg)
{
    static const int ms[] = { 150, 0, 100, 50 };
    rn_chan(int) c = rn_make(g, int, 4);
    (void)arg;
    for (int i = 0; i < 4; i++)
        CHECK_EQ(rn_go(g, sleep_then_send, ms[i], rn_tx(c)), 0);
    for (int want = 0, v; want <= 150; want += 50) {
        CHECK_EQ(rn_recv(c, &v), 0);
        CHECK_EQ(v, want);
    }
    return 0;
}

TEST(sleepers_wake_in_the_order_of_their_deadlines)
{
    CHECK_EQ(rn_test_run(wake_in_order, NULL, NULL), 0);
}

static int nap(int64_t ns, _Atomic(int) *n)
{
    int64_t until = rn_now() + ns;
    int rc = rn_sleep(ns);
    CHECK(rn_now() >= until);
    atomic_fetch_add(n, 1);
    return rc;
}
RN_TASK(nap, int64_t, _Atomic(int) *);

TASK_TEST(sleep_of_thousands_of_tasks_at_once)
{
    _Atomic(int) n = 0;
    rn_group *h = rn_group_new(NULL);
    for (int i = 0; i < 3000; i++)
        CHECK_EQ(rn_go(h, nap, (i * 37 % 50) * RN_MILLISECOND + 1, &n), 0);
    CHECK_EQ(rn_group_wait(h), 0);
    CHECK_EQ(atomic_load(&n), 3000);
    return rn_group_close(h);
}

TASK_TEST(sleep_cancelled_by_the_thousand_leaves_nothing_behind)
{
    _Atomic(int) result = 0;
    for (int round = 0; round < 3; round++) {
        rn_group *h = rn_group_new(NULL);
        for (int i = 0; i < 1000; i++)
            CHECK_EQ(rn_go(h, sleep_for, RN_HOUR + i, &result), 0);
        rn_sleep(RN_MILLISECOND);
        CHECK_EQ(rn_group_close(h), 0);
        CHECK_EQ(atomic_load(&result), -ECANCELED);
        CHECK_EQ(rn_task_count(), 1);
    }
    return 0;
}

TASK_TEST(yield_returns_zero_also_when_alone)
{
    for (int i = 0; i < 1000; i++)
        CHECK_EQ(rn_yield(), 0);
    return 0;
}

TASK_TEST(now_never_goes_back)
{
    int64_t last = rn_now();
    for (int i = 0; i < 10000; i++) {
        int64_t t = rn_now();
        CHECK(t >= last);
        last = t;
        if (i % 100 == 0)
            rn_yield(); /* on another worker, too */
    }
    return 0;
}

static void *foreign_sleep(void *arg)
{
    int64_t before = rn_now();
    (void)arg;
    CHECK_EQ(rn_sleep(3 * RN_MILLISECOND), 0);
    CHECK(rn_now() - before >= 3 * RN_MILLISECOND);
    CHECK_EQ(rn_sleep(0), 0);
    CHECK_EQ(rn_yield(), 0);
    return NULL;
}

TEST(sleep_works_on_a_foreign_thread_without_workers)
{
    foreign_sleep(NULL);
}

TASK_TEST(sleep_works_on_a_foreign_thread_beside_workers)
{
    pthread_t t;
    CHECK_EQ(pthread_create(&t, NULL, foreign_sleep, NULL), 0);
    CHECK_EQ(rn_sleep(RN_MILLISECOND), 0);
    CHECK_EQ(pthread_join(t, NULL), 0);
    return 0;
}
