/* SPDX-License-Identifier: MIT */
/* Deadlines of contexts, and what a cancellation starts, on the virtual clock. */
#include <runnel.h>

#include <stdatomic.h>

#include "core/worker.h"
#include "kit/kit.h"

static int64_t elapsed(void)
{
    return rn_now() - RN_TEST_START;
}

/* A test in a test run. */
#define TIMED_TEST(name)                                                                           \
    static int name##_body(rn_group *g);                                                           \
    static int name##_run(rn_group *g, void *arg)                                                  \
    {                                                                                              \
        (void)arg;                                                                                 \
        return name##_body(g);                                                                     \
    }                                                                                              \
    TEST(name)                                                                                     \
    {                                                                                              \
        CHECK_EQ(rn_test_run(name##_run, NULL, NULL), 0);                                          \
        CHECK_EQ(rn_task_count(), 0);                                                              \
    }                                                                                              \
    static int name##_body(__attribute__((unused)) rn_group *g)

/* ---- deadlines ---- */

static void check_deadline(rn_ctx *ctx, int64_t when)
{
    int64_t told;
    CHECK(rn_ctx_deadline(ctx, &told));
    CHECK_EQ(told - RN_TEST_START, when);
}

static void check_timed_out(rn_ctx *ctx, int64_t when)
{
    CHECK_EQ(rn_wait(rn_ctx_done(ctx)), -EPIPE);
    CHECK_EQ(elapsed(), when);
    CHECK_EQ(rn_ctx_err(ctx), -ETIMEDOUT);
}

TIMED_TEST(deadline_is_the_earlier_of_the_parents_and_ones_own)
{
    rn_ctx *a = rn_ctx_with_deadline(rn_group_ctx(g), RN_TEST_START + RN_SECOND);
    int64_t armed = rni_next_timer();
    rn_ctx *later = rn_ctx_with_timeout(a, RN_MINUTE), *same = rn_ctx_with_timeout(a, RN_SECOND);
    rn_ctx *never = rn_ctx_with_timeout(a, RN_FOREVER), *plain = rn_ctx_with_cancel(a);
    CHECK_EQ(rni_next_timer(), armed);
    check_deadline(later, RN_SECOND);
    check_deadline(same, RN_SECOND);
    check_deadline(never, RN_SECOND);
    check_deadline(plain, RN_SECOND);
    rn_ctx *earlier = rn_ctx_with_timeout(later, RN_MILLISECOND);
    check_deadline(earlier, RN_MILLISECOND);
    check_timed_out(earlier, RN_MILLISECOND);
    CHECK_EQ(rn_ctx_err(later), 0);
    check_timed_out(later, RN_SECOND);
    CHECK_EQ(rn_ctx_err(a), -ETIMEDOUT);
    CHECK_EQ(rn_ctx_err(same), -ETIMEDOUT);
    CHECK_EQ(rn_ctx_err(never), -ETIMEDOUT);
    CHECK_EQ(rn_ctx_err(plain), -ETIMEDOUT);
    rn_ctx *all[] = { earlier, plain, never, same, later, a };
    for (int i = 0; i < 6; i++)
        rn_ctx_unref(all[i]);
    return 0;
}

/* Whose timer would be the parent's has none of its own: what is armed is one timer. */
TIMED_TEST(deadline_that_the_parents_precedes_makes_no_timer)
{
    rn_ctx *parent = rn_ctx_with_timeout(rn_group_ctx(g), RN_MINUTE);
    rn_ctx *child = rn_ctx_with_timeout_cause(parent, RN_HOUR, -EDOM);
    rn_ctx_cancel(parent, 0);
    CHECK_EQ(rni_next_timer(), INT64_MAX);
    CHECK_EQ(rn_ctx_cause(child), -ECANCELED);
    rn_ctx_unref(child);
    rn_ctx_unref(parent);
    parent = rn_ctx_with_timeout_cause(rn_group_ctx(g), RN_MINUTE, -EXDEV);
    child = rn_ctx_with_timeout_cause(parent, RN_HOUR, -EDOM);
    check_timed_out(child, RN_MINUTE);
    CHECK_EQ(rn_ctx_cause(child), -EXDEV); /* it was not the child's that passed */
    CHECK_EQ(rni_next_timer(), INT64_MAX);
    rn_ctx_unref(child);
    rn_ctx_unref(parent);
    return 0;
}

TIMED_TEST(timeout_is_a_deadline_from_now)
{
    CHECK_EQ(rn_sleep(RN_HOUR), 0);
    rn_ctx *a = rn_ctx_with_timeout(rn_group_ctx(g), RN_MINUTE);
    rn_ctx *b = rn_ctx_with_deadline(rn_group_ctx(g), rn_now() + RN_MINUTE);
    check_deadline(a, RN_HOUR + RN_MINUTE);
    check_deadline(b, RN_HOUR + RN_MINUTE);
    check_timed_out(a, RN_HOUR + RN_MINUTE);
    check_timed_out(b, RN_HOUR + RN_MINUTE);
    rn_ctx_unref(b);
    rn_ctx_unref(a);
    return 0;
}

TIMED_TEST(deadline_of_now_or_the_past_has_passed_when_made)
{
    static const int64_t ago[] = { 0, 1, RN_HOUR };
    for (int i = 0; i < 3; i++) {
        rn_ctx *a = rn_ctx_with_deadline(rn_group_ctx(g), rn_now() - ago[i]);
        rn_ctx *b = rn_ctx_with_deadline_cause(a, rn_now() + RN_HOUR, -EDOM);
        CHECK_EQ(rn_ctx_err(a), -ETIMEDOUT);
        CHECK_EQ(rn_ctx_err(b), -ETIMEDOUT);
        rn_ctx_cancel(a, -EXDEV); /* changes nothing any more */
        rn_ctx_cancel(b, -EXDEV);
        CHECK_EQ(rn_ctx_err(a), -ETIMEDOUT);
        CHECK_EQ(rn_ctx_cause(a), -ETIMEDOUT);
        CHECK_EQ(rn_ctx_cause(b), -ETIMEDOUT);
        CHECK_EQ(rni_next_timer(), INT64_MAX);
        rn_ctx_unref(b);
        rn_ctx_unref(a);
    }
    CHECK_EQ(elapsed(), 0);
    return 0;
}

TIMED_TEST(cancel_before_the_deadline_is_no_timeout_and_stops_the_timer)
{
    rn_ctx *a = rn_ctx_with_timeout_cause(rn_group_ctx(g), RN_SECOND, -EDOM);
    rn_ctx *child = rn_ctx_with_cancel(a);
    rn_ctx_cancel(a, 0);
    CHECK_EQ(rni_next_timer(), INT64_MAX);
    CHECK_EQ(rn_sleep(RN_MINUTE), 0);
    CHECK_EQ(rn_ctx_err(a), -ECANCELED);
    CHECK_EQ(rn_ctx_cause(a), -ECANCELED);
    CHECK_EQ(rn_ctx_cause(child), -ECANCELED);
    rn_ctx_unref(child);
    rn_ctx_unref(a);
    return 0;
}

TIMED_TEST(deadline_of_the_child_leaves_the_parent_alone)
{
    rn_ctx *parent = rn_ctx_with_timeout(rn_group_ctx(g), RN_MINUTE);
    rn_ctx *child = rn_ctx_with_timeout_cause(parent, RN_SECOND, -EDOM);
    check_timed_out(child, RN_SECOND);
    CHECK_EQ(rn_ctx_cause(child), -EDOM);
    CHECK_EQ(rn_ctx_err(parent), 0);
    check_timed_out(parent, RN_MINUTE);
    CHECK_EQ(rn_ctx_cause(parent), -ETIMEDOUT);
    CHECK_EQ(rn_ctx_cause(child), -EDOM);
    rn_ctx_unref(child);
    rn_ctx_unref(parent);
    return 0;
}

TIMED_TEST(timeout_has_a_name_of_its_own)
{
    rn_ctx *a = rn_ctx_with_timeout(rn_group_ctx(g), 0), *b = rn_ctx_with_cancel(rn_group_ctx(g));
    rn_ctx_cancel(b, 0);
    CHECK_STR(rn_strerror(rn_ctx_err(a)), rn_strerror(-ETIMEDOUT));
    CHECK_STR(rn_strerror(rn_ctx_err(b)), rn_strerror(-ECANCELED));
    CHECK(rn_ctx_err(a) != rn_ctx_err(b));
    rn_ctx_unref(b);
    rn_ctx_unref(a);
    return 0;
}

/* ---- cancel does not wait ---- */

static int stop_after_an_hour(_Atomic(int) *stopped)
{
    rn_shield();
    rn_sleep(RN_HOUR);
    rn_unshield();
    atomic_store(stopped, 1);
    return 0;
}
RN_TASK(stop_after_an_hour, _Atomic(int) *);

TIMED_TEST(cancel_does_not_wait_for_the_work_to_stop)
{
    _Atomic(int) stopped = 0;
    rn_ctx *ctx = rn_ctx_with_cancel(rn_group_ctx(g));
    rn_group *h = rn_group_new(ctx);
    CHECK_EQ(rn_go(h, stop_after_an_hour, &stopped), 0);
    CHECK_EQ(rn_test_wait(), 0);
    rn_ctx_cancel(ctx, 0);
    rn_ctx_cancel(ctx, 0);
    CHECK_EQ(elapsed(), 0);
    CHECK_EQ(atomic_load(&stopped), 0);
    CHECK_EQ(rn_group_wait(h), -ECANCELED);
    CHECK_EQ(elapsed(), RN_HOUR);
    rn_group_close(h);
    rn_ctx_unref(ctx);
    return 0;
}

/* ---- after_func ---- */

static int note_time(_Atomic(int) *n, int64_t due)
{
    CHECK_EQ(elapsed(), due);
    atomic_fetch_add(n, 1);
    return 0;
}
RN_TASK(note_time, _Atomic(int) *, int64_t);

TIMED_TEST(after_func_is_called_at_the_deadline)
{
    _Atomic(int) n = 0;
    rn_ctx *ctx = rn_ctx_with_timeout(rn_ctx_background(), RN_SECOND);
    rn_group *h = rn_group_new(NULL);
    CHECK(rn_ctx_after_func(ctx, h, note_time, &n, RN_SECOND) != NULL);
    CHECK_EQ(rn_sleep(RN_SECOND - 1), 0);
    CHECK_EQ(atomic_load(&n), 0);
    CHECK_EQ(rn_sleep(2), 0);
    CHECK_EQ(atomic_load(&n), 1);
    CHECK_EQ(rn_group_wait(h), 0);
    rn_ctx_unref(ctx);
    return rn_group_close(h);
}

static int sleep_shielded(_Atomic(int) *n, int64_t ns)
{
    rn_shield();
    rn_sleep(ns);
    rn_unshield();
    atomic_fetch_add(n, 1);
    return 0;
}
RN_TASK(sleep_shielded, _Atomic(int) *, int64_t);

TIMED_TEST(after_func_is_waited_for_neither_by_cancel_nor_by_stop)
{
    _Atomic(int) n = 0;
    rn_ctx *ctx = rn_ctx_with_cancel(rn_group_ctx(g));
    rn_group *h = rn_group_new(NULL);
    rn_ctx_func *f = rn_ctx_after_func(ctx, h, sleep_shielded, &n, RN_HOUR);
    rn_ctx_func *late = NULL;
    CHECK_EQ(rn_test_wait(), 0);
    rn_ctx_cancel(ctx, 0);
    CHECK_EQ(rn_test_wait(), 0); /* it runs now */
    CHECK(!rn_ctx_func_stop(f));
    late = rn_ctx_after_func(ctx, h, sleep_shielded, &n, RN_HOUR);
    CHECK(!rn_ctx_func_stop(late)); /* started at once */
    CHECK_EQ(elapsed(), 0);
    CHECK_EQ(atomic_load(&n), 0);
    CHECK_EQ(rn_group_wait(h), 0);
    CHECK_EQ(elapsed(), RN_HOUR);
    CHECK_EQ(atomic_load(&n), 2);
    rn_ctx_unref(ctx);
    return rn_group_close(h);
}

static int cancel_with_cause_of(rn_ctx *from, rn_ctx *to)
{
    rn_ctx_cancel(to, rn_ctx_cause(from));
    return 0;
}
RN_TASK(cancel_with_cause_of, rn_ctx *, rn_ctx *);

/* A child of a that b cancels, too. */
TIMED_TEST(after_func_merges_two_contexts)
{
    (void)g;
    for (int which = 0; which < 2; which++) {
        rn_ctx *a = rn_ctx_with_cancel(rn_ctx_background());
        rn_ctx *b = rn_ctx_with_cancel(rn_ctx_background());
        rn_ctx *merged = rn_ctx_with_cancel(a);
        rn_group *h = rn_group_new(NULL);
        rn_ctx_func *f = rn_ctx_after_func(b, h, cancel_with_cause_of, b, merged);
        rn_ctx_cancel(which ? b : a, which ? -EXDEV : -EDOM);
        CHECK_EQ(rn_wait(rn_ctx_done(merged)), -EPIPE);
        CHECK_EQ(rn_ctx_cause(merged), which ? -EXDEV : -EDOM);
        CHECK_EQ(rn_ctx_err(which ? a : b), 0);
        CHECK_EQ(rn_ctx_func_stop(f), which == 0);
        CHECK_EQ(rn_group_close(h), 0);
        rn_ctx_unref(merged);
        rn_ctx_unref(b);
        rn_ctx_unref(a);
    }
    return 0;
}

typedef struct gate {
    rn_mutex m;
    rn_cond changed;
    bool open;
} gate;

static void give_back(void *ctx)
{
    rn_ctx_unref(ctx);
}

static int wake_all(gate *at)
{
    rn_mutex_lock(&at->m); /* so that it comes before the wait or during it */
    rn_cond_broadcast(&at->changed);
    rn_mutex_unlock(&at->m);
    return 0;
}
RN_TASK(wake_all, gate *);

/* Waits until the gate is open or the context, which is not the task's own, is cancelled. */
static int wait_at(gate *at, rn_ctx *ctx, int64_t until)
{
    rn_ctx_func *f = rn_ctx_after_func(ctx, rn_group_current(), wake_all, at);
    rn_mutex_lock(&at->m);
    while (!at->open && rn_ctx_err(ctx) == 0)
        rn_cond_wait(&at->changed, &at->m);
    rn_mutex_unlock(&at->m);
    rn_ctx_func_free(f);
    CHECK_EQ(elapsed(), until);
    CHECK_EQ(rn_ctx_err(ctx), -ETIMEDOUT);
    return 0;
}
RN_TASK(wait_at, gate *, rn_ctx *, int64_t);

TIMED_TEST(after_func_ends_the_wait_for_a_condition)
{
    gate at = { .open = false };
    rn_group *h = rn_group_new(NULL);
    (void)g;
    for (int i = 1; i <= 4; i++) {
        rn_ctx *ctx = rn_ctx_with_timeout(rn_ctx_background(), i * RN_SECOND);
        CHECK_EQ(rn_group_defer(h, give_back, ctx), 0);
        CHECK_EQ(rn_go(h, wait_at, &at, ctx, i * RN_SECOND), 0);
    }
    CHECK_EQ(rn_group_wait(h), 0);
    CHECK_EQ(elapsed(), 4 * RN_SECOND);
    return rn_group_close(h);
}

/* ---- the chapter's generator ---- */

static int count_up(rn_ctx *ctx, rn_sender(int) out)
{
    for (int i = 1;; i++)
        if (rn_select(RN_DONE(rn_ctx_done(ctx)), RN_SEND(out, i)) != 1)
            return 0;
}
RN_TASK(count_up, rn_ctx *, rn_sender(int));

TIMED_TEST(context_ends_a_generator_whose_reader_stops)
{
    (void)g;
    rn_group *h = rn_group_new(NULL);
    rn_ctx *ctx = rn_ctx_with_cancel(rn_group_ctx(h));
    rn_chan(int) numbers = rn_make(h, int, 0);
    CHECK_EQ(rn_go(h, count_up, ctx, rn_tx(numbers)), 0);
    for (int i = 1, v; i <= 5; i++) {
        CHECK_EQ(rn_recv(numbers, &v), 0);
        CHECK_EQ(v, i);
    }
    CHECK_EQ(rn_task_count(), 2);
    rn_ctx_cancel(ctx, 0);
    CHECK_EQ(rn_group_wait(h), 0);
    rn_ctx_unref(ctx);
    return rn_group_close(h);
}

/* A child that nobody cancels stays until its parent is cancelled, and is cancelled then. */
TIMED_TEST(context_that_nobody_cancels_ends_with_its_parent)
{
    rn_ctx *parent = rn_ctx_with_cancel(rn_group_ctx(g)), *forgotten[10];
    rn_group *h = rn_group_new(NULL);
    rn_chan(int) numbers = rn_make(h, int, 0);
    for (int i = 0; i < 10; i++) {
        forgotten[i] = rn_ctx_with_cancel(parent);
        CHECK_EQ(rn_go(h, count_up, forgotten[i], rn_tx(numbers)), 0);
    }
    CHECK_EQ(rn_sleep(RN_HOUR), 0);
    CHECK_EQ(rn_task_count(), 11);
    rn_ctx_cancel(parent, 0);
    CHECK_EQ(rn_group_wait(h), 0);
    for (int i = 0; i < 10; i++)
        rn_ctx_unref(forgotten[i]);
    rn_ctx_unref(parent);
    return rn_group_close(h);
}
