/* SPDX-License-Identifier: MIT */
/*
 * Unbuffered channels, and what holds for every channel: elements of any size, channels of
 * channels, long chains. The numbers are those of tests/CONFORMANCE.md.
 */
#include "kit/kit.h"

#include <stdio.h>
#include <string.h>

#include "sync/chan_peek.h"

/* ---- 15, 16, 25: both sides must be there ---- */

static int send_then_flag(rn_sender(int) out, int value, _Atomic(int) *flag)
{
    int rc = rn_send(out, value);
    atomic_store_explicit(flag, 1, memory_order_relaxed);
    return rc;
}
RN_TASK(send_then_flag, rn_sender(int), int, _Atomic(int) *);

static int recv_then_flag(rn_receiver(int) in, int *value, _Atomic(int) *flag)
{
    int rc = rn_recv(in, value);
    atomic_store_explicit(flag, 1, memory_order_release);
    return rc;
}
RN_TASK(recv_then_flag, rn_receiver(int), int *, _Atomic(int) *);

static void until_set(_Atomic(int) *flag)
{
    while (!atomic_load_explicit(flag, memory_order_acquire))
        (void)rn_yield();
}

static int flag_after_some_turns(_Atomic(int) *flag)
{
    for (int i = 0; i < 50; i++)
        (void)rn_yield();
    return atomic_load_explicit(flag, memory_order_acquire);
}

TASK_TEST(send_waits_until_it_is_received)
{
    rn_chan(int) c = rn_make(g, int, 0);
    static _Atomic(int) sent;
    rn_go(g, send_then_flag, rn_tx(c), 7, &sent);
    await_senders(RAW(c), 1);
    CHECK_EQ(flag_after_some_turns(&sent), 0);
    int v = 0;
    CHECK_EQ(rn_recv(c, &v), 0);
    CHECK_EQ(v, 7);
    until_set(&sent);
    return 0;
}

TASK_TEST(recv_waits_until_something_is_sent)
{
    rn_chan(int) c = rn_make(g, int, 0);
    static _Atomic(int) received;
    static int v;
    rn_go(g, recv_then_flag, rn_rx(c), &v, &received);
    await_receivers(RAW(c), 1);
    CHECK_EQ(flag_after_some_turns(&received), 0);
    CHECK_EQ(rn_send(c, 8), 0);
    until_set(&received);
    CHECK_EQ(v, 8);
    return 0;
}

TASK_TEST(try_forms_need_a_waiting_peer)
{
    rn_chan(int) c = rn_make(g, int, 0);
    static _Atomic(int) sent, received;
    static int got;
    int v = 5;
    CHECK_EQ(rn_try_send(c, 1), -EAGAIN);
    CHECK_EQ(rn_try_recv(c, &v), -EAGAIN);
    CHECK_EQ(v, 5); /* untouched */
    rn_go(g, send_then_flag, rn_tx(c), 9, &sent);
    await_senders(RAW(c), 1);
    CHECK_EQ(rn_try_send(c, 1), -EAGAIN);
    CHECK_EQ(rn_try_recv(c, &v), 0);
    CHECK_EQ(v, 9);
    CHECK_EQ(rn_try_recv(c, &v), -EAGAIN);
    rn_go(g, recv_then_flag, rn_rx(c), &got, &received);
    await_receivers(RAW(c), 1);
    CHECK_EQ(rn_try_recv(c, &v), -EAGAIN);
    CHECK_EQ(rn_try_send(c, 10), 0);
    CHECK_EQ(rn_try_send(c, 11), -EAGAIN);
    until_set(&received);
    CHECK_EQ(got, 10);
    return 0;
}

/* ---- 17, 18: order ---- */

static int count_up(rn_sender(int) out, int n)
{
    int rc = 0;
    for (int i = 0; i < n && rc == 0; i++)
        rc = rn_send(out, i);
    rn_close(out);
    return rc;
}
RN_TASK(count_up, rn_sender(int), int);

TASK_TEST(values_of_one_sender_keep_their_order)
{
    static const size_t capacities[] = { 0, 1, 2, 10 };
    for (size_t k = 0; k < sizeof capacities / sizeof capacities[0]; k++) {
        rn_chan(int) c = rn_make(g, int, capacities[k]);
        rn_go(g, count_up, rn_tx(c), 2000);
        int expected = 0;
        for (int v; rn_recv(c, &v) == 0;)
            CHECK_EQ(v, expected++);
        CHECK_EQ(expected, 2000);
    }
    return 0;
}

enum { CROWD = 20 };

TASK_TEST(waiting_senders_are_served_in_turn)
{
    rn_chan(int) c = rn_make(g, int, 0);
    static _Atomic(int) sent[CROWD];
    for (int i = 0; i < CROWD; i++) {
        rn_go(g, send_then_flag, rn_tx(c), i, &sent[i]);
        await_senders(RAW(c), (size_t)i + 1);
    }
    for (int i = 0, v; i < CROWD; i++) {
        CHECK_EQ(rn_recv(c, &v), 0);
        CHECK_EQ(v, i);
    }
    return 0;
}

TASK_TEST(waiting_receivers_are_served_in_turn)
{
    rn_chan(int) c = rn_make(g, int, 0);
    static _Atomic(int) done[CROWD];
    static int got[CROWD];
    for (int i = 0; i < CROWD; i++) {
        rn_go(g, recv_then_flag, rn_rx(c), &got[i], &done[i]);
        await_receivers(RAW(c), (size_t)i + 1);
    }
    for (int i = 0; i < CROWD; i++)
        CHECK_EQ(rn_send(c, 100 + i), 0);
    for (int i = 0; i < CROWD; i++) {
        until_set(&done[i]);
        CHECK_EQ(got[i], 100 + i);
    }
    return 0;
}

/* ---- 19, 20: hand-over ---- */

typedef struct block {
    long words[8];
} block;

static int send_and_overwrite(rn_sender(block) out, int rounds)
{
    block b;
    for (int i = 0; i < rounds; i++) {
        for (int k = 0; k < 8; k++)
            b.words[k] = i;
        int rc = rn_channel_send((rn_channel *)out, &b, RN_HERE);
        if (rc)
            return rc;
        memset(&b, 0xee, sizeof b);
    }
    return 0;
}
RN_TASK(send_and_overwrite, rn_sender(block), int);

TASK_TEST(sender_may_overwrite_its_variable_at_once)
{
    for (size_t cap = 0; cap < 3; cap++) {
        rn_chan(block) c = rn_make(g, block, cap);
        rn_go(g, send_and_overwrite, rn_tx(c), 1000);
        for (int i = 0; i < 1000; i++) {
            block b;
            CHECK_EQ(rn_recv(c, &b), 0);
            for (int k = 0; k < 8; k++)
                CHECK_EQ(b.words[k], i);
        }
    }
    return 0;
}

static int write_then_recv(rn_receiver(int) in, long *shared, int rounds)
{
    for (int i = 0, v; i < rounds; i++) {
        *shared = i; /* plain: the thread sanitizer watches */
        if (rn_recv(in, &v) != 0 || v != i)
            return -EINVAL;
        /* the next write must not meet the sender's read */
        if (rn_recv(in, &v) != 0)
            return -EINVAL;
    }
    return 0;
}
RN_TASK(write_then_recv, rn_receiver(int), long *, int);

TASK_TEST(receive_happens_before_an_unbuffered_send_returns)
{
    rn_chan(int) c = rn_make(g, int, 0);
    static long shared = -1;
    rn_go(g, write_then_recv, rn_rx(c), &shared, 2000);
    for (int i = 0; i < 2000; i++) {
        CHECK_EQ(rn_send(c, i), 0);
        CHECK_EQ(shared, i);
        CHECK_EQ(rn_send(c, -1), 0);
    }
    return 0;
}

/* ---- 21: discarding ---- */

TASK_TEST(received_values_can_be_discarded)
{
    rn_chan(int) c = rn_make(g, int, 6), nil = NULL;
    for (int i = 0; i < 6; i++)
        CHECK_EQ(rn_send(c, i), 0);
    CHECK_EQ(rn_wait(c), 0);
    CHECK_EQ(rn_recv(c, (int *)NULL), 0);
    CHECK_EQ(rn_try_recv(c, (int *)NULL), 0);
    CHECK_EQ(rn_recv_until(c, (int *)NULL, rn_now()), 0);
    CHECK_EQ(rn_select(RN_DONE(c)), 0);
    CHECK_EQ(rn_select(RN_DEFAULT, RN_DONE(nil), RN_RECV(c, (int *)NULL, NULL)), 2);
    CHECK_EQ(rn_len(c), 0);
    static _Atomic(int) sent;
    rn_go(g, send_then_flag, rn_tx(c), 1, &sent);
    until_set(&sent);
    CHECK_EQ(rn_wait(c), 0);
    rn_close(c);
    CHECK_EQ(rn_wait(c), -EPIPE);
    return 0;
}

/* ---- 22, 74: elements ---- */

typedef struct odd {
    char bytes[3];
} odd;
typedef struct page {
    unsigned char bytes[5000];
} page;

static rn_unit unit;

/* Sends all kinds of fillings through channels of size bytes an element. */
static int echo(rn_channel *in, rn_channel *out)
{
    unsigned char buffer[sizeof(page)];
    while (rn_channel_recv(in, buffer, RN_HERE) == 0)
        if (rn_channel_send(out, buffer, RN_HERE) != 0)
            return -EINVAL;
    return 0;
}
RN_TASK(echo, rn_channel *, rn_channel *);

static void elements_survive(rn_group *g, size_t size, size_t cap)
{
    rn_channel *there = rn_channel_new(g, size, 1, cap, NULL, RN_HERE);
    rn_channel *back = rn_channel_new(g, size, 1, cap, NULL, RN_HERE);
    CHECK(there && back);
    rn_go(g, echo, there, back);
    for (int i = 0; i < 20; i++) {
        unsigned char sent[sizeof(page)], got[sizeof(page) + 1];
        memset(got, 0x77, sizeof got);
        for (size_t k = 0; k < size; k++)
            sent[k] = (unsigned char)(k * 7 + (size_t)i);
        CHECK_EQ(rn_channel_send(there, sent, RN_HERE), 0);
        CHECK_EQ(rn_channel_recv(back, got, RN_HERE), 0);
        CHECK(memcmp(sent, got, size) == 0);
        CHECK_EQ(got[size], 0x77); /* nothing behind the element is written */
    }
    rn_close((rn_chan(char))there);
}

TASK_TEST(elements_of_every_size_arrive_whole)
{
    static const size_t sizes[] = { 0, 1, 2, 3, 4, 5, 7, 8, 9, 16, 24, 64, 255, 5000 };
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
        for (size_t cap = 0; cap < 3; cap++)
            elements_survive(g, sizes[i], cap);
    return 0;
}

TASK_TEST(typed_elements_are_values)
{
    static const char *word = "word";
    rn_chan(odd) odds = rn_make(g, odd, 1);
    rn_chan(double) doubles = rn_make(g, double, 1);
    rn_chan(const char *) words = rn_make(g, const char *, 1);
    rn_chan(rn_unit) units = rn_make(g, rn_unit, 1);
    odd o = { { 1, 2, 3 } };
    double d;
    const char *w;
    rn_unit u;
    CHECK_EQ(rn_send(odds, o), 0);
    o.bytes[1] = 9;
    CHECK_EQ(rn_recv(odds, &o), 0);
    CHECK_EQ(o.bytes[1], 2);
    CHECK_EQ(rn_send(odds, { { 4, 5, 6 } }), 0); /* an initialiser */
    CHECK_EQ(rn_recv(odds, &o), 0);
    CHECK_EQ(o.bytes[2], 6);
    CHECK_EQ(rn_send(doubles, 0.1), 0);
    CHECK_EQ(rn_recv(doubles, &d), 0);
    CHECK(d == 0.1);
    CHECK_EQ(rn_send(words, word), 0);
    CHECK_EQ(rn_recv(words, &w), 0);
    CHECK(w == word);
    CHECK_EQ(rn_send(units, unit), 0);
    CHECK_EQ(rn_try_send(units, unit), -EAGAIN);
    CHECK_EQ(rn_recv(units, &u), 0);
    CHECK_EQ(rn_try_recv(units, &u), -EAGAIN);
    return 0;
}

/* ---- 23, 108: channels as values ---- */

typedef struct request {
    int number;
    rn_sender(int) reply;
} request;

static int square_requests(rn_receiver(request) in)
{
    for (request r; rn_recv(in, &r) == 0;)
        if (rn_send(r.reply, r.number * r.number) != 0)
            return -EINVAL;
    return 0;
}
RN_TASK(square_requests, rn_receiver(request));

TASK_TEST(channels_travel_through_channels)
{
    rn_chan(request) requests = rn_make(g, request, 0);
    rn_chan(rn_chan(int)) channels = rn_make(g, rn_chan(int), 1);
    rn_go(g, square_requests, rn_rx(requests));
    for (int i = 0, v; i < 100; i++) {
        rn_chan(int) made = rn_make(g, int, (size_t)i % 2), reply;
        CHECK_EQ(rn_send(channels, made), 0);
        CHECK_EQ(rn_recv(channels, &reply), 0);
        CHECK_EQ(rn_send(requests, { .number = i, .reply = rn_tx(reply) }), 0);
        CHECK_EQ(rn_recv(reply, &v), 0);
        CHECK_EQ(v, i * i);
    }
    rn_close(requests);
    return 0;
}
