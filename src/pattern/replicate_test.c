/* SPDX-License-Identifier: MIT */
/* Replicated requests. */
#include <runnel.h>

#include <stdatomic.h>
#include <string.h>

#include "kit/kit.h"

static int64_t elapsed(void)
{
    return rn_now() - RN_TEST_START;
}

static _Atomic(int) ended;

/* Replica k answers after 10 - k seconds, or after k if it is told so. */
static int answer(int k, int *result, bool upwards)
{
    int rc = rn_sleep((upwards ? 1 + k : 10 - k) * RN_SECOND);
    *result = 100 + k;
    atomic_fetch_add(&ended, 1);
    return rc;
}
RN_TASK(answer, int, int *, bool);

static int fastest(rn_group *g, void *arg)
{
    int result = 0;
    (void)arg;
    CHECK_EQ(rn_replicate(g, 10, &result, answer, true), 0);
    CHECK_EQ(result, 100);
    CHECK_EQ(elapsed(), RN_SECOND);
    CHECK_EQ(ended, 10); /* all were awaited */
    CHECK_EQ(rn_replicate(g, 10, &result, answer, false), 9);
    CHECK_EQ(result, 109);
    CHECK_EQ(elapsed(), 2 * RN_SECOND);
    CHECK_EQ(rn_replicate(g, 1, &result, answer, true), 0);
    CHECK_EQ(rn_replicate(g, 0, &result, answer, true), -EINVAL);
    return 0;
}

TEST(replicate_gives_the_first_result_and_ends_the_others)
{
    CHECK_EQ(rn_test_run(fastest, NULL, NULL), 0);
    CHECK_EQ(rn_task_count(), 0);
}

static int fail_unless(int k, int *result, int good)
{
    *result = k;
    if (k != good) {
        (void)rn_sleep(k * RN_MILLISECOND);
        return -100 - k;
    }
    return rn_sleep(RN_SECOND);
}
RN_TASK(fail_unless, int, int *, int);

static int failures(rn_group *g, void *arg)
{
    int result = -1;
    (void)arg;
    CHECK_EQ(rn_replicate(g, 5, &result, fail_unless, 3), 3); /* errors end nobody else */
    CHECK_EQ(result, 3);
    CHECK_EQ(elapsed(), RN_SECOND);
    result = -1;
    CHECK_EQ(rn_replicate(g, 5, &result, fail_unless, 7), -100); /* the first error */
    CHECK_EQ(result, -1);
    CHECK_EQ(rn_group_wait(g), -EDEADLK); /* g has not failed */
    CHECK_EQ(rn_cancelled(), 0);
    return 0;
}

TEST(replicate_fails_when_all_have_failed)
{
    CHECK_EQ(rn_test_run(failures, NULL, NULL), 0);
}

/* Replica 2 answers first, and returns what a task may: 5 is a success, as in any group. */
static int positive(int k, int *result, int rc)
{
    if (k != 2)
        return rn_sleep(RN_SECOND) ? -ECANCELED : 0;
    *result = 100 + k;
    return rc;
}
RN_TASK(positive, int, int *, int);

static int positive_returns(rn_group *g, void *arg)
{
    (void)arg;
    for (int rc = 0; rc <= 5; rc += 5) {
        int result = -1;
        CHECK_EQ(rn_replicate(g, 4, &result, positive, rc), 2); /* its number, not what it said */
        CHECK_EQ(result, 102);
        CHECK_EQ(elapsed(), 0);
    }
    return 0;
}

TEST(replicate_takes_a_positive_return_for_a_success)
{
    CHECK_EQ(rn_test_run(positive_returns, NULL, NULL), 0);
}

/* ---- ownership ---- */

typedef struct wide {
    _Alignas(128) int *owned;
} wide;

static _Atomic(int) made, dropped;

static void drop_wide(void *result)
{
    CHECK_EQ((uintptr_t)result % _Alignof(wide), 0);
    CHECK(((wide *)result)->owned != NULL);
    atomic_fetch_add(&dropped, 1);
}

static int make_wide(int k, wide *w)
{
    static int something;
    CHECK_EQ((uintptr_t)w % _Alignof(wide), 0);
    CHECK(w->owned == NULL);
    for (int i = 0; i < k % 4; i++)
        (void)rn_yield();
    w->owned = &something;
    atomic_fetch_add(&made, 1);
    return 0;
}
RN_TASK(make_wide, int, wide *);

TASK_TEST(replicate_drops_the_results_that_came_second)
{
    for (int i = 0; i < 300; i++) {
        wide w = { NULL };
        made = dropped = 0;
        CHECK(rn_replicate_drop(g, 1 + (size_t)i % 9, &w, drop_wide, make_wide) >= 0);
        CHECK(w.owned != NULL);
        CHECK_EQ(dropped, made - 1);
    }
    return 0;
}

typedef struct big {
    char text[4096];
} big;

static int make_big(int k, big *b, char c, int winner)
{
    if (k != winner)
        return rn_sleep(RN_FOREVER);
    memset(b->text, c, sizeof b->text);
    return 0;
}
RN_TASK(make_big, int, big *, char, int);

TASK_TEST(replicate_of_large_results)
{
    static big b;
    CHECK_EQ(rn_replicate(g, 20, &b, make_big, 'x', 13), 13);
    for (size_t i = 0; i < sizeof b.text; i++)
        CHECK_EQ(b.text[i], 'x');
    return 0;
}

/* ---- cancellation ---- */

static int never(int k, int *result)
{
    (void)k;
    (void)result;
    return rn_sleep(RN_FOREVER);
}
RN_TASK(never, int, int *);

static int replicate_for_ever(rn_group *under, _Atomic(int) *rc)
{
    int result;
    atomic_store(rc, rn_replicate(under, 4, &result, never));
    return 0;
}
RN_TASK(replicate_for_ever, rn_group *, _Atomic(int) *);

TASK_TEST(replicate_ends_with_its_caller_and_with_its_group)
{
    static _Atomic(int) rc;
    for (int how = 0; how < 2; how++) {
        rn_group *under = rn_group_new(NULL), *caller = rn_group_new(NULL);
        size_t before = rn_task_count();
        atomic_store(&rc, 1);
        rn_go(caller, replicate_for_ever, under, &rc);
        while (rn_task_count() < before + 5)
            (void)rn_yield();
        rn_group_cancel(how ? under : caller, 0);
        CHECK_EQ(rn_group_wait(caller), how ? 0 : -ECANCELED);
        rn_group_close(caller);
        CHECK_EQ(rc, -ECANCELED);
        CHECK_EQ(rn_task_count(), before);
        rn_group_close(under);
    }
    (void)g;
    return 0;
}
