/* SPDX-License-Identifier: MIT */
/* The steward and its ward, under the virtual clock. */
#include <runnel.h>

#include <stdatomic.h>

#include "kit/kit.h"

static int64_t elapsed(void)
{
    return rn_now() - RN_TEST_START;
}

static void run(int (*fn)(rn_group *g, void *arg))
{
    CHECK_EQ(rn_test_run(fn, NULL, NULL), 0);
    CHECK_EQ(rn_task_count(), 0);
}

/* ---- the book's irresponsible ward ---- */

static _Atomic(int) starts, alive;
static int64_t started_at[16];

static int irresponsible(rn_heart *heart)
{
    (void)heart;
    CHECK_EQ(atomic_fetch_add(&alive, 1), 0); /* never two */
    started_at[atomic_fetch_add(&starts, 1)] = elapsed();
    int rc = rn_sleep(RN_FOREVER);
    rn_shield();
    rn_sleep(0); /* takes its time */
    rn_unshield();
    atomic_fetch_sub(&alive, 1);
    return rc;
}
RN_TASK(irresponsible, rn_heart *);

static int restarts(rn_group *g, void *arg)
{
    rn_group *h = rn_group_new(NULL);
    rn_receiver(int) pulse = rn_steward(h, 4 * RN_SECOND, irresponsible);
    int n, seen = 0;
    int64_t begun = elapsed();
    (void)arg;
    (void)g;
    while (elapsed() - begun < 9 * RN_SECOND) {
        if (rn_recv_until(pulse, &n, RN_TEST_START + begun + 9 * RN_SECOND) != 0)
            break;
        if (n > seen)
            CHECK_EQ(elapsed() - begun, 4 * RN_SECOND * ++seen);
        else
            CHECK_EQ((elapsed() - begun) % (2 * RN_SECOND), 0);
        CHECK_EQ(n, seen);
    }
    CHECK_EQ(elapsed() - begun, 9 * RN_SECOND);
    rn_group_cancel(h, 0);
    CHECK_EQ(rn_recv(pulse, &n), -EPIPE);
    rn_group_close(h);
    CHECK_EQ(elapsed() - begun, 9 * RN_SECOND);
    CHECK_EQ(seen, 2);
    CHECK_EQ(starts, 3);
    CHECK_EQ(started_at[0], 0);
    CHECK_EQ(started_at[1], 4 * RN_SECOND);
    CHECK_EQ(started_at[2], 8 * RN_SECOND);
    CHECK_EQ(alive, 0);
    return 0;
}

TEST(steward_restarts_a_ward_that_misses_its_pulses)
{
    run(restarts);
}

/* ---- when exactly ---- */

static int beat_once(rn_heart *heart)
{
    int rc = rn_sleep(RN_SECOND);
    rn_heart_beat(heart);
    return rc ? rc : rn_sleep(RN_FOREVER);
}
RN_TASK(beat_once, rn_heart *);

static int counted_from_the_last(rn_group *g, void *arg)
{
    rn_group *h = rn_group_new(NULL);
    rn_receiver(int) pulse = rn_steward(h, 4 * RN_SECOND, beat_once);
    (void)arg;
    (void)g;
    for (int i = 1, n = 0; i < 4; i++) {
        while (n < i)
            CHECK_EQ(rn_recv(pulse, &n), 0);
        CHECK_EQ(elapsed(), i * 5 * RN_SECOND); /* told at once */
    }
    rn_group_close(h);
    return 0;
}

TEST(steward_counts_from_the_last_pulse)
{
    run(counted_from_the_last);
}

/* ---- the book's ward that takes the integers before a negative one ---- */

static int take_integers(rn_heart *heart, rn_sender(int) out, const int *list, int n)
{
    for (int i = 0; i < n; i++) {
        rn_heart_beat(heart);
        if (list[i] < 0)
            return -EINVAL;
        int rc = rn_send(out, list[i]);
        if (rc)
            return rc;
    }
    return 0;
}
RN_TASK(take_integers, rn_heart *, rn_sender(int), const int *, int);

static int received(rn_group *g, void *arg)
{
    static const int list[] = { 1, 2, -1, 3, 4, 5 };
    rn_group *h = rn_group_new(NULL);
    rn_chan(int) out = rn_make(g, int, 0);
    rn_receiver(int) pulse = rn_steward(h, RN_MILLISECOND, take_integers, rn_tx(out), list, 6);
    int v;
    (void)arg;
    (void)pulse;
    for (int i = 0; i < 6; i++) {
        CHECK_EQ(rn_recv(out, &v), 0);
        CHECK_EQ(v, 1 + i % 2);
        CHECK_EQ(elapsed(), i / 2 * RN_MILLISECOND);
    }
    CHECK_EQ(rn_group_close(h), 0); /* a ward's error is no error of the steward's */
    return 0;
}

TEST(steward_restarts_a_ward_that_fails_when_its_time_is_up)
{
    run(received);
}

static int finished(rn_group *g, void *arg)
{
    static const int list[] = { 1, 2, 3 };
    rn_chan(int) out = rn_make(g, int, 3);
    rn_receiver(int) pulse = rn_steward(g, RN_HOUR, take_integers, rn_tx(out), list, 3);
    int n;
    (void)arg;
    while (rn_recv(pulse, &n) == 0)
        CHECK_EQ(n, 0);
    CHECK_EQ(elapsed(), 0);
    CHECK_EQ(rn_len(out), 3);
    return 0;
}

TEST(steward_ends_when_its_ward_has_finished)
{
    run(finished);
}

static int reliable(rn_heart *heart, int64_t ns)
{
    return rn_heart_sleep(heart, ns);
}
RN_TASK(reliable, rn_heart *, int64_t);

static int left_alone(rn_group *g, void *arg)
{
    rn_receiver(int) pulse = rn_steward(g, 4 * RN_SECOND, reliable, RN_HOUR);
    int n, pulses = 0;
    (void)arg;
    for (; rn_recv(pulse, &n) == 0; pulses++)
        CHECK_EQ(n, 0);
    CHECK_EQ(elapsed(), RN_HOUR);
    CHECK(pulses >= 1800); /* of the steward itself, every 2 s */
    return 0;
}

TEST(steward_leaves_a_ward_alone_that_beats)
{
    run(left_alone);
}

static int stop_and_sleep(rn_heart *heart)
{
    rn_heart_stop(heart);
    atomic_fetch_add(&starts, 1);
    return rn_sleep(RN_FOREVER);
}
RN_TASK(stop_and_sleep, rn_heart *);

static int tiny(rn_group *g, void *arg)
{
    rn_group *h = rn_group_new(NULL);
    rn_receiver(int) pulse = rn_steward(h, 1, stop_and_sleep);
    int n = 0;
    (void)arg;
    (void)g;
    while (n < 1000)
        CHECK_EQ(rn_recv(pulse, &n), 0);
    rn_group_close(h);
    CHECK(starts >= 1000);
    CHECK_EQ(rn_steward(h = rn_group_new(NULL), RN_FOREVER, stop_and_sleep) == NULL, 0);
    rn_group_close(h);
    return 0;
}

TEST(steward_of_shortest_and_longest_timeouts)
{
    run(tiny);
}

/* A steward is a ward like any other: it passes its own pulse on. */
static int inner_steward(rn_heart *heart, rn_sender(int) out)
{
    static const int list[] = { 1, -1 };
    rn_group *h = rn_group_new(NULL);
    rn_receiver(int) pulse = rn_steward(h, RN_SECOND, take_integers, out, list, 2);
    for (int n; rn_recv(pulse, &n) == 0;)
        rn_heart_beat(heart);
    return rn_group_close(h);
}
RN_TASK(inner_steward, rn_heart *, rn_sender(int));

static int watched(rn_group *g, void *arg)
{
    rn_group *h = rn_group_new(NULL);
    rn_chan(int) out = rn_make(g, int, 0);
    rn_receiver(int) pulse = rn_steward(h, 2 * RN_SECOND, inner_steward, rn_tx(out));
    int v;
    (void)arg;
    for (int i = 0; i < 5; i++) {
        CHECK_EQ(rn_recv(out, &v), 0);
        CHECK_EQ(elapsed(), i * RN_SECOND);
    }
    CHECK_EQ(rn_recv(pulse, &v), 0);
    CHECK_EQ(v, 0); /* the outer one never had to restart */
    rn_group_close(h);
    return 0;
}

TEST(steward_can_be_watched_by_a_steward)
{
    run(watched);
}

TEST_EXIT(steward_without_a_timeout, 2, "rn_steward needs a timeout")
{
    rn_group *g = rn_group_new(NULL);
    CHECK(rn_steward(g, 0, irresponsible) == NULL);
}
