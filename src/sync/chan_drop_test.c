/* SPDX-License-Identifier: MIT */
/*
 * Ownership: a value that was sent belongs to the channel until it is received, and is dropped
 * exactly once if nobody receives it; a value that was not sent is still the caller's. Who owns the
 * channel: its group, or who holds a reference.
 */
#include "kit/kit.h"

#include <stdio.h>

#include "sync/chan_peek.h"

/* A value is an index into this table of how often it was dropped. */
enum { VALUES = 20000 };
static _Atomic(int) dropped[VALUES];

static void drop(void *element)
{
    atomic_fetch_add_explicit(&dropped[*(int *)element], 1, memory_order_relaxed);
}

static int drops(int from, int to)
{
    int n = 0;
    for (int i = from; i < to; i++) {
        int times = atomic_load_explicit(&dropped[i], memory_order_relaxed);
        CHECK(times <= 1);
        n += times;
    }
    return n;
}

TASK_TEST(free_drops_what_is_buffered)
{
    rn_chan(int) c = rn_make_drop(g, int, 8, drop);
    int v;
    for (int i = 0; i < 8; i++)
        CHECK_EQ(rn_send(c, i), 0);
    for (int i = 0; i < 3; i++)
        CHECK_EQ(rn_recv(c, &v), 0);
    CHECK_EQ(rn_send(c, 8), 0); /* the ring has wrapped */
    CHECK_EQ(drops(0, 9), 0);
    rn_free(c);
    CHECK_EQ(drops(0, 3), 0);
    CHECK_EQ(drops(3, 9), 6);
    return 0;
}

TASK_TEST(group_drops_what_its_channels_buffer)
{
    (void)g;
    rn_group *s = rn_group_new(NULL);
    for (int k = 0; k < 3; k++) {
        rn_chan(int) c = rn_make_drop(s, int, 4, drop);
        for (int i = 0; i < 4; i++)
            CHECK_EQ(rn_send(c, 4 * k + i), 0);
        if (k)
            rn_close(c);
        if (k == 2)
            CHECK_EQ(rn_recv(c, &(int){ 0 }), 0);
    }
    CHECK_EQ(drops(0, 12), 0);
    rn_group_close(s);
    CHECK_EQ(drops(0, 12), 11);
    CHECK_EQ(drops(8, 9), 0); /* was received */
    return 0;
}

/* ---- what is refused is not dropped ---- */

static int send_expecting(rn_sender(int) c, int v, int expected)
{
    CHECK_EQ(rn_send(c, v), expected);
    return 0;
}
RN_TASK(send_expecting, rn_sender(int), int, int);

TASK_TEST(refused_values_are_not_dropped)
{
    rn_chan(int) c = rn_make_drop(g, int, 1, drop);
    rn_group *cancelled = rn_group_new(NULL), *closed = rn_group_new(NULL);
    int batch[3] = { 4, 5, 6 };
    CHECK_EQ(rn_send(c, 0), 0);
    CHECK_EQ(rn_try_send(c, 1), -EAGAIN);
    CHECK_EQ(rn_send_until(c, rn_now(), 1), -ETIMEDOUT);
    CHECK_EQ(rn_select(RN_SEND(c, 1), RN_DEFAULT), 1);
    rn_go(cancelled, send_expecting, rn_tx(c), 2, -ECANCELED);
    await_senders(RAW(c), 1);
    rn_group_cancel(cancelled, 0);
    rn_group_close(cancelled);
    rn_go(closed, send_expecting, rn_tx(c), 3, -EPIPE);
    await_senders(RAW(c), 1);
    rn_close(c);
    CHECK_EQ(rn_group_wait(closed), 0);
    rn_group_close(closed);
    CHECK_EQ(rn_send(c, 4), -EPIPE);
    CHECK_EQ(rn_send_n(c, batch, 3, NULL), -EPIPE);
    CHECK_EQ(rn_select(RN_SEND(c, 4)), -EPIPE);
    rn_free(c);
    CHECK_EQ(drops(0, 1), 1);
    CHECK_EQ(drops(1, 7), 0);
    return 0;
}

TASK_TEST(discarded_values_are_dropped)
{
    rn_chan(int) c = rn_make_drop(g, int, 4, drop), other = rn_make_drop(g, int, 1, drop);
    for (int i = 0; i < 4; i++)
        CHECK_EQ(rn_send(c, i), 0);
    CHECK_EQ(rn_wait(c), 0);
    CHECK_EQ(drops(0, 4), 1);
    CHECK_EQ(rn_select(RN_DONE(c)), 0);
    CHECK_EQ(drops(0, 4), 2);
    CHECK_EQ(rn_select(RN_DEFAULT, RN_DONE(other), RN_DONE(c)), 2);
    CHECK_EQ(drops(0, 4), 3);
    rn_go(g, send_expecting, rn_tx(other), 5, 0);
    int i = rn_select(RN_DONE(other), RN_AFTER(RN_HOUR)); /* waits */
    CHECK_EQ(i, 0);
    CHECK_EQ(drops(5, 6), 1);
    rn_close(other);
    CHECK_EQ(rn_wait(other), -EPIPE); /* the end is no value */
    CHECK_EQ(rn_select(RN_DONE(other)), 0);
    CHECK_EQ(drops(0, VALUES), 4);
    return 0;
}

TASK_TEST(discards_without_waiting_drop_too)
{
    rn_chan(int) c = rn_make_drop(g, int, 3, drop);
    for (int i = 0; i < 3; i++)
        CHECK_EQ(rn_send(c, i), 0);
    CHECK_EQ(rn_recv(c, (int *)NULL), 0);
    CHECK_EQ(drops(0, 3), 1);
    CHECK_EQ(rn_try_recv(c, (int *)NULL), 0);
    CHECK_EQ(drops(0, 3), 2);
    CHECK_EQ(rn_recv_until(c, (int *)NULL, RN_FOREVER), 0);
    CHECK_EQ(drops(0, 3), 3);
    rn_go(g, send_expecting, rn_tx(c), 3, 0);
    CHECK_EQ(rn_recv_until(c, (int *)NULL, RN_FOREVER), 0); /* waits */
    CHECK_EQ(drops(3, 4), 1);
    return 0;
}

/* ---- 34: exactly once, under load ---- */

static _Atomic(int) received[VALUES], kept[VALUES];

static int send_some(rn_sender(int) out, int from, int to)
{
    for (int v = from; v < to; v++) {
        int rc = v % 3   ? rn_send(out, v)
                 : v % 2 ? rn_send_until(out, rn_now() + 20 * RN_MICROSECOND, v)
                         : rn_select(RN_SEND(out, v));
        if (rc)
            atomic_fetch_add_explicit(&kept[v], 1, memory_order_relaxed);
    }
    return 0;
}
RN_TASK(send_some, rn_sender(int), int, int);

static int recv_some(rn_receiver(int) in)
{
    int v;
    for (int i = 0;; i++) {
        int rc = i % 5 ? rn_recv(in, &v) : rn_wait(in);
        if (rc)
            return rc;
        if (i % 5)
            atomic_fetch_add_explicit(&received[v], 1, memory_order_relaxed);
    }
}
RN_TASK(recv_some, rn_receiver(int));

TASK_TEST(each_value_is_received_or_dropped_or_kept)
{
    (void)g;
    enum { TASKS = 8, EACH = VALUES / TASKS };
    for (int round = 0; round < 2; round++) {
        rn_group *s = rn_group_new(NULL);
        rn_chan(int) c = rn_make_drop(s, int, round ? 16 : 0, drop);
        for (int i = 0; i < VALUES; i++) {
            atomic_store_explicit(&dropped[i], 0, memory_order_relaxed);
            atomic_store_explicit(&received[i], 0, memory_order_relaxed);
            atomic_store_explicit(&kept[i], 0, memory_order_relaxed);
        }
        for (int i = 0; i < TASKS; i++) {
            rn_go(s, send_some, rn_tx(c), i * EACH, (i + 1) * EACH);
            rn_go(s, recv_some, rn_rx(c));
        }
        (void)rn_sleep(RN_MILLISECOND); /* cancelled in the middle */
        rn_group_close(s);
        for (int i = 0; i < VALUES; i++)
            CHECK_EQ(atomic_load_explicit(&dropped[i], memory_order_relaxed) +
                         atomic_load_explicit(&received[i], memory_order_relaxed) +
                         atomic_load_explicit(&kept[i], memory_order_relaxed),
                     1);
    }
    return 0;
}

/* ---- references ---- */

TASK_TEST(reference_keeps_a_channel_beyond_its_group)
{
    (void)g;
    rn_group *s = rn_group_new(NULL);
    rn_chan(int) c = rn_make_drop(s, int, 4, drop);
    int v;
    rn_ref(c);
    rn_ref(rn_rx(c));
    for (int i = 0; i < 3; i++)
        CHECK_EQ(rn_send(c, i), 0);
    rn_group_close(s);
    CHECK_EQ(rn_send(c, 3), -EPIPE); /* the group has closed it */
    CHECK_EQ(rn_recv(c, &v), 0);
    CHECK_EQ(v, 0);
    rn_unref(c);
    CHECK_EQ(rn_len(c), 2);
    CHECK_EQ(rn_recv(c, &v), 0);
    CHECK_EQ(v, 1);
    CHECK_EQ(drops(0, 4), 0);
    rn_unref(c);
    CHECK_EQ(drops(0, 4), 1); /* 2 was left */
    return 0;
}

TASK_TEST(unref_before_the_group_ends_leaves_the_channel_open)
{
    rn_group *s = rn_group_new(NULL);
    rn_chan(int) c = rn_make_drop(s, int, 1, drop);
    (void)g;
    rn_ref(c);
    rn_unref(c);
    CHECK_EQ(rn_send(c, 0), 0);
    CHECK_EQ(drops(0, 1), 0);
    rn_group_close(s);
    CHECK_EQ(drops(0, 1), 1);
    return 0;
}

TASK_TEST(freed_memory_serves_the_next_channel)
{
    rn_channel *first = RAW(rn_make(g, int, 3)), *again = NULL;
    rn_free((rn_chan(int))first);
    for (int i = 0; i < 1000; i++) {
        rn_chan(long) c = rn_make(g, long, 2);
        again = RAW(c);
        CHECK_EQ(rn_len(c), 0);
        CHECK_EQ(rn_cap(c), 2);
        CHECK_EQ(rn_try_recv(c, (long *)NULL), -EAGAIN);
        CHECK_EQ(rn_send(c, 1L), 0);
        rn_close(c);
        rn_free(c);
        CHECK(again == first); /* a header is used again, so memory does not grow */
    }
    return 0;
}

/* ---- misuse ---- */

static int recv_one(rn_receiver(int) in)
{
    int v;
    return rn_recv(in, &v);
}
RN_TASK(recv_one, rn_receiver(int));

static int misuse(rn_group *g, void *arg)
{
    rn_chan(int) c = rn_make(g, int, 0);
    switch (*(int *)arg) {
    case 0:
        rn_go(g, recv_one, rn_rx(c));
        await_receivers(RAW(c), 1);
        break;
    case 1: rn_ref(c); break;
    case 2: rn_free(c); break;
    default: c = rn_make((rn_group *)NULL, int, 0);
    }
    rn_free(c);
    return 0;
}

#define MISUSE(name, which, line)                                                                  \
    TEST_EXIT(name, 2, line)                                                                       \
    {                                                                                              \
        int chosen = which;                                                                        \
        (void)rn_run(misuse, &chosen);                                                             \
    }

MISUSE(free_of_a_channel_with_a_waiter_is_an_error, 0, "free of a channel that a task waits on")
MISUSE(free_of_a_referenced_channel_is_an_error, 1, "free of a channel that rn_ref keeps")
MISUSE(free_twice_is_an_error, 2, "channel freed twice")
MISUSE(channel_without_a_group_is_an_error, 3, "a channel needs a group")
