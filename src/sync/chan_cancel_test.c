/* SPDX-License-Identifier: MIT */
/*
 * Channels and select in cancelled tasks: every waiting form is refused at entry, ready or not; try
 * forms work; a shield suspends the rule; a waiting operation ends without having happened.
 */
#include "kit/kit.h"

#include <stdio.h>

#include "sync/chan_peek.h"

enum { FORMS = 12 };

static int operate(rn_chan(int) c, int form)
{
    int v = 0, batch[2] = { 1, 2 };
    size_t n = 7;
    rn_case cases[] = { RN_SEND_PTR(c, &batch[0]), RN_RECV(c, &v, NULL), RN_DEFAULT };
    switch (form) {
    case 0: return rn_send(c, 1);
    case 1: return rn_recv(c, &v);
    case 2: return rn_wait(c);
    case 3: return rn_send_until(c, RN_FOREVER, 1);
    case 4: return rn_recv_until(c, &v, RN_FOREVER);
    case 5: return rn_select(RN_SEND(c, 1), RN_RECV(c, &v, NULL));
    case 6: return rn_select_ordered(RN_SEND(c, 1), RN_RECV(c, &v, NULL));
    case 7: return rn_select_n(cases, 3); /* the default is not taken either */
    case 8: return rn_select(RN_DEFAULT);
    case 9: return rn_select(RN_AFTER(0));
    case 10: {
        int rc = rn_send_n(c, batch, 2, &n);
        CHECK(rc || n == 2);
        CHECK(!rc || n == 0);
        return rc;
    }
    default: {
        int rc = rn_recv_n(c, batch, 2, &n);
        CHECK(rc ? n == 0 : n >= 1);
        return rc;
    }
    }
}

/* ---- rule 1: refused at entry, ready or not ---- */

static int refused_everywhere(rn_group *own, rn_chan(int) ready, rn_chan(int) closed);
RN_TASK(refused_everywhere, rn_group *, rn_chan(int), rn_chan(int));

static int refused_everywhere(rn_group *own, rn_chan(int) ready, rn_chan(int) closed)
{
    int v;
    rn_group_cancel(own, -ENOENT);
    CHECK_EQ(rn_cancelled(), -ENOENT);
    for (int form = 0; form < FORMS; form++) {
        CHECK_EQ(operate(ready, form), -ECANCELED); /* could send and receive at once */
        CHECK_EQ(operate(closed, form), -ECANCELED);
    }
    CHECK_EQ(rn_len(ready), 2);
    CHECK_EQ(rn_send_until(ready, INT64_MIN, 1), -ECANCELED);
    CHECK_EQ(rn_try_recv(ready, &v), 0); /* clean-up code may drain */
    CHECK_EQ(v, 10);
    CHECK_EQ(rn_try_send(ready, 12), 0);
    CHECK_EQ(rn_try_recv(closed, &v), -EPIPE);
    rn_shield();
    for (int form = 0; form < FORMS; form++)
        CHECK(operate(ready, form) != -ECANCELED);
    rn_unshield();
    CHECK_EQ(rn_send(ready, 1), -ECANCELED);
    CHECK_EQ(rn_go(own, refused_everywhere, own, ready, closed), -ECANCELED);
    rn_close(ready); /* close does not wait */
    return 0;
}

TASK_TEST(cancelled_task_is_refused_ready_or_not)
{
    rn_group *s = rn_group_new(NULL);
    rn_chan(int) ready = rn_make(g, int, 12), closed = rn_make(g, int, 0);
    CHECK_EQ(rn_send(ready, 10), 0);
    CHECK_EQ(rn_send(ready, 11), 0);
    rn_close(closed);
    rn_go(s, refused_everywhere, s, ready, closed);
    CHECK_EQ(rn_group_wait(s), -ENOENT);
    rn_group_close(s);
    return 0;
}

static int spin_on_ready(rn_chan(int) c, int form, _Atomic(int) *spinning)
{
    int rc;
    do {
        rc = form ? rn_select(RN_SEND(c, 1), RN_DEFAULT) : rn_send(c, 1);
        if (rc >= 0 && rn_try_recv(c, (int *)NULL) == 0)
            atomic_store_explicit(spinning, 1, memory_order_relaxed);
    } while (rc >= 0);
    return rc;
}
RN_TASK(spin_on_ready, rn_chan(int), int, _Atomic(int) *);

TASK_TEST(loop_of_ready_operations_stops)
{
    for (int form = 0; form < 2; form++) {
        rn_group *s = rn_group_new(NULL);
        rn_chan(int) c = rn_make(g, int, 1);
        static _Atomic(int) spinning;
        atomic_store_explicit(&spinning, 0, memory_order_relaxed);
        rn_go(s, spin_on_ready, c, form, &spinning);
        while (!atomic_load_explicit(&spinning, memory_order_relaxed))
            (void)rn_yield();
        rn_group_cancel(s, 0);
        CHECK_EQ(rn_group_wait(s), -ECANCELED);
        rn_group_close(s);
    }
    return 0;
}

static int count_run(_Atomic(int) *runs, rn_receiver(int) c)
{
    atomic_fetch_add_explicit(runs, 1, memory_order_relaxed);
    return rn_wait(c);
}
RN_TASK(count_run, _Atomic(int) *, rn_receiver(int));

TASK_TEST(task_cancelled_before_its_first_run_still_runs)
{
    rn_group *s = rn_group_new(NULL);
    rn_chan(int) c = rn_make(g, int, 0);
    static _Atomic(int) runs;
    for (int i = 0; i < 100; i++)
        CHECK_EQ(rn_go(s, count_run, &runs, rn_rx(c)), 0);
    rn_group_cancel(s, 0);
    CHECK_EQ(rn_go(s, count_run, &runs, rn_rx(c)), -ECANCELED);
    CHECK_EQ(rn_group_wait(s), -ECANCELED);
    CHECK_EQ(atomic_load_explicit(&runs, memory_order_relaxed), 100);
    rn_group_close(s);
    return 0;
}

/* ---- a waiting operation is ended, and has not happened ---- */

static int operate_until_cancelled(rn_chan(int) c, int form)
{
    CHECK_EQ(operate(c, form), -ECANCELED);
    return 0;
}
RN_TASK(operate_until_cancelled, rn_chan(int), int);

static size_t all_waiting(rn_channel *c)
{
    return waiting(c, true) + waiting(c, false);
}

TASK_TEST(cancel_ends_every_waiting_form)
{
    static const int forms[] = { 0, 1, 2, 3, 4, 5, 6, 10, 11 };
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        rn_group *s = rn_group_new(NULL);
        rn_chan(int) c = rn_make(g, int, 0);
        rn_go(s, operate_until_cancelled, c, forms[i]);
        while (all_waiting(RAW(c)) == 0)
            (void)rn_yield();
        rn_group_cancel(s, -EIO);
        CHECK_EQ(rn_group_wait(s), -EIO);
        CHECK_EQ(all_waiting(RAW(c)), 0);
        rn_group_close(s);
    }
    return 0;
}

TASK_TEST(others_in_the_queue_are_not_disturbed)
{
    rn_group *s[3];
    rn_chan(int) c = rn_make(g, int, 0);
    static _Atomic(int) runs;
    for (size_t i = 0; i < 3; i++) {
        s[i] = rn_group_new(NULL);
        rn_go(s[i], count_run, &runs, rn_rx(c));
        await_receivers(RAW(c), i + 1);
    }
    rn_group_cancel(s[1], 0);
    CHECK_EQ(rn_group_wait(s[1]), -ECANCELED);
    CHECK_EQ(waiting(RAW(c), false), 2);
    CHECK_EQ(rn_try_send(c, 1), 0);
    CHECK_EQ(rn_try_send(c, 2), 0);
    CHECK_EQ(rn_try_send(c, 3), -EAGAIN);
    CHECK_EQ(rn_group_wait(s[0]), 0);
    CHECK_EQ(rn_group_wait(s[2]), 0);
    for (int i = 0; i < 3; i++)
        rn_group_close(s[i]);
    return 0;
}

/* ---- 107: a peer and a cancel at the same moment ---- */

static int add_received(rn_receiver(int) in, _Atomic(long) *sum, int form)
{
    int v = 0, rc = 0;
    while (rc == 0) {
        rc = form ? rn_recv(in, &v) : rn_select(RN_RECV(in, &v, NULL));
        if (rc == 0)
            atomic_fetch_add_explicit(sum, v, memory_order_relaxed);
    }
    return 0;
}
RN_TASK(add_received, rn_receiver(int), _Atomic(long) *, int);

static int add_sent(rn_sender(int) out, _Atomic(long) *sum, int form)
{
    int rc = 0;
    for (int v = 1; rc == 0; v++) {
        rc = form ? rn_send(out, v) : rn_select(RN_SEND(out, v));
        if (rc == 0)
            atomic_fetch_add_explicit(sum, v, memory_order_relaxed);
    }
    return 0;
}
RN_TASK(add_sent, rn_sender(int), _Atomic(long) *, int);

TASK_TEST(value_is_neither_lost_nor_doubled_at_a_cancel)
{
    for (int round = 0; round < 300; round++) {
        rn_group *in = rn_group_new(NULL), *out = rn_group_new(NULL);
        rn_chan(int) c = rn_make(g, int, (size_t)round % 3);
        static _Atomic(long) sent, received;
        for (int i = 0; i < 2; i++) {
            rn_go(in, add_sent, rn_tx(c), &sent, (round + i) % 2);
            rn_go(out, add_received, rn_rx(c), &received, round / 2 % 2);
        }
        (void)rn_sleep((round % 10) * 5 * RN_MICROSECOND);
        rn_group_cancel(round % 4 < 2 ? in : out, 0);
        (void)rn_yield();
        rn_group_close(out);
        rn_group_close(in);
        for (int v; rn_try_recv(c, &v) == 0;)
            atomic_fetch_add_explicit(&received, v, memory_order_relaxed);
        CHECK_EQ(atomic_load_explicit(&sent, memory_order_relaxed),
                 atomic_load_explicit(&received, memory_order_relaxed));
        rn_free(c);
    }
    return 0;
}
