/* SPDX-License-Identifier: MIT */
/* Threads that are no workers use channels and selects: among themselves, and with tasks. */
#include "kit/kit.h"

#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

#include "sync/chan_peek.h"

/* A thread's part: a function over one or two channels, with a count and a result. */
typedef struct part {
    rn_chan(int) a, b;
    int n, rc;
    long sum;
    pthread_t thread;
} part;

static void start(part *p, void *(*fn)(void *))
{
    CHECK_EQ(pthread_create(&p->thread, NULL, fn, p), 0);
}

static void join(part *p)
{
    CHECK_EQ(pthread_join(p->thread, NULL), 0);
}

/* rn_blocking keeps the worker free while a task waits for a thread. */
static int join_blocking(void *arg)
{
    join(arg);
    return 0;
}

static void *send_numbers(void *arg)
{
    part *p = arg;
    for (int i = 0; i < p->n && p->rc == 0; i++)
        p->rc = rn_send(p->a, i);
    return NULL;
}

static void *add_numbers(void *arg)
{
    part *p = arg;
    for (int v; (p->rc = rn_recv(p->a, &v)) == 0; p->n++)
        p->sum += v;
    return NULL;
}

static void *add_from_two(void *arg)
{
    part *p = arg;
    rn_receiver(int) a = rn_rx(p->a), b = rn_rx(p->b);
    while (a || b) {
        int v;
        bool ok_a = true, ok_b = true;
        p->rc = rn_select(RN_RECV(a, &v, &ok_a), RN_RECV(b, &v, &ok_b));
        if (p->rc < 0)
            break;
        a = ok_a ? a : NULL;
        b = ok_b ? b : NULL;
        p->sum += v;
        p->n += ok_a && ok_b;
    }
    return NULL;
}

/* ---- without any worker ---- */

TEST(threads_talk_before_and_without_a_run)
{
    rn_group *g = rn_group_new(NULL); /* under the background context */
    CHECK_EQ(rn_ctx_err(rn_group_ctx(g)), 0);
    for (size_t cap = 0; cap < 4; cap += 3) {
        rn_chan(int) a = rn_make(g, int, cap), b = rn_make(g, int, cap);
        part senders[2] = { { .a = a, .n = 2000 }, { .a = b, .n = 2000 } };
        part adder = { .a = a, .b = b };
        start(&adder, add_from_two);
        for (int i = 0; i < 2; i++)
            start(&senders[i], send_numbers);
        for (int i = 0; i < 2; i++) {
            join(&senders[i]);
            CHECK_EQ(senders[i].rc, 0);
        }
        rn_close(a);
        rn_close(b);
        join(&adder);
        CHECK_EQ(adder.n, 4000);
        CHECK_EQ(adder.sum, 2000L * 1999);
    }
    CHECK_EQ(rn_group_close(g), 0);
}

TEST(thread_waits_no_longer_than_its_deadline)
{
    rn_group *g = rn_group_new(NULL);
    rn_chan(int) c = rn_make(g, int, 0), nil = NULL;
    int v;
    int64_t start = rn_now();
    CHECK_EQ(rn_recv_until(c, &v, start + 2 * RN_MILLISECOND), -ETIMEDOUT);
    CHECK_EQ(rn_send_until(c, start + 4 * RN_MILLISECOND, 1), -ETIMEDOUT);
    CHECK_EQ(rn_select(RN_SEND(c, 1), RN_AFTER(2 * RN_MILLISECOND), RN_DONE(nil)), 1);
    CHECK(rn_now() - start >= 6 * RN_MILLISECOND);
    CHECK_EQ(rn_try_recv(c, &v), -EAGAIN);
    CHECK_EQ(rn_select(RN_DONE(c), RN_DEFAULT), 1);
    rn_group_close(g);
}

/* ---- with tasks ---- */

static int relay(rn_receiver(int) in, rn_sender(int) out)
{
    int rc = 0;
    for (int v; rc == 0 && rn_recv(in, &v) == 0;)
        rc = rn_send(out, v * 2);
    rn_close(out);
    return rc;
}
RN_TASK(relay, rn_receiver(int), rn_sender(int));

TASK_TEST(threads_and_tasks_exchange_values)
{
    for (size_t cap = 0; cap < 5; cap += 4) {
        rn_chan(int) in = rn_make(g, int, cap), out = rn_make(g, int, cap);
        part sender = { .a = in, .n = 2000 }, adder = { .a = out };
        rn_go(g, relay, rn_rx(in), rn_tx(out));
        start(&adder, add_numbers);
        start(&sender, send_numbers);
        CHECK_EQ(rn_blocking(join_blocking, &sender), 0);
        rn_close(in);
        CHECK_EQ(rn_blocking(join_blocking, &adder), 0);
        CHECK_EQ(adder.rc, -EPIPE);
        CHECK_EQ(adder.n, 2000);
        CHECK_EQ(adder.sum, 2000L * 1999);
    }
    return 0;
}

static void *ping(void *arg)
{
    part *p = arg;
    for (int i = 0, v = 0; i < p->n && p->rc == 0; i++) {
        int chosen = rn_select(RN_SEND(p->a, i), RN_AFTER(RN_HOUR));
        p->rc = chosen ? -EPROTO : rn_recv(p->b, &v);
        p->sum += v;
    }
    rn_close(p->a);
    return NULL;
}

TASK_TEST(selecting_threads_are_woken_by_tasks)
{
    part p[3] = { 0 };
    for (int i = 0; i < 3; i++) {
        p[i] = (part){ .a = rn_make(g, int, 0), .b = rn_make(g, int, 0), .n = 500 };
        rn_go(g, relay, rn_rx(p[i].a), rn_tx(p[i].b));
        start(&p[i], ping);
    }
    for (int i = 0; i < 3; i++) {
        CHECK_EQ(rn_blocking(join_blocking, &p[i]), 0);
        CHECK_EQ(p[i].rc, 0);
        CHECK_EQ(p[i].sum, 500L * 499);
    }
    return 0;
}

static void *close_a(void *arg)
{
    part *p = arg;
    usleep(500);
    rn_close(p->a);
    return NULL;
}

TASK_TEST(thread_closes_what_tasks_wait_for)
{
    part p = { .a = rn_make(g, int, 0) };
    int v = 5;
    bool ok = true;
    start(&p, close_a);
    CHECK_EQ(rn_select(RN_RECV(p.a, &v, &ok), RN_AFTER(RN_MINUTE)), 0);
    CHECK(!ok && v == 0);
    CHECK_EQ(rn_blocking(join_blocking, &p), 0);
    return 0;
}

TASK_TEST(task_closes_what_threads_wait_for)
{
    rn_chan(int) a = rn_make(g, int, 0), b = rn_make(g, int, 1);
    part sender = { .a = b, .n = 10 }, receiver = { .a = a }, selecting = { .a = a, .b = a };
    start(&sender, send_numbers);
    start(&receiver, add_numbers);
    start(&selecting, add_from_two);
    await_senders(RAW(b), 1);
    await_receivers(RAW(a), 3);
    rn_close(a);
    rn_close(b);
    CHECK_EQ(rn_blocking(join_blocking, &sender), 0);
    CHECK_EQ(rn_blocking(join_blocking, &receiver), 0);
    CHECK_EQ(rn_blocking(join_blocking, &selecting), 0);
    CHECK_EQ(sender.rc, -EPIPE);
    CHECK_EQ(receiver.rc, -EPIPE);
    CHECK_EQ(selecting.n, 0);
    return 0;
}

/* ---- a group that closes ends the waits of threads ---- */

TASK_TEST(closing_group_releases_threads)
{
    (void)g;
    for (int round = 0; round < 20; round++) {
        rn_group *s = rn_group_new(NULL);
        rn_chan(int) a = rn_make(s, int, 0), b = rn_make(s, int, 0);
        part sender = { .a = a, .n = 10 }, receiver = { .a = b }, selecting = { .a = b, .b = b };
        start(&sender, send_numbers);
        start(&receiver, add_numbers);
        start(&selecting, add_from_two);
        await_senders(RAW(a), 1);
        await_receivers(RAW(b), 3);
        rn_group_close(s);
        CHECK_EQ(rn_blocking(join_blocking, &sender), 0);
        CHECK_EQ(rn_blocking(join_blocking, &receiver), 0);
        CHECK_EQ(rn_blocking(join_blocking, &selecting), 0);
        CHECK_EQ(sender.rc, -ECANCELED);
        CHECK_EQ(receiver.rc, -ECANCELED);
        CHECK_EQ(selecting.rc, -ECANCELED);
    }
    return 0;
}

TASK_TEST(thread_with_a_reference_may_call_again)
{
    (void)g;
    rn_group *s = rn_group_new(NULL);
    part p = { .a = rn_make(s, int, 0) };
    int v;
    rn_ref(p.a);
    start(&p, add_numbers);
    await_receivers(RAW(p.a), 1);
    rn_group_close(s); /* closes the channel instead of freeing it */
    CHECK_EQ(rn_blocking(join_blocking, &p), 0);
    CHECK_EQ(p.rc, -EPIPE);
    CHECK_EQ(rn_recv(p.a, &v), -EPIPE);
    rn_unref(p.a);
    return 0;
}

/* ---- many of both ---- */

static int send_some(rn_sender(int) out, int n)
{
    int rc = 0;
    for (int i = 0; i < n && rc == 0; i++)
        rc = rn_send(out, i);
    return rc;
}
RN_TASK(send_some, rn_sender(int), int);

static int add_some(rn_receiver(int) in, _Atomic(long) *sum)
{
    for (int v; rn_recv(in, &v) == 0;)
        atomic_fetch_add_explicit(sum, v, memory_order_relaxed);
    return 0;
}
RN_TASK(add_some, rn_receiver(int), _Atomic(long) *);

TASK_TEST(crowds_of_threads_and_tasks_lose_nothing)
{
    enum { CROWD = 4, EACH = 1000 };
    for (size_t cap = 0; cap < 9; cap += 8) {
        rn_group *in = rn_group_new(NULL), *out = rn_group_new(NULL);
        rn_chan(int) a = rn_make(g, int, cap), b = rn_make(g, int, cap);
        part senders[CROWD], adders[CROWD];
        static _Atomic(long) sum;
        long total = 0;
        atomic_store_explicit(&sum, 0, memory_order_relaxed);
        for (int i = 0; i < CROWD; i++) {
            senders[i] = (part){ .a = i % 2 ? a : b, .n = EACH };
            adders[i] = (part){ .a = a, .b = b };
            rn_go(in, send_some, rn_tx(i % 2 ? a : b), EACH);
            rn_go(out, add_some, rn_rx(i % 2 ? a : b), &sum);
            start(&adders[i], i % 2 ? add_from_two : add_numbers);
            start(&senders[i], send_numbers);
        }
        for (int i = 0; i < CROWD; i++) {
            CHECK_EQ(rn_blocking(join_blocking, &senders[i]), 0);
            CHECK_EQ(senders[i].rc, 0);
        }
        CHECK_EQ(rn_group_wait(in), 0);
        rn_close(a);
        rn_close(b);
        CHECK_EQ(rn_group_wait(out), 0);
        for (int i = 0; i < CROWD; i++) {
            CHECK_EQ(rn_blocking(join_blocking, &adders[i]), 0);
            total += adders[i].sum;
        }
        CHECK_EQ(total + atomic_load_explicit(&sum, memory_order_relaxed),
                 2L * CROWD * EACH * (EACH - 1) / 2);
        rn_group_close(in);
        rn_group_close(out);
    }
    return 0;
}
