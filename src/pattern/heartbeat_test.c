/* SPDX-License-Identifier: MIT */
/* Heartbeats, under the virtual clock. */
#include <runnel.h>

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

/* ---- interval pulses: the book's worker ---- */

/* A result every 2 s, a pulse every second; leaves after `loops` results without a word. */
static int work(rn_group *g, rn_heart *heart, rn_sender(int) out, int loops)
{
    (void)g;
    for (int i = 0; i < loops; i++) {
        int rc = rn_heart_sleep(heart, 2 * RN_SECOND);
        if (rc == 0)
            rc = rn_send(out, i);
        if (rc)
            return rc;
    }
    if (loops == 5)
        rn_close(out);
    return 0;
}
RN_TASK(work, rn_group *, rn_heart *, rn_sender(int), int);

static int healthy(rn_group *g, void *arg)
{
    rn_heart heart;
    rn_receiver(rn_unit) pulse = rn_heart_start(&heart, g, RN_SECOND);
    rn_chan(int) out = rn_make(g, int, 0);
    int pulses = 0, results = 0, v;
    bool ok = true;
    (void)arg;
    rn_go(g, work, g, &heart, rn_tx(out), 5);
    while (ok) {
        switch (rn_select(RN_DONE(pulse), RN_RECV(out, &v, &ok), RN_AFTER(2 * RN_SECOND))) {
        case 0: CHECK_EQ(elapsed(), ++pulses * RN_SECOND); break;
        case 1:
            if (ok)
                CHECK_EQ(elapsed(), ++results * 2 * RN_SECOND);
            break;
        default: kit_fail(__FILE__, __LINE__, "the worker is not healthy");
        }
    }
    CHECK_EQ(results, 5);
    CHECK(pulses == 10 || pulses == 9); /* the last may still be in the channel */
    CHECK_EQ(elapsed(), 10 * RN_SECOND);
    return 0;
}

TEST(heartbeat_comes_at_every_interval)
{
    run(healthy);
}

static int misbehaving(rn_group *g, void *arg)
{
    rn_heart heart;
    rn_receiver(rn_unit) pulse = rn_heart_start(&heart, g, RN_SECOND);
    rn_chan(int) out = rn_make(g, int, 0);
    int v;
    (void)arg;
    rn_go(g, work, g, &heart, rn_tx(out), 2);
    while (rn_select(RN_DONE(pulse), RN_RECV(out, &v, NULL), RN_AFTER(2 * RN_SECOND)) < 2)
        continue;
    CHECK_EQ(elapsed(), 6 * RN_SECOND); /* 2 s after the last of 4 s */
    return 0;
}

TEST(heartbeat_that_ceases_is_noticed)
{
    run(misbehaving);
}

static int nobody_looks(rn_group *g, void *arg)
{
    rn_heart heart;
    rn_receiver(rn_unit) pulse = rn_heart_start(&heart, g, RN_SECOND);
    (void)arg;
    CHECK_EQ(rn_heart_sleep(&heart, RN_HOUR), 0);
    for (int i = 0; i < 1000; i++)
        rn_heart_beat(&heart);
    CHECK_EQ(elapsed(), RN_HOUR);
    CHECK_EQ(rn_len(pulse), 1); /* the one that is kept */
    CHECK_EQ(rn_wait(pulse), 0);
    rn_heart_stop(&heart);
    CHECK_EQ(rn_wait(pulse), -EPIPE);
    rn_heart_beat(&heart); /* into nothing */
    rn_heart_stop(&heart);
    return 0;
}

TEST(heartbeat_never_holds_up_the_worker)
{
    run(nobody_looks);
}

static int phases(rn_group *g, void *arg)
{
    rn_heart heart;
    rn_receiver(rn_unit) pulse = rn_heart_start(&heart, g, RN_SECOND);
    (void)arg;
    CHECK_EQ(rn_heart_due(&heart), RN_SECOND);
    rn_sleep(RN_SECOND / 4);
    rn_heart_beat(&heart); /* for a unit of work; the interval goes on */
    CHECK_EQ(rn_heart_due(&heart), 3 * RN_SECOND / 4);
    rn_sleep(3 * RN_SECOND + RN_SECOND / 4); /* three and a half */
    CHECK_EQ(rn_heart_due(&heart), 0);
    rn_heart_beat(&heart);
    CHECK_EQ(rn_heart_due(&heart), RN_SECOND / 2);
    CHECK_EQ(rn_select(RN_DONE(pulse), RN_DEFAULT), 0);
    CHECK_EQ(rn_select(RN_AFTER(rn_heart_due(&heart))), 0);
    CHECK_EQ(elapsed(), 4 * RN_SECOND);
    rn_heart quiet, none = { 0 };
    pulse = rn_heart_start(&quiet, g, 0);
    CHECK_EQ(rn_heart_due(&quiet), RN_FOREVER);
    CHECK_EQ(rn_heart_sleep(&quiet, RN_SECOND), 0);
    CHECK_EQ(rn_len(pulse), 0);
    CHECK_EQ(rn_heart_sleep(&none, RN_SECOND), 0);
    CHECK_EQ(rn_heart_sleep(&heart, -5), 0);
    CHECK_EQ(elapsed(), 6 * RN_SECOND);
    return 0;
}

TEST(heartbeat_keeps_its_phase)
{
    run(phases);
}

/* ---- pulses for units of work: the book's test that does not depend on time ---- */

static int numbers(rn_heart *heart, rn_sender(int) out)
{
    int rc = rn_sleep(2 * RN_SECOND); /* slow to start */
    for (int i = 0; i < 4 && rc == 0; i++) {
        rn_heart_beat(heart);
        rc = rn_send(out, i);
    }
    rn_close(out);
    return rc;
}
RN_TASK(numbers, rn_heart *, rn_sender(int));

static int wait_for_the_first(rn_group *g, void *arg)
{
    rn_heart heart;
    rn_receiver(rn_unit) pulse = rn_heart_start(&heart, g, 0);
    rn_chan(int) out = rn_make(g, int, 0);
    int n = 0;
    (void)arg;
    rn_go(g, numbers, &heart, rn_tx(out));
    CHECK_EQ(rn_wait(pulse), 0);
    CHECK_EQ(elapsed(), 2 * RN_SECOND);
    for (int v; rn_recv(out, &v) == 0; n++)
        CHECK_EQ(v, n);
    CHECK_EQ(n, 4);
    return 0;
}

TEST(heartbeat_for_a_unit_of_work_tells_that_it_has_begun)
{
    run(wait_for_the_first);
}

static int stop_sleeping(rn_group *g, void *arg)
{
    rn_heart heart;
    rn_receiver(rn_unit) pulse = rn_heart_start(&heart, g, RN_SECOND);
    (void)arg;
    (void)pulse;
    CHECK_EQ(rn_heart_sleep(&heart, INT64_MIN), 0);
    CHECK_EQ(elapsed(), 0);
    rn_group_cancel(g, 0);
    CHECK_EQ(rn_heart_sleep(&heart, RN_HOUR), -ECANCELED);
    rn_heart late;
    CHECK_EQ(elapsed(), 0);
    CHECK(rn_heart_start(&late, g, 1) != NULL);
    return 0;
}

TEST(heartbeat_sleep_ends_when_cancelled)
{
    run(stop_sleeping);
}
