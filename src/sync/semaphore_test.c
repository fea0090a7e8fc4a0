/* SPDX-License-Identifier: MIT */
/* The semaphore. */
#include <runnel.h>

#include <pthread.h>
#include <stdatomic.h>

#include "kit/kit.h"
#include "sync/lot_peek.h"

TASK_TEST(semaphore_counts_permits)
{
    rn_semaphore s = RN_SEMAPHORE_INIT(3);
    CHECK_EQ(rn_semaphore_acquire(&s, 2), 0);
    CHECK_EQ(rn_semaphore_try_acquire(&s, 2), -EAGAIN);
    CHECK_EQ(rn_semaphore_try_acquire(&s, 1), 0);
    CHECK_EQ(rn_semaphore_try_acquire(&s, 1), -EAGAIN);
    rn_semaphore_release(&s, 3);
    CHECK_EQ(rn_semaphore_try_acquire(&s, 3), 0);
    CHECK_EQ(rn_semaphore_try_acquire(&s, 0), -EAGAIN);

    rn_semaphore empty = { 0 };
    CHECK_EQ(rn_semaphore_try_acquire(&empty, 1), -EAGAIN);
    rn_semaphore_release(&empty, INT64_C(1) << 31); /* requests do not wrap at 2^31 */
    CHECK_EQ(rn_semaphore_acquire(&empty, INT64_C(1) << 31), 0);
    CHECK_EQ(rn_semaphore_try_acquire(&empty, 1), -EAGAIN);
    return 0;
}

static _Atomic(int) inside, most;

static int enter(rn_semaphore *s, int n)
{
    for (int i = 0; i < 20; i++) {
        CHECK_EQ(rn_semaphore_acquire(s, n), 0);
        int now = atomic_fetch_add(&inside, n) + n;
        CHECK(now <= 5);
        for (int seen = atomic_load(&most); seen < now;)
            if (atomic_compare_exchange_weak(&most, &seen, now))
                break;
        rn_yield();
        atomic_fetch_sub(&inside, n);
        rn_semaphore_release(s, n);
    }
    return 0;
}
RN_TASK(enter, rn_semaphore *, int);

TASK_TEST(semaphore_bounds_how_many_are_inside)
{
    rn_semaphore s = RN_SEMAPHORE_INIT(5);
    rn_group *h = rn_group_new(NULL);
    for (int i = 0; i < 60; i++)
        CHECK_EQ(rn_go(h, enter, &s, 1 + i % 5), 0);
    CHECK_EQ(rn_group_wait(h), 0);
    CHECK_EQ(atomic_load(&inside), 0);
    CHECK_EQ(atomic_load(&most), 5); /* and all are used */
    CHECK_EQ(rn_semaphore_try_acquire(&s, 5), 0);
    return rn_group_close(h);
}

static int acquire(rn_semaphore *s, int64_t n, rn_sender(int64_t) order)
{
    int rc = rn_semaphore_acquire(s, n);
    return rc ? rc : rn_send(order, n);
}
RN_TASK(acquire, rn_semaphore *, int64_t, rn_sender(int64_t));

TASK_TEST(semaphore_serves_in_order_so_that_large_requests_do_not_starve)
{
    rn_semaphore s = RN_SEMAPHORE_INIT(0);
    int64_t v;
    rn_chan(int64_t) order = rn_make(g, int64_t, 4);
    CHECK_EQ(rn_go(g, acquire, &s, 3, rn_tx(order)), 0);
    await_waiters(&s, 1);
    CHECK_EQ(rn_go(g, acquire, &s, 1, rn_tx(order)), 0);
    await_waiters(&s, 2);
    rn_semaphore_release(&s, 2); /* enough for the second, but it is not its turn */
    CHECK_EQ(rn_recv_until(order, &v, rn_now() + 5 * RN_MILLISECOND), -ETIMEDOUT);
    CHECK_EQ(rn_semaphore_try_acquire(&s, 1), -EAGAIN); /* nor a newcomer's */
    rn_semaphore_release(&s, 1);
    CHECK_EQ(rn_recv(order, &v), 0);
    CHECK_EQ(v, 3);
    rn_semaphore_release(&s, 1);
    CHECK_EQ(rn_recv(order, &v), 0);
    CHECK_EQ(v, 1);
    return 0;
}

TASK_TEST(semaphore_cancelled_request_lets_those_behind_it_go)
{
    rn_semaphore s = RN_SEMAPHORE_INIT(1);
    int64_t v;
    rn_chan(int64_t) order = rn_make(g, int64_t, 4);
    rn_group *h = rn_group_new(NULL);
    CHECK_EQ(rn_go(h, acquire, &s, 3, rn_tx(order)), 0);
    await_waiters(&s, 1);
    CHECK_EQ(rn_go(g, acquire, &s, 1, rn_tx(order)), 0);
    await_waiters(&s, 2);
    rn_group_close(h);
    CHECK_EQ(rn_recv(order, &v), 0); /* without any release */
    CHECK_EQ(v, 1);
    return 0;
}

TASK_TEST(semaphore_release_serves_several_at_once)
{
    rn_semaphore s = { 0 };
    rn_group *h = rn_group_new(NULL);
    rn_chan(int64_t) order = rn_make(g, int64_t, 10);
    for (int i = 0; i < 10; i++)
        CHECK_EQ(rn_go(h, acquire, &s, 1, rn_tx(order)), 0);
    await_waiters(&s, 10);
    rn_semaphore_release(&s, 10);
    CHECK_EQ(rn_group_wait(h), 0);
    return rn_group_close(h);
}

static void *release_on_thread(void *arg)
{
    rn_sleep(RN_MILLISECOND);
    rn_semaphore_release(arg, 1);
    return NULL;
}

TEST(semaphore_works_between_foreign_threads)
{
    pthread_t t;
    rn_semaphore s = { 0 };
    CHECK_EQ(pthread_create(&t, NULL, release_on_thread, &s), 0);
    CHECK_EQ(rn_semaphore_acquire(&s, 1), 0);
    CHECK_EQ(pthread_join(t, NULL), 0);
}

TEST_EXIT(semaphore_request_of_nothing_panics, 2, "semaphore request of 0 permits at ")
{
    rn_semaphore s = { 0 };
    rn_semaphore_acquire(&s, 0);
}

TEST_EXIT(semaphore_request_beyond_its_range_panics, 2, "semaphore request of 4294967296 permits")
{
    rn_semaphore s = { 0 };
    rn_semaphore_acquire(&s, INT64_C(1) << 32);
}

TEST_EXIT(semaphore_release_of_nothing_panics, 2, "semaphore release of -1 permits")
{
    rn_semaphore s = { 0 };
    rn_semaphore_release(&s, -1);
}

TEST_EXIT(semaphore_release_beyond_its_range_panics, 2, "permits beyond its range")
{
    rn_semaphore s = RN_SEMAPHORE_INIT(INT64_MAX - 1);
    rn_semaphore_release(&s, 1);
    rn_semaphore_release(&s, 1);
}
