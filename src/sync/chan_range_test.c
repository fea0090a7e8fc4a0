/* SPDX-License-Identifier: MIT */
/* Range loops, and receives that race with a close. */
#include "kit/kit.h"

#include <stdio.h>

#include "sync/chan_peek.h"

static int count_up(rn_sender(int) out, int n)
{
    int rc = 0;
    for (int i = 0; i < n && rc == 0; i++)
        rc = rn_send(out, i);
    rn_close(out);
    return rc;
}
RN_TASK(count_up, rn_sender(int), int);

TASK_TEST(range_ends_when_closed_and_drained)
{
    for (size_t cap = 0; cap < 20; cap += 3) {
        rn_chan(int) c = rn_make(g, int, cap);
        rn_go(g, count_up, rn_tx(c), 50);
        int n = 0;
        for (int v; rn_recv(c, &v) == 0; n++)
            CHECK_EQ(v, n);
        CHECK_EQ(n, 50);
    }
    return 0;
}

TASK_TEST(leaving_a_range_neither_closes_nor_drains)
{
    rn_chan(int) c = rn_make(g, int, 10);
    int v;
    for (int i = 0; i < 8; i++)
        CHECK_EQ(rn_send(c, i), 0);
    while (rn_recv(c, &v) == 0)
        if (v == 2)
            break;
    CHECK_EQ(rn_len(c), 5);
    CHECK_EQ(rn_try_send(c, 8), 0);
    CHECK_EQ(rn_recv(c, &v), 0);
    CHECK_EQ(v, 3);
    return 0;
}

TASK_TEST(many_buffered_values_are_drained_after_close)
{
    enum { MANY = 100000 };
    rn_chan(int) c = rn_make(g, int, MANY);
    for (int i = 0; i < MANY; i++)
        CHECK_EQ(rn_send(c, i), 0);
    rn_close(c);
    int n = 0;
    for (int v; rn_recv(c, &v) == 0; n++)
        CHECK_EQ(v, n);
    CHECK_EQ(n, MANY);
    return 0;
}

/* ---- 57: a buffered value is there, closed or not (Go: 10 000 rounds) ---- */

static int close_each(rn_receiver(rn_chan(int)) in)
{
    for (rn_chan(int) c; rn_recv(in, &c) == 0;)
        rn_close(c);
    return 0;
}
RN_TASK(close_each, rn_receiver(rn_chan(int)));

TASK_TEST(try_recv_racing_with_close_finds_the_buffered_value)
{
    rn_group *s = rn_group_new(NULL);
    rn_chan(rn_chan(int)) to_close = rn_make(s, rn_chan(int), 1);
    rn_go(s, close_each, rn_rx(to_close));
    for (int i = 0; i < 3000; i++) {
        rn_chan(int) c = rn_make(s, int, 1);
        int v = 0;
        CHECK_EQ(rn_send(c, i + 1), 0);
        CHECK_EQ(rn_send(to_close, c), 0);
        if (i % 3 == 0)
            (void)rn_yield();
        if (i % 2)
            CHECK_EQ(rn_try_recv(c, &v), 0);
        else
            CHECK_EQ(rn_select(RN_DEFAULT, RN_RECV(c, &v, NULL)), 1);
        CHECK_EQ(v, i + 1);
    }
    rn_close(to_close);
    CHECK_EQ(rn_group_wait(s), 0);
    rn_group_close(s);
    return 0;
}

/* ---- 58: what was seen queued is received, though the channel is closed meanwhile ---- */

static int send_and_close_each(rn_receiver(rn_chan(int)) in)
{
    for (rn_chan(int) c; rn_recv(in, &c) == 0; rn_close(c))
        if (rn_send(c, 1) != 0)
            return -EINVAL;
    return 0;
}
RN_TASK(send_and_close_each, rn_receiver(rn_chan(int)));

TASK_TEST(value_seen_queued_is_received_before_the_end)
{
    rn_group *s = rn_group_new(NULL);
    rn_chan(rn_chan(int)) work = rn_make(s, rn_chan(int), 1);
    rn_go(s, send_and_close_each, rn_rx(work));
    for (int i = 0; i < 3000; i++) {
        rn_chan(int) c = rn_make(s, int, 1);
        int v = 0, rc;
        CHECK_EQ(rn_send(work, c), 0);
        while ((rc = rn_try_recv(c, &v)) == -EAGAIN)
            (void)rn_yield();
        CHECK_EQ(rc, 0); /* not -EPIPE: the send came before the close */
        CHECK_EQ(v, 1);
        CHECK_EQ(rn_recv(c, &v), -EPIPE);
    }
    rn_close(work);
    CHECK_EQ(rn_group_wait(s), 0);
    rn_group_close(s);
    return 0;
}

/* ---- a closer that is still at it when others have seen the end ---- */

static int wait_twice(rn_receiver(rn_unit) done, rn_sender(int) seen)
{
    int rc = rn_wait(done);
    return rc == -EPIPE ? rn_send(seen, 1) : rc;
}
RN_TASK(wait_twice, rn_receiver(rn_unit), rn_sender(int));

static int close_units(rn_receiver(rn_chan(rn_unit)) in)
{
    rn_chan(rn_unit) c;
    for (int rc; (rc = rn_try_recv(in, &c)) != -EPIPE;)
        if (rc == 0)
            rn_close(c);
        else
            (void)rn_yield();
    return 0;
}
RN_TASK(close_units, rn_receiver(rn_chan(rn_unit)));

/* Whoever has seen the end of a channel may free it; the close that it saw must not touch the
 * channel any more, which may be another's by then. */
TASK_TEST(channel_may_be_freed_once_its_end_was_seen)
{
    rn_group *s = rn_group_new(NULL);
    rn_chan(rn_chan(rn_unit)) to_close = rn_make(s, rn_chan(rn_unit), 1);
    rn_chan(int) seen = rn_make(s, int, 2);
    rn_go(s, close_units, rn_rx(to_close));
    int64_t end = rn_now() + 300 * RN_MILLISECOND; /* on a busy machine a round may take long */
    for (int i = 0; i < 20000 && rn_now() < end; i++) {
        rn_chan(rn_unit) done = rn_make(s, rn_unit, 0);
        if (i % 100 == 0) {
            rn_go(s, wait_twice, rn_rx(done), rn_tx(seen));
            await_receivers(RAW(done), 1);
        }
        CHECK_EQ(rn_send(to_close, done), 0);
        while (rn_try_recv(done, (rn_unit *)NULL) == -EAGAIN)
            (void)rn_yield(); /* nobody parks: the closer runs on a worker of its own */
        if (i % 100 == 0)
            CHECK_EQ(rn_recv(seen, (int *)NULL), 0);
        rn_free(done);
        rn_chan(rn_unit) next = rn_make(s, rn_unit, 1); /* takes over the memory */
        CHECK_EQ(rn_try_recv(next, (rn_unit *)NULL), -EAGAIN);
        rn_free(next);
    }
    rn_close(to_close);
    CHECK_EQ(rn_group_wait(s), 0);
    rn_group_close(s);
    return 0;
}
