/* SPDX-License-Identifier: MIT */
/* Without memory or threads: an error where one can be returned, and all else goes on. */
/* kit: not-under-sanitizers */
/* kit: not-under-qemu */
#define _GNU_SOURCE
#include <runnel.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "kit/kit.h"
#include "kit/refuse.h"

enum { TASKS = 100 }; /* more than one mapping of huge stacks has room for */

static int hold(_Atomic(int) *begun, rn_receiver(rn_unit) until)
{
    atomic_fetch_add(begun, 1);
    rn_wait(until);
    return 0;
}
RN_TASK(hold, _Atomic(int) *, rn_receiver(rn_unit));

static int add_one(_Atomic(int) *sum)
{
    atomic_fetch_add(sum, 1);
    return 0;
}
RN_TASK(add_one, _Atomic(int) *);

TASK_TEST(memory_for_a_stack_missing_ends_the_task_with_an_error)
{
    _Atomic(int) begun = 0, sum = 0;
    rn_chan(rn_unit) never = rn_make(g, rn_unit, 0);
    rn_group *h = rn_group_new(NULL);
    rn_attr huge = { .stack = RN_STACK_HUGE };
    rn_group *others = rn_group_new(NULL);
    int started = 0, rc = 0;
    refuse_pages();
    while (started < TASKS && (rc = rn_go_with(h, &huge, hold, &begun, rn_rx(never))) == 0)
        started++;
    CHECK(rc == 0 || rc == -ECANCELED); /* the first that fails cancels the rest */
    CHECK_EQ(rn_group_wait(h), -ENOMEM);
    CHECK(atomic_load(&begun) < started);
    CHECK_EQ(rn_group_close(h), -ENOMEM);
    CHECK_EQ(rn_task_count(), 1);

    for (int i = 0; i < 10; i++) /* the stacks that there are serve others */
        CHECK_EQ(rn_go(others, add_one, &sum), 0);
    CHECK_EQ(rn_group_wait(others), 0);
    CHECK_EQ(atomic_load(&sum), 10);
    return rn_group_close(others);
}

TASK_TEST(memory_for_a_channel_missing_makes_none_and_fails_the_group)
{
    typedef struct large {
        char bytes[1 << 16];
    } large;
    rn_group *h = rn_group_new(NULL);
    rn_chan(int) before = rn_make(g, int, 1);
    refuse_pages();
    CHECK(rn_make(h, large, 1 << 10) == NULL);
    CHECK_EQ(rn_group_wait(h), -ENOMEM); /* so that nobody waits on nil for ever */
    rn_chan(int) after = rn_make(g, int, 1);
    CHECK_EQ(rn_send(before, 1), 0);
    CHECK_EQ(rn_send(after, 1), 0);
    CHECK_EQ(rn_group_close(h), -ENOMEM);
    return 0;
}

/* ---- nothing at all is left ---- */

/* Takes what malloc still has, in one list. */
static void **hoard(void)
{
    void **all = NULL, **piece;
    for (size_t bytes = 1 << 20; bytes >= sizeof(void *); bytes /= 2)
        while ((piece = malloc(bytes)) != NULL) {
            *piece = all;
            all = piece;
        }
    return all;
}

static void give_back(void **all)
{
    while (all) {
        void **next = *all;
        free(all);
        all = next;
    }
}

typedef struct arguments {
    char bytes[1000];
} arguments;

static int take_arguments(arguments a)
{
    return a.bytes[0];
}
RN_TASK(take_arguments, arguments);

static int take_number(int n)
{
    return n;
}
RN_TASK(take_number, int);

static void count_call(void *calls)
{
    ++*(int *)calls;
}

static int make_all(rn_group *g, void *arg)
{
    static int key;
    static arguments zeros;
    (void)arg;
    int calls = 0;
    rn_group *h = rn_group_new(NULL);
    rn_ctx *ctx = rn_ctx_with_cancel(rn_ctx_background());
    rn_chan(int) c = rn_make(g, int, 4);
    rn_chan(rn_unit) unused[64];
    for (int i = 0; i < 64; i++) /* headers of channels are made many at a time */
        unused[i] = rn_make(g, rn_unit, 0);
    CHECK(unused[63] != NULL);
    refuse_pages();
    void **all = hoard();

    CHECK(rn_group_new(NULL) == NULL);
    CHECK_EQ(rn_group_defer(h, count_call, &calls), -ENOMEM);
    CHECK_EQ(rn_go(h, take_arguments, zeros), -ENOMEM);
    CHECK(rn_ctx_with_cancel(ctx) == NULL);
    CHECK(rn_ctx_with_timeout(ctx, RN_HOUR) == NULL);
    CHECK(rn_ctx_without_cancel(ctx) == NULL);
    CHECK(rn_ctx_with_value_drop(ctx, &key, &calls, count_call) == NULL);
    CHECK(rn_ctx_after_func(ctx, h, take_number, 0) == NULL);
    CHECK(rn_timer_new(h, RN_HOUR) == NULL);
    CHECK(rn_ticker_new(h, RN_HOUR) == NULL);
    CHECK(rn_after(h, RN_HOUR) == NULL);
    CHECK(rn_make(h, int, 1000) == NULL);
    CHECK_EQ(rn_measure(c), -ENOMEM);

    give_back(all);
    CHECK_EQ(rn_send(c, 7), 0);
    CHECK_EQ(rn_group_defer(h, count_call, &calls), 0);
    CHECK_EQ(rn_go(h, take_arguments, zeros), -ECANCELED);
    CHECK_EQ(rn_group_wait(h), -ENOMEM);
    CHECK_EQ(rn_group_close(h), -ENOMEM);
    CHECK_EQ(calls, 1);
    rn_ctx *child = rn_ctx_with_value(ctx, &key, &calls);
    CHECK(rn_ctx_value(child, &key) == &calls);
    rn_ctx_cancel(ctx, -EPROTO);
    CHECK_EQ(rn_ctx_cause(child), -EPROTO);
    rn_ctx_unref(child);
    rn_ctx_unref(ctx);
    return 0;
}

TEST(memory_missing_makes_nothing_and_breaks_nothing)
{
    setenv("RUNNEL_WORKERS", "1", 1); /* nobody else gives memory back meanwhile */
    CHECK_EQ(rn_run(make_all, NULL), 0);
}

/* ---- no threads ---- */

static int doubled(void *arg)
{
    int *v = arg;
    *v *= 2;
    return *v;
}

static int call_without_threads(_Atomic(int) *refused)
{
    int v = 1;
    CHECK_EQ(rn_blocking(doubled, &v), -EAGAIN);
    CHECK_EQ(v, 1); /* not called */
    atomic_fetch_add(refused, 1);
    return 0;
}
RN_TASK(call_without_threads, _Atomic(int) *);

TASK_TEST(blocking_says_that_there_is_no_thread)
{
    _Atomic(int) refused = 0;
    rn_group *h = rn_group_new(NULL);
    refuse_threads();
    for (int i = 0; i < 20; i++)
        CHECK_EQ(rn_go(h, call_without_threads, &refused), 0);
    CHECK_EQ(rn_group_wait(h), 0);
    CHECK_EQ(atomic_load(&refused), 20);
    return rn_group_close(h);
}

static int wait_after_refusal(rn_group *g, void *arg)
{
    (void)arg;
    _Atomic(int) refused = 0;
    refuse_threads();
    for (int i = 0; i < 3; i++)
        call_without_threads(&refused);
    rn_chan(int) never = rn_make(g, int, 0);
    return rn_wait(never);
}

/* What waits for a thread that does not come is not counted as something that may go on. */
TEST_EXIT(blocking_that_failed_hides_no_deadlock, 2, "all tasks are asleep - deadlock!")
{
    rn_run(wait_after_refusal, NULL);
}

static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;

static int say_and_pass_gate(void *arg)
{
    atomic_store((_Atomic(int) *)arg, 1);
    pthread_mutex_lock(&gate);
    pthread_mutex_unlock(&gate);
    return 7;
}

static int hold_a_helper(void *begun)
{
    CHECK_EQ(rn_blocking(say_and_pass_gate, begun), 7);
    return 0;
}
RN_TASK(hold_a_helper, void *);

static int call_doubled(_Atomic(int) *done)
{
    int v = 1;
    CHECK_EQ(rn_blocking(doubled, &v), 2);
    atomic_store(done, v);
    return 0;
}
RN_TASK(call_doubled, _Atomic(int) *);

static int call_although_one_was_refused(rn_group *g, void *arg)
{
    (void)g;
    int v = 1;
    pthread_mutex_lock(&gate);
    CHECK_EQ(rn_go(g, hold_a_helper, arg), 0);
    while (atomic_load((_Atomic(int) *)arg) == 0)
        rn_sleep(RN_MILLISECOND);
    refuse_threads();
    rn_group *h = rn_group_new(NULL);
    _Atomic(int) done = 0;
    CHECK_EQ(rn_go(h, call_doubled, &done), 0);
    rn_sleep(2 * RN_MILLISECOND);
    CHECK_EQ(atomic_load(&done), 0);
    pthread_mutex_unlock(&gate); /* the one helper there is serves it then */
    CHECK_EQ(rn_group_wait(h), 0);
    CHECK_EQ(atomic_load(&done), 2);
    CHECK_EQ(rn_blocking(doubled, &v), 2);
    rn_group_close(h);
    return 0;
}

TEST(blocking_waits_for_the_helper_there_is_if_another_is_refused)
{
    _Atomic(int) begun = 0;
    CHECK_EQ(rn_run(call_although_one_was_refused, (void *)&begun), 0);
}
