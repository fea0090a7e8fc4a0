/* SPDX-License-Identifier: MIT */
/* Select: what is evaluated, chosen and written. The storms are in select_stress_test.c. */
#include "kit/kit.h"

#include <stdio.h>
#include <stdlib.h>

#include "sync/chan_peek.h"

static int send_one(rn_sender(int) out, int v)
{
    return rn_send(out, v);
}
RN_TASK(send_one, rn_sender(int), int);

/* ---- 78, 79, 103: the choice ---- */

enum { TRIALS = 10000 };

/* Binomial with p = 1/n: five standard deviations, so one run in a million fails by chance. */
static void about_one_in(int n, int hits)
{
    double expected = (double)TRIALS / n, off = hits - expected;
    CHECK(off * off < 25.0 * expected * (n - 1) / n);
}

TASK_TEST(ready_cases_are_chosen_evenly)
{
    rn_chan(int) a = rn_make(g, int, TRIALS), b = rn_make(g, int, TRIALS), nil = NULL;
    int hits[4] = { 0 };
    for (int i = 0; i < TRIALS; i++) {
        CHECK_EQ(rn_send(a, 1), 0);
        CHECK_EQ(rn_send(b, 1), 0);
    }
    for (int i = 0; i < TRIALS; i++)
        hits[rn_select(RN_DONE(a), RN_DONE(nil), RN_DONE(b), RN_DEFAULT)]++;
    about_one_in(2, hits[0]);
    about_one_in(2, hits[2]);
    CHECK_EQ(hits[1] + hits[3], 0);
    return 0;
}

TASK_TEST(ready_sends_are_chosen_evenly)
{
    rn_chan(int) c = rn_make(g, int, 1);
    int hits[3] = { 0 }, v;
    for (int i = 0; i < TRIALS; i++) {
        CHECK(rn_select(RN_SEND(c, 0), RN_SEND(c, 1), RN_SEND(c, 2)) >= 0);
        CHECK_EQ(rn_recv(c, &v), 0);
        hits[v]++;
    }
    for (int k = 0; k < 3; k++)
        about_one_in(3, hits[k]);
    return 0;
}

TASK_TEST(choice_is_even_over_cases_not_channels)
{
    rn_chan(rn_unit) closed = rn_make(g, rn_unit, 0), other = rn_make(g, rn_unit, 0);
    int hits[5] = { 0 };
    rn_close(closed);
    rn_close(other);
    for (int i = 0; i < TRIALS; i++)
        hits[rn_select(RN_DONE(closed), RN_DONE(closed), RN_DONE(other), RN_DONE(closed),
                       RN_DONE(closed))]++;
    for (int k = 0; k < 5; k++)
        about_one_in(5, hits[k]);
    return 0;
}

TASK_TEST(ordered_select_takes_the_first_ready)
{
    rn_chan(int) a = rn_make(g, int, 1), b = rn_make(g, int, 1);
    rn_case cases[] = { RN_DONE(a), RN_DONE(b), RN_DEFAULT };
    for (int i = 0; i < 200; i++) {
        CHECK_EQ(rn_send(b, 1), 0);
        if (i % 2)
            CHECK_EQ(rn_send(a, 1), 0);
        if (i % 2)
            CHECK_EQ(rn_select_ordered(RN_DONE(a), RN_DONE(b)), 0);
        CHECK_EQ(rn_select_ordered_n(cases, 3), 1);
        CHECK_EQ(rn_select_ordered_n(cases, 3), 2);
    }
    return 0;
}

/* ---- 80, 81, 65: default ---- */

TASK_TEST(default_only_if_nothing_is_ready)
{
    rn_chan(int) c = rn_make(g, int, 1), d = rn_make(g, int, 0);
    int v;
    for (int i = 0; i < 100; i++) {
        CHECK_EQ(rn_select(RN_DEFAULT, RN_RECV(c, &v, NULL), RN_SEND(d, 1)), 0);
        CHECK_EQ(rn_select(RN_RECV(c, &v, NULL), RN_SEND(c, i), RN_DEFAULT, RN_DONE(d)), 1);
        CHECK_EQ(rn_select(RN_SEND(c, i), RN_SEND(d, 1), RN_DEFAULT), 2);
        CHECK_EQ(rn_select(RN_SEND(d, 1), RN_DEFAULT, RN_RECV(c, &v, NULL)), 2);
        CHECK_EQ(v, i);
    }
    return 0;
}

static int two_defaults(rn_group *g, void *arg)
{
    (void)g;
    (void)arg;
    return rn_select(RN_DEFAULT, RN_DEFAULT);
}

TEST_EXIT(two_defaults_are_an_error, 2, "select with two RN_DEFAULT cases")
{
    (void)rn_run(two_defaults, NULL);
}

/* ---- 82, 83, 108: evaluation ---- */

static int calls;

static rn_chan(int) counted(rn_chan(int) c)
{
    calls++;
    return c;
}

static int value(int v)
{
    calls++;
    return v;
}

TASK_TEST(operands_are_evaluated_once_chosen_or_not)
{
    rn_chan(int) c = rn_make(g, int, 1), nil = NULL;
    int v;
    CHECK_EQ(rn_select(RN_SEND(counted(nil), value(1)), RN_DONE(counted(nil)),
                       RN_SEND(counted(c), value(2)), RN_RECV(counted(nil), &v, NULL)),
             2);
    CHECK_EQ(calls, 6);
    CHECK_EQ(rn_select(RN_DEFAULT, RN_SEND(counted(c), value(3))), 0);
    CHECK_EQ(calls, 8);
    CHECK_EQ(rn_select_ordered(RN_SEND(counted(nil), value(3)), RN_DEFAULT), 1);
    CHECK_EQ(calls, 10);
    CHECK_EQ(rn_send(counted(c = rn_make(g, int, 1)), value(4)), 0);
    CHECK_EQ(rn_recv(counted(c), &v), 0);
    CHECK_EQ(calls, 13);
    return 0;
}

TASK_TEST(only_the_chosen_destination_is_written)
{
    rn_chan(int) c = rn_make(g, int, 1), never = rn_make(g, int, 0);
    int *nowhere = NULL;
    int v = 0, other = 5;
    bool ok = false, other_ok = true;
    CHECK_EQ(rn_send(c, 6), 0);
    CHECK_EQ(rn_select(RN_RECV(never, &other, &other_ok), RN_RECV(c, &v, &ok),
                       RN_RECV(never, nowhere, NULL)),
             1);
    CHECK(v == 6 && ok && other == 5 && other_ok);
    CHECK_EQ(rn_select(RN_RECV(never, &other, &other_ok), RN_DEFAULT), 1);
    CHECK_EQ(rn_select(RN_RECV(never, &other, &other_ok), RN_AFTER(1)), 1);
    CHECK(other == 5 && other_ok);
    return 0;
}

TASK_TEST(send_value_may_itself_be_received)
{
    rn_chan(int) from = rn_make(g, int, 0), to = rn_make(g, int, 1);
    int v;
    rn_go(g, send_one, rn_tx(from), 7);
    CHECK_EQ(rn_select(RN_SEND(to, (CHECK_EQ(rn_recv(from, &v), 0), v * 2))), 0);
    CHECK_EQ(rn_recv(to, &v), 0);
    CHECK_EQ(v, 14);
    return 0;
}

TASK_TEST(send_by_pointer_reads_at_the_call)
{
    rn_chan(int) c = rn_make(g, int, 1);
    int v = 1, got;
    rn_case cases[] = { RN_SEND_PTR(c, &v) };
    for (; v < 10; v++) { /* a list may be used again */
        CHECK_EQ(rn_select_n(cases, 1), 0);
        CHECK_EQ(rn_recv(c, &got), 0);
        CHECK_EQ(got, v);
    }
    return 0;
}

/* ---- 26, 85, 86: one channel several times ---- */

static int select_both_ways(rn_chan(int) c, int me, int *sends, int *recvs)
{
    for (int i = 0, v; i < 1000; i++)
        switch (rn_select(RN_SEND(c, me), RN_RECV(c, &v, NULL))) {
        case 0: ++*sends; break;
        case 1:
            if (v == me)
                return -EPROTO; /* paired with itself */
            ++*recvs;
            break;
        default: return -ECANCELED;
        }
    return 0;
}
RN_TASK(select_both_ways, rn_chan(int), int, int *, int *);

TASK_TEST(select_never_pairs_with_itself)
{
    rn_group *s = rn_group_new(NULL);
    rn_chan(int) c = rn_make(g, int, 0);
    static int sends[2], recvs[2];
    int v;
    CHECK_EQ(rn_select(RN_SEND(c, 1), RN_RECV(c, &v, NULL), RN_DEFAULT), 2);
    CHECK_EQ(rn_select(RN_SEND(c, 1), RN_RECV(c, &v, NULL), RN_AFTER(RN_MILLISECOND)), 2);
    rn_go(s, select_both_ways, c, 1, &sends[0], &recvs[0]);
    rn_go(s, select_both_ways, c, 2, &sends[1], &recvs[1]);
    CHECK_EQ(rn_group_wait(s), 0);
    CHECK_EQ(sends[0], recvs[1]);
    CHECK_EQ(sends[1], recvs[0]);
    CHECK_EQ(sends[0] + recvs[0], 1000);
    rn_group_close(s);
    return 0;
}

static int select_three_times(rn_receiver(int) a, rn_receiver(int) b, rn_sender(int) out)
{
    int v;
    int i = rn_select(RN_RECV(a, &v, NULL), RN_RECV(b, &v, NULL), RN_RECV(a, &v, NULL),
                      RN_RECV(b, &v, NULL), RN_RECV(a, &v, NULL));
    return i < 0 ? i : rn_send(out, i * 100 + v);
}
RN_TASK(select_three_times, rn_receiver(int), rn_receiver(int), rn_sender(int));

TASK_TEST(waiting_select_leaves_every_queue)
{
    rn_chan(int) a = rn_make(g, int, 0), b = rn_make(g, int, 0), out = rn_make(g, int, 0);
    for (int round = 0; round < 200; round++) {
        int v;
        rn_go(g, select_three_times, rn_rx(a), rn_rx(b), rn_tx(out));
        await_receivers(RAW(a), 3);
        await_receivers(RAW(b), 2);
        CHECK_EQ(round % 2 ? rn_send(a, 7) : rn_send(b, 8), 0);
        CHECK_EQ(rn_recv(out, &v), 0);
        CHECK_EQ(v % 100, round % 2 ? 7 : 8);
        CHECK_EQ(v / 100 % 2, round % 2 ? 0 : 1); /* either of the channel's cases may win */
        CHECK_EQ(waiting(RAW(a), false) + waiting(RAW(b), false), 0);
        CHECK_EQ(rn_try_send(a, 1), -EAGAIN);
        CHECK_EQ(rn_try_send(b, 1), -EAGAIN);
    }
    return 0;
}

/* ---- 89, 90, 91, 94, 95: forms of the call ---- */

TASK_TEST(break_continue_and_return_mean_what_c_says)
{
    rn_chan(int) c = rn_make(g, int, 10);
    int v, breaks = 0, continues = 0, i = 0;
    for (; i < 6; i++) {
        CHECK_EQ(rn_send(c, i), 0);
        switch (rn_select(RN_RECV(c, &v, NULL))) {
        case 0:
            if (v % 2)
                continue;
            break; /* leaves the switch */
        default: return -EINVAL;
        }
        breaks++;
        continue;
    }
    continues = i - breaks;
    CHECK_EQ(breaks, 3);
    CHECK_EQ(continues, 3);
    return 0;
}

TASK_TEST(select_takes_many_cases)
{
    enum { MANY = 65536 };
    rn_case *cases = calloc(MANY, sizeof *cases);
    rn_chan(int) c[64];
    for (int i = 0; i < 64; i++)
        c[i] = rn_make(g, int, 1);
    CHECK(cases);
    int v;
    for (int i = 0; i < MANY; i++)
        cases[i] = RN_RECV(c[i * 7 % 64], &v, NULL);
    for (int i = 0; i < 3; i++) {
        rn_go(g, send_one, rn_tx(c[i]), 100 + i);
        int chosen = rn_select_n(cases, MANY); /* waits in 65 536 places */
        CHECK(chosen >= 0);
        CHECK_EQ(chosen * 7 % 64, i);
        CHECK_EQ(v, 100 + i);
    }
    CHECK_EQ(waiting(RAW(c[5]), false), 0);
    free(cases);
    return 0;
}

TASK_TEST(runtime_list_may_hold_absent_cases)
{
    rn_chan(int) c = rn_make(g, int, 1);
    int v = 3;
    rn_case cases[5] = { [1] = RN_SEND_PTR(c, &v), [4] = RN_AFTER(RN_HOUR) };
    CHECK_EQ(rn_select_n(cases, 5), 1);
    cases[1] = RN_RECV(c, &v, NULL);
    CHECK_EQ(rn_select_n(cases, 5), 1);
    cases[4] = RN_AFTER(0);
    CHECK_EQ(rn_select_n(cases, 5), 4);
    cases[2] = RN_DEFAULT;
    CHECK_EQ(rn_select_n(cases, 5), 2);
    return 0;
}

/* ---- 104, 105, 106: done channels, polling loops, contexts ---- */

static int wait_for_any(rn_receiver(rn_unit) const *done, rn_sender(int) out)
{
    return rn_send(
        out, rn_select(RN_DONE(done[0]), RN_DONE(done[1]), RN_DONE(done[2]), RN_DONE(done[3])));
}
RN_TASK(wait_for_any, rn_receiver(rn_unit) const *, rn_sender(int));

TASK_TEST(any_of_many_done_channels_releases)
{
    rn_chan(int) out = rn_make(g, int, 0);
    for (int k = 0; k < 4; k++) {
        rn_chan(rn_unit) c[4];
        rn_receiver(rn_unit) done[4];
        int chosen;
        for (int i = 0; i < 4; i++) {
            c[i] = rn_make(g, rn_unit, 0);
            done[i] = rn_rx(c[i]);
        }
        rn_go(g, wait_for_any, done, rn_tx(out));
        await_receivers(RAW(c[3]), 1);
        rn_close(c[k]);
        CHECK_EQ(rn_recv(out, &chosen), 0);
        CHECK_EQ(chosen, k);
    }
    return 0;
}

static int close_later(rn_sender(rn_unit) done)
{
    for (int i = 0; i < 20; i++)
        (void)rn_yield();
    rn_close(done);
    return 0;
}
RN_TASK(close_later, rn_sender(rn_unit));

TASK_TEST(polling_loop_does_not_starve_others)
{
    rn_chan(rn_unit) done = rn_make(g, rn_unit, 0);
    rn_go(g, close_later, rn_tx(done)); /* with one worker it runs only if the loop lets it */
    while (rn_select(RN_DONE(done), RN_DEFAULT) != 0)
        continue;
    return 0;
}

static int select_done(rn_group *g, void *arg)
{
    (void)arg;
    rn_chan(int) c = rn_make(g, int, 0);
    rn_ctx *ctx = rn_ctx_with_timeout(rn_ctx_current(), 2 * RN_MILLISECOND);
    CHECK(ctx);
    CHECK_EQ(rn_select(RN_DONE(c), RN_DONE(rn_ctx_done(ctx)), RN_DEFAULT), 2);
    CHECK_EQ(rn_select(RN_DONE(c), RN_DONE(rn_ctx_done(ctx))), 1);
    CHECK_EQ(rn_ctx_err(ctx), -ETIMEDOUT);
    CHECK_EQ(rn_select(RN_DONE(c), RN_DONE(rn_ctx_done(ctx)), RN_DEFAULT), 1);
    CHECK_EQ(rn_select(RN_DONE(rn_ctx_done(rn_ctx_background())), RN_DEFAULT), 1);
    rn_ctx_unref(ctx);
    return 0;
}

TEST(context_done_is_a_case)
{
    CHECK_EQ(rn_test_run(select_done, NULL, NULL), 0); /* the first select comes in time */
}
