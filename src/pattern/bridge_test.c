/* SPDX-License-Identifier: MIT */
/* The bridge-channel. */
#include <runnel.h>

#include "kit/kit.h"
#include "pattern/ledger.h"

/* The book's genVals: ten channels of one value each, closed with the value in the buffer. */
static int generate(rn_group *g, rn_sender(rn_receiver(int)) out, int n, int length)
{
    int rc = 0;
    for (int i = 0; i < n && rc == 0; i++) {
        rn_chan(int) c = rn_make(g, int, (size_t)length);
        for (int k = 0; k < length && rc == 0; k++)
            rc = rn_send(c, i * length + k);
        rn_close(c);
        if (rc == 0)
            rc = rn_send(out, rn_rx(c));
    }
    rn_close(out);
    return rc;
}
RN_TASK(generate, rn_group *, rn_sender(rn_receiver(int)), int, int);

TASK_TEST(bridge_gives_the_values_of_each_in_turn)
{
    for (int length = 0; length < 5; length++) {
        rn_chan(rn_receiver(int)) streams = rn_make(g, rn_receiver(int), 0);
        rn_go(g, generate, g, rn_tx(streams), 10, length);
        rn_receiver(int) out = rn_bridge(g, rn_rx(streams));
        int n = 0;
        for (int v; rn_recv(out, &v) == 0; n++)
            CHECK_EQ(v, n);
        CHECK_EQ(n, 10 * length);
    }
    return 0;
}

TASK_TEST(bridge_takes_channels_that_have_both_ends)
{
    rn_chan(rn_chan(int)) streams = rn_make(g, rn_chan(int), 1);
    rn_chan(int) one = rn_make(g, int, 1);
    rn_receiver(int) out = rn_bridge(g, streams);
    int v;
    CHECK_EQ(rn_send(streams, one), 0);
    CHECK_EQ(rn_send(one, 5), 0);
    CHECK_EQ(rn_recv(out, &v), 0);
    CHECK_EQ(v, 5);
    rn_close(one);
    rn_close(streams);
    CHECK_EQ(rn_recv(out, &v), -EPIPE);
    return 0;
}

TASK_TEST(bridge_reads_one_channel_to_its_end_first)
{
    rn_chan(rn_receiver(int)) streams = rn_make(g, rn_receiver(int), 2);
    rn_chan(int) a = rn_make(g, int, 1), b = rn_make(g, int, 1);
    rn_receiver(int) out = rn_bridge(g, streams);
    int v;
    CHECK_EQ(rn_send(streams, rn_rx(a)), 0);
    CHECK_EQ(rn_send(streams, rn_rx(b)), 0);
    CHECK_EQ(rn_send(b, 2), 0);
    CHECK_EQ(rn_recv_until(out, &v, rn_now() + RN_MILLISECOND), -ETIMEDOUT);
    CHECK_EQ(rn_send(a, 1), 0);
    rn_close(a);
    CHECK_EQ(rn_recv(out, &v), 0);
    CHECK_EQ(v, 1);
    CHECK_EQ(rn_recv(out, &v), 0);
    CHECK_EQ(v, 2);
    rn_close(streams);
    CHECK_EQ(rn_recv_until(out, &v, rn_now() + RN_MILLISECOND), -ETIMEDOUT); /* b is open */
    rn_close(b);
    CHECK_EQ(rn_recv(out, &v), -EPIPE);
    return 0;
}

TASK_TEST(bridge_of_nil_and_closed_channels)
{
    rn_group *h = rn_group_new(NULL);
    rn_chan(rn_receiver(int)) none = NULL, closed = rn_make(g, rn_receiver(int), 1);
    rn_receiver(int) out = rn_bridge(h, none);
    int v = 7;
    CHECK_EQ(rn_recv_until(out, &v, rn_now() + RN_MILLISECOND), -ETIMEDOUT);
    CHECK_EQ(rn_send(closed, (rn_receiver(int))NULL), 0);
    rn_receiver(int) stuck = rn_bridge(h, closed); /* in a nil channel, as in the book */
    while (rn_len(closed) > 0)
        (void)rn_yield(); /* else the next bridge might take it */
    CHECK_EQ(rn_recv_until(stuck, &v, rn_now() + RN_MILLISECOND), -ETIMEDOUT);
    rn_close(closed);
    CHECK_EQ(rn_recv(rn_bridge(h, closed), &v), -EPIPE);
    rn_group_cancel(h, 0);
    v = 7;
    CHECK_EQ(rn_recv(out, &v), -EPIPE);
    CHECK_EQ(v, 0);
    CHECK_EQ(rn_recv(stuck, &v), -EPIPE);
    rn_group_close(h);
    return 0;
}

TASK_TEST(bridge_keeps_a_channel_whose_group_closes)
{
    rn_group *h = rn_group_new(NULL);
    rn_chan(rn_receiver(int)) streams = rn_make(g, rn_receiver(int), 0);
    rn_receiver(int) out = rn_bridge(g, streams);
    rn_chan(int) c = rn_make(h, int, 2);
    int v;
    CHECK_EQ(rn_send(c, 1), 0);
    CHECK_EQ(rn_send(c, 2), 0);
    CHECK_EQ(rn_send(streams, rn_rx(c)), 0);
    CHECK_EQ(rn_recv(out, &v), 0);
    rn_group_close(h); /* closes c, which is being read */
    CHECK_EQ(rn_recv(out, &v), 0);
    CHECK_EQ(v, 2);
    rn_close(streams);
    CHECK_EQ(rn_recv(out, &v), -EPIPE);
    return 0;
}

/* ---- ownership ---- */

static int generate_entries(rn_group *g, rn_sender(rn_receiver(int)) out, int n)
{
    int rc = 0;
    for (int i = 0; i < n && rc == 0; i++)
        rc = rn_send(out, ledger_stream(g, i % 7, (size_t)i % 3));
    rn_close(out);
    return rc;
}
RN_TASK(generate_entries, rn_group *, rn_sender(rn_receiver(int)), int);

static void stop_at_any_moment(unsigned seed)
{
    rn_group *from = rn_group_new(NULL), *h = rn_group_new(NULL), *to = rn_group_new(NULL);
    rn_chan(rn_receiver(int)) streams = rn_make(from, rn_receiver(int), seed % 3);
    ledger_clear();
    rn_go(to, ledger_consume, rn_bridge_drop(h, streams, ledger_drop));
    rn_go(from, generate_entries, from, rn_tx(streams), 20);
    ledger_pause(ledger_choose(&seed, 200));
    rn_group_cancel(h, 0);
    CHECK_EQ(rn_group_wait(to), 0); /* the output is closed */
    CHECK(ledger_dropped <= 1);
    rn_group_close(h);
    rn_group_close(from);
    rn_group_close(to);
    CHECK_EQ(ledger_errors(), 0);
    CHECK_EQ(ledger_received + ledger_dropped, ledger_next);
}

TASK_TEST(bridge_stopped_at_any_moment_loses_nothing)
{
    (void)g;
    for (unsigned seed = 0; seed < 1000; seed++)
        stop_at_any_moment(seed);
    return 0;
}

TASK_TEST(bridge_output_drops_what_is_discarded)
{
    (void)g;
    ledger_clear();
    rn_group *h = rn_group_new(NULL);
    rn_chan(rn_receiver(int)) streams = rn_make(h, rn_receiver(int), 0);
    rn_receiver(int) out = rn_bridge_drop(h, streams, ledger_drop);
    rn_go(h, generate_entries, h, rn_tx(streams), 7);
    while (rn_wait(out) == 0)
        continue;
    CHECK_EQ(ledger_dropped, 21);
    rn_group_close(h);
    CHECK_EQ(ledger_errors(), 0);
    return 0;
}

TEST_EXIT(bridge_to_a_channel_with_an_unknown_drop, 2, "rn_bridge needs the drop function")
{
    rn_group *g = rn_group_new(NULL);
    rn_chan(rn_receiver(int)) streams = rn_make(g, rn_receiver(int), 1);
    CHECK_EQ(rn_send(streams, rn_rx(rn_make_drop(g, int, 0, ledger_drop))), 0);
    CHECK_EQ(rn_wait(rn_bridge(g, streams)), -EPIPE);
}

/* ---- elements of all sizes ---- */

typedef struct big {
    _Alignas(64) int id;
    unsigned char fill[4096 - sizeof(int)];
} big;

TASK_TEST(bridge_of_elements_of_any_size)
{
    static big sent, got;
    rn_chan(rn_receiver(big)) streams = rn_make(g, rn_receiver(big), 1);
    rn_chan(big) c = rn_make(g, big, 1);
    CHECK_EQ(rn_send(streams, rn_rx(c)), 0);
    rn_receiver(big) out = rn_bridge(g, streams);
    for (int i = 0; i < 5; i++) {
        memset(&sent, i + 1, sizeof sent);
        CHECK_EQ(rn_send(c, sent), 0);
        CHECK_EQ(rn_recv(out, &got), 0);
        CHECK_EQ(memcmp(&sent, &got, sizeof sent), 0);
    }
    rn_close(c);
    rn_close(streams);
    CHECK_EQ(rn_wait(out), -EPIPE);
    rn_chan(rn_receiver(rn_unit)) signals = rn_make(g, rn_receiver(rn_unit), 1);
    rn_chan(rn_unit) s = rn_make(g, rn_unit, 3);
    for (int i = 0; i < 3; i++)
        CHECK_EQ(rn_send(s, RN_UNIT), 0);
    rn_close(s);
    CHECK_EQ(rn_send(signals, rn_rx(s)), 0);
    rn_close(signals);
    rn_receiver(rn_unit) all = rn_bridge(g, signals);
    int n = 0;
    for (rn_unit u; rn_recv(all, &u) == 0;)
        n++;
    CHECK_EQ(n, 3);
    return 0;
}
