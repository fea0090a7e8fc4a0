/* SPDX-License-Identifier: MIT */
/* The mutex: exclusion, order, fairness and misuse. */
#include <runnel.h>

#include <pthread.h>
#include <stdatomic.h>

#include "kit/kit.h"
#include "sync/lot_peek.h"
#include "sync/mutex.h"

static rn_mutex mutex;
static long counter; /* protected by mutex, on purpose not atomic */

static int add(int rounds)
{
    for (int i = 0; i < rounds; i++) {
        CHECK_EQ(rn_mutex_lock(&mutex), 0);
        long seen = counter;
        if (i % 16 == 0)
            rn_yield(); /* others must find it locked meanwhile */
        counter = seen + 1;
        rn_mutex_unlock(&mutex);
    }
    return 0;
}
RN_TASK(add, int);

static void *add_on_thread(void *arg)
{
    add(500);
    return arg;
}

static int join(void *arg)
{
    return -pthread_join(*(pthread_t *)arg, NULL);
}

TASK_TEST(mutex_excludes_tasks_and_threads)
{
    pthread_t threads[2];
    rn_group *h = rn_group_new(NULL);
    for (int i = 0; i < 2; i++)
        CHECK_EQ(pthread_create(&threads[i], NULL, add_on_thread, NULL), 0);
    for (int i = 0; i < 20; i++)
        CHECK_EQ(rn_go(h, add, 500), 0);
    CHECK_EQ(rn_group_wait(h), 0);
    for (int i = 0; i < 2; i++)
        CHECK_EQ(rn_blocking(join, &threads[i]), 0);
    CHECK_EQ(counter, 22 * 500);
    return rn_group_close(h);
}

static int unlock_other(rn_mutex *m)
{
    rn_mutex_unlock(m);
    return 0;
}
RN_TASK(unlock_other, rn_mutex *);

TASK_TEST(mutex_may_be_unlocked_by_another_task)
{
    rn_mutex m = { 0 };
    for (int i = 0; i < 100; i++) {
        CHECK_EQ(rn_mutex_lock(&m), 0);
        CHECK_EQ(rn_go(g, unlock_other, &m), 0);
        CHECK_EQ(rn_mutex_lock(&m), 0); /* waits for that task */
        rn_mutex_unlock(&m);
    }
    return 0;
}

TASK_TEST(mutex_try_lock_takes_or_refuses)
{
    rn_mutex m = { 0 };
    CHECK_EQ(rn_mutex_try_lock(&m), 0);
    CHECK_EQ(rn_mutex_try_lock(&m), -EAGAIN);
    rn_mutex_unlock(&m);
    CHECK_EQ(rn_mutex_try_lock(&m), 0);
    rn_mutex_unlock(&m);
    return 0;
}

static int take_turn(rn_mutex *m, rn_sender(int) order, int me)
{
    CHECK_EQ(rn_mutex_lock(m), 0);
    int rc = rn_send(order, me);
    rn_mutex_unlock(m);
    return rc;
}
RN_TASK(take_turn, rn_mutex *, rn_sender(int), int);

TASK_TEST(mutex_serves_waiters_in_order)
{
    rn_mutex m = { 0 };
    rn_chan(int) order = rn_make(g, int, 5);
    CHECK_EQ(rn_mutex_lock(&m), 0);
    for (int i = 0; i < 5; i++) {
        CHECK_EQ(rn_go(g, take_turn, &m, rn_tx(order), i), 0);
        await_waiters(rni_mutex_key(&m), (size_t)i + 1); /* before the next one comes */
    }
    rn_mutex_unlock(&m);
    for (int i = 0, v; i < 5; i++) {
        CHECK_EQ(rn_recv(order, &v), 0);
        CHECK_EQ(v, i);
    }
    return 0;
}

static _Atomic(bool) stop;

static int hog(rn_mutex *m)
{
    while (!atomic_load(&stop)) {
        CHECK_EQ(rn_mutex_lock(m), 0);
        rn_sleep(200 * RN_MICROSECOND); /* holds it nearly always */
        rn_mutex_unlock(m);
    }
    return 0;
}
RN_TASK(hog, rn_mutex *);

TASK_TEST(mutex_waiter_gets_its_turn_against_a_hog)
{
    rn_mutex m = { 0 };
    rn_group *h = rn_group_new(NULL);
    int64_t begun = rn_now();
    CHECK_EQ(rn_go(h, hog, &m), 0);
    for (int i = 0; i < 10; i++) {
        rn_sleep(100 * RN_MICROSECOND);
        CHECK_EQ(rn_mutex_lock(&m), 0);
        rn_mutex_unlock(&m);
    }
    CHECK(rn_now() - begun < 20 * RN_SECOND);
    atomic_store(&stop, true);
    CHECK_EQ(rn_group_wait(h), 0);
    return rn_group_close(h);
}

static int lock_or_leave(rn_mutex *m)
{
    if (rn_mutex_lock(m) != 0)
        return 0;
    rn_mutex_unlock(m);
    return 0;
}
RN_TASK(lock_or_leave, rn_mutex *);

/* The hand-over goes on when the waiter it was meant for is cancelled. */
TASK_TEST(mutex_unlock_reaches_those_behind_a_cancelled_waiter)
{
    rn_mutex m = { 0 };
    for (int round = 0; round < 200; round++) {
        rn_chan(int) order = rn_make(g, int, 2);
        rn_group *first = rn_group_new(NULL), *second = rn_group_new(NULL);
        CHECK_EQ(rn_mutex_lock(&m), 0);
        CHECK_EQ(rn_go(first, lock_or_leave, &m), 0);
        await_waiters(rni_mutex_key(&m), 1);
        CHECK_EQ(rn_go(second, take_turn, &m, rn_tx(order), 2), 0);
        await_waiters(rni_mutex_key(&m), 2);
        rn_group_cancel(first, 0);
        rn_mutex_unlock(&m);
        CHECK_EQ(rn_group_wait(second), 0);
        CHECK_EQ(rn_mutex_try_lock(&m), 0); /* everybody has left */
        rn_mutex_unlock(&m);
        rn_group_close(first);
        rn_group_close(second);
        rn_free(order);
    }
    return 0;
}

TASK_TEST(mutex_is_free_after_a_storm_of_cancelled_waiters)
{
    rn_mutex m = { 0 };
    for (int round = 0; round < 100; round++) {
        rn_group *some = rn_group_new(NULL), *others = rn_group_new(NULL);
        CHECK_EQ(rn_mutex_lock(&m), 0);
        for (int i = 0; i < 6; i++) {
            CHECK_EQ(rn_go(some, lock_or_leave, &m), 0);
            CHECK_EQ(rn_go(others, lock_or_leave, &m), 0);
        }
        rn_sleep((round % 5) * 10 * RN_MICROSECOND);
        rn_mutex_unlock(&m);
        rn_group_cancel(some, 0);
        CHECK_EQ(rn_group_wait(others), 0);
        rn_group_close(others);
        rn_group_close(some);
        CHECK_EQ(rn_mutex_try_lock(&m), 0);
        rn_mutex_unlock(&m);
    }
    return 0;
}

TEST(mutex_works_on_a_foreign_thread)
{
    rn_mutex m = { 0 };
    CHECK_EQ(rn_mutex_lock(&m), 0);
    CHECK_EQ(rn_mutex_try_lock(&m), -EAGAIN);
    rn_mutex_unlock(&m);
}

TEST_EXIT(mutex_unlock_of_an_unlocked_one_panics, 2, "unlock of unlocked mutex at ")
{
    rn_mutex m = { 0 };
    rn_mutex_unlock(&m);
}

static rn_mutex unlocked;

static int lock_though_cancelled(void)
{
    rn_group_cancel(rn_group_current(), 0);
    (void)!rn_mutex_lock(&unlocked);
    rn_mutex_unlock(&unlocked);
    return 0;
}
RN_TASK(lock_though_cancelled);

static int start_lock(rn_group *g, void *arg)
{
    (void)arg;
    CHECK_EQ(rn_go(g, lock_though_cancelled), 0);
    return rn_sleep(RN_MINUTE);
}

TEST_EXIT(mutex_unlock_after_a_lock_that_was_cancelled_says_so, 2,
          "unlock of unlocked mutex (the task is cancelled: has rn_mutex_lock failed?) at ")
{
    rn_run(start_lock, NULL);
}

/* ---- memory that was a mutex ---- */

static int acquire_three(rn_semaphore *s, _Atomic(int) *result)
{
    atomic_store(result, rn_semaphore_acquire(s, 3));
    return 0;
}
RN_TASK(acquire_three, rn_semaphore *, _Atomic(int) *);

/* An unlocker that is slow to look for waiters finds another object's at the address. */
TASK_TEST(mutex_unlocked_late_wakes_no_waiter_of_another_kind)
{
    union {
        rn_semaphore s;
        rn_mutex m;
        unsigned contended; /* what the state of a mutex with waiters is: 2 */
    } u = { .s = { 0 } };
    _Atomic(int) result = 1;
    rn_group *h = rn_group_new(NULL);
    CHECK_EQ(rn_go(h, acquire_three, &u.s, &result), 0);
    await_waiters(&u.s, 1);
    u.contended = 2;
    rni_mutex_release(&u.m, NULL);
    for (int i = 0; i < 10; i++)
        rn_yield();
    CHECK_EQ(atomic_load(&result), 1);
    await_waiters(&u.s, 1);
    rn_semaphore_release(&u.s, 3);
    CHECK_EQ(rn_group_wait(h), 0);
    CHECK_EQ(atomic_load(&result), 0);
    rn_group_close(h);
    return 0;
}
