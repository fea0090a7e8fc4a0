/* SPDX-License-Identifier: MIT */
/* kit: not-under-qemu */
/* kit: timeout 60 */
/* Timers in real time: many of them, many who wait, and wake-ups out of the workers' sleep. */
#include <runnel.h>

#include <pthread.h>
#include <stdatomic.h>
#include <time.h>
#include <unistd.h>

#include "base/san.h"
#include "core/worker.h"
#include "kit/kit.h"

#if RNI_FEATURE(address_sanitizer) || RNI_FEATURE(memory_sanitizer)
enum { MANY = 20 * 1000 };
#else
enum { MANY = 1000 * 1000 };
#endif

/* ---- none is missed ---- */

TASK_TEST(timer_of_no_time_is_never_missed)
{
    rn_timer *t = rn_timer_new(g, 0);
    int64_t v;
    for (int i = 0; i < MANY / 10; i++) {
        CHECK_EQ(rn_recv_until(rn_timer_chan(t), &v, rn_now() + RN_MINUTE), 0);
        CHECK(!rn_timer_reset(t, 0));
    }
    for (int i = 0; i < MANY / 10; i++) {
        rn_receiver(int64_t) c = rn_after(g, 0);
        CHECK_EQ(rn_select(RN_RECV(c, &v, NULL), RN_AFTER(RN_MINUTE)), 0);
        rn_free(c);
    }
    return 0;
}

static int expect_value(rn_receiver(int64_t) c, _Atomic(int) *got)
{
    int64_t v;
    if (rn_recv_until(c, &v, rn_now() + 10 * RN_MILLISECOND) == 0)
        atomic_fetch_add(got, 1);
    return 0;
}
RN_TASK(expect_value, rn_receiver(int64_t), _Atomic(int) *);

/* The value goes to the receiver, or stop prevented it, or it is still there: one of the three. */
TASK_TEST(timer_stopped_beside_its_receiver_agrees_with_it)
{
    (void)g;
    for (int i = 0; i < 100; i++) {
        _Atomic(int) got = 0;
        rn_group *h = rn_group_new(NULL);
        rn_timer *t = rn_timer_new(h, i % 10 * 20 * RN_MICROSECOND);
        CHECK_EQ(rn_go(h, expect_value, rn_timer_chan(t), &got), 0);
        rn_sleep(i % 7 * 20 * RN_MICROSECOND);
        bool prevented = rn_timer_stop(t);
        CHECK_EQ(rn_group_wait(h), 0);
        CHECK_EQ(prevented + atomic_load(&got), 1);
        CHECK_EQ(rn_group_close(h), 0);
    }
    return 0;
}

static int take_value(rn_receiver(int64_t) c, _Atomic(int) *got)
{
    int64_t v;
    if (rn_recv(c, &v) == 0)
        atomic_fetch_add(got, 1);
    return 0;
}
RN_TASK(take_value, rn_receiver(int64_t), _Atomic(int) *);

TASK_TEST(timer_value_goes_to_one_of_many_receivers)
{
    (void)g;
    for (int i = 0; i < 5; i++) {
        _Atomic(int) got = 0;
        rn_group *h = rn_group_new(NULL);
        rn_timer *t = rn_timer_new(h, 100 * RN_MICROSECOND);
        for (int j = 0; j < 10; j++)
            CHECK_EQ(rn_go(h, take_value, rn_timer_chan(t), &got), 0);
        while (atomic_load(&got) == 0)
            CHECK_EQ(rn_sleep(RN_MILLISECOND), 0);
        CHECK_EQ(rn_sleep(5 * RN_MILLISECOND), 0); /* for a second one */
        CHECK_EQ(rn_group_close(h), 0);
        CHECK_EQ(atomic_load(&got), 1);
    }
    return 0;
}

/* ---- the CPU is busy ---- */

static int play(rn_chan(int) in, rn_chan(int) out, _Atomic(bool) *over)
{
    int ball;
    while (!atomic_load(over) && rn_recv(in, &ball) == 0 && rn_send(out, ball + 1) == 0)
        ;
    return 0;
}
RN_TASK(play, rn_chan(int), rn_chan(int), _Atomic(bool) *);

static int end_game(_Atomic(bool) *over)
{
    atomic_store(over, true);
    return 0;
}
RN_TASK(end_game, _Atomic(bool) *);

TASK_TEST(timer_starts_its_task_although_two_others_play_ping_pong)
{
    (void)g;
    for (int i = 0; i < 50; i++) {
        _Atomic(bool) over = false;
        rn_group *h = rn_group_new(NULL);
        rn_chan(int) ping = rn_make(h, int, 1), pong = rn_make(h, int, 1);
        CHECK_EQ(rn_go(h, play, ping, pong, &over), 0);
        CHECK_EQ(rn_go(h, play, pong, ping, &over), 0);
        CHECK_EQ(rn_send(ping, 0), 0);
        CHECK(rn_timer_go(h, i * 10 * RN_MICROSECOND, end_game, &over) != NULL);
        while (!atomic_load(&over))
            CHECK_EQ(rn_yield(), 0);
        CHECK_EQ(rn_group_close(h), 0);
    }
    return 0;
}

static int hog(_Atomic(bool) *over)
{
    while (!atomic_load(over))
        ; /* never calls the library: only another worker can fire its worker's timers */
    return 0;
}
RN_TASK(hog, _Atomic(bool) *);

TASK_TEST(timer_of_a_hogged_worker_fires_on_another)
{
    if (rn_worker_count() == 1)
        return 0;
    for (int i = 0; i < 20; i++) {
        _Atomic(bool) over = false;
        rn_group *h = rn_group_new(NULL);
        rn_timer *t[20];
        for (int j = 0; j < 20; j++)
            CHECK((t[j] = rn_timer_new(h, RN_MILLISECOND)) != NULL);
        CHECK_EQ(rn_go(h, hog, &over), 0);
        int64_t v;
        for (int j = 0; j < 20; j++)
            CHECK_EQ(rn_recv_until(rn_timer_chan(t[j]), &v, rn_now() + 10 * RN_SECOND), 0);
        atomic_store(&over, true);
        CHECK_EQ(rn_group_wait(h), 0);
        CHECK_EQ(rn_group_close(h), 0);
    }
    (void)g;
    return 0;
}

/* ---- the workers sleep ---- */

static void *make_earlier(void *arg)
{
    rn_timer *t = arg;
    struct timespec nap = { .tv_nsec = 20 * 1000 * 1000 };
    nanosleep(&nap, NULL);
    CHECK(rn_timer_reset(t, RN_MILLISECOND));
    return NULL;
}

static void receive_in_time(rn_group *g)
{
    rn_timer *t = rn_timer_new(g, RN_HOUR);
    pthread_t thread;
    int64_t v, begun = rn_now();
    CHECK_EQ(pthread_create(&thread, NULL, make_earlier, t), 0);
    CHECK_EQ(rn_recv(rn_timer_chan(t), &v), 0);
    CHECK(rn_now() - begun >= 20 * RN_MILLISECOND);
    CHECK_EQ(pthread_join(thread, NULL), 0);
    rn_timer_free(t);
}

TASK_TEST(timer_made_earlier_wakes_sleeping_workers)
{
    for (int i = 0; i < 5; i++)
        receive_in_time(g);
    return 0;
}

static int wait_for_input(int fd)
{
    CHECK_EQ(rn_fd_wait(fd, RN_READABLE, RN_FOREVER), -ECANCELED);
    return 0;
}
RN_TASK(wait_for_input, int);

TASK_TEST(timer_made_earlier_wakes_a_worker_in_the_poller)
{
    (void)g;
    int ends[2];
    CHECK_EQ(pipe(ends), 0);
    rn_group *h = rn_group_new(NULL);
    CHECK_EQ(rn_go(h, wait_for_input, ends[0]), 0);
    for (int i = 0; i < 5; i++)
        receive_in_time(h);
    CHECK_EQ(rn_group_close(h), 0);
    close(ends[0]);
    close(ends[1]);
    return 0;
}

/* ---- many ---- */

static int nap_often(int seed)
{
    for (int i = 0; i < 3; i++)
        CHECK_EQ(rn_sleep((seed * 7919 + i * 104729) % 5000 * RN_MICROSECOND), 0);
    return 0;
}
RN_TASK(nap_often, int);

TASK_TEST(timers_by_the_million_come_and_go_beside_thousands_of_sleepers)
{
    (void)g;
    enum { KEPT = 1000 };
    rn_group *h = rn_group_new(NULL);
    for (int i = 0; i < MANY / 200; i++)
        CHECK_EQ(rn_go(h, nap_often, i), 0);
    static rn_receiver(int64_t) kept[KEPT];
    for (int i = 0; i < MANY; i++) {
        rn_receiver(int64_t) *c = &kept[i % KEPT];
        if (*c)
            rn_free(*c);
        CHECK((*c = rn_after(h, RN_HOUR + INT64_C(7919) * i % 10007)) != NULL);
    }
    CHECK_EQ(rn_group_wait(h), 0);
    return rn_group_close(h);
}

/* What is let go leaves nothing in the heap of timers. */
TASK_TEST(timers_that_are_let_go_leave_nothing)
{
    int64_t before = rni_next_timer();
    rn_chan(int) c = rn_make(g, int, 1);
    for (int i = 0; i < 1000; i++) {
        rn_receiver(int64_t) after = rn_after(g, RN_HOUR), every = rn_tick(g, RN_HOUR);
        rn_timer *t = rn_timer_new(g, RN_HOUR);
        CHECK(rni_next_timer() < before);
        rn_free(after);
        rn_free(every);
        rn_timer_free(t);
        CHECK_EQ(rn_send(c, i), 0);
        CHECK_EQ(rn_select(RN_AFTER(RN_HOUR), RN_RECV(c, &i, NULL)), 1);
        CHECK_EQ(rn_recv_until(c, &i, rn_now() + RN_MICROSECOND), -ETIMEDOUT);
        CHECK_EQ(rni_next_timer(), before);
    }
    return 0;
}

/* ---- the clock ---- */

static int relay_time(rn_chan(int64_t) in, rn_chan(int64_t) out)
{
    for (int64_t sent; rn_recv(in, &sent) == 0;) {
        int64_t now = rn_now();
        CHECK(now >= sent);
        if (rn_send(out, now) != 0)
            return 0;
    }
    return 0;
}
RN_TASK(relay_time, rn_chan(int64_t), rn_chan(int64_t));

TASK_TEST(clock_of_the_receiver_is_not_behind_the_senders)
{
    (void)g;
    rn_group *h = rn_group_new(NULL);
    rn_chan(int64_t) ring[5];
    for (int i = 0; i < 5; i++)
        ring[i] = rn_make(h, int64_t, 1);
    for (int i = 0; i < 5; i++)
        CHECK_EQ(rn_go(h, relay_time, ring[i], ring[(i + 1) % 5]), 0);
    CHECK_EQ(rn_send(ring[0], rn_now()), 0);
    CHECK_EQ(rn_send(ring[2], rn_now()), 0);
    CHECK_EQ(rn_sleep(30 * RN_MILLISECOND), 0);
    return rn_group_close(h);
}
