/* SPDX-License-Identifier: MIT */
/* Buffered channels, capacities, alignment, length. */
#include "kit/kit.h"

#include <stdio.h>
#include <string.h>

#include "sync/chan_peek.h"

static rn_unit unit;

/* ---- 30, 31: full, empty, order ---- */

static int send_one(rn_sender(int) out, int v, _Atomic(int) *done)
{
    int rc = rn_send(out, v);
    atomic_store_explicit(done, 1, memory_order_release);
    return rc;
}
RN_TASK(send_one, rn_sender(int), int, _Atomic(int) *);

static int recv_one(rn_receiver(int) in, int *v, _Atomic(int) *done)
{
    int rc = rn_recv(in, v);
    atomic_store_explicit(done, 1, memory_order_release);
    return rc;
}
RN_TASK(recv_one, rn_receiver(int), int *, _Atomic(int) *);

static void until_set(_Atomic(int) *flag)
{
    while (!atomic_load_explicit(flag, memory_order_acquire))
        (void)rn_yield();
}

TASK_TEST(send_waits_only_when_full)
{
    rn_chan(int) c = rn_make(g, int, 5);
    static _Atomic(int) done;
    for (int i = 0; i < 5; i++)
        CHECK_EQ(rn_try_send(c, i), 0);
    CHECK_EQ(rn_try_send(c, 5), -EAGAIN);
    rn_go(g, send_one, rn_tx(c), 5, &done);
    await_senders(RAW(c), 1);
    CHECK_EQ(atomic_load_explicit(&done, memory_order_relaxed), 0);
    for (int i = 0, v; i < 6; i++) {
        CHECK_EQ(rn_recv(c, &v), 0);
        CHECK_EQ(v, i);
    }
    until_set(&done);
    return 0;
}

TASK_TEST(recv_waits_only_when_empty)
{
    rn_chan(int) c = rn_make(g, int, 5);
    static _Atomic(int) done;
    static int got;
    int v;
    for (int i = 0; i < 3; i++)
        CHECK_EQ(rn_send(c, i), 0);
    for (int i = 0; i < 3; i++)
        CHECK_EQ(rn_try_recv(c, &v), 0);
    CHECK_EQ(rn_try_recv(c, &v), -EAGAIN);
    rn_go(g, recv_one, rn_rx(c), &got, &done);
    await_receivers(RAW(c), 1);
    CHECK_EQ(rn_send(c, 42), 0);
    until_set(&done);
    CHECK_EQ(got, 42);
    return 0;
}

TASK_TEST(order_survives_the_wrap_around)
{
    for (size_t cap = 1; cap < 24; cap++) {
        rn_chan(int) c = rn_make(g, int, cap);
        int in = 0, out = 0, v;
        for (int round = 0; round < 40; round++) {
            size_t fill = (size_t)round * 7 % cap + 1;
            for (size_t i = 0; i < fill && rn_try_send(c, in) == 0; i++)
                in++;
            CHECK_EQ(rn_len(c), in - out);
            size_t take = (size_t)round * 5 % cap + 1;
            for (size_t i = 0; i < take && rn_try_recv(c, &v) == 0; i++)
                CHECK_EQ(v, out++);
        }
        for (; rn_try_recv(c, &v) == 0;)
            CHECK_EQ(v, out++);
        CHECK_EQ(in, out);
        CHECK(in > 30);
        rn_free(c);
    }
    return 0;
}

/* ---- 32, 33: a waiting peer and a buffer ---- */

TASK_TEST(waiting_receiver_gets_the_value_past_the_buffer)
{
    rn_chan(int) c = rn_make(g, int, 4);
    static _Atomic(int) done;
    static int got;
    rn_go(g, recv_one, rn_rx(c), &got, &done);
    await_receivers(RAW(c), 1);
    CHECK_EQ(rn_send(c, 3), 0);
    CHECK_EQ(rn_len(c), 0);
    CHECK_EQ(rn_send(c, 4), 0);
    CHECK_EQ(rn_len(c), 1);
    until_set(&done);
    CHECK_EQ(got, 3);
    return 0;
}

TASK_TEST(full_buffer_hands_out_the_head_and_takes_the_waiting_sender)
{
    rn_chan(int) c = rn_make(g, int, 3);
    static _Atomic(int) done[2];
    int v;
    CHECK_EQ(rn_send(c, -1), 0); /* the head is not at index 0 */
    CHECK_EQ(rn_recv(c, &v), 0);
    for (int i = 0; i < 3; i++)
        CHECK_EQ(rn_send(c, i), 0);
    for (int i = 0; i < 2; i++) {
        rn_go(g, send_one, rn_tx(c), 3 + i, &done[i]);
        await_senders(RAW(c), (size_t)i + 1);
    }
    for (int i = 0; i < 5; i++) {
        CHECK_EQ(rn_len(c), i < 3 ? 3 : 5 - i);
        CHECK_EQ(rn_recv(c, &v), 0);
        CHECK_EQ(v, i);
        if (i < 2)
            until_set(&done[i]); /* the first receive releases the first sender */
    }
    return 0;
}

/* ---- 38, 39, 40: limits and alignment ---- */

typedef struct large {
    char bytes[70000];
} large;

static rn_channel *made(rn_group *g, size_t size, size_t align, size_t cap)
{
    return rn_channel_new(g, size, align, cap, NULL, RN_HERE);
}

TASK_TEST(impossible_capacities_give_null)
{
    const size_t gib = (size_t)1 << 30;
    CHECK(!rn_make(g, int, SIZE_MAX));
    CHECK(!rn_make(g, int, -1)); /* as in Go's make(chan int, -1) */
    CHECK(!rn_make(g, char, (size_t)PTRDIFF_MAX + 1));
    CHECK(!rn_make(g, rn_unit, SIZE_MAX));
    CHECK(!made(g, 8, 8, SIZE_MAX / 8 + 1)); /* the product would wrap to 0 */
    CHECK(!made(g, 8, 8, SIZE_MAX / 8 + 3)); /* ... to 16 */
    CHECK(!made(g, 3, 1, SIZE_MAX / 3 + 1));
    CHECK(!made(g, gib + 1, 1, 0));
    CHECK(!made(g, 48, 3, 1)); /* no alignment */
    CHECK(!made(g, 8, 0, 1));
    return 0;
}

TASK_TEST(large_capacities_and_elements_work)
{
    rn_chan(rn_unit) many = rn_make(g, rn_unit, (size_t)1 << 40);
    rn_chan(large) c = rn_make(g, large, 2);
    static large in, out;
    CHECK(many && c && made(g, (size_t)1 << 30, 1, 0));
    CHECK_EQ(rn_cap(many), 1LL << 40);
    for (int i = 0; i < 1000; i++)
        CHECK_EQ(rn_try_send(many, unit), 0);
    CHECK_EQ(rn_len(many), 1000);
    for (int i = 0; i < 1000; i++)
        CHECK_EQ(rn_try_recv(many, (rn_unit *)NULL), 0);
    CHECK_EQ(rn_try_recv(many, (rn_unit *)NULL), -EAGAIN);
    memset(&in, 0x5a, sizeof in);
    CHECK_EQ(rn_channel_send(RAW(c), &in, RN_HERE), 0);
    CHECK_EQ(rn_recv(c, &out), 0);
    CHECK(memcmp(&in, &out, sizeof in) == 0);
    return 0;
}

typedef struct line {
    _Alignas(64) long value;
} line;

static int aligned_drops;
static void drop_line(void *element)
{
    CHECK_EQ((uintptr_t)element % 64, 0);
    aligned_drops++;
}

TASK_TEST(over_aligned_elements_are_aligned)
{
    rn_chan(line) c = rn_make_drop(g, line, 5, drop_line);
    line l;
    for (long i = 0; i < 12; i++) {
        CHECK_EQ(rn_send(c, { .value = i }), 0);
        CHECK_EQ(rn_recv(c, &l), 0);
        CHECK_EQ(l.value, i);
    }
    for (long i = 0; i < 5; i++)
        CHECK_EQ(rn_send(c, { .value = i }), 0);
    CHECK_EQ(rn_wait(c), 0); /* dropped from the memory of a discarded element */
    CHECK_EQ(rn_select(RN_DONE(c)), 0);
    CHECK_EQ(aligned_drops, 2);
    rn_free(c); /* dropped from the buffer */
    CHECK_EQ(aligned_drops, 5);
    return 0;
}

/* An element as wide as its alignment: small enough for scratch memory, or a page. */
static size_t wide;
static void drop_wide(void *element)
{
    CHECK_EQ((uintptr_t)element % wide, 0);
    aligned_drops++;
}

TASK_TEST(discarded_elements_are_aligned)
{
    static char element[4096];
    for (wide = 64; wide <= sizeof element; wide *= 2) {
        rn_channel *c = rn_channel_new(g, wide, wide, 6, drop_wide, RN_HERE);
        rn_case discard = { .op = RN_OP_RECV, .ch = c };
        CHECK(c);
        aligned_drops = 0;
        for (int i = 0; i < 6; i++)
            CHECK_EQ(rn_channel_send(c, element, RN_HERE), 0);
        CHECK_EQ(rn_channel_wait(c, RN_HERE), 0);
        CHECK_EQ(rn_channel_try_recv(c, NULL), 0);
        CHECK_EQ(rn_channel_recv_until(c, NULL, RN_FOREVER, RN_HERE), 0);
        CHECK_EQ(rn_select_n(&discard, 1), 0);
        CHECK_EQ(rn_select_n(&discard, 1), 0);
        CHECK_EQ(aligned_drops, 5);
        rn_channel_free(c, RN_HERE);
        CHECK_EQ(aligned_drops, 6);
    }
    return 0;
}

/* ---- 111, 112, 113: len and cap ---- */

TASK_TEST(len_and_cap_count)
{
    rn_chan(int) c = rn_make(g, int, 10);
    rn_receiver(int) rx = rn_rx(c);
    rn_sender(int) tx = rn_tx(c);
    for (int i = 0; i < 10; i++) {
        CHECK_EQ(rn_len(c), i);
        CHECK_EQ(rn_cap(c), 10);
        CHECK_EQ(rn_send(c, i), 0);
    }
    CHECK_EQ(rn_len(rx), 10);
    CHECK_EQ(rn_cap(tx), 10);
    rn_close(c);
    CHECK_EQ(rn_len(tx), 10);
    CHECK_EQ(rn_recv(c, (int *)NULL), 0);
    CHECK_EQ(rn_len(c), 9);
    CHECK_EQ(rn_cap(c), 10);
    return 0;
}

TASK_TEST(unbuffered_len_and_cap_are_zero_whoever_waits)
{
    rn_chan(int) c = rn_make(g, int, 0);
    static _Atomic(int) done[2];
    static int got;
    CHECK_EQ(rn_len(c) + rn_cap(c), 0);
    rn_go(g, send_one, rn_tx(c), 1, &done[0]);
    await_senders(RAW(c), 1);
    CHECK_EQ(rn_len(c) + rn_cap(c), 0);
    CHECK_EQ(rn_recv(c, (int *)NULL), 0);
    rn_go(g, recv_one, rn_rx(c), &got, &done[1]);
    await_receivers(RAW(c), 1);
    CHECK_EQ(rn_len(c) + rn_cap(c), 0);
    CHECK_EQ(rn_send(c, 1), 0);
    until_set(&done[1]);
    return 0;
}

static int stream(rn_sender(int) out, int n)
{
    int rc = 0;
    for (int i = 0; i < n && rc == 0; i++)
        rc = rn_send(out, i);
    rn_close(out);
    return rc;
}
RN_TASK(stream, rn_sender(int), int);

static int watch_len(rn_receiver(int) c, _Atomic(int) *stop)
{
    while (!atomic_load_explicit(stop, memory_order_acquire)) {
        if (rn_len(c) > rn_cap(c))
            return -ERANGE;
        (void)rn_yield();
    }
    return 0;
}
RN_TASK(watch_len, rn_receiver(int), _Atomic(int) *);

TASK_TEST(len_may_be_read_while_others_send_and_close)
{
    static _Atomic(int) stop;
    rn_group *s = rn_group_new(NULL);
    rn_chan(int) c = rn_make(g, int, 3);
    for (int i = 0; i < 3; i++)
        rn_go(s, watch_len, rn_rx(c), &stop);
    rn_go(s, stream, rn_tx(c), 10000);
    int n = 0;
    for (int v; rn_recv(c, &v) == 0;)
        CHECK_EQ(v, n++);
    CHECK_EQ(n, 10000);
    atomic_store_explicit(&stop, 1, memory_order_release);
    CHECK_EQ(rn_group_wait(s), 0);
    rn_group_close(s);
    return 0;
}
