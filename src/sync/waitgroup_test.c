/* SPDX-License-Identifier: MIT */
/* The wait group. */
#include <runnel.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "kit/kit.h"
#include "sync/lot_peek.h"

static int work(rn_waitgroup *w, int *cell)
{
    rn_yield();
    *cell = 7;
    rn_waitgroup_done(w);
    return 0;
}
RN_TASK(work, rn_waitgroup *, int *);

TASK_TEST(waitgroup_wait_returns_when_all_are_done)
{
    int cells[200] = { 0 };
    rn_waitgroup w = { 0 };
    for (int round = 0; round < 10; round++) {
        rn_waitgroup_add(&w, 200);
        for (int i = 0; i < 200; i++) {
            cells[i] = 0;
            CHECK_EQ(rn_go(g, work, &w, &cells[i]), 0);
        }
        CHECK_EQ(rn_waitgroup_wait(&w), 0);
        for (int i = 0; i < 200; i++)
            CHECK_EQ(cells[i], 7); /* what was done before `done` is seen after `wait` */
    }
    return 0;
}

TASK_TEST(waitgroup_wait_of_zero_returns_at_once)
{
    rn_waitgroup w = { 0 };
    CHECK_EQ(rn_waitgroup_wait(&w), 0);
    rn_waitgroup_add(&w, 2);
    rn_waitgroup_add(&w, 0);
    rn_waitgroup_add(&w, -2);
    CHECK_EQ(rn_waitgroup_wait(&w), 0);
    return 0;
}

static int wait_for(rn_waitgroup *w, _Atomic(int) *returned, int *seen)
{
    CHECK_EQ(rn_waitgroup_wait(w), 0);
    CHECK_EQ(*seen, 5);
    atomic_fetch_add(returned, 1);
    return 0;
}
RN_TASK(wait_for, rn_waitgroup *, _Atomic(int) *, int *);

TASK_TEST(waitgroup_releases_all_waiters_and_none_early)
{
    _Atomic(int) returned = 0;
    int seen = 0;
    rn_waitgroup w = { 0 };
    rn_group *h = rn_group_new(NULL);
    rn_waitgroup_add(&w, 2);
    for (int i = 0; i < 20; i++)
        CHECK_EQ(rn_go(h, wait_for, &w, &returned, &seen), 0);
    await_waiters(&w, 20);
    rn_waitgroup_done(&w);
    rn_sleep(RN_MILLISECOND);
    CHECK_EQ(atomic_load(&returned), 0);
    seen = 5;
    rn_waitgroup_done(&w);
    CHECK_EQ(rn_group_wait(h), 0);
    CHECK_EQ(atomic_load(&returned), 20);
    return rn_group_close(h);
}

/* A waiter may free the wait group the moment it is released. */
static int done_and_forget(rn_waitgroup *w)
{
    rn_waitgroup_done(w);
    return 0;
}
RN_TASK(done_and_forget, rn_waitgroup *);

TASK_TEST(waitgroup_may_be_freed_by_its_waiter)
{
    for (int i = 0; i < 500; i++) {
        rn_waitgroup *w = calloc(1, sizeof *w);
        rn_waitgroup_add(w, 2);
        CHECK_EQ(rn_go(g, done_and_forget, w), 0);
        CHECK_EQ(rn_go(g, done_and_forget, w), 0);
        CHECK_EQ(rn_waitgroup_wait(w), 0);
        free(w);
    }
    return 0;
}

static void *done_on_thread(void *arg)
{
    rn_sleep(RN_MILLISECOND);
    rn_waitgroup_done((rn_waitgroup *)arg);
    return NULL;
}

TEST(waitgroup_works_between_foreign_threads)
{
    pthread_t t;
    rn_waitgroup w = { 0 };
    rn_waitgroup_add(&w, 1);
    CHECK_EQ(pthread_create(&t, NULL, done_on_thread, &w), 0);
    CHECK_EQ(rn_waitgroup_wait(&w), 0);
    CHECK_EQ(pthread_join(t, NULL), 0);
}

TEST_EXIT(waitgroup_negative_counter_panics, 2, "negative wait group counter at ")
{
    rn_waitgroup w = { 0 };
    rn_waitgroup_add(&w, 1);
    rn_waitgroup_done(&w);
    rn_waitgroup_done(&w);
}
