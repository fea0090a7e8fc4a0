/* SPDX-License-Identifier: MIT */
/* The virtual clock of test runs. */
#include <runnel.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "kit/capture.h"
#include "kit/kit.h"

static int64_t real_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * RN_SECOND + t.tv_nsec;
}

static int64_t elapsed(void)
{
    return rn_now() - RN_TEST_START;
}

/* Runs fn under the virtual clock; CHECKs that it returned 0 and took next to no real time. */
static void run(int (*fn)(rn_group *g, void *arg), void *arg)
{
    int64_t begun = real_now();
    CHECK_EQ(rn_test_run(fn, arg, NULL), 0);
    CHECK(real_now() - begun < 30 * RN_SECOND);
    CHECK_EQ(rn_task_count(), 0);
}

/* ---- time ---- */

static int sleep_for_a_year(rn_group *g, void *arg)
{
    (void)g;
    (void)arg;
    CHECK_EQ(elapsed(), 0);
    CHECK_EQ(rn_sleep(RN_HOUR), 0);
    CHECK_EQ(elapsed(), RN_HOUR);
    CHECK_EQ(rn_sleep(365 * 24 * RN_HOUR), 0);
    CHECK_EQ(elapsed(), (365 * 24 + 1) * RN_HOUR);
    CHECK_EQ(rn_sleep(1), 0);
    CHECK_EQ(elapsed(), (365 * 24 + 1) * RN_HOUR + 1);
    return 0;
}

TEST(test_time_jumps_when_every_task_waits)
{
    run(sleep_for_a_year, NULL);
    run(sleep_for_a_year, NULL); /* and starts anew with each run */
    CHECK(rn_now() < RN_TEST_START);
}

static int compute(rn_group *g, void *arg)
{
    int64_t begun = real_now();
    (void)g;
    (void)arg;
    while (real_now() - begun < 30 * RN_MILLISECOND) {
        CHECK_EQ(elapsed(), 0);
        CHECK_EQ(rn_yield(), 0);
    }
    return 0;
}

static int sleep_1ns(void)
{
    CHECK_EQ(rn_sleep(1), 0);
    CHECK_EQ(elapsed(), 1);
    return 0;
}
RN_TASK(sleep_1ns);

static int compute_beside_a_sleeper(rn_group *g, void *arg)
{
    rn_group *h = rn_group_new(NULL);
    CHECK_EQ(rn_go(h, sleep_1ns), 0);
    compute(g, arg);
    CHECK_EQ(rn_group_wait(h), 0);
    return rn_group_close(h);
}

TEST(test_time_stands_still_while_a_task_runs)
{
    run(compute_beside_a_sleeper, NULL);
}

static int nap_for_real(void *arg)
{
    struct timespec t = { .tv_nsec = 20 * 1000 * 1000 };
    nanosleep(&t, NULL);
    return *(int *)arg;
}

static int blocking_call(rn_group *g, void *arg)
{
    rn_group *h = rn_group_new(NULL);
    int seven = 7;
    (void)g;
    (void)arg;
    CHECK_EQ(rn_go(h, sleep_1ns), 0);
    CHECK_EQ(rn_blocking(nap_for_real, &seven), 7);
    CHECK_EQ(elapsed(), 0);
    CHECK_EQ(rn_group_wait(h), 0);
    return rn_group_close(h);
}

TEST(test_time_stands_still_during_a_blocking_call)
{
    run(blocking_call, NULL);
}

/* ---- every kind of timer ---- */

static int note_after(rn_sender(int) out, int ms)
{
    CHECK_EQ(rn_sleep(ms * RN_MILLISECOND), 0);
    CHECK_EQ(elapsed(), ms * RN_MILLISECOND);
    return rn_send(out, ms);
}
RN_TASK(note_after, rn_sender(int), int);

static int in_order(rn_group *g, void *arg)
{
    enum { N = 200 };
    rn_chan(int) out = rn_make(g, int, 0);
    (void)arg;
    for (int i = 0; i < N; i++)
        CHECK_EQ(rn_go(g, note_after, rn_tx(out), 1 + i * 37 % N), 0);
    for (int i = 1, v; i <= N; i++) {
        CHECK_EQ(rn_recv(out, &v), 0);
        CHECK_EQ(v, i);
    }
    return 0;
}

TEST(test_sleeps_end_in_order)
{
    run(in_order, NULL);
}

static int deadlines(rn_group *g, void *arg)
{
    rn_chan(int) c = rn_make(g, int, 0);
    int v;
    (void)arg;
    CHECK_EQ(rn_recv_until(c, &v, rn_now() + RN_MINUTE), -ETIMEDOUT);
    CHECK_EQ(elapsed(), RN_MINUTE);
    CHECK_EQ(rn_send_until(c, rn_now() + RN_MINUTE, 1), -ETIMEDOUT);
    CHECK_EQ(elapsed(), 2 * RN_MINUTE);
    CHECK_EQ(rn_select(RN_RECV(c, &v, NULL), RN_AFTER(RN_HOUR)), 1);
    CHECK_EQ(elapsed(), RN_HOUR + 2 * RN_MINUTE);
    rn_ctx *ctx = rn_ctx_with_timeout(rn_group_ctx(g), RN_SECOND);
    CHECK_EQ(rn_select(RN_DONE(rn_ctx_done(ctx)), RN_AFTER(RN_SECOND + 1)), 0);
    CHECK_EQ(elapsed(), RN_HOUR + 2 * RN_MINUTE + RN_SECOND);
    CHECK_EQ(rn_ctx_err(ctx), -ETIMEDOUT);
    rn_ctx_unref(ctx);
    return 0;
}

TEST(test_deadlines_of_every_kind_are_exact)
{
    run(deadlines, NULL);
}

static int race_of_two(rn_group *g, void *arg)
{
    bool won[2] = { false, false };
    (void)g;
    (void)arg;
    for (int i = 0; i < 1000 && !(won[0] && won[1]); i++) {
        rn_ctx *a = rn_ctx_with_timeout(rn_ctx_current(), 10);
        rn_ctx *b = rn_ctx_with_timeout(rn_ctx_current(), 10);
        int first = rn_select(RN_DONE(rn_ctx_done(i % 2 ? a : b)),
                              RN_DONE(rn_ctx_done(i % 2 ? b : a)));
        CHECK(first == 0 || first == 1);
        won[first] = true;
        rn_ctx_unref(a);
        rn_ctx_unref(b);
    }
    CHECK(won[0] && won[1]);
    return 0;
}

TEST(test_of_two_timers_at_one_instant_either_may_win)
{
    run(race_of_two, NULL);
}

/* ---- threads ---- */

static void *wait_a_minute(void *arg)
{
    rn_receiver(int) *never = arg;
    int v;
    CHECK_EQ(rn_recv_until(*never, &v, RN_TEST_START + RN_MINUTE), -ETIMEDOUT);
    CHECK(elapsed() >= RN_MINUTE);
    return NULL;
}

static int join_thread(void *arg)
{
    return pthread_join(*(pthread_t *)arg, NULL);
}

static int beside_a_thread(rn_group *g, void *arg)
{
    rn_receiver(int) never = rn_rx(rn_make(g, int, 0));
    pthread_t t;
    (void)arg;
    CHECK_EQ(pthread_create(&t, NULL, wait_a_minute, &never), 0);
    CHECK_EQ(rn_sleep(2 * RN_MINUTE), 0);
    return rn_blocking(join_thread, &t);
}

TEST(test_threads_wait_on_the_same_clock_and_do_not_hold_it)
{
    run(beside_a_thread, NULL);
}

/* ---- rn_test_wait ---- */

static int chain(rn_group *g, int depth, _Atomic(int) *reached);
RN_TASK(chain, rn_group *, int, _Atomic(int) *);

static int chain(rn_group *g, int depth, _Atomic(int) *reached)
{
    if (depth > 0)
        return rn_go(g, chain, g, depth - 1, reached);
    atomic_store(reached, 1);
    CHECK_EQ(rn_sleep(RN_SECOND), 0);
    atomic_store(reached, 2);
    return 0;
}

static int wait_for_quiet(rn_group *g, void *arg)
{
    _Atomic(int) reached = 0;
    rn_group *h = rn_group_new(NULL);
    (void)g;
    (void)arg;
    CHECK_EQ(rn_test_wait(), 0);
    CHECK_EQ(rn_go(h, chain, h, 100, &reached), 0);
    CHECK_EQ(rn_test_wait(), 0);
    CHECK_EQ(atomic_load(&reached), 1);
    CHECK_EQ(elapsed(), 0);
    CHECK_EQ(rn_sleep(RN_SECOND), 0);
    CHECK_EQ(rn_test_wait(), 0);
    CHECK_EQ(atomic_load(&reached), 2);
    CHECK_EQ(elapsed(), RN_SECOND);
    CHECK_EQ(rn_group_wait(h), 0);
    return rn_group_close(h);
}

TEST(test_wait_returns_when_all_others_wait)
{
    for (int i = 0; i < 20; i++)
        run(wait_for_quiet, NULL);
}

static int cancelled_wait(rn_group *g)
{
    rn_group_cancel(g, 0);
    CHECK_EQ(rn_test_wait(), -ECANCELED);
    rn_shield();
    CHECK_EQ(rn_test_wait(), 0);
    rn_unshield();
    return 0;
}
RN_TASK(cancelled_wait, rn_group *);

static int cancel_waiter(rn_group *g, void *arg)
{
    rn_group *h = rn_group_new(NULL);
    (void)g;
    (void)arg;
    CHECK_EQ(rn_go(h, cancelled_wait, h), 0);
    CHECK_EQ(rn_group_wait(h), -ECANCELED);
    return rn_group_close(h) == -ECANCELED ? 0 : 1;
}

TEST(test_wait_is_a_cancellation_point)
{
    run(cancel_waiter, NULL);
}

/* ---- the end ---- */

static int wait_for_nobody(rn_group *g, void *arg)
{
    (void)arg;
    CHECK_EQ(rn_sleep(RN_HOUR), 0);
    return rn_wait(rn_make(g, int, 0));
}

static int deadlocked_program(void)
{
    return rn_test_run(wait_for_nobody, NULL, NULL);
}

TEST(test_deadlock_is_reported_at_once)
{
    struct capture c;
    capture(&c, deadlocked_program);
    CHECK_EQ(c.status, 2);
    capture_has(&c, "all tasks are asleep");
    capture_has(&c, " main [chan receive] at ");
}

static int seven(rn_group *g, void *arg)
{
    (void)g;
    (void)arg;
    return -7;
}

static int run_inside(rn_group *g, void *arg)
{
    (void)g;
    (void)arg;
    CHECK_EQ(rn_test_run(seven, NULL, NULL), -EBUSY);
    CHECK_EQ(rn_run(seven, NULL), -7); /* inline, on the same clock */
    return 0;
}

TEST(test_run_returns_the_result_and_refuses_to_nest)
{
    CHECK_EQ(rn_test_run(seven, NULL, NULL), -7);
    run(run_inside, NULL);
}

TASK_TEST(test_run_is_refused_in_a_real_run)
{
    CHECK_EQ(rn_test_run(seven, NULL, NULL), -EBUSY);
    return 0;
}

/* ---- seeds ---- */

static int choices(rn_group *g, void *arg)
{
    rn_chan(int) a = rn_make(g, int, 0), b = rn_make(g, int, 0);
    uint64_t bits = 0;
    rn_close(a);
    rn_close(b);
    for (int i = 0; i < 64; i++)
        bits = bits << 1 | (uint64_t)rn_select(RN_DONE(a), RN_DONE(b));
    *(uint64_t *)arg = bits;
    return 0;
}

TEST(test_seed_repeats_the_choices_of_one_worker)
{
    uint64_t first, second, other;
    rn_test_options one = { .seed = 1 }, two = { .seed = 2 };
    if (rn_worker_count() > 1)
        return;
    CHECK_EQ(rn_test_run(choices, &first, &one), 0);
    CHECK_EQ(rn_test_run(choices, &second, &one), 0);
    CHECK_EQ(rn_test_run(choices, &other, &two), 0);
    CHECK(first == second);
    CHECK(first != other);
}

/* ---- the environment ---- */

static int jumps(rn_group *g, void *arg)
{
    (void)g;
    (void)arg;
    CHECK_EQ(elapsed(), 0);
    CHECK_EQ(rn_sleep(RN_HOUR), 0);
    CHECK_EQ(elapsed(), RN_HOUR);
    return 0;
}

TEST(test_clock_can_be_asked_for_by_the_environment)
{
    setenv("RUNNEL_CLOCK", "virtual", 1);
    CHECK_EQ(rn_run(jumps, NULL), 0);
    CHECK_EQ(rn_run(jumps, NULL), 0);
    CHECK_EQ(rn_test_run(jumps, NULL, NULL), 0);
    unsetenv("RUNNEL_CLOCK");
    CHECK(rn_now() < RN_TEST_START);
}
