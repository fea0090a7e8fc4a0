/* SPDX-License-Identifier: MIT */
/* Pinned tasks stay on their thread. */
#define _GNU_SOURCE
#include <runnel.h>

#include <pthread.h>
#include <stdatomic.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "kit/kit.h"

static long thread_id(void)
{
    return syscall(SYS_gettid);
}

/* Waits in every way that could bring the task to another worker. */
static int wander(int rounds, rn_chan(int) c)
{
    for (int i = 0, v; i < rounds; i++) {
        rn_yield();
        if (i % 16 == 0)
            rn_sleep(20 * RN_MICROSECOND);
        if (rn_send(c, i) != 0 || rn_recv(c, &v) != 0)
            return -EIO;
    }
    return 0;
}
RN_TASK(wander, int, rn_chan(int));

static int stay(rn_chan(int) c, bool by_attribute)
{
    if (!by_attribute)
        rn_pin();
    long here = thread_id();
    for (int i = 0; i < 60; i++) {
        int rc = wander(1, c);
        if (rc != 0)
            return rc;
        CHECK_EQ(thread_id(), here);
        if (i % 10 == 0) {
            rn_sleep(50 * RN_MICROSECOND);
            CHECK_EQ(thread_id(), here);
        }
    }
    if (!by_attribute)
        rn_unpin();
    return 0;
}
RN_TASK(stay, rn_chan(int), bool);

/* The pinned tasks wait for one another and for tasks that wander. */
static void crowd(rn_group *h, bool by_attribute)
{
    rn_attr attr = { .pin = by_attribute };
    rn_chan(int) c = rn_make(h, int, 16);
    for (int i = 0; i < 8; i++) {
        CHECK_EQ(rn_go_with(h, &attr, stay, c, by_attribute), 0);
        CHECK_EQ(rn_go(h, wander, 60, c), 0);
    }
    CHECK_EQ(rn_group_wait(h), 0);
}

TASK_TEST(pin_keeps_a_task_on_its_thread)
{
    rn_group *h = rn_group_new(NULL);
    crowd(h, false);
    return rn_group_close(h);
}

TASK_TEST(pin_attribute_keeps_a_task_on_its_thread)
{
    rn_group *h = rn_group_new(NULL);
    crowd(h, true);
    return rn_group_close(h);
}

static int yield_often(void)
{
    for (int i = 0; i < 200; i++)
        rn_yield();
    return 0;
}
RN_TASK(yield_often);

TASK_TEST(pin_nests)
{
    rn_group *h = rn_group_new(NULL);
    rn_pin();
    rn_pin();
    rn_unpin();
    long here = thread_id();
    for (int i = 0; i < 10; i++)
        CHECK_EQ(rn_go(h, yield_often), 0);
    for (int i = 0; i < 50; i++) {
        rn_sleep(30 * RN_MICROSECOND);
        CHECK_EQ(thread_id(), here);
    }
    rn_unpin();
    CHECK_EQ(rn_group_wait(h), 0);
    return rn_group_close(h);
}

static int count_runs(_Atomic(int) *n)
{
    for (int i = 0; i < 100; i++) {
        atomic_fetch_add(n, 1);
        rn_yield();
    }
    return 0;
}
RN_TASK(count_runs, _Atomic(int) *);

TASK_TEST(pin_leaves_the_worker_to_others_while_the_task_waits)
{
    _Atomic(int) n = 0;
    rn_group *h = rn_group_new(NULL);
    rn_pin();
    for (int i = 0; i < 20; i++)
        CHECK_EQ(rn_go(h, count_runs, &n), 0);
    CHECK_EQ(rn_group_wait(h), 0);
    CHECK_EQ(atomic_load(&n), 2000);
    rn_unpin();
    return rn_group_close(h);
}

/* A task that ends pinned must not pin the task that gets its stack next. */
static int end_pinned(void)
{
    rn_pin();
    return rn_yield();
}
RN_TASK(end_pinned);

TASK_TEST(pin_ends_with_the_task)
{
    rn_group *h = rn_group_new(NULL);
    for (int i = 0; i < 200; i++)
        CHECK_EQ(rn_go(h, end_pinned), 0);
    CHECK_EQ(rn_group_wait(h), 0);
    crowd(h, false);
    return rn_group_close(h);
}

static int unpin_first(rn_group *g, void *arg)
{
    (void)g;
    (void)arg;
    rn_unpin();
    return 0;
}

TEST_EXIT(pin_unpin_without_pin_panics, 2, "rn_unpin without rn_pin")
{
    CHECK_EQ(rn_run(unpin_first, NULL), 0);
}

TEST(pin_has_no_effect_on_a_foreign_thread)
{
    rn_pin();
    rn_unpin();
    rn_unpin();
}
