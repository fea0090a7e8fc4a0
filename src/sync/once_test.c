/* SPDX-License-Identifier: MIT */
/* Once. */
#include <runnel.h>

#include <pthread.h>
#include <stdatomic.h>

#include "kit/capture.h"
#include "kit/kit.h"

struct call {
    rn_once once;
    int calls; /* not atomic: once must order it */
    bool ended;
    _Atomic(int) returned;
    int64_t ns;
};

static void run_slowly(void *arg)
{
    struct call *c = arg;
    c->calls++;
    rn_sleep(c->ns); /* others come and must wait */
    c->ended = true;
}

static int call_it(struct call *c)
{
    CHECK_EQ(rn_once_do(&c->once, run_slowly, c), 0);
    CHECK(c->ended); /* nobody returns earlier */
    CHECK_EQ(c->calls, 1);
    atomic_fetch_add(&c->returned, 1);
    return 0;
}
RN_TASK(call_it, struct call *);

TASK_TEST(once_runs_once_and_nobody_returns_before_it_has)
{
    for (int round = 0; round < 20; round++) {
        struct call c = { .ns = round % 4 * 50 * RN_MICROSECOND };
        rn_group *h = rn_group_new(NULL);
        for (int i = 0; i < 20; i++)
            CHECK_EQ(rn_go(h, call_it, &c), 0);
        CHECK_EQ(rn_group_wait(h), 0);
        CHECK_EQ(atomic_load(&c.returned), 20);
        CHECK_EQ(call_it(&c), 0); /* and for ever after */
        rn_group_close(h);
    }
    return 0;
}

static void *call_on_thread(void *arg)
{
    call_it(arg);
    return NULL;
}

TEST(once_works_between_foreign_threads)
{
    pthread_t threads[4];
    struct call c = { .ns = RN_MILLISECOND };
    for (int i = 0; i < 4; i++)
        CHECK_EQ(pthread_create(&threads[i], NULL, call_on_thread, &c), 0);
    for (int i = 0; i < 4; i++)
        CHECK_EQ(pthread_join(threads[i], NULL), 0);
    CHECK_EQ(atomic_load(&c.returned), 4);
}

static int call_cancelled(struct call *c)
{
    rn_group_cancel(rn_group_current(), 0);
    CHECK_EQ(rn_once_do(&c->once, run_slowly, c), 0); /* need not wait: it is the first */
    CHECK_EQ(c->calls, 1);
    CHECK_EQ(rn_once_do(&c->once, run_slowly, c), 0); /* done: need not wait either */
    CHECK_EQ(c->calls, 1);
    return 0;
}
RN_TASK(call_cancelled, struct call *);

TASK_TEST(once_in_a_cancelled_task_runs_if_it_need_not_wait)
{
    struct call c = { .ns = RN_MILLISECOND };
    rn_group *h = rn_group_new(NULL);
    CHECK_EQ(rn_go(h, call_cancelled, &c), 0);
    CHECK_EQ(rn_group_wait(h), -ECANCELED);
    CHECK(c.ended);
    rn_group_close(h);
    return 0;
}

static rn_once onceness;

static void again(void *arg)
{
    rn_once_do(&onceness, again, arg);
}

static int deadlock(rn_group *g, void *arg)
{
    (void)g;
    return rn_once_do(&onceness, again, arg);
}

static int run_deadlock(void)
{
    return rn_run(deadlock, NULL);
}

TEST(once_called_by_itself_is_a_reported_deadlock)
{
    struct capture c;
    capture(&c, run_deadlock);
    CHECK_EQ(c.status, 2);
    capture_has(&c, "all tasks are asleep - deadlock!");
    capture_has(&c, "[once] at ");
}
