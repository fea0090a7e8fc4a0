/* SPDX-License-Identifier: MIT */
/* Tasks that a cancellation starts, and contexts of the user's own. */
#include <runnel.h>

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "kit/kit.h"

static int add(_Atomic(int) *n, int by)
{
    atomic_fetch_add(n, by);
    return 0;
}
RN_TASK(add, _Atomic(int) *, int);

static void await(_Atomic(int) *n, int value)
{
    while (atomic_load(n) != value)
        rn_yield();
}

TASK_TEST(after_func_runs_after_the_cancel_or_at_once)
{
    _Atomic(int) n = 0;
    rn_ctx *ctx = rn_ctx_with_cancel(rn_group_ctx(g));
    rn_ctx_func *a = rn_ctx_after_func(ctx, g, add, &n, 1);
    rn_ctx_func *b = rn_ctx_after_func(ctx, g, add, &n, 10);
    rn_ctx_func *c = rn_ctx_after_func(ctx, g, add, &n, 100);
    CHECK(a && b && c);
    CHECK(rn_ctx_func_stop(b));
    CHECK(!rn_ctx_func_stop(b));
    rn_sleep(RN_MILLISECOND);
    CHECK_EQ(atomic_load(&n), 0);
    rn_ctx_cancel(ctx, -EILSEQ);
    await(&n, 101);
    CHECK(!rn_ctx_func_stop(a));
    CHECK(rn_ctx_after_func(ctx, g, add, &n, 1000) != NULL);
    await(&n, 1101);
    rn_ctx_func_free(a);
    rn_ctx_func_free(NULL);
    rn_ctx_unref(ctx);
    return 0;
}

/* The close cancels the group, which starts the task, which the close waits for. */
TASK_TEST(after_func_of_a_group_that_closes_runs_before_the_close_returns)
{
    (void)g;
    for (int i = 0; i < 200; i++) {
        _Atomic(int) n = 0;
        rn_group *h = rn_group_new(NULL);
        CHECK(rn_ctx_after_func(rn_group_ctx(h), h, add, &n, 1) != NULL);
        CHECK_EQ(rn_group_close(h), 0);
        CHECK_EQ(atomic_load(&n), 1);
    }
    return 0;
}

TASK_TEST(after_func_ends_with_its_group)
{
    _Atomic(int) n = 0;
    rn_ctx *ctx = rn_ctx_with_cancel(rn_group_ctx(g));
    rn_group *h = rn_group_new(NULL);
    CHECK(rn_ctx_after_func(ctx, h, add, &n, 1) != NULL);
    CHECK_EQ(rn_group_close(h), 0);
    rn_ctx_cancel(ctx, 0);
    rn_sleep(RN_MILLISECOND);
    CHECK_EQ(atomic_load(&n), 0);
    rn_ctx_unref(ctx);
    return 0;
}

static int stop_it(rn_ctx_func *f, _Atomic(int) *stopped)
{
    if (rn_ctx_func_stop(f))
        atomic_fetch_add(stopped, 1);
    return 0;
}
RN_TASK(stop_it, rn_ctx_func *, _Atomic(int) *);

TASK_TEST(after_func_is_either_stopped_or_started)
{
    (void)g;
    for (int i = 0; i < 300; i++) {
        _Atomic(int) started = 0, stopped = 0;
        rn_group *h = rn_group_new(NULL);
        rn_ctx *ctx = rn_ctx_with_cancel(rn_ctx_current());
        rn_ctx_func *f = rn_ctx_after_func(ctx, h, add, &started, 1);
        CHECK_EQ(rn_go(h, stop_it, f, &stopped), 0);
        if (i % 2)
            rn_yield();
        rn_ctx_cancel(ctx, 0);
        CHECK_EQ(rn_group_wait(h), 0);
        CHECK_EQ(atomic_load(&started) + atomic_load(&stopped), 1);
        rn_group_close(h);
        rn_ctx_unref(ctx);
    }
    return 0;
}

static int cancel_late(rn_ctx *ctx, int spins)
{
    for (volatile int i = 0; i < spins; i++) {}
    rn_ctx_cancel(ctx, 0);
    return 0;
}
RN_TASK(cancel_late, rn_ctx *, int);

/* The group closes at the moment of the cancellation. */
TASK_TEST(after_func_that_was_not_stopped_has_run_when_its_group_is_closed)
{
    for (int round = 0; round < 2000; round++) {
        _Atomic(int) n = 0;
        rn_ctx *ctx = rn_ctx_with_cancel(rn_ctx_background());
        rn_group *h = rn_group_new(rn_ctx_background()), *others = rn_group_new(NULL);
        rn_ctx_func *f = rn_ctx_after_func(ctx, h, add, &n, 1);
        CHECK(f != NULL);
        CHECK_EQ(rn_go(others, cancel_late, ctx, round % 50), 0);
        for (volatile int i = 0; i < round % 37 * 10; i++) {}
        if (round % 3 == 0)
            rn_yield();
        bool stopped = rn_ctx_func_stop(f);
        rn_group_close(h);
        CHECK_EQ(atomic_load(&n), stopped ? 0 : 1);
        CHECK_EQ(rn_group_wait(others), 0);
        rn_group_close(others);
        CHECK_EQ(atomic_load(&n), stopped ? 0 : 1);
        rn_ctx_unref(ctx);
    }
    return 0;
}

/* ---- custom contexts ---- */

typedef struct mine {
    rn_chan(rn_unit) done;
    _Atomic(int) released, asked;
    void (*fn)(void *arg);
    void *arg;
} mine;

static rn_channel *mine_done(void *self)
{
    return rn_untyped(((mine *)self)->done);
}
static int mine_err(void *self)
{
    (void)self;
    return -ETIMEDOUT;
}
static int mine_cause(void *self)
{
    (void)self;
    return -EXDEV;
}
static bool mine_deadline(void *self, int64_t *ns)
{
    (void)self;
    *ns = 12345;
    return true;
}
static const char mine_key, other_key;
static void *mine_value(void *self, const void *key)
{
    return key == &mine_key ? self : NULL;
}
static void mine_release(void *self)
{
    atomic_fetch_add(&((mine *)self)->released, 1);
}
static bool mine_after_func(void *self, void (*fn)(void *arg), void *arg)
{
    mine *m = self;
    m->fn = fn;
    m->arg = arg;
    return true;
}

static const rn_ctx_ops watched = { mine_done,  mine_err, mine_cause,  mine_deadline,
                                    mine_value, NULL,     mine_release };
static const rn_ctx_ops calling = {
    mine_done, NULL, NULL, NULL, NULL, mine_after_func, mine_release
};

TASK_TEST(custom_context_cancels_what_is_derived_from_it)
{
    mine m = { .done = rn_make(g, rn_unit, 0) };
    int64_t deadline;
    rn_ctx *root = rn_ctx_custom(&watched, &m), *child = rn_ctx_with_cancel(root);
    rn_ctx *bound = rn_ctx_with_value(child, &other_key, &deadline);
    CHECK(rn_ctx_deadline(child, &deadline) && deadline == 12345);
    CHECK(rn_ctx_value(bound, &mine_key) == &m);
    CHECK(rn_ctx_value(bound, &other_key) == &deadline);
    CHECK(rn_ctx_value(bound, &deadline) == NULL);
    CHECK_EQ(rn_ctx_err(child), 0);
    rn_close(m.done);
    CHECK_EQ(rn_wait(rn_ctx_done(child)), -EPIPE);
    CHECK_EQ(rn_ctx_err(child), -ETIMEDOUT);
    CHECK_EQ(rn_ctx_cause(child), -EXDEV);
    rn_ctx_unref(bound);
    rn_ctx_unref(child);
    CHECK_EQ(atomic_load(&m.released), 0);
    rn_ctx_unref(root);
    while (atomic_load(&m.released) == 0) /* who cancelled it may still be on its way out */
        CHECK_EQ(rn_yield(), 0);
    CHECK_EQ(atomic_load(&m.released), 1);
    return 0;
}

TASK_TEST(custom_context_that_is_let_go_leaves_no_task)
{
    size_t before = rn_task_count();
    for (int i = 0; i < 100; i++) {
        mine *m = calloc(1, sizeof *m);
        m->done = rn_make(g, rn_unit, 0);
        rn_ctx *root = rn_ctx_custom(&watched, m);
        CHECK(root != NULL);
        if (i % 2)
            rn_yield();
        rn_ctx_unref(root);
        CHECK_EQ(atomic_load(&m->released), 1);
        memset(m, 0x5a, sizeof *m); /* nobody looks any more */
        free(m);
    }
    for (int i = 0; i < 5000 && rn_task_count() != before; i++)
        CHECK_EQ(rn_sleep(RN_MILLISECOND), 0);
    CHECK_EQ(rn_task_count(), before);
    return 0;
}

TASK_TEST(custom_context_that_is_cancelled_has_no_task_any_more)
{
    size_t before = rn_task_count();
    mine m = { .done = rn_make(g, rn_unit, 0) };
    rn_ctx *root = rn_ctx_custom(&watched, &m);
    CHECK(root != NULL);
    CHECK_EQ(rn_task_count(), before + 1); /* the watcher */
    rn_close(m.done);
    CHECK(rn_wait(rn_ctx_done(root)) == -EPIPE);
    while (rn_task_count() != before)
        rn_yield();
    CHECK_EQ(atomic_load(&m.released), 0);
    rn_ctx_unref(root);
    CHECK_EQ(atomic_load(&m.released), 1);
    return 0;
}

TASK_TEST(custom_context_that_calls_back_needs_no_task)
{
    mine m = { .done = rn_make(g, rn_unit, 0) };
    rn_ctx *root = rn_ctx_custom(&calling, &m), *child = rn_ctx_with_cancel(root);
    m.fn(m.arg);
    CHECK_EQ(rn_ctx_err(child), -ECANCELED);
    rn_ctx_unref(child);
    rn_ctx_unref(root);
    CHECK_EQ(atomic_load(&m.released), 1);
    return 0;
}
