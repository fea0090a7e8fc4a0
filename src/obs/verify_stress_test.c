/* SPDX-License-Identifier: MIT */
/*
 * rn_verify_none while everything moves: tasks on all workers that send, select, lock, start
 * others, cancel groups and end, timers, helper threads, and threads that call in. None of them
 * is leaked, ever, so nothing may be found; and the sums must be right when all is done, so
 * nobody was lost by being stopped. Then the same with leaked tasks among them, which must be
 * found each time.
 */
/* kit: not-under-tsan */
/* kit: timeout 60 */
#include <runnel.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "base/san.h"
#include "kit/dumped.h"
#include "kit/kit.h"
#include "kit/verified.h"

static int rounds(void)
{
    const char *n = getenv("VERIFY_ROUNDS");
#ifndef RNI_SAN_FOUND
    const int otherwise = 20; /* there is more memory to read */
#else
    const int otherwise = 150;
#endif
    return n ? atoi(n) : otherwise;
}

static _Atomic(bool) stop;
static _Atomic(long) sent, received, locked;

static bool stopped(void)
{
    return atomic_load_explicit(&stop, memory_order_relaxed);
}

/* ---- the load; every channel and lock is in the stack of a task, and nowhere else ---- */

static int produce(rn_sender(int) out)
{
    for (int i = 0; !stopped(); i++) {
        if (rn_send(out, i) != 0)
            break;
        atomic_fetch_add_explicit(&sent, 1, memory_order_relaxed);
    }
    rn_close(out);
    return 0;
}
RN_TASK(produce, rn_sender(int));

static int forward(rn_receiver(int) in, rn_sender(int) out)
{
    for (int v; rn_recv(in, &v) == 0;)
        if (rn_send(out, v) != 0)
            break;
    rn_close(out);
    return 0;
}
RN_TASK(forward, rn_receiver(int), rn_sender(int));

static int pipeline(int stages, int capacity)
{
    rn_group *g = rn_group_new(NULL);
    rn_chan(int) c = rn_make(g, int, capacity);
    rn_go(g, produce, rn_tx(c));
    for (int i = 0; i < stages; i++) {
        rn_chan(int) next = rn_make(g, int, i % 2);
        rn_go(g, forward, rn_rx(c), rn_tx(next));
        c = next;
    }
    for (int v; rn_recv(c, &v) == 0;)
        atomic_fetch_add_explicit(&received, 1, memory_order_relaxed);
    return rn_group_close(g);
}
RN_TASK(pipeline, int, int);

static int ping(rn_chan(int) to, rn_chan(int) from, bool first)
{
    for (int v = 0;; v++) {
        if (first && rn_select(RN_SEND(to, v)) != 0)
            break;
        int chosen = rn_select(RN_RECV(from, &v, NULL), RN_DONE((rn_receiver(rn_unit))NULL));
        if (chosen != 0 || v < 0)
            break;
        if (stopped() && first)
            break;
        if (!first && rn_select(RN_SEND(to, v)) != 0)
            break;
    }
    if (first)
        return rn_send(to, -1);
    return 0;
}
RN_TASK(ping, rn_chan(int), rn_chan(int), bool);

static int ping_pong(void)
{
    rn_group *g = rn_group_new(NULL);
    rn_chan(int) a = rn_make(g, int, 0), b = rn_make(g, int, 0);
    rn_go(g, ping, a, b, true);
    rn_go(g, ping, b, a, false);
    int rc = rn_group_wait(g);
    rn_group_close(g);
    return rc;
}
RN_TASK(ping_pong);

static int lock_some(rn_mutex *m, long *count, rn_waitgroup *w)
{
    for (int i = 0; i < 20; i++) {
        rn_mutex_lock(m);
        ++*count;
        if (i % 5 == 0)
            rn_yield();
        rn_mutex_unlock(m);
    }
    rn_waitgroup_done(w);
    return 0;
}
RN_TASK(lock_some, rn_mutex *, long *, rn_waitgroup *);

static int lockers(void)
{
    while (!stopped()) {
        rn_mutex m = { 0 };
        rn_waitgroup w = { 0 };
        long count = 0;
        rn_waitgroup_add(&w, 5);
        for (int i = 0; i < 5; i++)
            CHECK_EQ(rn_go(rn_group_current(), lock_some, &m, &count, &w), 0);
        CHECK_EQ(rn_waitgroup_wait(&w), 0);
        CHECK_EQ(count, 100);
        atomic_fetch_add_explicit(&locked, count, memory_order_relaxed);
    }
    return 0;
}
RN_TASK(lockers);

static int wait_for_cancel(rn_receiver(int) c)
{
    int v;
    return rn_recv(c, &v);
}
RN_TASK(wait_for_cancel, rn_receiver(int));

/* What these tasks wait for is held by nobody; their group is, and is cancelled soon. */
static int cancellers(void)
{
    while (!stopped()) {
        rn_group *g = rn_group_new(NULL);
        for (int i = 0; i < 5; i++)
            rn_go(g, wait_for_cancel, rn_rx(rn_make(g, int, 0)));
        rn_sleep(50 * RN_MICROSECOND);
        rn_group_close(g);
    }
    return 0;
}
RN_TASK(cancellers);

static int add_one(void *arg)
{
    ++*(int *)arg;
    return 0;
}
static int callers(void)
{
    for (int n = 0; !stopped();) {
        int before = n, v;
        CHECK_EQ(rn_blocking(add_one, &n), 0);
        CHECK_EQ(n, before + 1);
        rn_chan(int) never = rn_make(rn_group_current(), int, 0);
        CHECK_EQ(rn_recv_until(never, &v, rn_now() + 20 * RN_MICROSECOND), -ETIMEDOUT);
        rn_free(never);
    }
    return 0;
}
RN_TASK(callers);

static int echo(rn_receiver(int) in, rn_sender(int) out)
{
    for (int v; rn_recv(in, &v) == 0;)
        if (rn_send(out, v + 1) != 0)
            break;
    return 0;
}
RN_TASK(echo, rn_receiver(int), rn_sender(int));

/* A thread of the program's that holds both channels in its stack only. */
static void *thread(void *arg)
{
    rn_group *g = arg;
    rn_chan(int) to = rn_make(g, int, 0), from = rn_make(g, int, 0);
    CHECK_EQ(rn_go(g, echo, rn_rx(to), rn_tx(from)), 0);
    for (int i = 0, v; !stopped(); i++) {
        CHECK_EQ(rn_send(to, i), 0);
        CHECK_EQ(rn_recv(from, &v), 0);
        CHECK_EQ(v, i + 1);
    }
    rn_close(to);
    return NULL;
}

static int join(void *arg)
{
    return -pthread_join(*(pthread_t *)arg, NULL);
}

static void start_load(rn_group *g, pthread_t *t)
{
    CHECK_EQ(rn_go(g, pipeline, 3, 0), 0);
    CHECK_EQ(rn_go(g, pipeline, 6, 4), 0);
    CHECK_EQ(rn_go(g, ping_pong), 0);
    CHECK_EQ(rn_go(g, lockers), 0);
    CHECK_EQ(rn_go(g, cancellers), 0);
    CHECK_EQ(rn_go(g, callers), 0);
    CHECK_EQ(pthread_create(t, NULL, thread, g), 0);
}

static void look(int expected)
{
    static const int64_t pauses[] = { 0, 30 * RN_MICROSECOND, 300 * RN_MICROSECOND };
    for (int i = 0; i < rounds(); i++) {
        VERIFY(expected, "among a load");
        rn_sleep(pauses[i % 3]);
    }
}

static int finish(rn_group *g, pthread_t t)
{
    atomic_store(&stop, true);
    CHECK_EQ(rn_blocking(join, &t), 0); /* it needs a worker to end */
    int rc = rn_group_wait(g);
    CHECK_EQ(atomic_load(&sent), atomic_load(&received));
    CHECK(atomic_load(&sent) > 0 && atomic_load(&locked) > 0);
    return rc;
}

TASK_TEST(verify_finds_nothing_among_a_load)
{
    pthread_t t;
    (void)g;
    rn_group *h = rn_group_new(NULL);
    start_load(h, &t);
    look(0);
    CHECK_EQ(finish(h, t), 0);
    return rn_group_close(h);
}

static int pipeline_of_root(rn_group *g)
{
    pthread_t t;
    start_load(g, &t);
    look(0);
    atomic_store(&stop, true);
    CHECK_EQ(rn_blocking(join, &t), 0); /* it needs a worker to end */
    while (rn_task_count() > 1)
        rn_yield();
    CHECK_EQ(atomic_load(&sent), atomic_load(&received));
    return 0;
}
/* In the root group, which is no way out. */
TASK_TEST(verify_finds_nothing_among_a_load_in_the_root_group)
{
    return pipeline_of_root(g);
}

NOT_INLINED static void plant(rn_group *g)
{
    for (int i = 0; i < 7; i++)
        CHECK_EQ(rn_go(g, wait_for_cancel, rn_rx(rn_make(g, int, 0))), 0);
}
TASK_TEST(verify_finds_the_leaked_among_a_load)
{
    pthread_t t;
    setenv("RUNNEL_LEAKS", "off", 1);
    plant(g);
    until_dumped(" wait_for_cancel [chan receive]", 7);
    rn_group *h = rn_group_new(NULL);
    start_load(h, &t);
    look(7);
    CHECK_EQ(finish(h, t), 0);
    return rn_group_close(h);
}

/* ---- several at a time ---- */

static int look_too(int expected)
{
    for (int i = 0; i < 50; i++) {
        CHECK_EQ(rn_verify_none(), expected);
        rn_yield();
    }
    return 0;
}
RN_TASK(look_too, int);

static void *look_as_thread(void *arg)
{
    for (int i = 0; i < 50; i++)
        CHECK_EQ(rn_verify_none(), 0);
    return arg;
}

TASK_TEST(verify_may_be_called_by_many)
{
    pthread_t threads[2];
    rn_group *h = rn_group_new(NULL);
    (void)g;
    for (int i = 0; i < 2; i++)
        CHECK_EQ(pthread_create(&threads[i], NULL, look_as_thread, NULL), 0);
    for (int i = 0; i < 4; i++)
        CHECK_EQ(rn_go(h, look_too, 0), 0);
    CHECK_EQ(rn_group_wait(h), 0);
    for (int i = 0; i < 2; i++)
        CHECK_EQ(pthread_join(threads[i], NULL), 0);
    return rn_group_close(h);
}
