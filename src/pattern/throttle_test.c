/* SPDX-License-Identifier: MIT */
/* The throttle, under the virtual clock. */
#include <runnel.h>

#include "kit/kit.h"
#include "pattern/ledger.h"

static int64_t elapsed(void)
{
    return rn_now() - RN_TEST_START;
}

static void run(int (*fn)(rn_group *g, void *arg))
{
    CHECK_EQ(rn_test_run(fn, NULL, NULL), 0);
}

static int count_up(rn_sender(int) out, int n)
{
    int rc = 0;
    for (int i = 0; i < n && rc == 0; i++)
        rc = rn_send(out, i);
    rn_close(out);
    return rc;
}
RN_TASK(count_up, rn_sender(int), int);

static rn_receiver(int) counter(rn_group *g, int n)
{
    rn_chan(int) c = rn_make(g, int, 0);
    rn_go(g, count_up, rn_tx(c), n);
    return rn_rx(c);
}

static int at_the_pace(rn_group *g, void *arg)
{
    (void)arg;
    for (size_t burst = 0; burst < 4; burst++) {
        rn_receiver(int) out = rn_throttle(g, counter(g, 10), RN_SECOND, burst);
        int64_t begun = rn_now();
        int tokens = burst ? (int)burst : 1, n = 0;
        for (int v; rn_recv(out, &v) == 0; n++) {
            CHECK_EQ(v, n);
            CHECK_EQ(rn_now() - begun, n < tokens ? 0 : (n - tokens + 1) * RN_SECOND);
        }
        CHECK_EQ(n, 10);
        CHECK_EQ(rn_now() - begun, (10 - tokens) * RN_SECOND); /* closed with the last value */
    }
    return 0;
}

TEST(throttle_passes_a_burst_then_keeps_the_pace)
{
    run(at_the_pace);
}

static int refill(rn_group *g, void *arg)
{
    rn_receiver(int) out = rn_throttle(g, counter(g, 100), 100 * RN_MILLISECOND, 3);
    (void)arg;
    int v;
    for (int i = 0; i < 3; i++)
        CHECK_EQ(rn_recv(out, &v), 0);
    CHECK_EQ(rn_sleep(250 * RN_MILLISECOND), 0); /* two tokens and a half */
    CHECK_EQ(rn_recv(out, &v), 0);
    CHECK_EQ(rn_recv(out, &v), 0);
    CHECK_EQ(elapsed(), 250 * RN_MILLISECOND);
    CHECK_EQ(rn_recv(out, &v), 0);
    CHECK_EQ(elapsed(), 300 * RN_MILLISECOND);
    CHECK_EQ(rn_sleep(RN_HOUR), 0); /* never more than three */
    int64_t begun = rn_now();
    for (int i = 0; i < 3; i++)
        CHECK_EQ(rn_recv(out, &v), 0);
    CHECK_EQ(rn_now(), begun);
    CHECK_EQ(rn_recv(out, &v), 0);
    CHECK_EQ(rn_now(), begun + 100 * RN_MILLISECOND);
    rn_group_cancel(g, 0);
    return 0;
}

TEST(throttle_refills_up_to_its_burst)
{
    run(refill);
}

static int late_consumer(rn_group *g, void *arg)
{
    rn_stage(int, int) slow = rn_stage_throttle(g, int, RN_SECOND, 1);
    rn_receiver(int) outs[] = { rn_throttle(g, counter(g, 9), RN_SECOND, 1),
                                rn_start_with(g, counter(g, 9), slow, RN_FUSED),
                                rn_start_with(g, counter(g, 9), slow, RN_BATCHED) };
    int v;
    (void)arg;
    for (size_t form = 0; form < 3; form++) {
        CHECK_EQ(rn_sleep(10 * RN_SECOND), 0);
        int64_t begun = rn_now();
        for (int i = 0; i < 5; i++) {
            CHECK_EQ(rn_recv(outs[form], &v), 0);
            CHECK_EQ(rn_now() - begun, i * RN_SECOND);
        }
    }
    rn_group_cancel(g, 0);
    return 0;
}

TEST(throttle_gives_a_late_consumer_no_more_than_its_burst)
{
    run(late_consumer);
}

static int no_limit(rn_group *g, void *arg)
{
    (void)arg;
    for (int64_t every = -1; every <= 0; every++) {
        rn_receiver(int) out = rn_throttle(g, counter(g, 1000), every, 1);
        int n = 0;
        for (int v; rn_recv(out, &v) == 0;)
            n++;
        CHECK_EQ(n, 1000);
        CHECK_EQ(elapsed(), 0);
    }
    /* A burst that would overflow. */
    rn_receiver(int) out = rn_throttle(g, counter(g, 1000), RN_HOUR, INT64_MAX);
    int n = 0;
    for (int v; rn_recv(out, &v) == 0;)
        n++;
    CHECK_EQ(n, 1000);
    CHECK_EQ(elapsed(), 0);
    return 0;
}

TEST(throttle_without_a_limit)
{
    run(no_limit);
}

static int never_again(rn_group *g, void *arg)
{
    rn_group *h = rn_group_new(NULL);
    rn_receiver(int) out = rn_throttle(h, counter(g, 5), RN_FOREVER, 2);
    int v;
    (void)arg;
    CHECK_EQ(rn_recv(out, &v), 0);
    CHECK_EQ(rn_recv(out, &v), 0);
    CHECK_EQ(rn_recv_until(out, &v, rn_now() + 1000 * RN_HOUR), -ETIMEDOUT);
    rn_group_cancel(h, 0);
    CHECK_EQ(rn_recv(out, &v), -EPIPE);
    rn_group_close(h);
    rn_group_cancel(g, 0);
    return 0;
}

TEST(throttle_that_gets_no_more_tokens)
{
    run(never_again);
}

TASK_TEST(throttle_of_nil_and_closed_channels)
{
    rn_group *h = rn_group_new(NULL);
    rn_chan(int) closed = rn_make(h, int, 1), nil = NULL;
    int v = 7;
    CHECK_EQ(rn_send(closed, 3), 0);
    rn_close(closed);
    rn_receiver(int) out = rn_throttle(h, closed, RN_HOUR, 1);
    CHECK_EQ(rn_recv(out, &v), 0);
    CHECK_EQ(v, 3);
    CHECK_EQ(rn_recv(out, &v), -EPIPE); /* without a token */
    out = rn_throttle(h, nil, 1, 1);
    CHECK_EQ(rn_recv_until(out, &v, rn_now() + RN_MILLISECOND), -ETIMEDOUT);
    rn_group_cancel(h, 0);
    CHECK_EQ(rn_recv(out, &v), -EPIPE);
    rn_group_close(h);
    (void)g;
    return 0;
}

static int stop_at(rn_group *g, void *arg)
{
    (void)g;
    for (int64_t at = 0; at < 200; at++) {
        rn_group *from = rn_group_new(NULL), *h = rn_group_new(NULL), *to = rn_group_new(NULL);
        ledger_clear();
        rn_go(to, ledger_consume, rn_throttle(h, ledger_stream(from, 30, 2), 10, 3));
        CHECK_EQ(rn_sleep(at), 0);
        rn_group_cancel(h, 0);
        CHECK_EQ(rn_group_wait(to), 0);
        CHECK(ledger_dropped <= 1);
        rn_group_close(from);
        rn_group_close(h);
        rn_group_close(to);
        CHECK_EQ(ledger_errors(), 0);
        CHECK_EQ(ledger_received + ledger_dropped, ledger_next);
    }
    (void)arg;
    return 0;
}

TEST(throttle_stopped_at_any_moment_loses_nothing)
{
    run(stop_at);
}
