/* SPDX-License-Identifier: MIT */
/* Contexts: the tree, causes, deadlines, and the done channel. */
#include <runnel.h>

#include <pthread.h>
#include <stdatomic.h>

#include "core/worker.h"
#include "kit/kit.h"

static rn_unit unit;

TEST(context_background_is_never_cancelled)
{
    rn_ctx *b = rn_ctx_background();
    int64_t deadline;
    CHECK(b != NULL && b == rn_ctx_background());
    CHECK_EQ(rn_ctx_err(b), 0);
    CHECK_EQ(rn_ctx_cause(b), 0);
    CHECK(!rn_ctx_deadline(b, &deadline));
    CHECK(rn_ctx_done(b) == NULL);
    CHECK(rn_ctx_ref(b) == b);
    rn_ctx_unref(b);
    rn_ctx_unref(b);
    rn_ctx_unref(b);
    CHECK(rn_ctx_current() == b);
}

TEST(context_cancel_goes_down_at_once_and_not_up)
{
    rn_ctx *a = rn_ctx_with_cancel(rn_ctx_background()), *b = rn_ctx_with_cancel(a),
           *c = rn_ctx_with_cancel(b), *d = rn_ctx_with_cancel(a);
    rn_ctx_cancel(b, -EXDEV);
    CHECK_EQ(rn_ctx_err(b), -ECANCELED);
    CHECK_EQ(rn_ctx_cause(b), -EXDEV);
    CHECK_EQ(rn_ctx_err(c), -ECANCELED);
    CHECK_EQ(rn_ctx_cause(c), -EXDEV);
    CHECK_EQ(rn_ctx_err(a), 0);
    CHECK_EQ(rn_ctx_err(d), 0);
    rn_ctx_cancel(b, -EIO); /* the first cause stays */
    CHECK_EQ(rn_ctx_cause(b), -EXDEV);
    rn_ctx_cancel(a, 0);
    CHECK_EQ(rn_ctx_cause(a), -ECANCELED);
    CHECK_EQ(rn_ctx_cause(d), -ECANCELED);
    CHECK_EQ(rn_ctx_cause(c), -EXDEV);
    rn_ctx *late = rn_ctx_with_cancel(c);
    CHECK_EQ(rn_ctx_cause(late), -EXDEV);
    rn_ctx_unref(late);
    rn_ctx_unref(d);
    rn_ctx_unref(c);
    rn_ctx_unref(b);
    rn_ctx_unref(a);
}

TEST(context_child_keeps_its_parent_alive)
{
    rn_ctx *a = rn_ctx_with_cancel(rn_ctx_background());
    rn_ctx *b = rn_ctx_with_cancel(a);
    CHECK(rn_ctx_ref(a) == a);
    rn_ctx_unref(a);
    rn_ctx_unref(a); /* the maker's reference */
    rn_ctx *c = rn_ctx_with_cancel(b);
    rn_ctx_unref(b);
    CHECK_EQ(rn_ctx_err(c), 0); /* giving back cancels nothing */
    rn_ctx_unref(c);
}

TEST(context_tree_of_any_depth_is_cancelled_and_freed)
{
    enum { DEPTH = 20000 };
    rn_ctx *root = rn_ctx_with_cancel(rn_ctx_background()), *at = rn_ctx_ref(root);
    for (int i = 0; i < DEPTH; i++) {
        rn_ctx *below = rn_ctx_with_cancel(at);
        rn_ctx_unref(at);
        at = below;
    }
    rn_ctx_cancel(root, -EIO);
    CHECK_EQ(rn_ctx_cause(at), -EIO);
    rn_ctx_unref(root);
    rn_ctx_unref(at);
}

/* ---- deadlines ---- */

TASK_TEST(context_deadline_cancels_with_a_timeout)
{
    int64_t when = rn_now() + 5 * RN_MILLISECOND, told = 0;
    rn_ctx *ctx = rn_ctx_with_deadline(rn_group_ctx(g), when);
    CHECK(rn_ctx_deadline(ctx, &told));
    CHECK_EQ(told, when);
    CHECK_EQ(rn_wait(rn_ctx_done(ctx)), -EPIPE);
    CHECK(rn_now() >= when);
    CHECK_EQ(rn_ctx_err(ctx), -ETIMEDOUT);
    CHECK_EQ(rn_ctx_cause(ctx), -ETIMEDOUT);
    rn_ctx_unref(ctx);
    return 0;
}

TASK_TEST(context_deadline_of_the_parent_holds_if_it_is_earlier)
{
    int64_t early = rn_now() + 3 * RN_MILLISECOND, told = 0;
    rn_ctx *a = rn_ctx_with_deadline(rn_group_ctx(g), early);
    rn_ctx *b = rn_ctx_with_timeout(a, RN_HOUR);
    rn_ctx *c = rn_ctx_with_timeout(b, RN_FOREVER);
    CHECK(rn_ctx_deadline(b, &told));
    CHECK_EQ(told, early);
    CHECK(rn_ctx_deadline(c, &told));
    CHECK_EQ(told, early);
    CHECK_EQ(rn_wait(rn_ctx_done(c)), -EPIPE);
    CHECK_EQ(rn_ctx_err(a), -ETIMEDOUT);
    CHECK_EQ(rn_ctx_err(b), -ETIMEDOUT);
    CHECK_EQ(rn_ctx_err(c), -ETIMEDOUT);
    rn_ctx_unref(c);
    rn_ctx_unref(b);
    rn_ctx_unref(a);
    return 0;
}

TASK_TEST(context_deadline_in_the_past_is_cancelled_when_made)
{
    static const int64_t past[] = { 0, -1, INT64_MIN };
    for (int i = 0; i < 3; i++) {
        rn_ctx *a = rn_ctx_with_timeout(rn_group_ctx(g), past[i]);
        CHECK_EQ(rn_ctx_err(a), -ETIMEDOUT);
        CHECK_EQ(rn_wait(rn_ctx_done(a)), -EPIPE);
        rn_ctx_unref(a);
    }
    return 0;
}

TASK_TEST(context_timeout_for_ever_is_none)
{
    int64_t told;
    rn_ctx *a = rn_ctx_with_timeout(rn_group_ctx(g), RN_FOREVER);
    CHECK(!rn_ctx_deadline(a, &told));
    CHECK_EQ(rn_ctx_err(a), 0);
    rn_ctx_unref(a);
    return 0;
}

static int cancel_before_the_deadline(rn_group *g, void *arg)
{
    (void)arg;
    rn_ctx *a = rn_ctx_with_timeout(rn_group_ctx(g), 50 * RN_MILLISECOND);
    rn_ctx_cancel(a, -EIO);
    CHECK_EQ(rn_sleep(55 * RN_MILLISECOND), 0);
    CHECK_EQ(rn_ctx_err(a), -ECANCELED);
    CHECK_EQ(rn_ctx_cause(a), -EIO);
    rn_ctx_unref(a);
    return 0;
}

TEST(context_cancelled_by_hand_before_its_deadline_is_no_timeout)
{
    CHECK_EQ(rn_test_run(cancel_before_the_deadline, NULL, NULL), 0);
}

TASK_TEST(context_given_back_before_its_deadline_leaves_no_timer)
{
    for (int i = 0; i < 1000; i++)
        rn_ctx_unref(rn_ctx_with_timeout(rn_group_ctx(g), (i % 100) * RN_MICROSECOND));
    return rn_sleep(RN_MILLISECOND);
}

static int until_cancelled(void)
{
    return rn_sleep(RN_FOREVER);
}
RN_TASK(until_cancelled);

TEST(context_deadline_made_by_a_foreign_thread_ends_its_group)
{
    rn_ctx *a = rn_ctx_with_timeout(rn_ctx_background(), 50 * RN_MILLISECOND);
    rn_group *h = rn_group_new(a);
    int rc = rn_go(h, until_cancelled);
    CHECK(rc == 0 || rc == -ECANCELED); /* it may have taken long to get here */
    CHECK_EQ(rn_group_wait(h), -ETIMEDOUT);
    CHECK_EQ(rn_group_close(h), -ETIMEDOUT);
    CHECK_EQ(rn_ctx_err(a), -ETIMEDOUT);
    rn_ctx_unref(a);
}

/* ---- done ---- */

TEST(context_done_is_one_channel_and_closed_when_err_is_set)
{
    rn_ctx *a = rn_ctx_with_cancel(rn_ctx_background());
    rn_receiver(rn_unit) done = rn_ctx_done(a);
    CHECK(done != NULL && done == rn_ctx_done(a));
    CHECK_EQ(rn_try_recv(done, &unit), -EAGAIN);
    rn_ctx_cancel(a, 0);
    CHECK_EQ(rn_try_recv(done, &unit), -EPIPE);
    rn_ctx_unref(a);
    a = rn_ctx_with_cancel(rn_ctx_background());
    rn_ctx_cancel(a, 0); /* before anybody has asked */
    CHECK_EQ(rn_try_recv(rn_ctx_done(a), &unit), -EPIPE);
    rn_ctx_unref(a);
}

static int watch_err(rn_ctx *a, _Atomic(int) *seen)
{
    rn_receiver(rn_unit) done = rn_ctx_done(a);
    while (rn_ctx_err(a) == 0)
        rn_yield();
    CHECK_EQ(rn_try_recv(done, &unit), -EPIPE); /* err implies closed */
    CHECK(rn_ctx_cause(a) != 0);
    atomic_fetch_add(seen, 1);
    return 0;
}
RN_TASK(watch_err, rn_ctx *, _Atomic(int) *);

static int wait_done(rn_ctx *a, _Atomic(int) *seen)
{
    CHECK_EQ(rn_select(RN_DONE(rn_ctx_done(a)), RN_AFTER(RN_MINUTE)), 0);
    CHECK(rn_ctx_cause(a) != 0);
    atomic_fetch_add(seen, 1);
    return 0;
}
RN_TASK(wait_done, rn_ctx *, _Atomic(int) *);

TASK_TEST(context_cancel_wakes_all_who_wait_for_done)
{
    for (int round = 0; round < 20; round++) {
        _Atomic(int) seen = 0;
        rn_ctx *a = rn_ctx_with_cancel(rn_ctx_background()), *b = rn_ctx_with_cancel(a);
        rn_group *h = rn_group_new(NULL);
        for (int i = 0; i < 10; i++) {
            CHECK_EQ(rn_go(h, watch_err, b, &seen), 0);
            CHECK_EQ(rn_go(h, wait_done, b, &seen), 0);
        }
        rn_sleep(100 * RN_MICROSECOND);
        rn_ctx_cancel(a, -EIO);
        CHECK_EQ(rn_group_wait(h), 0);
        CHECK_EQ(atomic_load(&seen), 20);
        rn_group_close(h);
        rn_ctx_unref(b);
        rn_ctx_unref(a);
    }
    return 0;
}

/* ---- groups ---- */

static int own_context(rn_ctx *expected)
{
    CHECK(rn_ctx_current() == expected);
    CHECK(rn_group_ctx(rn_group_current()) == expected);
    return 0;
}
RN_TASK(own_context, rn_ctx *);

TASK_TEST(context_of_a_task_is_its_groups_and_outlives_it_by_reference)
{
    CHECK(rn_ctx_current() == rn_group_ctx(g));
    rn_group *h = rn_group_new(NULL);
    rn_ctx *ctx = rn_ctx_ref(rn_group_ctx(h));
    CHECK_EQ(rn_go(h, own_context, ctx), 0);
    CHECK_EQ(rn_group_wait(h), 0);
    CHECK_EQ(rn_group_close(h), 0);
    CHECK_EQ(rn_ctx_err(ctx), -ECANCELED); /* closing cancels */
    rn_ctx_unref(ctx);
    return 0;
}

static void *cancel_it(void *arg)
{
    rn_ctx_cancel(arg, -EIO);
    rn_ctx_unref(arg);
    return NULL;
}

TEST(context_is_cancelled_by_many_threads_at_once)
{
    for (int round = 0; round < 20; round++) {
        pthread_t threads[4];
        rn_ctx *a = rn_ctx_with_cancel(rn_ctx_background()), *b = rn_ctx_with_cancel(a);
        rn_receiver(rn_unit) done = rn_ctx_done(b);
        for (int i = 0; i < 4; i++)
            CHECK_EQ(pthread_create(&threads[i], NULL, cancel_it, rn_ctx_ref(a)), 0);
        CHECK_EQ(rn_wait(done), -EPIPE);
        for (int i = 0; i < 4; i++)
            CHECK_EQ(pthread_join(threads[i], NULL), 0);
        CHECK_EQ(rn_ctx_cause(b), -EIO);
        rn_ctx_unref(b);
        rn_ctx_unref(a);
    }
}

TEST_EXIT(context_cancel_of_the_background_panics, 2, "cancel of the background context")
{
    rn_ctx_cancel(rn_ctx_background(), 0);
}

TEST_EXIT(context_cancel_of_null_panics, 2, "cancel of a NULL context")
{
    rn_ctx_cancel(NULL, 0);
}

TEST_EXIT(context_without_a_parent_panics, 2, "a context needs a parent")
{
    rn_ctx_unref(rn_ctx_with_cancel(NULL));
}

/* ---- lifetimes ---- */

/* The children hold the only references to a context whose deadline passes: its timer's own call
 * may give back the last one. */
TASK_TEST(context_freed_by_its_own_deadline_is_freed_once)
{
    enum { ROUNDS = 60, CHILDREN = 100 };
    (void)g;
    for (int round = 0; round < ROUNDS; round++) {
        rn_ctx *children[CHILDREN];
        rn_ctx *parent = rn_ctx_with_timeout(rn_ctx_background(), 100 * RN_MICROSECOND);
        CHECK(parent != NULL);
        for (int i = 0; i < CHILDREN; i++)
            CHECK((children[i] = rn_ctx_with_cancel(parent)) != NULL);
        rn_ctx_unref(parent);
        while (!rn_ctx_err(children[CHILDREN - 1]))
            rn_yield();
        for (int i = 0; i < CHILDREN; i++)
            rn_ctx_unref(children[i]);
    }
    return 0;
}

static int choose_value(rn_receiver(int) values, rn_ctx *ctx)
{
    int v;
    return rn_select(RN_RECV(values, &v, NULL), RN_DONE(rn_ctx_done(ctx))) == 0 ? 0 : -EPROTO;
}
RN_TASK(choose_value, rn_receiver(int), rn_ctx *);

static int receive_one(rn_receiver(int) in)
{
    int v = 0;
    return rn_recv(in, &v) == 0 && v == 42 ? 0 : -EPROTO;
}
RN_TASK(receive_one, rn_receiver(int));

/* A select that another channel has completed still stands in the queue of a done channel when that
 * is freed; the next channel must not inherit it. */
TASK_TEST(context_may_be_freed_while_a_completed_select_has_not_returned)
{
    (void)g;
    for (int round = 0; round < 50; round++) {
        rn_group *two = rn_group_new(NULL);
        rn_ctx *ctx = rn_ctx_with_cancel(rn_ctx_background());
        rn_chan(int) values = rn_make(two, int, 0);
        rn_go(two, choose_value, rn_rx(values), ctx);
        rn_sleep(50 * RN_MICROSECOND);
        CHECK_EQ(rn_send(values, 1), 0);
        rn_ctx_unref(ctx);
        rn_chan(int) next = rn_make(two, int, 0);
        rn_go(two, receive_one, rn_rx(next));
        rn_sleep(50 * RN_MICROSECOND);
        CHECK_EQ(rn_send(next, 42), 0);
        CHECK_EQ(rn_group_wait(two), 0);
        rn_group_close(two);
    }
    return 0;
}

TASK_TEST(context_that_is_cancelled_leaves_no_timer)
{
    int64_t before = rni_next_timer();
    rn_ctx *ctx = rn_ctx_with_timeout(rn_group_ctx(g), RN_HOUR);
    rn_ctx *child = rn_ctx_with_timeout(ctx, RN_MINUTE);
    CHECK(rni_next_timer() < before);
    rn_ctx_cancel(ctx, 0);
    CHECK_EQ(rni_next_timer(), before);
    rn_ctx_unref(child);
    rn_ctx_unref(ctx);
    return 0;
}

static int see_err(rn_ctx *ctx)
{
    CHECK_EQ(rn_wait(rn_ctx_done(ctx)), -EPIPE);
    CHECK_EQ(rn_ctx_err(ctx), -ECANCELED);
    return 0;
}
RN_TASK(see_err, rn_ctx *);

TASK_TEST(context_whose_done_is_closed_has_its_err)
{
    (void)g;
    for (int i = 0; i < 500; i++) {
        rn_group *h = rn_group_new(NULL);
        rn_ctx *ctx = rn_ctx_with_cancel(rn_ctx_background());
        for (int k = 0; k < 8; k++)
            CHECK_EQ(rn_go(h, see_err, ctx), 0);
        for (int k = 0; k < i % 10; k++)
            rn_yield();
        rn_ctx_cancel(ctx, 0);
        CHECK_EQ(rn_group_wait(h), 0);
        rn_group_close(h);
        rn_ctx_unref(ctx);
    }
    return 0;
}

TEST_EXIT(context_done_of_null_panics, 2, "rn_ctx_done of a NULL context")
{
    (void)rn_ctx_done(NULL);
}

TEST_EXIT(context_err_of_null_panics, 2, "rn_ctx_err of a NULL context")
{
    (void)rn_ctx_err(NULL);
}

TEST_EXIT(context_cause_of_null_panics, 2, "rn_ctx_cause of a NULL context")
{
    (void)rn_ctx_cause(NULL);
}

TEST_EXIT(context_deadline_of_null_panics, 2, "rn_ctx_deadline of a NULL context")
{
    int64_t when;
    (void)rn_ctx_deadline(NULL, &when);
}
