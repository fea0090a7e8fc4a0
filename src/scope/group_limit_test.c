/* SPDX-License-Identifier: MIT */
/* Groups with a limit, groups that keep going, and the list of errors. */
#include <runnel.h>

#include <stdatomic.h>

#include "kit/kit.h"
#include "scope/group.h"
#include "sync/lot_peek.h"

static _Atomic(int) active, most;

static int work(int rc)
{
    int now = atomic_fetch_add(&active, 1) + 1, seen = atomic_load(&most);
    while (now > seen && !atomic_compare_exchange_weak(&most, &seen, now))
        ;
    rn_yield();
    atomic_fetch_sub(&active, 1);
    return rc;
}
RN_TASK(work, int);

TASK_TEST(group_limit_is_never_exceeded)
{
    enum { LIMIT = 10, TASKS = 1025 };
    (void)g;
    rn_group *h = rn_group_new(NULL);
    atomic_store(&most, 0);
    CHECK_EQ(rn_group_limit(h, LIMIT), 0);
    for (int i = 0; i < TASKS; i++)
        CHECK_EQ(rn_go(h, work, 0), 0);
    CHECK_EQ(rn_group_wait(h), 0);
    CHECK(atomic_load(&most) <= LIMIT && atomic_load(&most) > 1);
    CHECK_EQ(rn_group_limit(h, 1), 0); /* no task runs: it may be changed */
    atomic_store(&most, 0);
    for (int i = 0; i < 100; i++)
        CHECK_EQ(rn_go(h, work, 0), 0);
    CHECK_EQ(rn_group_wait(h), 0);
    CHECK_EQ(atomic_load(&most), 1);
    return rn_group_close(h);
}

static int hold(rn_receiver(int) release)
{
    int v;
    return rn_recv(release, &v) == -ECANCELED ? -ECANCELED : 0;
}
RN_TASK(hold, rn_receiver(int));

TASK_TEST(group_try_go_says_when_there_is_no_place)
{
    rn_group *h = rn_group_new(NULL);
    rn_chan(int) release = rn_make(g, int, 0);
    CHECK_EQ(rn_group_limit(h, 2), 0);
    CHECK_EQ(rn_try_go(h, hold, rn_rx(release)), 0);
    CHECK_EQ(rn_go(h, hold, rn_rx(release)), 0);
    CHECK_EQ(rn_try_go(h, hold, rn_rx(release)), -EAGAIN);
    CHECK_EQ(rn_send(release, 1), 0);
    while (rn_try_go(h, hold, rn_rx(release)) != 0)
        rn_yield();
    rn_close(release);
    CHECK_EQ(rn_group_wait(h), 0);
    CHECK_EQ(rn_group_limit(h, 0), 0);
    CHECK_EQ(rn_try_go(h, work, 0), -EAGAIN);
    CHECK_EQ(rn_group_limit(h, -1), 0);
    CHECK_EQ(rn_try_go(h, work, 0), 0);
    CHECK_EQ(rn_group_wait(h), 0);
    return rn_group_close(h);
}

static int start_another(rn_group *h, _Atomic(int) *result)
{
    atomic_store(result, rn_go(h, work, 0));
    return 0;
}
RN_TASK(start_another, rn_group *, _Atomic(int) *);

TASK_TEST(group_start_that_waits_for_a_place_ends_with_a_cancel)
{
    _Atomic(int) result = 1;
    rn_group *h = rn_group_new(NULL), *outside = rn_group_new(NULL);
    rn_chan(int) never = rn_make(g, int, 0);
    CHECK_EQ(rn_group_limit(h, 1), 0);
    CHECK_EQ(rn_go(h, hold, rn_rx(never)), 0);
    CHECK_EQ(rn_go(outside, start_another, h, &result), 0);
    rn_sleep(RN_MILLISECOND);
    CHECK_EQ(atomic_load(&result), 1);
    rn_group_cancel(h, -EIO);
    CHECK_EQ(rn_group_wait(outside), 0);
    CHECK_EQ(atomic_load(&result), -ECANCELED);
    CHECK_EQ(rn_group_close(h), -EIO);
    h = rn_group_new(NULL);
    atomic_store(&result, 1);
    CHECK_EQ(rn_group_limit(h, 1), 0);
    CHECK_EQ(rn_go(h, hold, rn_rx(never)), 0);
    CHECK_EQ(rn_go(outside, start_another, h, &result), 0);
    rn_sleep(RN_MILLISECOND);
    CHECK_EQ(rn_group_close(outside), 0);
    CHECK_EQ(atomic_load(&result), -ECANCELED);
    CHECK_EQ(rn_group_close(h), 0);
    return 0;
}

TASK_TEST(group_timers_tasks_do_not_wait_for_a_place)
{
    rn_group *h = rn_group_new(NULL);
    rn_chan(int) release = rn_make(g, int, 0);
    CHECK_EQ(rn_group_limit(h, 1), 0);
    CHECK_EQ(rn_go(h, hold, rn_rx(release)), 0);
    CHECK(rn_timer_go(h, 0, hold, rn_rx(release)) != NULL);
    CHECK_EQ(rn_send(release, 1), 0);
    CHECK_EQ(rn_send(release, 2), 0);
    CHECK_EQ(rn_group_wait(h), 0);
    CHECK_EQ(rn_try_go(h, work, 0), 0);
    CHECK_EQ(rn_group_wait(h), 0);
    return rn_group_close(h);
}

/* ---- errors ---- */

TASK_TEST(group_that_keeps_going_lists_all_errors)
{
    int errors[4] = { 0 };
    (void)g;
    rn_group *h = rn_group_new(NULL);
    rn_group_keep_going(h);
    for (int i = 0; i < 5; i++) {
        CHECK_EQ(rn_go(h, work, i % 2 ? -i : 0), 0);
        CHECK(rn_group_wait(h) == (i ? -1 : 0));
    }
    CHECK_EQ(rn_go(h, work, -ECANCELED), 0);
    CHECK_EQ(rn_group_wait(h), -1);
    CHECK_EQ(rn_group_errors(h, NULL, 0), 3);
    CHECK_EQ(rn_group_errors(h, errors, 2), 3);
    CHECK(errors[0] == -1 && errors[1] == -3 && errors[2] == 0);
    CHECK_EQ(rn_group_errors(h, errors, 4), 3);
    CHECK(errors[2] == -ECANCELED && errors[3] == 0);
    CHECK_EQ(rn_ctx_err(rn_group_ctx(h)), 0);
    CHECK_EQ(rn_group_close(h), -1);
    return 0;
}

TASK_TEST(group_notes_so_many_errors_and_counts_the_rest)
{
    enum { N = 5000, KEPT = 1024 };
    int errors[KEPT + 1] = { [KEPT] = 7 };
    (void)g;
    rn_group *h = rn_group_new(NULL);
    rn_group_keep_going(h);
    for (int i = 1; i <= N; i++) {
        CHECK_EQ(rn_go(h, work, -i), 0);
        if (i <= KEPT)
            CHECK_EQ(rn_group_wait(h), -1); /* so that they come in order */
    }
    CHECK_EQ(rn_group_wait(h), -1);
    CHECK_EQ(rn_group_errors(h, errors, KEPT + 1), N);
    for (int i = 0; i < KEPT; i++)
        CHECK_EQ(errors[i], -1 - i);
    CHECK_EQ(errors[KEPT], 7);
    CHECK_EQ(rn_group_close(h), -1);
    return 0;
}

TASK_TEST(group_lists_no_echoes_of_its_cancellation)
{
    int errors[4] = { 0 };
    rn_group *h = rn_group_new(NULL);
    rn_chan(int) never = rn_make(g, int, 0);
    for (int i = 0; i < 10; i++)
        CHECK_EQ(rn_go(h, hold, rn_rx(never)), 0);
    CHECK_EQ(rn_go(h, work, -EIO), 0);
    CHECK_EQ(rn_group_wait(h), -EIO);
    CHECK_EQ(rn_group_errors(h, errors, 4), 1);
    CHECK_EQ(errors[0], -EIO);
    CHECK_EQ(rn_group_close(h), -EIO);
    return 0;
}

static int change_limit(rn_group *g, void *arg)
{
    (void)arg;
    return rn_group_limit(g, 3);
}

TEST_EXIT(group_limit_changed_while_tasks_run_panics, 2, "set while tasks run in it")
{
    rn_run(change_limit, NULL);
}

/* ---- the end of a group that somebody waits to start a task in ---- */

static int keep_place(_Atomic(bool) *over)
{
    while (!atomic_load(over))
        rn_yield();
    return 0;
}
RN_TASK(keep_place, _Atomic(bool) *);

static int start_place_task(rn_group *h, _Atomic(bool) *over, _Atomic(int) *result)
{
    atomic_store(result, rn_go(h, keep_place, over));
    return 0;
}
RN_TASK(start_place_task, rn_group *, _Atomic(bool) *, _Atomic(int) *);

/* The task that has the place does not wait, so that a cancel does not end it. */
TASK_TEST(group_cancel_ends_the_wait_for_a_place_at_once)
{
    for (int limit = 0; limit < 2; limit++) {
        _Atomic(bool) over = false;
        _Atomic(int) result = 1;
        rn_group *h = rn_group_new(NULL), *other = rn_group_new(NULL);
        CHECK_EQ(rn_group_limit(h, limit), 0);
        if (limit == 1)
            CHECK_EQ(rn_go(h, keep_place, &over), 0);
        CHECK_EQ(rn_go(other, start_place_task, h, &over, &result), 0);
        await_waiters(rni_group_places(h), 1);
        CHECK_EQ(atomic_load(&result), 1);
        rn_group_cancel(h, -EINTR);
        CHECK_EQ(rn_group_wait(other), 0);
        CHECK_EQ(atomic_load(&result), -ECANCELED);
        atomic_store(&over, true);
        CHECK_EQ(rn_group_close(h), -EINTR);
        rn_group_close(other);
    }
    return 0;
}

TASK_TEST(group_may_close_while_others_wait_for_a_place)
{
    enum { STARTERS = 4 };
    for (int i = 0; i < 50; i++) {
        _Atomic(bool) over = true;
        _Atomic(int) results[STARTERS];
        rn_group *h = rn_group_new(NULL), *other = rn_group_new(NULL);
        CHECK_EQ(rn_group_limit(h, 0), 0);
        for (int k = 0; k < STARTERS; k++) {
            atomic_init(&results[k], 1);
            CHECK_EQ(rn_go(other, start_place_task, h, &over, &results[k]), 0);
        }
        await_waiters(rni_group_places(h), STARTERS); /* who comes later may find no group */
        rn_group_close(h);
        CHECK_EQ(rn_group_wait(other), 0);
        for (int k = 0; k < STARTERS; k++)
            CHECK_EQ(atomic_load(&results[k]), -ECANCELED);
        rn_group_close(other);
    }
    return 0;
}
