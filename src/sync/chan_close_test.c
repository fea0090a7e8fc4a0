/* SPDX-License-Identifier: MIT */
/*
 * Closing: what is buffered stays, receivers see the end, senders are refused and keep their value.
 * Each rule is tried as a plain operation, as a select, and as a select with a default.
 */
#include "kit/kit.h"

#include <stdio.h>

#include "sync/chan_peek.h"

/* Receives in one of several ways that must agree: 0 and *v, or -EPIPE. */
enum { WAYS = 8 };

static int recv_some_way(rn_receiver(int) c, int *v, int way)
{
    rn_receiver(int) nil = NULL;
    bool ok = way % 2; /* is written in any case */
    switch (way) {
    case 0: return rn_recv(c, v);
    case 1: return rn_try_recv(c, v);
    case 2: return rn_recv_until(c, v, rn_now() - 1);
    case 3: return rn_select(RN_RECV(c, v, &ok)) == 0 && ok ? 0 : -EPIPE;
    case 4: return rn_select(RN_DEFAULT, RN_RECV(c, v, &ok)) == 1 && ok ? 0 : -EPIPE;
    case 5: return rn_select_ordered(RN_DONE(nil), RN_RECV(c, v, &ok)) == 1 && ok ? 0 : -EPIPE;
    case 6: {
        size_t got = 9;
        int rc = rn_recv_n(c, v, 1, &got);
        CHECK_EQ(got, rc == 0);
        return rc;
    }
    default: {
        rn_case cases[] = { RN_DONE(nil), RN_AFTER(RN_HOUR), RN_RECV(c, v, &ok) };
        CHECK_EQ(rn_select_n(cases, 3), 2);
        CHECK_EQ(cases[2].status, ok ? 0 : -EPIPE);
        return cases[2].status;
    }
    }
}

TASK_TEST(buffered_values_survive_close)
{
    for (int way = 0; way < WAYS; way++) {
        rn_chan(int) c = rn_make(g, int, 10);
        for (int i = 0; i < 7; i++)
            CHECK_EQ(rn_send(c, i), 0);
        rn_close(c);
        for (int i = 0; i < 7; i++) {
            int v = -1;
            CHECK_EQ(recv_some_way(rn_rx(c), &v, way), 0);
            CHECK_EQ(v, i);
        }
    }
    return 0;
}

TASK_TEST(closed_and_drained_gives_zero_for_ever)
{
    for (int way = 0; way < WAYS; way++)
        for (size_t cap = 0; cap < 3; cap++) {
            rn_chan(int) c = rn_make(g, int, cap);
            int v;
            if (cap)
                CHECK_EQ(rn_send(c, 5), 0);
            rn_close(c);
            if (cap)
                CHECK_EQ(rn_recv(c, &v), 0);
            for (int i = 0; i < 10; i++) {
                v = 77;
                CHECK_EQ(recv_some_way(rn_rx(c), &v, way), -EPIPE);
                CHECK_EQ(v, 0);
            }
        }
    return 0;
}

TASK_TEST(zero_sent_before_close_is_a_value)
{
    for (int way = 0; way < WAYS; way++) {
        rn_chan(int) c = rn_make(g, int, 1);
        int v = 8;
        CHECK_EQ(rn_send(c, 0), 0);
        rn_close(c);
        CHECK_EQ(recv_some_way(rn_rx(c), &v, way), 0);
        CHECK_EQ(v, 0);
        CHECK_EQ(recv_some_way(rn_rx(c), &v, way), -EPIPE);
    }
    return 0;
}

TASK_TEST(closed_case_says_so_in_its_status)
{
    rn_chan(int) c = rn_make(g, int, 1);
    int v = 3;
    bool ok = false;
    rn_case cases[] = { RN_DEFAULT, RN_RECV(c, &v, &ok) };
    CHECK_EQ(rn_send(c, 1), 0);
    rn_close(c);
    CHECK_EQ(rn_select_n(cases, 2), 1);
    CHECK_EQ(cases[1].status, 0);
    CHECK(ok && v == 1);
    CHECK_EQ(rn_select_n(cases, 2), 1);
    CHECK_EQ(cases[1].status, -EPIPE);
    CHECK(!ok && v == 0);
    return 0;
}

/* ---- 47, 55, 56: close wakes ---- */

enum { FORMS = 6 };

static int wait_for_end(rn_receiver(int) c, int form, const long *written)
{
    rn_receiver(int) nil = NULL;
    int v = 9, other = 9;
    bool ok = true;
    size_t got = 9;
    switch (form) {
    case 0: CHECK_EQ(rn_recv(c, &v), -EPIPE); break;
    case 1: CHECK_EQ(rn_recv_until(c, &v, RN_FOREVER), -EPIPE); break;
    case 2:
        CHECK_EQ(rn_select(RN_RECV(nil, &other, NULL), RN_RECV(c, &v, &ok)), 1);
        CHECK(!ok);
        break;
    case 3:
        CHECK_EQ(rn_wait(c), -EPIPE);
        v = 0;
        break;
    case 4:
        CHECK_EQ(rn_recv_n(c, &v, 1, &got), -EPIPE);
        CHECK_EQ(got, 0);
        break;
    default: CHECK_EQ(rn_select(RN_AFTER(RN_HOUR), RN_RECV(c, &v, NULL)), 1);
    }
    CHECK_EQ(v, 0);
    CHECK_EQ(other, 9);
    CHECK_EQ(*written, 1234); /* plain: close happens before the receive that sees it */
    return 0;
}
RN_TASK(wait_for_end, rn_receiver(int), int, const long *);

TASK_TEST(close_wakes_every_waiting_receiver)
{
    rn_group *s = rn_group_new(NULL);
    rn_chan(int) c = rn_make(g, int, 2);
    static long written;
    for (int i = 0; i < 8 * FORMS; i++)
        rn_go(s, wait_for_end, rn_rx(c), i % FORMS, &written);
    await_receivers(RAW(c), 8 * FORMS);
    written = 1234;
    rn_close(c);
    CHECK_EQ(rn_group_wait(s), 0);
    rn_group_close(s);
    return 0;
}

static int wait_expecting(rn_receiver(int) c, int want)
{
    int rc = rn_wait(c);
    CHECK_EQ(rc, want);
    return rc == -ECANCELED ? rc : 0;
}
RN_TASK(wait_expecting, rn_receiver(int), int);

TASK_TEST(wait_tells_a_value_from_the_end_and_from_a_cancellation)
{
    rn_group *s = rn_group_new(NULL), *cancelled = rn_group_new(NULL);
    rn_chan(int) buffered = rn_make(g, int, 1), c = rn_make(g, int, 0), idle = rn_make(g, int, 0);
    CHECK_EQ(rn_send(buffered, 1), 0);
    rn_close(buffered);
    CHECK_EQ(rn_wait(buffered), 0);
    CHECK_EQ(rn_wait(buffered), -EPIPE);
    for (int i = 0; i < 3; i++) { /* the same for those that have to park */
        rn_go(s, wait_expecting, rn_rx(c), i < 2 ? 0 : -EPIPE);
        await_receivers(RAW(c), 1);
        if (i < 2)
            CHECK_EQ(rn_send(c, i), 0);
    }
    rn_close(c);
    CHECK_EQ(rn_group_wait(s), 0);
    rn_go(cancelled, wait_expecting, rn_rx(idle), -ECANCELED);
    await_receivers(RAW(idle), 1);
    rn_group_cancel(cancelled, 0);
    CHECK_EQ(rn_group_wait(cancelled), -ECANCELED);
    rn_group_close(cancelled);
    rn_group_close(s);
    return 0;
}

static int work_until_done(rn_receiver(int) work, rn_receiver(rn_unit) done)
{
    int v;
    enum { WORK, DONE };
    for (;;)
        switch (rn_select([WORK] = RN_RECV(work, &v, NULL), [DONE] = RN_DONE(done))) {
        case WORK: continue;
        case DONE: return 0;
        default: return -ECANCELED;
        }
}
RN_TASK(work_until_done, rn_receiver(int), rn_receiver(rn_unit));

TASK_TEST(close_reaches_every_select)
{
    rn_group *s = rn_group_new(NULL);
    rn_chan(int) work = rn_make(g, int, 0);
    rn_chan(rn_unit) done = rn_make(g, rn_unit, 0);
    for (int i = 0; i < 200; i++)
        rn_go(s, work_until_done, rn_rx(work), rn_rx(done));
    for (int i = 0; i < 500; i++)
        CHECK_EQ(rn_send(work, i), 0);
    rn_close(done);
    CHECK_EQ(rn_group_wait(s), 0);
    CHECK_EQ(waiting(RAW(work), false), 0); /* no record is left behind */
    rn_group_close(s);
    return 0;
}

/* ---- 48, 49, 50: senders are refused ---- */

static int send_some_way(rn_sender(int) c, int v, int way)
{
    rn_sender(int) nil = NULL;
    size_t sent = 9;
    int rc;
    switch (way) {
    case 0: return rn_send(c, v);
    case 1: return rn_send_until(c, RN_FOREVER, v);
    case 2: return rn_select(RN_SEND(c, v));
    case 3: return rn_select(RN_SEND(nil, v), RN_AFTER(RN_HOUR), RN_SEND(c, v));
    case 4: return rn_select_ordered(RN_SEND(nil, v), RN_SEND(c, v));
    case 5:
        rc = rn_send_n(c, &v, 1, &sent);
        CHECK_EQ(sent, rc == 0);
        return rc;
    case 6: return rn_select(RN_DEFAULT, RN_SEND(c, v)); /* does not wait, nor does the next */
    default: return rn_try_send(c, v);
    }
}
RN_TASK(send_some_way, rn_sender(int), int, int);

TASK_TEST(send_on_a_closed_channel_is_refused)
{
    for (int way = 0; way < 8; way++)
        for (size_t cap = 0; cap < 3; cap++) {
            rn_chan(int) c = rn_make(g, int, cap);
            int v = 9;
            rn_close(c);
            for (int i = 0; i < 5; i++)
                CHECK_EQ(send_some_way(rn_tx(c), 1, way), -EPIPE);
            CHECK_EQ(rn_len(c), 0);
            CHECK_EQ(rn_recv(c, &v), -EPIPE); /* nothing of it is received */
            CHECK_EQ(v, 0);
        }
    return 0;
}

TASK_TEST(close_refuses_waiting_senders)
{
    for (int way = 0; way < 6; way++) {
        rn_group *s = rn_group_new(NULL);
        rn_chan(int) c = rn_make(g, int, 2);
        int v;
        CHECK_EQ(rn_send(c, 1), 0);
        CHECK_EQ(rn_send(c, 2), 0);
        for (int i = 0; i < 5; i++)
            rn_go(s, send_some_way, rn_tx(c), 100, way);
        await_senders(RAW(c), 5);
        rn_close(c);
        CHECK_EQ(rn_group_wait(s), -EPIPE);
        rn_group_close(s);
        for (int i = 1; i <= 2; i++) {
            CHECK_EQ(rn_recv(c, &v), 0);
            CHECK_EQ(v, i);
        }
        CHECK_EQ(rn_recv(c, &v), -EPIPE);
    }
    return 0;
}

/* ---- 51, 61: closing twice ---- */

static int close_two_times(rn_group *g, void *arg)
{
    (void)arg;
    rn_chan(int) c = rn_make(g, int, 0);
    rn_close(c);
    rn_close(rn_tx(c));
    return 0;
}

TEST_EXIT(close_twice_is_an_error, 2, "close of closed channel")
{
    (void)rn_run(close_two_times, NULL);
}

static int close_nil_channel(rn_group *g, void *arg)
{
    (void)g;
    (void)arg;
    rn_sender(int) nil = NULL;
    rn_close(nil);
    return 0;
}

TEST_EXIT(close_of_nil_is_an_error, 2, "close of nil channel")
{
    (void)rn_run(close_nil_channel, NULL);
}

static _Atomic(int) closed_by;

static int close_it(rn_chan(int) c)
{
    rn_close(c);
    atomic_fetch_add_explicit(&closed_by, 1, memory_order_relaxed);
    return 0;
}
RN_TASK(close_it, rn_chan(int));

static void only_one_closed(const char *line)
{
    (void)line;
    CHECK(atomic_load_explicit(&closed_by, memory_order_relaxed) <= 1);
}

static int close_in_two_tasks(rn_group *g, void *arg)
{
    (void)arg;
    rn_group *s = rn_group_new(NULL);
    rn_chan(int) c = rn_make(g, int, 0);
    rn_go(s, close_it, c);
    rn_go(s, close_it, c);
    return rn_group_wait(s);
}

TEST_EXIT(of_two_closers_one_is_in_error, 2, "close of closed channel")
{
    rn_set_panic_handler(only_one_closed);
    (void)rn_run(close_in_two_tasks, NULL);
}
