/* SPDX-License-Identifier: MIT */
/* Measured channels, on the virtual clock. */
#include <runnel.h>

#include "kit/kit.h"

static int produce(rn_sender(int) out, int n, int64_t every)
{
    for (int i = 0; i < n; i++) {
        if (every)
            CHECK_EQ(rn_sleep(every), 0);
        CHECK_EQ(rn_send(out, i), 0);
    }
    rn_close(out);
    return 0;
}
RN_TASK(produce, rn_sender(int), int, int64_t);

static int two_seconds_each(rn_group *g, void *arg)
{
    rn_chan(int) c = rn_make(g, int, 10);
    rn_channel_stats s;
    int v;
    (void)arg;
    CHECK(!rn_measured(c, &s));
    CHECK_EQ(rn_measure(c), 0);
    for (int i = 0; i < 5; i++) {
        CHECK_EQ(rn_send(c, i), 0);
        CHECK_EQ(rn_sleep(2 * RN_SECOND), 0);
    }
    CHECK(rn_measured(c, &s));
    CHECK_EQ(s.arrivals, 5);
    CHECK_EQ(s.departures, 0);
    CHECK_EQ(s.occupancy, 5);
    CHECK_EQ(s.most, 5);
    CHECK_EQ(s.measured_ns, 10 * RN_SECOND);
    CHECK_EQ(s.occupancy_ns, (1 + 2 + 3 + 4 + 5) * 2 * RN_SECOND);
    for (int i = 0; i < 5; i++)
        CHECK_EQ(rn_recv(c, &v), 0);
    CHECK(rn_measured(c, &s));
    CHECK_EQ(s.departures, 5);
    CHECK_EQ(s.residence_ns, s.occupancy_ns); /* L T = W departures, when it is empty again */
    CHECK_EQ(s.send_waits + s.recv_waits, 0);
    CHECK_EQ(rn_measure(c), 0);
    CHECK(rn_measured(c, &s));
    CHECK_EQ(s.arrivals, 0);
    CHECK_EQ(rn_measure((rn_chan(int))NULL), -EINVAL);
    return 0;
}

TEST(measure_counts_elements_and_their_time)
{
    CHECK_EQ(rn_test_run(two_seconds_each, NULL, NULL), 0);
}

/* A fast producer, a slow consumer: the producer is blocked. */
static int blocked_sides(rn_group *g, void *arg)
{
    rn_channel_stats s;
    for (int cap = 0; cap < 3; cap++) {
        rn_chan(int) c = rn_make(g, int, cap);
        CHECK_EQ(rn_measure(c), 0);
        CHECK_EQ(rn_go(g, produce, rn_tx(c), 4, 0), 0);
        for (int v;;) {
            CHECK_EQ(rn_sleep(RN_SECOND), 0);
            if (arg ? rn_select(RN_RECV(c, &v, NULL)) != 0 || v < 0 : rn_recv(c, &v) != 0)
                break;
            if (arg && v == 3)
                break;
        }
        CHECK(rn_measured(c, &s));
        CHECK_EQ(s.arrivals, 4);
        CHECK_EQ(s.departures, 4);
        CHECK_EQ(s.send_waits, 4 - cap);
        CHECK_EQ(s.send_blocked_ns, (4 - cap) * RN_SECOND);
        CHECK_EQ(s.recv_waits, 0);
        CHECK_EQ(s.occupancy, 0);
        CHECK_EQ(s.most, cap);
        /* The first cap elements stay until second 1 ... cap, the others for cap seconds. */
        CHECK_EQ(s.residence_ns, (cap == 0 ? 0 : cap == 1 ? 1 + 3 : 1 + 2 + 4) * RN_SECOND);
        CHECK_EQ(s.residence_ns, s.occupancy_ns);
    }
    return 0;
}

TEST(measure_tells_how_long_senders_were_blocked)
{
    CHECK_EQ(rn_test_run(blocked_sides, NULL, NULL), 0);
    CHECK_EQ(rn_test_run(blocked_sides, "by select", NULL), 0);
}

static int slow_producer(rn_group *g, void *arg)
{
    rn_channel_stats s;
    rn_chan(int) c = rn_make(g, int, 2);
    (void)arg;
    CHECK_EQ(rn_measure(c), 0);
    CHECK_EQ(rn_go(g, produce, rn_tx(c), 3, 5 * RN_SECOND), 0);
    for (int v; rn_recv(c, &v) == 0;)
        ;
    CHECK(rn_measured(c, &s));
    CHECK_EQ(s.recv_waits, 3);
    CHECK_EQ(s.recv_blocked_ns, 15 * RN_SECOND);
    CHECK_EQ(s.send_waits, 0);
    CHECK_EQ(s.residence_ns, 0); /* each went straight to the receiver */
    CHECK_EQ(s.arrivals, 3);
    CHECK_EQ(s.most, 0);
    return 0;
}

TEST(measure_tells_how_long_receivers_were_blocked)
{
    CHECK_EQ(rn_test_run(slow_producer, NULL, NULL), 0);
}

static int batches(rn_group *g, void *arg)
{
    rn_channel_stats s;
    rn_chan(int) c = rn_make(g, int, 7);
    int v[5] = { 0 };
    size_t n;
    (void)arg;
    CHECK_EQ(rn_measure(c), 0);
    for (int i = 0; i < 20; i++) {
        CHECK_EQ(rn_send_n(c, v, 5, &n), 0);
        CHECK_EQ(rn_sleep(RN_SECOND), 0);
        CHECK_EQ(rn_recv_n(c, v, 5, &n), 0);
        CHECK_EQ(n, 5);
    }
    CHECK(rn_measured(c, &s));
    CHECK_EQ(s.arrivals, 100);
    CHECK_EQ(s.departures, 100);
    CHECK_EQ(s.residence_ns, 100 * RN_SECOND);
    CHECK_EQ(s.occupancy_ns, 100 * RN_SECOND);
    return 0;
}

TEST(measure_sees_batches)
{
    CHECK_EQ(rn_test_run(batches, NULL, NULL), 0);
}

static int stopped_timer(rn_group *g, void *arg)
{
    rn_channel_stats s;
    rn_timer *t = rn_timer_new(g, RN_FOREVER);
    rn_receiver(int64_t) c = rn_timer_chan(t);
    int64_t v;
    (void)arg;
    CHECK_EQ(rn_measure(c), 0);
    rn_timer_reset(t, 0);
    CHECK_EQ(rn_sleep(RN_SECOND), 0);
    CHECK(rn_timer_stop(t)); /* takes the value back */
    CHECK_EQ(rn_sleep(RN_SECOND), 0);
    CHECK(rn_measured(c, &s));
    CHECK_EQ(s.arrivals, 1);
    CHECK_EQ(s.departures, 1);
    CHECK_EQ(s.occupancy, 0);
    CHECK_EQ(s.residence_ns, RN_SECOND);
    CHECK_EQ(s.occupancy_ns, RN_SECOND);
    rn_timer_reset(t, RN_SECOND);
    CHECK_EQ(rn_recv(c, &v), 0);
    CHECK(rn_measured(c, &s));
    CHECK_EQ(s.arrivals, 2);
    CHECK_EQ(s.departures, 2);
    return 0;
}

TEST(measure_sees_what_a_stopped_timer_takes_back)
{
    CHECK_EQ(rn_test_run(stopped_timer, NULL, NULL), 0);
}

/* One second of the two that stay in a channel of three, seen from when it is measured. */
static int begun_late(rn_group *g, void *arg)
{
    rn_channel_stats s;
    rn_chan(int) c = rn_make(g, int, 3);
    int v;
    (void)arg;
    for (int anew = 0; anew < 2; anew++) {
        while (rn_len(c) < 2)
            CHECK_EQ(rn_send(c, 1), 0);
        CHECK_EQ(rn_sleep(RN_HOUR), 0);
        CHECK_EQ(rn_measure(c), 0);
        CHECK(rn_measured(c, &s));
        CHECK_EQ(s.arrivals, 2);
        CHECK_EQ(s.departures, 0);
        CHECK_EQ(s.occupancy, 2);
        CHECK_EQ(s.most, 2);
        CHECK_EQ(s.measured_ns, 0);
        CHECK_EQ(rn_sleep(RN_SECOND), 0);
        CHECK_EQ(rn_recv(c, &v), 0);
        CHECK(rn_measured(c, &s));
        CHECK_EQ(s.arrivals, s.departures + s.occupancy);
        CHECK_EQ(s.residence_ns, RN_SECOND);
        CHECK_EQ(s.occupancy_ns, 2 * RN_SECOND);
    }
    CHECK_EQ(rn_recv(c, &v), 0);
    CHECK(rn_measured(c, &s));
    CHECK_EQ(s.arrivals, 2);
    CHECK_EQ(s.departures, 2);
    CHECK_EQ(s.residence_ns, s.occupancy_ns); /* L = lambda W */
    return 0;
}

TEST(measure_counts_what_was_in_it_as_having_come_now)
{
    CHECK_EQ(rn_test_run(begun_late, NULL, NULL), 0);
}
