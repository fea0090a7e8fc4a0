/* SPDX-License-Identifier: MIT */
/* Select with closed channels, with time limits, and the memory it takes; the until forms. */
#include "kit/kit.h"

#include <stdio.h>

#include "core/foreign.h"
#include "sync/chan_peek.h"

/* ---- 92: a send on a closed channel is ready, and says so ---- */

TASK_TEST(send_case_on_a_closed_channel_is_ready)
{
    rn_chan(int) closed = rn_make(g, int, 1), open = rn_make(g, int, 1), idle = rn_make(g, int, 0);
    int v = 5, refused = 0, sent = 0;
    rn_close(closed);
    for (int i = 0; i < 200; i++) {
        rn_case cases[] = { RN_DONE(idle), RN_SEND_PTR(closed, &v), RN_SEND_PTR(open, &v) };
        int rc = rn_select_n(cases, 3);
        CHECK_EQ(cases[0].status, 0);
        CHECK_EQ(cases[2].status, 0);
        if (rc == -EPIPE) {
            CHECK_EQ(cases[1].status, -EPIPE); /* says which */
            refused++;
        } else {
            CHECK_EQ(rc, 2);
            CHECK_EQ(cases[1].status, 0);
            CHECK_EQ(rn_wait(open), 0);
            sent++;
        }
    }
    CHECK(refused > 50 && sent > 50); /* random, as among any ready cases */
    CHECK_EQ(rn_select(RN_SEND(closed, 1), RN_DEFAULT), -EPIPE);
    CHECK_EQ(rn_select_ordered(RN_SEND(open, 1), RN_SEND(closed, 1)), 0);
    return 0;
}

static int send_either(rn_sender(int) a, rn_sender(int) b)
{
    int v = 1;
    rn_case cases[] = { RN_SEND_PTR(a, &v), RN_SEND_PTR(b, &v) };
    CHECK_EQ(rn_select_n(cases, 2), -EPIPE);
    CHECK_EQ(cases[0].status, 0);
    CHECK_EQ(cases[1].status, -EPIPE);
    return 0;
}
RN_TASK(send_either, rn_sender(int), rn_sender(int));

TASK_TEST(waiting_send_case_learns_of_the_close)
{
    rn_group *s = rn_group_new(NULL);
    rn_chan(int) a = rn_make(g, int, 0), b = rn_make(g, int, 0);
    for (int i = 0; i < 10; i++)
        rn_go(s, send_either, rn_tx(a), rn_tx(b));
    await_senders(RAW(b), 10);
    rn_close(b);
    CHECK_EQ(rn_group_wait(s), 0);
    CHECK_EQ(waiting(RAW(a), true), 0);
    rn_group_close(s);
    return 0;
}

/* ---- 100, 101, 102: timeouts ---- */

TASK_TEST(timeout_fires_not_before_its_time)
{
    rn_chan(int) c = rn_make(g, int, 0), nil = NULL;
    for (int ms = 0; ms < 4; ms++) {
        int64_t start = rn_now(), d = ms * RN_MILLISECOND;
        CHECK_EQ(rn_select(RN_DONE(c), RN_AFTER(d), RN_SEND(nil, 1), RN_SEND(c, 1)), 1);
        CHECK(rn_now() - start >= d);
        CHECK_EQ(waiting(RAW(c), true) + waiting(RAW(c), false), 0);
    }
    return 0;
}

TASK_TEST(ready_case_wins_against_a_timeout)
{
    rn_chan(int) c = rn_make(g, int, 1);
    for (int i = 0; i < 300; i++) {
        CHECK_EQ(rn_select(RN_AFTER(0), RN_SEND(c, i)), 1);
        CHECK_EQ(rn_select(RN_AFTER(-RN_SECOND), RN_DONE(c), RN_AFTER(1)), 1);
    }
    CHECK_EQ(rn_select(RN_AFTER(0), RN_DONE(c)), 0);
    CHECK_EQ(rn_select(RN_AFTER(INT64_MIN), RN_DONE(c)), 0);
    return 0;
}

TASK_TEST(select_of_a_timeout_alone_sleeps)
{
    (void)g;
    int64_t start = rn_now();
    CHECK_EQ(rn_select(RN_AFTER(3 * RN_MILLISECOND)), 0);
    CHECK(rn_now() - start >= 3 * RN_MILLISECOND);
    start = rn_now();
    CHECK_EQ(rn_select(RN_AFTER(RN_HOUR), RN_AFTER(RN_MILLISECOND), RN_AFTER(RN_FOREVER)), 1);
    CHECK(rn_now() - start < RN_MINUTE);
    return 0;
}

static int send_one(rn_sender(int) out, int v)
{
    return rn_send(out, v);
}
RN_TASK(send_one, rn_sender(int), int);

TASK_TEST(huge_timeouts_never_fire)
{
    rn_chan(int) c = rn_make(g, int, 0);
    int v;
    for (int i = 0; i < 50; i++) {
        rn_go(g, send_one, rn_tx(c), i);
        CHECK_EQ(rn_select(RN_AFTER(RN_FOREVER), RN_RECV(c, &v, NULL)), 1);
        CHECK_EQ(v, i);
        rn_go(g, send_one, rn_tx(c), i);
        CHECK_EQ(rn_recv_until(c, &v, RN_FOREVER), 0);
        rn_go(g, send_one, rn_tx(c), i);
        CHECK_EQ(rn_recv_until(c, &v, RN_FOREVER - 1), 0);
    }
    return 0;
}

/* ---- the until forms: absolute, and ready beats late ---- */

TASK_TEST(until_forms_end_at_their_deadline)
{
    rn_chan(int) c = rn_make(g, int, 1);
    int v = 4;
    int64_t deadline = rn_now() + 2 * RN_MILLISECOND;
    CHECK_EQ(rn_recv_until(c, &v, deadline), -ETIMEDOUT);
    CHECK(rn_now() >= deadline);
    CHECK_EQ(v, 4);
    CHECK_EQ(waiting(RAW(c), false), 0);
    CHECK_EQ(rn_send_until(c, deadline, 1), 0); /* ready at entry, though it is late */
    deadline = rn_now() + 2 * RN_MILLISECOND;
    CHECK_EQ(rn_send_until(c, deadline, 2), -ETIMEDOUT);
    CHECK(rn_now() >= deadline);
    CHECK_EQ(waiting(RAW(c), true), 0);
    CHECK_EQ(rn_recv_until(c, &v, INT64_MIN), 0);
    CHECK_EQ(v, 1);
    CHECK_EQ(rn_recv_until(c, &v, INT64_MIN), -ETIMEDOUT);
    CHECK_EQ(rn_len(c), 0); /* 2 was not sent */
    return 0;
}

static int recv_in_time(rn_receiver(int) in, rn_sender(int) out)
{
    int v;
    int rc = rn_recv_until(in, &v, rn_now() + RN_MINUTE);
    return rc ? rc : rn_send_until(out, rn_now() + RN_MINUTE, v + 1);
}
RN_TASK(recv_in_time, rn_receiver(int), rn_sender(int));

TASK_TEST(until_forms_take_what_comes_in_time)
{
    rn_chan(int) in = rn_make(g, int, 0), out = rn_make(g, int, 0);
    for (int i = 0; i < 100; i++) {
        int v;
        rn_go(g, recv_in_time, rn_rx(in), rn_tx(out));
        await_receivers(RAW(in), 1);
        CHECK_EQ(rn_send(in, i), 0);
        await_senders(RAW(out), 1);
        CHECK_EQ(rn_recv(out, &v), 0);
        CHECK_EQ(v, i + 1);
    }
    return 0;
}

/* ---- 107: a peer and a deadline at the same moment: one of the two happens ---- */

enum { ROUNDS = 3000 };

static int send_in_time(rn_sender(int) out, _Atomic(int) *sent)
{
    for (int i = 1; i <= ROUNDS; i++) {
        int64_t d = (i % 7) * 3 * RN_MICROSECOND;
        int rc = i % 2 ? rn_send_until(out, rn_now() + d, i)
                       : rn_select(RN_SEND(out, i), RN_AFTER(d));
        if (rc == 0)
            atomic_fetch_add_explicit(sent, i, memory_order_relaxed);
        else if (rc != 1 && rc != -ETIMEDOUT)
            return rc;
    }
    return 0;
}
RN_TASK(send_in_time, rn_sender(int), _Atomic(int) *);

static int add_in_time(rn_receiver(int) in, _Atomic(int) *sum)
{
    for (int i = 0;; i++) {
        int v = 0;
        int64_t d = (i % 5) * 4 * RN_MICROSECOND;
        bool ok = true;
        int rc = i % 2 ? rn_recv_until(in, &v, rn_now() + d)
                       : rn_select(RN_RECV(in, &v, &ok), RN_AFTER(d));
        if (rc == -EPIPE || !ok)
            return 0;
        if (rc == 0)
            atomic_fetch_add_explicit(sum, v, memory_order_relaxed);
        else if (rc != 1 && rc != -ETIMEDOUT)
            return rc;
        else if (v != 0)
            return -EPROTO;
    }
}
RN_TASK(add_in_time, rn_receiver(int), _Atomic(int) *);

TASK_TEST(value_is_neither_lost_nor_doubled_at_the_deadline)
{
    for (size_t cap = 0; cap < 2; cap++) {
        rn_group *in = rn_group_new(NULL), *out = rn_group_new(NULL);
        rn_chan(int) c = rn_make(g, int, cap);
        static _Atomic(int) sent, sum;
        for (int i = 0; i < 3; i++) {
            rn_go(in, send_in_time, rn_tx(c), &sent);
            rn_go(out, add_in_time, rn_rx(c), &sum);
        }
        CHECK_EQ(rn_group_wait(in), 0);
        rn_close(c);
        CHECK_EQ(rn_group_wait(out), 0);
        CHECK(atomic_load_explicit(&sent, memory_order_relaxed) > 0);
        CHECK_EQ(atomic_load_explicit(&sent, memory_order_relaxed),
                 atomic_load_explicit(&sum, memory_order_relaxed));
        rn_group_close(in);
        rn_group_close(out);
    }
    return 0;
}

/* Between the start of a deadline and the wait, the deadline may pass; case 0 has result 0. */
TASK_TEST(select_deadline_that_passes_before_the_wait_ends_it_with_any_index)
{
    rni_task *t = rni_current();
    (void)g;
    for (int index = 0; index < 3; index++) {
        int rc = -1;
        rni_deadline_start(t, RN_FOREVER, index);
        CHECK(!rni_wait_refused(t, &rc));
        rni_task_timed_out(t);
        CHECK(rni_wait_refused(t, &rc));
        CHECK_EQ(rc, index);
        rni_deadline_stop(t);
    }
    return 0;
}

TASK_TEST(default_wins_against_a_time_that_is_up)
{
    rn_chan(int) c = rn_make(g, int, 0);
    int v;
    for (int i = 0; i < 50; i++) {
        CHECK_EQ(rn_select(RN_AFTER(0), RN_RECV(c, &v, NULL), RN_DEFAULT), 2);
        CHECK_EQ(rn_select(RN_DEFAULT, RN_AFTER(0)), 0);
    }
    return 0;
}
