/* SPDX-License-Identifier: MIT */
/* The condition variable. */
#include <runnel.h>

#include <stdatomic.h>

#include "kit/kit.h"

struct shared {
    rn_mutex mutex;
    rn_cond cond;
    int waiting, woken; /* protected by mutex */
    int generation;
};

static int wait_once(struct shared *s, rn_sender(int) order, int me)
{
    CHECK_EQ(rn_mutex_lock(&s->mutex), 0);
    s->waiting++;
    CHECK_EQ(rn_cond_wait(&s->cond, &s->mutex), 0);
    CHECK_EQ(rn_mutex_try_lock(&s->mutex), -EAGAIN); /* we hold it */
    s->waiting--;
    s->woken++;
    rn_mutex_unlock(&s->mutex);
    return rn_send(order, me);
}
RN_TASK(wait_once, struct shared *, rn_sender(int), int);

static void await_waiting(struct shared *s, int n)
{
    for (bool all = false; !all;) {
        CHECK_EQ(rn_mutex_lock(&s->mutex), 0);
        all = s->waiting == n; /* who has counted itself waits once the mutex is free */
        rn_mutex_unlock(&s->mutex);
        rn_yield();
    }
}

static void start_waiters(rn_group *g, struct shared *s, rn_chan(int) order, int n)
{
    for (int i = 0; i < n; i++) {
        CHECK_EQ(rn_go(g, wait_once, s, rn_tx(order), i), 0);
        await_waiting(s, i + 1); /* so their order is known */
    }
}

TASK_TEST(cond_signal_wakes_one_in_the_order_of_waiting)
{
    struct shared s = { 0 };
    rn_chan(int) order = rn_make(g, int, 10);
    start_waiters(g, &s, order, 10);
    for (int i = 0, v; i < 10; i++) {
        rn_cond_signal(&s.cond);
        CHECK_EQ(rn_recv(order, &v), 0);
        CHECK_EQ(v, i);
        rn_yield();
        CHECK_EQ(rn_try_recv(order, &v), -EAGAIN); /* one, no more */
        CHECK_EQ(s.woken, i + 1);
    }
    return 0;
}

TASK_TEST(cond_signal_may_be_sent_with_the_mutex_held)
{
    struct shared s = { 0 };
    int v;
    rn_chan(int) order = rn_make(g, int, 1);
    start_waiters(g, &s, order, 1);
    CHECK_EQ(rn_mutex_lock(&s.mutex), 0);
    rn_cond_signal(&s.cond);
    rn_sleep(RN_MILLISECOND);
    CHECK_EQ(s.woken, 0); /* it needs the mutex first */
    rn_mutex_unlock(&s.mutex);
    CHECK_EQ(rn_recv(order, &v), 0);
    return 0;
}

TASK_TEST(cond_broadcast_wakes_exactly_those_waiting_now)
{
    struct shared s = { 0 };
    int v;
    rn_chan(int) order = rn_make(g, int, 16);
    for (int round = 1; round <= 20; round++) {
        start_waiters(g, &s, order, 8);
        rn_cond_broadcast(&s.cond);
        for (int i = 0; i < 8; i++)
            CHECK_EQ(rn_recv(order, &v), 0);
        CHECK_EQ(s.woken, 8 * round);
    }
    rn_cond_broadcast(&s.cond); /* nobody hears these */
    rn_cond_signal(&s.cond);
    rn_group *h = rn_group_new(NULL);
    CHECK_EQ(rn_go(h, wait_once, &s, rn_tx(order), 0), 0);
    await_waiting(&s, 1);
    CHECK_EQ(rn_recv_until(order, &v, rn_now() + 5 * RN_MILLISECOND), -ETIMEDOUT);
    rn_cond_signal(&s.cond);
    CHECK_EQ(rn_recv(order, &v), 0);
    CHECK_EQ(rn_group_wait(h), 0);
    return rn_group_close(h);
}

/* ---- a queue made of it: no signal is lost, no wake-up is spurious ---- */

struct queue {
    rn_mutex mutex;
    rn_cond not_empty;
    int length;
};

static int produce(struct queue *q, int n)
{
    for (int i = 0; i < n; i++) {
        CHECK_EQ(rn_mutex_lock(&q->mutex), 0);
        q->length++;
        rn_mutex_unlock(&q->mutex);
        rn_cond_signal(&q->not_empty);
    }
    return 0;
}
RN_TASK(produce, struct queue *, int);

static int consume(struct queue *q, int n)
{
    for (int i = 0; i < n; i++) {
        CHECK_EQ(rn_mutex_lock(&q->mutex), 0);
        while (q->length == 0)
            CHECK_EQ(rn_cond_wait(&q->not_empty, &q->mutex), 0);
        q->length--;
        rn_mutex_unlock(&q->mutex);
    }
    return 0;
}
RN_TASK(consume, struct queue *, int);

TASK_TEST(cond_loses_no_signal)
{
    struct queue q = { 0 };
    rn_group *h = rn_group_new(NULL);
    for (int i = 0; i < 8; i++) {
        CHECK_EQ(rn_go(h, consume, &q, 500), 0);
        CHECK_EQ(rn_go(h, produce, &q, 500), 0);
    }
    CHECK_EQ(rn_group_wait(h), 0);
    CHECK_EQ(q.length, 0);
    return rn_group_close(h);
}

/* ---- cancellation ---- */

static int wait_cancelled(struct shared *s)
{
    CHECK_EQ(rn_mutex_lock(&s->mutex), 0);
    s->waiting++;
    CHECK_EQ(rn_cond_wait(&s->cond, &s->mutex), -ECANCELED);
    CHECK_EQ(rn_mutex_try_lock(&s->mutex), -EAGAIN);
    s->waiting--;
    rn_mutex_unlock(&s->mutex);
    return 0;
}
RN_TASK(wait_cancelled, struct shared *);

TASK_TEST(cond_cancelled_waiter_has_the_mutex_and_takes_no_signal)
{
    struct shared s = { 0 };
    int v;
    rn_chan(int) order = rn_make(g, int, 1);
    rn_group *h = rn_group_new(NULL);
    CHECK_EQ(rn_go(h, wait_cancelled, &s), 0);
    await_waiting(&s, 1);
    CHECK_EQ(rn_go(g, wait_once, &s, rn_tx(order), 1), 0);
    await_waiting(&s, 2);
    rn_group_close(h);
    CHECK_EQ(s.waiting, 1);
    rn_cond_signal(&s.cond); /* for the one behind it */
    CHECK_EQ(rn_recv(order, &v), 0);
    return 0;
}

static int wait_when_cancelled(rn_group *h, struct shared *s)
{
    CHECK_EQ(rn_mutex_lock(&s->mutex), 0);
    rn_group_cancel(h, -ECANCELED);
    CHECK_EQ(rn_cond_wait(&s->cond, &s->mutex), -ECANCELED);
    CHECK_EQ(rn_mutex_try_lock(&s->mutex), -EAGAIN); /* not let go */
    rn_mutex_unlock(&s->mutex);
    return 0;
}
RN_TASK(wait_when_cancelled, rn_group *, struct shared *);

TASK_TEST(cond_wait_of_a_cancelled_task_fails_at_once)
{
    struct shared s = { 0 };
    rn_group *h = rn_group_new(NULL);
    CHECK_EQ(rn_go(h, wait_when_cancelled, h, &s), 0);
    CHECK_EQ(rn_group_wait(h), -ECANCELED);
    rn_group_close(h);
    return 0;
}

static int wait_unlocked(rn_group *g, void *arg)
{
    struct shared s = { 0 };
    (void)g;
    (void)arg;
    return rn_cond_wait(&s.cond, &s.mutex);
}

TEST_EXIT(cond_wait_without_the_mutex_panics, 2, "unlock of unlocked mutex at ")
{
    CHECK_EQ(rn_run(wait_unlocked, NULL), 0);
}
