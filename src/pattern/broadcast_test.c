/* SPDX-License-Identifier: MIT */
/* Broadcasts. */
#include <runnel.h>

#include "kit/kit.h"
#include "pattern/ledger.h"

enum { MANY = 12 };

static int count_up(rn_sender(int) out, int n)
{
    int rc = 0;
    for (int i = 0; i < n && rc == 0; i++)
        rc = rn_send(out, i);
    rn_close(out);
    return rc;
}
RN_TASK(count_up, rn_sender(int), int);

static int check_sequence(rn_receiver(int) in, int n)
{
    int i = 0;
    for (int v; rn_recv(in, &v) == 0; i++)
        CHECK_EQ(v, i);
    CHECK_EQ(i, n);
    return 0;
}
RN_TASK(check_sequence, rn_receiver(int), int);

TASK_TEST(broadcast_gives_everything_to_everybody_in_order)
{
    (void)g;
    for (size_t n = 1; n <= MANY; n++) {
        rn_group *h = rn_group_new(NULL);
        rn_chan(int) in = rn_make(h, int, 0);
        rn_broadcast(int) b = rn_broadcast_new(h, in);
        for (size_t i = 0; i < n; i++)
            rn_go(h, check_sequence, rn_subscribe(h, b, i % 4, RN_SLOW_WAIT), 200);
        rn_go(h, count_up, rn_tx(in), 200);
        CHECK_EQ(rn_group_wait(h), 0);
        rn_group_close(h);
    }
    return 0;
}

TASK_TEST(broadcast_takes_nothing_while_nobody_subscribes)
{
    rn_chan(int) in = rn_make(g, int, 3);
    rn_broadcast(int) b = rn_broadcast_new(g, in);
    int v;
    for (int i = 0; i < 3; i++)
        CHECK_EQ(rn_send(in, i), 0);
    CHECK_EQ(rn_sleep(RN_MILLISECOND), 0);
    CHECK_EQ(rn_len(in), 3);
    rn_receiver(int) one = rn_subscribe(g, b, 0, RN_SLOW_WAIT);
    CHECK_EQ(rn_recv(one, &v), 0);
    CHECK_EQ(v, 0);
    while (rn_len(in) > 1)
        (void)rn_yield();
    rn_unsubscribe(b, one); /* 1 is in hand, and waits for the next */
    CHECK_EQ(rn_sleep(RN_MILLISECOND), 0);
    CHECK_EQ(rn_len(in), 1);
    rn_receiver(int) two = rn_subscribe(g, b, 0, RN_SLOW_WAIT);
    CHECK_EQ(rn_recv(two, &v), 0);
    CHECK(v == 1 || v == 2); /* 1 went to whom it was offered */
    rn_close(in);
    while (rn_recv(two, &v) == 0)
        CHECK_EQ(v, 2);
    CHECK_EQ(rn_recv(rn_subscribe(g, b, 1, RN_SLOW_WAIT), &v), -EPIPE); /* it is over */
    return 0;
}

TASK_TEST(broadcast_waits_for_a_slow_subscriber)
{
    rn_chan(int) in = rn_make(g, int, 10);
    rn_broadcast(int) b = rn_broadcast_new(g, in);
    rn_receiver(int) slow = rn_subscribe(g, b, 2, RN_SLOW_WAIT);
    rn_receiver(int) fast = rn_subscribe(g, b, 10, RN_SLOW_WAIT);
    for (int i = 0; i < 10; i++)
        CHECK_EQ(rn_send(in, i), 0);
    rn_close(in);
    while (rn_len(fast) < 3)
        (void)rn_yield();
    CHECK_EQ(rn_sleep(RN_MILLISECOND), 0);
    CHECK_EQ(rn_len(fast), 3); /* two are in slow's buffer, the third waits */
    CHECK_EQ(check_sequence(slow, 10), 0);
    CHECK_EQ(check_sequence(fast, 10), 0);
    return 0;
}

TASK_TEST(broadcast_drops_the_oldest_of_a_slow_subscriber)
{
    ledger_clear();
    rn_group *h = rn_group_new(NULL);
    rn_chan(int) in = rn_make_drop(h, int, 0, ledger_drop);
    rn_broadcast(int) b = rn_broadcast_copy(h, in, ledger_copy);
    rn_receiver(int) fast = rn_subscribe(h, b, 0, RN_SLOW_WAIT);
    rn_receiver(int) slow = rn_subscribe(h, b, 3, RN_SLOW_DROP);
    rn_receiver(int) deaf = rn_subscribe(h, b, 0, RN_SLOW_DROP);
    int id, last[3] = { -1, -1, -1 };
    rn_go(h, ledger_produce, rn_tx(in), 10);
    for (int i = 0; i < 10; i++) {
        CHECK_EQ(rn_recv(fast, &id), 0);
        ledger_end(id, &ledger_received);
    }
    CHECK_EQ(rn_recv(fast, &id), -EPIPE);
    for (int i = 0; i < 3; i++, last[0] = id) {
        CHECK_EQ(rn_recv(slow, &id), 0); /* the last three, copies made in this order */
        CHECK(id > last[0]);
        ledger_end(id, &ledger_received);
    }
    CHECK_EQ(rn_recv(slow, &id), -EPIPE);
    CHECK_EQ(rn_recv(deaf, &id), -EPIPE);
    CHECK_EQ(ledger_next, 30);
    CHECK_EQ(ledger_dropped, 7 + 10);
    CHECK_EQ(ledger_errors(), 0);
    rn_group_close(h);
    (void)g;
    return 0;
}

TASK_TEST(broadcast_keeps_the_newest_for_a_slow_subscriber)
{
    rn_chan(int) in = rn_make(g, int, 0);
    rn_broadcast(int) b = rn_broadcast_new(g, in);
    rn_receiver(int) latest = rn_subscribe(g, b, 2, RN_SLOW_DROP);
    int v;
    rn_receiver(int) all = rn_subscribe(g, b, 0, RN_SLOW_WAIT);
    rn_go(g, count_up, rn_tx(in), 100);
    CHECK_EQ(check_sequence(all, 100), 0);
    CHECK_EQ(rn_recv(latest, &v), 0);
    CHECK_EQ(v, 98);
    CHECK_EQ(rn_recv(latest, &v), 0);
    CHECK_EQ(v, 99);
    CHECK_EQ(rn_recv(latest, &v), -EPIPE);
    return 0;
}

TASK_TEST(broadcast_goes_on_when_a_slow_subscriber_leaves)
{
    for (int how = 0; how < 2; how++) {
        rn_group *h = rn_group_new(NULL);
        rn_chan(int) in = rn_make(g, int, 5);
        rn_broadcast(int) b = rn_broadcast_new(g, in);
        rn_receiver(int) stays = rn_subscribe(g, b, 0, RN_SLOW_WAIT);
        rn_receiver(int) leaves = rn_subscribe(h, b, 0, RN_SLOW_WAIT);
        int v;
        for (int i = 0; i < 5; i++)
            CHECK_EQ(rn_send(in, i), 0);
        rn_close(in);
        CHECK_EQ(rn_recv(stays, &v), 0);
        CHECK_EQ(rn_recv_until(stays, &v, rn_now() + RN_MILLISECOND), -ETIMEDOUT);
        if (how)
            rn_unsubscribe(b, leaves);
        rn_group_close(h); /* leaves, too */
        for (int i = 1; i < 5; i++) {
            CHECK_EQ(rn_recv(stays, &v), 0);
            CHECK_EQ(v, i);
        }
        CHECK_EQ(rn_recv(stays, &v), -EPIPE);
    }
    return 0;
}

TASK_TEST(broadcast_of_nil_and_closed_channels)
{
    rn_group *h = rn_group_new(NULL);
    rn_chan(int) closed = rn_make(g, int, 1), nil = NULL;
    int v = 7;
    CHECK_EQ(rn_send(closed, 3), 0);
    rn_close(closed);
    rn_receiver(int) rx = rn_subscribe(h, rn_broadcast_new(h, closed), 0, RN_SLOW_WAIT);
    CHECK_EQ(rn_recv(rx, &v), 0);
    CHECK_EQ(v, 3);
    CHECK_EQ(rn_recv(rx, &v), -EPIPE);
    rn_broadcast(int) never = rn_broadcast_new(h, nil);
    rx = rn_subscribe(g, never, 0, RN_SLOW_WAIT);
    CHECK_EQ(rn_recv_until(rx, &v, rn_now() + RN_MILLISECOND), -ETIMEDOUT);
    rn_group_cancel(h, 0);
    CHECK_EQ(rn_recv(rx, &v), -EPIPE);
    rn_broadcast(int) refused = rn_broadcast_new(h, closed);
    rx = rn_subscribe(g, refused, 0, RN_SLOW_WAIT);
    CHECK_EQ(rn_recv(rx, &v), -EPIPE);
    rn_group_close(h); /* before the groups of its subscribers */
    CHECK_EQ(rn_recv(rx, &v), -EPIPE);
    return 0;
}

/* ---- ownership ---- */

static int come_and_go(rn_group *own, rn_broadcast(int) b, unsigned seed)
{
    for (int rounds = 0; rounds < 3; rounds++) {
        rn_slow slow = ledger_choose(&seed, 2) ? RN_SLOW_WAIT : RN_SLOW_DROP;
        rn_receiver(int) rx = rn_subscribe(own, b, ledger_choose(&seed, 3), slow);
        int id, rc = 0;
        for (unsigned n = ledger_choose(&seed, 12); n && rc == 0; n--) {
            rc = rn_recv(rx, &id);
            if (rc == 0)
                ledger_end(id, &ledger_received);
        }
        if (ledger_choose(&seed, 2))
            rn_unsubscribe(b, rx);
        else if (rounds < 2)
            return 0; /* the end of its group is the end of its subscription */
    }
    return 0;
}
RN_TASK(come_and_go, rn_group *, rn_broadcast(int), unsigned);

static void stop_at_any_moment(unsigned seed)
{
    rn_group *from = rn_group_new(NULL), *h = rn_group_new(NULL), *to[MANY];
    unsigned n = 1 + ledger_choose(&seed, MANY - 1);
    ledger_clear();
    rn_broadcast(int) b = rn_broadcast_copy(h, ledger_stream(from, 40, 2), ledger_copy);
    for (unsigned i = 0; i < n; i++) {
        to[i] = rn_group_new(NULL);
        if (ledger_choose(&seed, 2))
            rn_go(to[i], ledger_consume, rn_subscribe(to[i], b, i % 3, (rn_slow)(i % 2)));
        else
            rn_go(to[i], come_and_go, to[i], b, seed + i);
    }
    ledger_pause(ledger_choose(&seed, 150));
    for (unsigned i = 0; i < n; i += 2)
        rn_group_close(to[i]);
    ledger_pause(ledger_choose(&seed, 50));
    rn_group_cancel(h, 0);
    for (unsigned i = 1; i < n; i += 2) {
        CHECK_EQ(rn_group_wait(to[i]), 0); /* their channels are closed */
        rn_group_close(to[i]);
    }
    rn_group_close(from);
    rn_group_close(h);
    CHECK_EQ(ledger_errors(), 0);
    CHECK_EQ(ledger_received + ledger_dropped, ledger_next);
}

TASK_TEST(broadcast_stopped_at_any_moment_loses_nothing)
{
    (void)g;
    for (unsigned seed = 0; seed < 1000; seed++)
        stop_at_any_moment(seed);
    return 0;
}

static int refuse_copies(void *to, const void *from)
{
    (void)to;
    (void)from;
    return -ENOSPC;
}

TASK_TEST(broadcast_fails_its_group_when_a_copy_fails)
{
    ledger_clear();
    rn_group *h = rn_group_new(NULL);
    rn_broadcast(int) b = rn_broadcast_copy(h, ledger_stream(h, 9, 0), refuse_copies);
    /* Gets the original while it is the only one, and the stream waits for it until it is not. */
    rn_receiver(int) one = rn_subscribe(g, b, 0, RN_SLOW_WAIT);
    rn_receiver(int) two = rn_subscribe(g, b, 0, RN_SLOW_DROP);
    (void)two;
    for (int id; rn_recv(one, &id) == 0;)
        ledger_end(id, &ledger_received);
    CHECK(rn_group_wait(h) == -ENOSPC);
    rn_group_close(h);
    CHECK_EQ(ledger_errors(), 0);
    return 0;
}

TEST_EXIT(broadcast_of_a_channel_with_drop, 2, "needs copies: rn_broadcast_copy")
{
    rn_group *g = rn_group_new(NULL);
    CHECK(rn_broadcast_new(g, rn_make_drop(g, int, 0, ledger_drop)) == NULL);
}

TEST_EXIT(unsubscribe_of_another_channel, 2, "rn_unsubscribe of a receiver that is not subscribed")
{
    rn_group *g = rn_group_new(NULL);
    rn_chan(int) in = rn_make(g, int, 0);
    rn_broadcast(int) b = rn_broadcast_new(g, in);
    rn_unsubscribe(b, in);
}

/* ---- elements of all sizes ---- */

typedef struct big {
    _Alignas(64) int id;
    unsigned char fill[4096 - sizeof(int)];
} big;

static int copy_aligned(void *to, const void *from)
{
    CHECK_EQ((uintptr_t)to % _Alignof(big), 0);
    CHECK_EQ((uintptr_t)from % _Alignof(big), 0);
    memcpy(to, from, sizeof(big));
    return 0;
}

TASK_TEST(broadcast_of_large_and_aligned_elements)
{
    static big sent, got;
    rn_chan(big) in = rn_make(g, big, 0);
    rn_chan(rn_unit) units = rn_make(g, rn_unit, 1);
    rn_broadcast(big) b = rn_broadcast_copy(g, in, copy_aligned);
    rn_broadcast(rn_unit) u = rn_broadcast_new(g, units);
    rn_receiver(big) rx[3];
    rn_receiver(rn_unit) tick = rn_subscribe(g, u, 2, RN_SLOW_DROP);
    rn_receiver(rn_unit) every = rn_subscribe(g, u, 9, RN_SLOW_WAIT);
    for (int i = 0; i < 3; i++)
        rx[i] = rn_subscribe(g, b, (size_t)i, RN_SLOW_WAIT);
    for (int k = 0; k < 9; k++) {
        memset(&sent, k + 1, sizeof sent);
        CHECK_EQ(rn_send(in, sent), 0);
        CHECK_EQ(rn_send(units, RN_UNIT), 0);
        for (int i = 0; i < 3; i++) {
            CHECK_EQ(rn_recv(rx[i], &got), 0);
            CHECK_EQ(memcmp(&sent, &got, sizeof got), 0);
        }
    }
    rn_close(units);
    int ticks = 0;
    while (rn_wait(every) == 0)
        ticks++;
    CHECK_EQ(ticks, 9);
    while (rn_wait(tick) == 0) /* of all nine, as they have all been given to it by now */
        ticks--;
    CHECK_EQ(ticks, 7);
    rn_close(in);
    CHECK_EQ(rn_wait(rx[0]), -EPIPE);
    return 0;
}
