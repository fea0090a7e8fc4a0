/* SPDX-License-Identifier: MIT */
/* The values of contexts, and stacks of contexts of every kind. */
#include <runnel.h>

#include <stdatomic.h>

#include "kit/kit.h"

static rn_unit unit;

/* Two keys of equal contents: only their addresses tell them apart. */
static const int key1 = 1, key2 = 1, key3 = 3;

static void check_values(rn_ctx *ctx, const char *v1, const char *v2, const char *v3)
{
    CHECK_STR(rn_ctx_value(ctx, &key1), v1);
    CHECK_STR(rn_ctx_value(ctx, &key2), v2);
    CHECK_STR(rn_ctx_value(ctx, &key3), v3);
}

TEST(value_of_the_nearest_binding_wins_and_null_hides)
{
    char a[] = "c1k1", b[] = "c2k2", c[] = "c3k3";
    check_values(rn_ctx_background(), NULL, NULL, NULL);
    rn_ctx *c1 = rn_ctx_with_value(rn_ctx_background(), &key1, a);
    check_values(c1, a, NULL, NULL);
    rn_ctx *c2 = rn_ctx_with_value(c1, &key2, b);
    check_values(c2, a, b, NULL);
    rn_ctx *c3 = rn_ctx_with_value(c2, &key3, c);
    check_values(c3, a, b, c);
    rn_ctx *c4 = rn_ctx_with_value(c3, &key1, NULL);
    check_values(c4, NULL, b, c);
    check_values(c3, a, b, c); /* the outer one is as it was */
    rn_ctx *c5 = rn_ctx_with_value(c4, &key1, c);
    check_values(c5, c, b, c);
    rn_ctx *all[] = { c1, c2, c3, c4, c5 };
    for (int i = 0; i < 5; i++)
        rn_ctx_unref(all[i]);
}

/* What TestValues does with o1 to o4: other kinds of contexts in between. */
TASK_TEST(values_are_seen_through_contexts_of_every_kind)
{
    char a[] = "k1", b[] = "k2", c[] = "k3";
    rn_ctx *stack[10] = { rn_ctx_with_value(rn_group_ctx(g), &key1, a) };
    int n = 1;
    stack[n] = rn_ctx_with_cancel(stack[n - 1]), n++;
    check_values(stack[n - 1], a, NULL, NULL);
    stack[n] = rn_ctx_with_value(stack[n - 1], &key2, b), n++;
    stack[n] = rn_ctx_with_timeout(stack[n - 1], RN_HOUR), n++;
    stack[n] = rn_ctx_without_cancel(stack[n - 1]), n++;
    check_values(stack[n - 1], a, b, NULL);
    stack[n] = rn_ctx_with_value(stack[n - 1], &key3, c), n++;
    rn_group *h = rn_group_new(stack[n - 1]);
    check_values(rn_group_ctx(h), a, b, c);
    stack[n] = rn_ctx_with_value(rn_group_ctx(h), &key3, NULL), n++;
    check_values(stack[n - 1], a, b, NULL);
    CHECK_EQ(rn_group_close(h), 0);
    check_values(stack[n - 1], a, b, NULL); /* which has cancelled it */
    while (n > 0)
        rn_ctx_unref(stack[--n]);
    return 0;
}

static int find_user(rn_ctx *expected, const char *user)
{
    CHECK(rn_ctx_current() == expected);
    CHECK_STR(rn_ctx_value(rn_ctx_current(), &key1), user);
    return 0;
}
RN_TASK(find_user, rn_ctx *, const char *);

TASK_TEST(value_is_found_by_the_tasks_of_a_group)
{
    char user[] = "jane";
    rn_ctx *ctx = rn_ctx_with_value(rn_group_ctx(g), &key1, user);
    rn_group *h = rn_group_new(ctx), *below = rn_group_new(rn_group_ctx(h));
    rn_ctx_unref(ctx);
    CHECK_EQ(rn_go(h, find_user, rn_group_ctx(h), user), 0);
    CHECK_EQ(rn_go(below, find_user, rn_group_ctx(below), user), 0);
    CHECK_EQ(rn_group_wait(below), 0);
    CHECK_EQ(rn_group_wait(h), 0);
    CHECK_EQ(rn_group_close(below), 0);
    return rn_group_close(h);
}

/* ---- drop ---- */

static void count_drop(void *value)
{
    ++*(int *)value;
}

TEST(value_is_dropped_once_with_its_last_context)
{
    int dropped = 0;
    rn_ctx *a = rn_ctx_with_value_drop(rn_ctx_background(), &key1, &dropped, count_drop);
    rn_ctx *b = rn_ctx_with_cancel(a), *c = rn_ctx_without_cancel(b);
    rn_ctx_unref(a);
    rn_ctx_cancel(b, 0);
    rn_ctx_unref(b);
    CHECK(rn_ctx_value(c, &key1) == &dropped);
    CHECK_EQ(dropped, 0);
    rn_ctx_unref(c);
    CHECK_EQ(dropped, 1);
    rn_ctx_unref(rn_ctx_with_value_drop(rn_ctx_background(), &key1, NULL, count_drop));
}

/* ---- without cancel ---- */

TASK_TEST(without_cancel_keeps_the_values_and_nothing_else)
{
    char a[] = "k1";
    int64_t deadline;
    rn_ctx *parent = rn_ctx_with_timeout(rn_group_ctx(g), RN_HOUR);
    rn_ctx *bound = rn_ctx_with_value(parent, &key1, a), *apart = rn_ctx_without_cancel(bound);
    CHECK(rn_ctx_deadline(bound, &deadline));
    CHECK(!rn_ctx_deadline(apart, &deadline));
    CHECK(rn_ctx_done(apart) == NULL);
    rn_ctx *child = rn_ctx_with_cancel(apart), *timed = rn_ctx_with_timeout(apart, 2 * RN_HOUR);
    CHECK(rn_ctx_deadline(timed, &deadline)); /* later than what is above apart */
    CHECK(deadline > rn_now() + RN_HOUR + RN_MINUTE);
    rn_ctx_cancel(parent, -EXDEV);
    CHECK_EQ(rn_ctx_err(bound), -ECANCELED);
    CHECK_EQ(rn_ctx_err(apart), 0);
    CHECK_EQ(rn_ctx_cause(apart), 0);
    CHECK_EQ(rn_ctx_err(child), 0);
    CHECK_EQ(rn_ctx_err(timed), 0);
    check_values(child, a, NULL, NULL);
    rn_ctx_cancel(child, 0);
    CHECK_EQ(rn_ctx_err(child), -ECANCELED);
    CHECK_EQ(rn_ctx_err(timed), 0);
    rn_ctx *all[] = { timed, child, apart, bound, parent };
    for (int i = 0; i < 5; i++)
        rn_ctx_unref(all[i]);
    return 0;
}

static int sleep_on(void)
{
    return rn_sleep(2 * RN_MILLISECOND);
}
RN_TASK(sleep_on);

TASK_TEST(without_cancel_lets_a_group_outlast_the_cancel)
{
    (void)g;
    rn_ctx *request = rn_ctx_with_cancel(rn_ctx_background());
    rn_ctx *apart = rn_ctx_without_cancel(request);
    rn_group *h = rn_group_new(apart);
    rn_ctx_cancel(request, 0);
    CHECK_EQ(rn_go(h, sleep_on), 0);
    CHECK_EQ(rn_group_wait(h), 0);
    rn_ctx_unref(apart);
    rn_ctx_unref(request);
    return rn_group_close(h);
}

/* ---- many layers ---- */

static uint32_t random_below(uint32_t *state, uint32_t n)
{
    *state = *state * 1664525u + 1013904223u;
    return (*state >> 8) % n;
}

enum { LAYERS = 40 };

typedef struct layers {
    rn_ctx *ctx[LAYERS + 1];
    char value[LAYERS]; /* bound, to its own address, at layer i + 1 if set */
    bool cancellable[LAYERS + 1];
} layers;

/* Values, cancels and timeouts in random order, at least one of each. */
static void stack_up(layers *l, uint32_t *random, int64_t timeout_ns)
{
    l->ctx[0] = rn_ctx_background();
    for (int i = 0; i < LAYERS; i++) {
        uint32_t kind = i < 3 ? (uint32_t)i : random_below(random, 3);
        l->value[i] = kind == 0;
        l->cancellable[i + 1] = kind != 0;
        l->ctx[i + 1] = kind == 0   ? rn_ctx_with_value(l->ctx[i], &l->value[i], &l->value[i])
                        : kind == 1 ? rn_ctx_with_cancel(l->ctx[i])
                                    : rn_ctx_with_timeout(l->ctx[i], timeout_ns);
        CHECK(l->ctx[i + 1] != NULL);
    }
}

static void check_layers(layers *l)
{
    for (int i = 0; i < LAYERS; i++)
        CHECK(rn_ctx_value(l->ctx[LAYERS], &l->value[i]) == (l->value[i] ? &l->value[i] : NULL));
}

static void take_down(layers *l)
{
    for (int i = LAYERS; i > 0; i--)
        rn_ctx_unref(l->ctx[i]);
}

TASK_TEST(layers_of_every_kind_are_cancelled_from_any_of_them)
{
    uint32_t random = 7;
    (void)g;
    for (int round = 0; round < 200; round++) {
        layers l;
        stack_up(&l, &random, RN_HOUR);
        CHECK_EQ(rn_ctx_err(l.ctx[LAYERS]), 0);
        check_layers(&l);
        uint32_t at = 1 + random_below(&random, LAYERS);
        while (!l.cancellable[at])
            at = 1 + random_below(&random, LAYERS);
        rn_receiver(rn_unit) done = rn_ctx_done(l.ctx[LAYERS]);
        CHECK_EQ(rn_try_recv(done, &unit), -EAGAIN);
        rn_ctx_cancel(l.ctx[at], -EXDEV);
        CHECK_EQ(rn_try_recv(done, &unit), -EPIPE);
        check_layers(&l); /* values survive */
        for (uint32_t i = 1; i <= LAYERS; i++)
            CHECK_EQ(rn_ctx_cause(l.ctx[i]), i < at ? 0 : -EXDEV);
        take_down(&l);
    }
    return 0;
}

static int time_out(rn_group *g, void *arg)
{
    uint32_t random = 9;
    (void)g;
    (void)arg;
    for (int round = 0; round < 50; round++) {
        layers l;
        int64_t begun = rn_now();
        stack_up(&l, &random, RN_SECOND);
        CHECK_EQ(rn_wait(rn_ctx_done(l.ctx[LAYERS])), -EPIPE);
        CHECK_EQ(rn_now() - begun, RN_SECOND);
        CHECK_EQ(rn_ctx_err(l.ctx[LAYERS]), -ETIMEDOUT);
        check_layers(&l);
        take_down(&l);
    }
    return 0;
}

TEST(layers_of_every_kind_time_out_together)
{
    CHECK_EQ(rn_test_run(time_out, NULL, NULL), 0);
}

static int look(layers *l)
{
    int64_t deadline;
    for (int i = 0; i < 50; i++) {
        check_layers(l);
        CHECK(rn_ctx_deadline(l->ctx[LAYERS], &deadline));
        CHECK(rn_ctx_done(l->ctx[i % LAYERS + 1]) != NULL);
        int err = rn_ctx_err(l->ctx[LAYERS]), cause = rn_ctx_cause(l->ctx[LAYERS]);
        CHECK(err == 0 || (err == -ECANCELED && cause == -EXDEV));
        rn_ctx_unref(rn_ctx_ref(l->ctx[i % LAYERS + 1]));
        rn_yield();
    }
    return 0;
}
RN_TASK(look, layers *);

TASK_TEST(getters_may_be_called_by_many_tasks_during_a_cancel)
{
    uint32_t random = 11;
    (void)g;
    for (int round = 0; round < 20; round++) {
        layers l;
        stack_up(&l, &random, RN_HOUR);
        rn_group *h = rn_group_new(NULL);
        for (int i = 0; i < 6; i++)
            CHECK_EQ(rn_go(h, look, &l), 0);
        rn_yield();
        rn_ctx_cancel(l.ctx[2], -EXDEV);
        CHECK_EQ(rn_group_wait(h), 0);
        CHECK_EQ(rn_group_close(h), 0);
        take_down(&l);
    }
    return 0;
}

/* ---- mistakes ---- */

TEST_EXIT(value_without_a_key_panics, 2, "a context value needs a key")
{
    rn_ctx_unref(rn_ctx_with_value(rn_ctx_background(), NULL, &unit));
}

TEST_EXIT(value_without_a_parent_panics, 2, "a context needs a parent")
{
    rn_ctx_unref(rn_ctx_with_value(NULL, &key1, &unit));
}

TEST_EXIT(deadline_without_a_parent_panics, 2, "a context needs a parent")
{
    rn_ctx_unref(rn_ctx_with_deadline(NULL, RN_FOREVER));
}

TEST_EXIT(timeout_without_a_parent_panics, 2, "a context needs a parent")
{
    rn_ctx_unref(rn_ctx_with_timeout(NULL, RN_SECOND));
}

TEST_EXIT(without_cancel_without_a_parent_panics, 2, "a context needs a parent")
{
    rn_ctx_unref(rn_ctx_without_cancel(NULL));
}

TEST_EXIT(without_cancel_cannot_be_cancelled, 2, "cancel of a context without cancel")
{
    rn_ctx_cancel(rn_ctx_without_cancel(rn_ctx_background()), 0);
}
