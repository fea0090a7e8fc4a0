/* SPDX-License-Identifier: MIT */
/*
 * What the library orders: programs that share ordinary variables and are right to. The values are
 * checked in every build; TSan must be silent about each of them. Their opposites, which it must
 * report, are in no_order.c.
 */
#include <runnel.h>

#include <stdatomic.h>

#include "kit/kit.h"

enum { ROUNDS = 60 };

/* Lets the others go first, in some rounds; so both sides of each pair get to wait. */
static void dawdle(int round, int side)
{
    if (round % 3 == side)
        rn_yield();
    else if (round % 7 == side)
        rn_sleep(20 * RN_MICROSECOND);
}

/* Two tasks of the same arguments, ROUNDS times. */
typedef struct pair {
    rn_group *g;
    int round;
    int x, y; /* what they share */
    rn_chan(int) c, never;
    rn_chan(rn_unit) unit;
} pair;

static void run_pairs(int (*first)(void *), int (*second)(void *), size_t cap)
{
    for (int round = 0; round < ROUNDS; round++) {
        rn_group *h = rn_group_new(NULL);
        pair p = { .g = h, .round = round };
        pair *arg = &p;
        p.c = rn_make(h, int, cap);
        p.never = rn_make(h, int, 0);
        p.unit = rn_make(h, rn_unit, cap);
        CHECK_EQ(rn_group_go(h, first, &arg, sizeof arg, NULL, "first", RN_HERE), 0);
        CHECK_EQ(rn_group_go(h, second, &arg, sizeof arg, NULL, "second", RN_HERE), 0);
        CHECK_EQ(rn_group_wait(h), 0);
        CHECK_EQ(rn_group_close(h), 0);
    }
}

/* Defines the two tasks, with p as the shared pair, and the test. */
#define PAIR_TEST(name, cap, first, second)                                                        \
    static int name##_1(void *args)                                                                \
    {                                                                                              \
        pair *p = *(pair **)args;                                                                  \
        dawdle(p->round, 0);                                                                       \
        first;                                                                                     \
        return 0;                                                                                  \
    }                                                                                              \
    static int name##_2(void *args)                                                                \
    {                                                                                              \
        pair *p = *(pair **)args;                                                                  \
        dawdle(p->round, 1);                                                                       \
        second;                                                                                    \
        return 0;                                                                                  \
    }                                                                                              \
    TASK_TEST(name)                                                                                \
    {                                                                                              \
        run_pairs(name##_1, name##_2, (cap));                                                      \
        return 0;                                                                                  \
    }

static int received(rn_chan(int) c)
{
    int v = -1;
    CHECK_EQ(rn_recv(c, &v), 0);
    return v;
}

/* ---- channels ---- */

PAIR_TEST(order_send_before_its_receive, 0, (p->x = 7, CHECK_EQ(rn_send(p->c, 1), 0)),
          (received(p->c), CHECK_EQ(p->x, 7)))

PAIR_TEST(order_buffered_send_before_its_receive, 3, (p->x = 7, CHECK_EQ(rn_send(p->c, 1), 0)),
          (received(p->c), CHECK_EQ(p->x, 7)))

PAIR_TEST(order_receive_before_the_end_of_an_unbuffered_send, 0,
          (CHECK_EQ(rn_send(p->c, 1), 0), CHECK_EQ(p->x, 7)), (p->x = 7, received(p->c)))

/* The first receive comes before the third send. */
PAIR_TEST(order_receive_before_the_send_that_finds_its_place, 2,
          (CHECK_EQ(rn_send(p->c, 1), 0), CHECK_EQ(rn_send(p->c, 2), 0),
           CHECK_EQ(rn_send(p->c, 3), 0), CHECK_EQ(p->x, 7)),
          (p->x = 7, received(p->c)))

PAIR_TEST(order_close_before_the_receive_that_sees_it, 0, (p->x = 7, rn_close(p->c)),
          (CHECK_EQ(rn_wait(p->c), -EPIPE), CHECK_EQ(p->x, 7)))

/* What the receive itself writes, too. */
PAIR_TEST(order_what_is_received_before_the_end_of_an_unbuffered_send, 0,
          (CHECK_EQ(rn_send(p->c, 7), 0), CHECK_EQ(p->x, 7)), CHECK_EQ(rn_recv(p->c, &p->x), 0))

PAIR_TEST(order_what_is_received_before_the_send_that_finds_its_place, 2,
          (CHECK_EQ(rn_send(p->c, 7), 0), CHECK_EQ(rn_send(p->c, 2), 0),
           CHECK_EQ(rn_send(p->c, 3), 0), CHECK_EQ(p->x, 7)),
          CHECK_EQ(rn_recv(p->c, &p->x), 0))

PAIR_TEST(order_what_is_sent_before_what_is_received_in_its_place, 1,
          (p->x = 3, CHECK_EQ(rn_send(p->c, 7), 0)),
          (CHECK_EQ(rn_recv(p->c, &p->x), 0), CHECK_EQ(p->x, 7)))

/* Elements without a size order as well. */
PAIR_TEST(order_send_of_nothing_before_its_receive, 1,
          (p->x = 7, CHECK_EQ(rn_send(p->unit, RN_UNIT), 0)),
          (CHECK_EQ(rn_wait(p->unit), 0), CHECK_EQ(p->x, 7)))

static void poll_until(rn_chan(int) c, int rc)
{
    int v;
    while (rn_try_recv(c, &v) != rc)
        rn_yield();
}

PAIR_TEST(order_send_before_the_try_that_takes_it, 1, (p->x = 7, CHECK_EQ(rn_send(p->c, 1), 0)),
          (poll_until(p->c, 0), CHECK_EQ(p->x, 7)))

PAIR_TEST(order_close_before_the_try_that_sees_it, 0, (p->x = 7, rn_close(p->c)),
          (poll_until(p->c, -EPIPE), CHECK_EQ(p->x, 7)))

/* ---- select ---- */

PAIR_TEST(order_by_selects_on_both_sides, 0,
          (p->x = 7, CHECK_EQ(rn_select(RN_SEND(p->c, 1), RN_DONE(p->never)), 0)),
          (CHECK_EQ(rn_select(RN_DONE(p->never), RN_DONE(p->c)), 1), CHECK_EQ(p->x, 7)))

PAIR_TEST(order_by_a_select_that_sends_to_a_receive, 2,
          (p->x = 7, CHECK_EQ(rn_select(RN_DONE(p->never), RN_SEND(p->c, 1)), 1)),
          (received(p->c), CHECK_EQ(p->x, 7)))

PAIR_TEST(order_by_a_receive_to_a_select_that_sends, 0,
          (CHECK_EQ(rn_select(RN_SEND(p->c, 1), RN_DONE(p->never)), 0), CHECK_EQ(p->x, 7)),
          (p->x = 7, received(p->c)))

PAIR_TEST(order_close_before_the_select_that_sees_it, 0, (p->x = 7, rn_close(p->c)),
          (CHECK_EQ(rn_select(RN_DONE(p->c), RN_DONE(p->never)), 0), CHECK_EQ(p->x, 7)))

static int lock_by_select(rn_chan(rn_unit) lock, rn_chan(int) never, int *x)
{
    for (int i = 0; i < 50; i++) {
        CHECK_EQ(rn_select(RN_SEND(lock, RN_UNIT), RN_DONE(never)), 0);
        ++*x;
        if (i % 8 == 0)
            rn_yield();
        CHECK_EQ(rn_select(RN_DONE(never), RN_DONE(lock)), 1);
    }
    return 0;
}
RN_TASK(lock_by_select, rn_chan(rn_unit), rn_chan(int), int *);

TASK_TEST(order_by_a_channel_of_one_as_a_lock_in_selects)
{
    int x = 0;
    rn_group *h = rn_group_new(NULL);
    rn_chan(rn_unit) lock = rn_make(g, rn_unit, 1);
    rn_chan(int) never = rn_make(g, int, 0);
    for (int i = 0; i < 4; i++)
        CHECK_EQ(rn_go(h, lock_by_select, lock, never, &x), 0);
    CHECK_EQ(rn_group_wait(h), 0);
    CHECK_EQ(x, 200);
    return rn_group_close(h);
}

/* ---- what travels ---- */

static int produce(rn_sender(int *) out, int *memory, int n)
{
    for (int i = 0; i < n; i++) {
        memory[i] = i;
        CHECK_EQ(rn_send(out, &memory[i]), 0);
    }
    rn_close(out);
    return 0;
}
RN_TASK(produce, rn_sender(int *), int *, int);

TASK_TEST(order_of_what_a_sent_pointer_points_to)
{
    static int memory[2][500];
    for (size_t cap = 0; cap < 2; cap++) {
        rn_chan(int *) c = rn_make(g, int *, cap * 4);
        CHECK_EQ(rn_go(g, produce, rn_tx(c), memory[cap], 500), 0);
        int next = 0;
        for (int *p; rn_recv(c, &p) == 0; next++)
            CHECK_EQ((*p)++, next);
        CHECK_EQ(next, 500);
    }
    return 0;
}

/* A full channel counts the tasks that are still at work: filling it waits for them. */
static int write_and_take(int *x, rn_chan(rn_unit) working)
{
    rn_yield();
    *x = 42;
    CHECK_EQ(rn_wait(working), 0);
    return 0;
}
RN_TASK(write_and_take, int *, rn_chan(rn_unit));

TASK_TEST(order_by_a_channel_as_a_wait_group)
{
    enum { N = 10 };
    for (int round = 0; round < ROUNDS; round++) {
        int x[N] = { 0 };
        rn_group *h = rn_group_new(NULL);
        rn_chan(rn_unit) working = rn_make(h, rn_unit, N / 2);
        for (int i = 0; i < N; i++) {
            CHECK_EQ(rn_send(working, RN_UNIT), 0);
            CHECK_EQ(rn_go(h, write_and_take, &x[i], working), 0);
        }
        for (int i = 0; i < N / 2; i++)
            CHECK_EQ(rn_send(working, RN_UNIT), 0);
        for (int i = 0; i < N; i++)
            CHECK_EQ(x[i], 42);
        CHECK_EQ(rn_group_close(h), 0);
    }
    (void)g;
    return 0;
}

/* ---- tasks, groups, contexts, time ---- */

static int add_one(int *x)
{
    rn_yield();
    ++*x;
    return 0;
}
RN_TASK(add_one, int *);

TASK_TEST(order_by_the_start_and_the_end_of_tasks)
{
    int x = 0;
    (void)g;
    for (int i = 0; i < ROUNDS; i++) {
        rn_group *h = rn_group_new(NULL);
        x++;
        CHECK_EQ(rn_go(h, add_one, &x), 0);
        CHECK_EQ(rn_group_wait(h), 0);
        x++;
        CHECK_EQ(rn_go(h, add_one, &x), 0);
        CHECK_EQ(rn_group_close(h), 0);
    }
    CHECK_EQ(x, 4 * ROUNDS);
    return 0;
}

static int find_seven(int *x, _Atomic(int) *found)
{
    CHECK_EQ(*x, 7);
    atomic_fetch_add_explicit(found, 1, memory_order_relaxed);
    return 0;
}
RN_TASK(find_seven, int *, _Atomic(int) *);

TASK_TEST(order_by_a_timer_before_the_task_it_starts)
{
    (void)g;
    for (int i = 0; i < ROUNDS; i++) {
        int x = 7;
        _Atomic(int) found = 0;
        rn_group *h = rn_group_new(NULL);
        CHECK(rn_timer_go(h, i % 4 * 20 * RN_MICROSECOND, find_seven, &x, &found) != NULL);
        while (atomic_load_explicit(&found, memory_order_relaxed) == 0)
            rn_yield();
        CHECK_EQ(rn_group_wait(h), 0);
        x = 8;
        CHECK_EQ(rn_group_close(h), 0);
    }
    return 0;
}

/* Both what was there when the function was registered, and what was before the cancel. */
static int find_both(int *x, int *y)
{
    CHECK_EQ(*x, 7);
    CHECK_EQ(*y, 8);
    *x = *y = 0;
    return 0;
}
RN_TASK(find_both, int *, int *);

TASK_TEST(order_by_a_cancel_before_the_function_it_starts)
{
    (void)g;
    for (int i = 0; i < ROUNDS; i++) {
        int x = 7, y = 0;
        rn_group *h = rn_group_new(NULL);
        rn_ctx *ctx = rn_ctx_with_cancel(rn_ctx_background());
        CHECK(rn_ctx_after_func(ctx, h, find_both, &x, &y) != NULL);
        y = 8;
        rn_ctx_cancel(ctx, 0);
        CHECK_EQ(rn_group_close(h), 0);
        CHECK_EQ(x + y, 0);
        rn_ctx_unref(ctx);
    }
    return 0;
}

static void poll_cancelled(pair *p)
{
    rn_shield();
    while (rn_ctx_err(rn_group_ctx(p->g)) == 0)
        rn_yield();
    rn_unshield();
}

static int poll_till_cancel(pair *p)
{
    poll_cancelled(p);
    CHECK_EQ(p->x, 7);
    return 0;
}
RN_TASK(poll_till_cancel, pair *);

static int wait_for_done(rn_ctx *ctx, int *x)
{
    rn_shield();
    CHECK_EQ(rn_wait(rn_ctx_done(ctx)), -EPIPE);
    rn_unshield();
    CHECK_EQ(*x, 7);
    return 0;
}
RN_TASK(wait_for_done, rn_ctx *, int *);

TASK_TEST(order_by_a_cancel_before_all_who_notice_it)
{
    (void)g;
    for (int i = 0; i < ROUNDS; i++) {
        rn_group *h = rn_group_new(NULL);
        pair p = { .g = h };
        CHECK_EQ(rn_go(h, poll_till_cancel, &p), 0);
        CHECK_EQ(rn_go(h, wait_for_done, rn_group_ctx(h), &p.x), 0);
        dawdle(i, 0);
        p.x = 7;
        rn_group_cancel(h, 0);
        CHECK_EQ(rn_group_close(h), -ECANCELED);
    }
    return 0;
}

static int double_it(void *x)
{
    return *(int *)x *= 2;
}

TASK_TEST(order_by_a_blocking_call_both_ways)
{
    (void)g;
    for (int i = 1; i < 20; i++) {
        int x = i;
        CHECK_EQ(rn_blocking(double_it, &x), 2 * i);
        CHECK_EQ(x, 2 * i);
        x = 0;
    }
    return 0;
}

/* ---- locks and the like ---- */

typedef struct locks {
    rn_mutex mutex;
    rn_rwmutex rw;
    rn_semaphore one;
    rn_cond changed;
    rn_once once;
    rn_waitgroup done;
    int by_mutex, by_rw, by_one, by_cond, by_once, by_group[4];
} locks;

static void set_seven(void *x)
{
    *(int *)x = 7;
}

static int use_all(locks *l, int me)
{
    for (int i = 0; i < 30; i++) {
        CHECK_EQ(rn_mutex_lock(&l->mutex), 0);
        l->by_mutex++;
        dawdle(i, 0);
        rn_mutex_unlock(&l->mutex);
        CHECK_EQ(rn_rwmutex_lock(&l->rw), 0);
        l->by_rw++;
        rn_rwmutex_unlock(&l->rw);
        CHECK_EQ(rn_rwmutex_rlock(&l->rw), 0);
        CHECK(l->by_rw > i);
        dawdle(i, 1);
        rn_rwmutex_runlock(&l->rw);
        CHECK_EQ(rn_semaphore_acquire(&l->one, 1), 0);
        l->by_one++;
        dawdle(i, 2);
        rn_semaphore_release(&l->one, 1);
        CHECK_EQ(rn_once_do(&l->once, set_seven, &l->by_once), 0);
        CHECK_EQ(l->by_once, 7);
    }
    CHECK_EQ(rn_mutex_lock(&l->mutex), 0);
    while (l->by_cond != me)
        CHECK_EQ(rn_cond_wait(&l->changed, &l->mutex), 0);
    l->by_cond++;
    rn_cond_broadcast(&l->changed);
    rn_mutex_unlock(&l->mutex);
    l->by_group[me] = 7;
    rn_waitgroup_done(&l->done);
    return 0;
}
RN_TASK(use_all, locks *, int);

TASK_TEST(order_by_every_kind_of_lock)
{
    (void)g;
    for (int round = 0; round < 10; round++) {
        locks l = { .one = RN_SEMAPHORE_INIT(1) };
        rn_group *h = rn_group_new(NULL);
        rn_waitgroup_add(&l.done, 4);
        for (int i = 0; i < 4; i++)
            CHECK_EQ(rn_go(h, use_all, &l, i), 0);
        CHECK_EQ(rn_waitgroup_wait(&l.done), 0);
        for (int i = 0; i < 4; i++)
            CHECK_EQ(l.by_group[i], 7);
        CHECK_EQ(rn_mutex_lock(&l.mutex), 0);
        CHECK_EQ(l.by_mutex + l.by_rw + l.by_one, 3 * 4 * 30);
        CHECK_EQ(l.by_cond, 4);
        rn_mutex_unlock(&l.mutex);
        CHECK_EQ(rn_group_close(h), 0);
    }
    return 0;
}

/* A task sees what it wrote itself, on whichever worker it goes on. */
static int write_and_move(int n)
{
    int memory[64] = { 0 };
    for (int i = 0; i < n; i++) {
        for (int j = 0; j < 64; j++)
            CHECK_EQ(memory[j]++, i);
        if (i % 5)
            rn_yield();
        else
            rn_sleep(RN_MICROSECOND);
    }
    return 0;
}
RN_TASK(write_and_move, int);

TASK_TEST(order_of_a_task_that_moves_between_workers)
{
    (void)g;
    rn_group *h = rn_group_new(NULL);
    for (int i = 0; i < 20; i++)
        CHECK_EQ(rn_go(h, write_and_move, 50), 0);
    CHECK_EQ(rn_group_wait(h), 0);
    return rn_group_close(h);
}

/* ---- what the library's own queues look like to TSan ---- */

static int time_out(rn_receiver(int) a, rn_receiver(int) b)
{
    for (int i = 0, v; i < 200; i++)
        CHECK_EQ(rn_recv_until(i & 1 ? a : b, &v, rn_now() + 3 * RN_MICROSECOND), -ETIMEDOUT);
    return 0;
}
RN_TASK(time_out, rn_receiver(int), rn_receiver(int));

/* A deadline takes a waiter from between others, unseen by TSan. */
TASK_TEST(order_of_waiters_that_time_out_in_one_queue_and_then_another)
{
    rn_group *h = rn_group_new(NULL);
    rn_chan(int) a = rn_make(g, int, 0), b = rn_make(g, int, 0);
    for (int i = 0; i < 6; i++)
        CHECK_EQ(rn_go(h, time_out, rn_rx(a), rn_rx(b)), 0);
    CHECK_EQ(rn_group_wait(h), 0);
    return rn_group_close(h);
}
