/* SPDX-License-Identifier: MIT */
/* Several workers: who is free helps who is not. */
/* kit: once */
/* kit: serial */
#include <runnel.h>

#include <stdatomic.h>
#include <time.h>

#include "kit/kit.h"
#include "kit/run_with.h"

static _Atomic(bool) stop;

static bool stopped(void)
{
    return atomic_load_explicit(&stop, memory_order_relaxed);
}

static int yield_until_stop(_Atomic(long) *n)
{
    while (!stopped()) {
        atomic_fetch_add(n, 1);
        rn_yield();
    }
    return 0;
}
RN_TASK(yield_until_stop, _Atomic(long) *);

static int raise_stop(void)
{
    atomic_store(&stop, true);
    return 0;
}
RN_TASK(raise_stop);

/* ---- several workers ---- */

static int spin_until_stop(void)
{
    int64_t limit = rn_now() + 10 * RN_SECOND;
    while (!stopped())
        CHECK(rn_now() < limit); /* never enters the scheduler */
    return 0;
}
RN_TASK(spin_until_stop);

/* Tasks that each spin until all n have come: they must run at once. */
static int meet(_Atomic(int) *here, int n)
{
    atomic_fetch_add(here, 1);
    int64_t limit = rn_now() + 10 * RN_SECOND;
    while (atomic_load(here) < n)
        CHECK(rn_now() < limit);
    return 0;
}
RN_TASK(meet, _Atomic(int) *, int);

static int parallel(rn_group *g, void *arg)
{
    (void)g;
    (void)arg;
    for (int round = 0; round < 10; round++) {
        _Atomic(int) here = 0;
        rn_group *h = rn_group_new(NULL);
        CHECK_EQ(rn_go(h, meet, &here, 2), 0);
        CHECK_EQ(rn_go(h, meet, &here, 2), 0);
        CHECK_EQ(rn_group_wait(h), 0);
        rn_group_close(h);
    }
    return 0;
}

WITH_WORKERS(2, parallel_two_busy_tasks_run_at_once, parallel)
WITH_WORKERS(4, parallel_two_busy_tasks_run_at_once, parallel)

static int hogged(rn_group *g, void *arg)
{
    (void)g;
    (void)arg;
    for (int round = 0; round < 10; round++) {
        rn_group *h = rn_group_new(NULL);
        atomic_store(&stop, false);
        CHECK_EQ(rn_go(h, spin_until_stop), 0);
        /* The hog is on the worker that keeps this timer. */
        CHECK_EQ(rn_sleep(2 * RN_MILLISECOND), 0);
        atomic_store(&stop, true); /* the hog gives up, and fails, after ten seconds */
        CHECK_EQ(rn_group_wait(h), 0);
        rn_group_close(h);
    }
    return 0;
}

WITH_WORKERS(2, parallel_timers_fire_while_a_task_hogs_their_worker, hogged)
WITH_WORKERS(4, parallel_timers_fire_while_a_task_hogs_their_worker, hogged)

static int spawn_and_spin(void)
{
    rn_group *h = rn_group_new(NULL);
    atomic_store(&stop, false);
    CHECK_EQ(rn_go(h, raise_stop), 0);
    spin_until_stop(); /* somebody else must take what this worker has queued */
    return rn_group_close(h);
}
RN_TASK(spawn_and_spin);

static int stolen(rn_group *g, void *arg)
{
    (void)g;
    (void)arg;
    for (int round = 0; round < 50; round++)
        CHECK_EQ(spawn_and_spin(), 0);
    return 0;
}

WITH_WORKERS(2, parallel_queue_of_a_busy_worker_is_served_by_others, stolen)
WITH_WORKERS(4, parallel_queue_of_a_busy_worker_is_served_by_others, stolen)

/* Sleeps until the others are done, and fails if they are not in ten seconds. */
static int blocks_its_thread(_Atomic(bool) *begun)
{
    struct timespec ts = { .tv_nsec = 1000 * 1000 };
    atomic_store(begun, true);
    for (int64_t limit = rn_now() + 10 * RN_SECOND; !stopped();) {
        CHECK(rn_now() < limit);
        nanosleep(&ts, NULL); /* without rn_blocking: a mistake, but it must not be fatal */
    }
    return 0;
}
RN_TASK(blocks_its_thread, _Atomic(bool) *);

static int tick(_Atomic(long) *n)
{
    for (int i = 0; i < 20; i++) {
        atomic_fetch_add(n, 1);
        rn_sleep(100 * RN_MICROSECOND);
    }
    return 0;
}
RN_TASK(tick, _Atomic(long) *);

static int beside_blocked_worker(rn_group *g, void *arg)
{
    static _Atomic(bool) begun;
    static _Atomic(long) n;
    rn_group *h = rn_group_new(NULL), *light = rn_group_new(NULL);
    (void)g;
    (void)arg;
    CHECK_EQ(rn_go(h, blocks_its_thread, &begun), 0);
    CHECK_EQ(rn_go(light, tick, &n), 0);
    CHECK_EQ(rn_go(light, tick, &n), 0);
    while (!atomic_load(&begun))
        rn_yield();
    CHECK_EQ(rn_group_wait(light), 0);
    atomic_store(&stop, true);
    CHECK_EQ(rn_group_wait(h), 0);
    rn_group_close(light);
    return rn_group_close(h);
}
WITH_WORKERS(2, parallel_task_that_blocks_its_thread_does_not_stop_others, beside_blocked_worker)

/* As above, but the other worker never idles, so it would have to look up from its own work. */
static int stuck_beside_busy(rn_group *g, void *arg)
{
    static _Atomic(bool) begun;
    static _Atomic(long) n;
    rn_group *h = rn_group_new(NULL);
    (void)arg;
    CHECK_EQ(rn_go(h, blocks_its_thread, &begun), 0);
    CHECK_EQ(rn_go(g, yield_until_stop, &n), 0);
    CHECK_EQ(rn_sleep(20 * RN_MILLISECOND), 0); /* this timer is on the stuck worker */
    atomic_store(&stop, true);
    CHECK_EQ(rn_group_wait(h), 0);
    return rn_group_close(h);
}

TEST(parallel_busy_worker_serves_the_timers_of_a_stuck_one)
{
    run_with(2, stuck_beside_busy, NULL);
}

static int count_one(_Atomic(long) *n)
{
    atomic_fetch_add(n, 1);
    return 0;
}
RN_TASK(count_one, _Atomic(long) *);

static int flood(rn_group *g, void *arg)
{
    static _Atomic(long) n;
    rn_group *h = rn_group_new(NULL);
    (void)g;
    (void)arg;
    atomic_store(&n, 0);
    for (int i = 0; i < 100000; i++)
        CHECK_EQ(rn_go(h, count_one, &n), 0);
    CHECK_EQ(rn_group_wait(h), 0);
    CHECK_EQ(atomic_load(&n), 100000);
    return rn_group_close(h);
}

WITH_WORKERS(1, parallel_hundred_thousand_spawns_in_a_row_all_run, flood)
WITH_WORKERS(4, parallel_hundred_thousand_spawns_in_a_row_all_run, flood)

/* ---- what a waking worker leaves behind ---- */

static int sleep_and_meet(int64_t when, _Atomic(int) *here)
{
    rn_sleep(when - rn_now());
    return meet(here, 2);
}
RN_TASK(sleep_and_meet, int64_t, _Atomic(int) *);

static int two_sleepers(rn_group *g, void *arg)
{
    int64_t when = rn_now() + 30 * RN_MILLISECOND;
    _Atomic(int) here = 0;
    rn_group *two = rn_group_new(NULL);
    (void)g;
    (void)arg;
    for (int i = 0; i < 2; i++)
        rn_go(two, sleep_and_meet, when, &here);
    int rc = rn_group_wait(two);
    rn_group_close(two);
    return rc;
}

/* Two timers fire on one worker, and the first task spins: another worker must wake for the
 * second although no task was running when it was made ready. */
TEST(parallel_tasks_that_one_timer_run_wakes_run_side_by_side)
{
    run_with(2, two_sleepers, NULL);
}

/* ---- when all the others sleep ---- */

/* Never enters the scheduler: only a worker that sleeps can notice the deadline. */
static void compute_until_cancelled(rn_ctx *ctx)
{
    int64_t limit = rn_now() + 10 * RN_SECOND;
    while (rn_ctx_cause(ctx) == 0)
        CHECK(rn_now() < limit);
}

/* After 100 ms without work every worker sleeps without a limit. */
static int timer_of_a_computing_worker(rn_group *g, void *arg)
{
    (void)g;
    (void)arg;
    for (int i = 0; i < 3; i++) {
        CHECK_EQ(rn_sleep(100 * RN_MILLISECOND), 0);
        rn_ctx *ctx = rn_ctx_with_timeout(rn_ctx_current(), 20 * RN_MILLISECOND);
        compute_until_cancelled(ctx);
        rn_ctx_unref(ctx);
    }
    return 0;
}

static int timer_left_to_a_computing_worker(rn_group *g, void *arg)
{
    rn_ctx *ctx = rn_ctx_with_timeout(rn_group_ctx(g), 120 * RN_MILLISECOND);
    (void)arg;
    CHECK_EQ(rn_sleep(100 * RN_MILLISECOND), 0);
    compute_until_cancelled(ctx);
    rn_ctx_unref(ctx);
    return 0;
}
WITH_WORKERS(2, parallel_sleepers_notice_a_timer_of_the_one_that_works,
             timer_left_to_a_computing_worker)
WITH_WORKERS(4, parallel_sleepers_notice_a_timer_of_the_one_that_works,
             timer_left_to_a_computing_worker)
WITH_WORKERS(2, parallel_sleepers_notice_a_timer_set_while_they_sleep, timer_of_a_computing_worker)

static int work_for_all(rn_group *g, void *arg)
{
    _Atomic(int) here = 0;
    rn_group *h = rn_group_new(NULL);
    (void)g;
    (void)arg;
    CHECK_EQ(rn_sleep(100 * RN_MILLISECOND), 0);
    for (int i = 0; i < 3; i++)
        CHECK_EQ(rn_go(h, meet, &here, 4), 0);
    CHECK_EQ(meet(&here, 4), 0); /* keeps the worker that they are queued on */
    CHECK_EQ(rn_group_wait(h), 0);
    return rn_group_close(h);
}
WITH_WORKERS(4, parallel_backlog_wakes_as_many_as_it_needs, work_for_all)
