/* SPDX-License-Identifier: MIT */
/* The or-channel. */
#include <runnel.h>

#include "kit/kit.h"
#include "pattern/ledger.h"

static int elapsed(rn_receiver(rn_unit) c, int64_t begun)
{
    CHECK_EQ(rn_wait(c), -EPIPE);
    return (int)((rn_now() - begun) / RN_MILLISECOND);
}

static int close_after(rn_chan(rn_unit) c, int64_t ns)
{
    rn_sleep(ns);
    rn_close(c);
    return 0;
}
RN_TASK(close_after, rn_chan(rn_unit), int64_t);

static rn_receiver(rn_unit) sig(rn_group *g, int64_t ns)
{
    rn_chan(rn_unit) c = rn_make(g, rn_unit, 0);
    rn_go(g, close_after, c, ns);
    return rn_rx(c);
}

/* The book's program. */
static int first_of_five(rn_group *g, void *arg)
{
    int64_t begun = rn_now();
    (void)arg;
    CHECK_EQ(elapsed(rn_or(g, sig(g, 2 * RN_HOUR), sig(g, 5 * RN_MINUTE), sig(g, RN_SECOND),
                           sig(g, RN_HOUR), sig(g, RN_MINUTE)),
                     begun),
             1000);
    return 0;
}

TEST(or_is_closed_when_the_first_signal_comes)
{
    CHECK_EQ(rn_test_run(first_of_five, NULL, NULL), 0);
}

static bool is_open(rn_receiver(rn_unit) c)
{
    return rn_select(RN_DONE(c), RN_AFTER(10 * RN_MILLISECOND)) == 1;
}

TASK_TEST(or_takes_receivers_of_any_types)
{
    rn_chan(rn_unit) units = rn_make(g, rn_unit, 0);
    rn_chan(int) ints = rn_make(g, int, 1);
    rn_sender(int) tx = rn_tx(ints);
    rn_chan(char *) strings = rn_make(g, char *, 0);
    rn_receiver(rn_unit) any = rn_or(g, units, rn_rx(ints), strings);
    CHECK(is_open(any));
    CHECK_EQ(rn_send(tx, 1), 0); /* a value is a signal, too */
    CHECK_EQ(rn_wait(any), -EPIPE);
    CHECK_EQ(rn_len(ints), 0);
    return 0;
}

TASK_TEST(or_discards_the_value_and_leaves_the_others_alone)
{
    ledger_clear();
    rn_group *h = rn_group_new(NULL);
    rn_chan(int) a = rn_make_drop(h, int, 4, ledger_drop), b = rn_make_drop(h, int, 4, ledger_drop);
    rn_receiver(rn_unit) any = rn_or(h, a, b);
    CHECK_EQ(rn_send(b, ledger_open()), 0);
    CHECK_EQ(rn_wait(any), -EPIPE);
    CHECK_EQ(ledger_dropped, 1);
    CHECK_EQ(rn_send(a, ledger_open()), 0);
    CHECK_EQ(rn_send(b, ledger_open()), 0);
    CHECK_EQ(rn_sleep(RN_MILLISECOND), 0);
    CHECK_EQ(rn_len(a) + rn_len(b), 2);
    rn_free(a); /* nobody keeps them any more */
    rn_close(b);
    rn_group_close(h);
    CHECK_EQ(ledger_errors(), 0);
    return 0;
}

TASK_TEST(or_of_none_is_nil_and_of_one_is_that_one)
{
    CHECK(rn_or(g) == NULL);
    CHECK(rn_or_n(g, (rn_receiver(int) *)NULL, 0) == NULL);
    rn_chan(int) c = rn_make(g, int, 0);
    rn_receiver(rn_unit) one = rn_or(g, c);
    CHECK(is_open(one));
    rn_close(c);
    CHECK_EQ(rn_wait(one), -EPIPE);
    return 0;
}

TASK_TEST(or_of_closed_and_nil_channels)
{
    rn_chan(int) closed = rn_make(g, int, 0), nil = NULL;
    rn_close(closed);
    CHECK_EQ(rn_wait(rn_or(g, nil, closed)), -EPIPE);
    rn_group *h = rn_group_new(NULL);
    rn_receiver(rn_unit) never = rn_or(h, nil, nil);
    CHECK(is_open(never));
    rn_group_cancel(h, 0);
    CHECK_EQ(rn_wait(never), -EPIPE); /* closed by the cancel */
    rn_group_close(h);
    return 0;
}

TASK_TEST(or_in_a_cancelled_group_is_closed)
{
    (void)g;
    rn_group *h = rn_group_new(NULL);
    rn_group_cancel(h, 0);
    rn_chan(int) c = rn_make(h, int, 0);
    CHECK_EQ(rn_wait(rn_or(h, c)), -EPIPE);
    rn_group_close(h);
    return 0;
}

TASK_TEST(or_of_a_thousand_is_one_task)
{
    enum { N = 1000 };
    rn_chan(rn_unit) c[N];
    size_t tasks = rn_task_count();
    for (int round = 0; round < 3; round++) {
        while (rn_task_count() > tasks)
            rn_yield(); /* the last round's task may not have ended */
        for (int i = 0; i < N; i++)
            c[i] = rn_make(g, rn_unit, 0);
        rn_receiver(rn_unit) any = rn_or_n(g, c, N);
        CHECK_EQ(rn_task_count(), tasks + 1);
        rn_close(c[(round * 499) % N]);
        CHECK_EQ(rn_wait(any), -EPIPE);
    }
    return 0;
}

TASK_TEST(or_takes_sixteen)
{
    rn_chan(int) a = rn_make(g, int, 0), b = rn_make(g, int, 0);
    rn_receiver(rn_unit) any = rn_or(g, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, b);
    CHECK(is_open(any));
    rn_close(b);
    CHECK_EQ(rn_wait(any), -EPIPE);
    return 0;
}

TASK_TEST(or_keeps_channels_whose_group_closes)
{
    rn_group *h = rn_group_new(NULL);
    rn_receiver(rn_unit) any = rn_or(g, rn_make(h, int, 0), rn_make(h, int, 3));
    CHECK(is_open(any));
    rn_group_close(h);
    CHECK_EQ(rn_wait(any), -EPIPE);
    return 0;
}

TEST_EXIT(or_without_a_group, 2, "rn_or needs a group")
{
    CHECK(rn_or((rn_group *)NULL, (rn_receiver(int))NULL) == NULL);
}

TASK_TEST(or_of_or_done_of_merge)
{
    rn_chan(int) a = rn_make(g, int, 1), b = rn_make(g, int, 1);
    rn_chan(rn_unit) done = rn_make(g, rn_unit, 0);
    int v;
    CHECK_EQ(rn_send(a, 5), 0);
    CHECK_EQ(rn_recv(rn_or_done(g, rn_or(g, done, done), rn_merge(g, a, b)), &v), 0);
    CHECK_EQ(v, 5);
    rn_group_cancel(g, 0);
    return 0;
}
