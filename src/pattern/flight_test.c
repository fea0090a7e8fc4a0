/* SPDX-License-Identifier: MIT */
/* Shared calls. */
#include <runnel.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "kit/kit.h"

static rn_flight flight;
static _Atomic(int) calls, shared_results;

typedef struct answer {
    int number;
    char text[60];
} answer;

static int slow(void *arg, void *result)
{
    answer *a = result;
    a->number = atomic_fetch_add(&calls, 1);
    snprintf(a->text, sizeof a->text, "about %s", (const char *)arg);
    return rn_sleep(RN_SECOND);
}

static int ask(const char *key, int expected)
{
    answer a = { -1, "" };
    bool shared = false;
    char own[32], about[64]; /* the key need not stay */
    strcpy(own, key);
    int rc = rn_flight_do(&flight, own, slow, own, &a, &shared);
    CHECK_EQ(rc, expected);
    if (rc)
        return 0;
    snprintf(about, sizeof about, "about %s", key);
    CHECK_STR(a.text, about);
    atomic_fetch_add(&shared_results, shared);
    return 0;
}
RN_TASK(ask, const char *, int);

static int together(rn_group *g, void *arg)
{
    static const char *const keys[] = { "a", "b", "", "a longer key than the others" };
    (void)arg;
    (void)g;
    for (int round = 1; round <= 3; round++) {
        rn_group *h = rn_group_new(NULL);
        for (int i = 0; i < 40; i++)
            rn_go(h, ask, keys[i % 4], 0);
        CHECK_EQ(rn_group_wait(h), 0);
        rn_group_close(h);
        CHECK_EQ(calls, 4 * round);
        CHECK_EQ(shared_results, 40 * round);
        CHECK_EQ(rn_now() - RN_TEST_START, round * RN_SECOND);
    }
    CHECK_EQ(ask("alone", 0), 0);
    CHECK_EQ(shared_results, 120);
    return 0;
}

TEST(flight_makes_one_call_of_many_for_a_key)
{
    CHECK_EQ(rn_test_run(together, NULL, NULL), 0);
    CHECK_EQ(rn_task_count(), 0);
    for (size_t i = 0; i < sizeof flight.calls_ / sizeof flight.calls_[0]; i++)
        CHECK(flight.calls_[i] == NULL);
}

static int fails(void *arg, void *result)
{
    (void)result;
    atomic_fetch_add(&calls, 1);
    (void)rn_sleep(RN_SECOND);
    return *(int *)arg;
}

static int ask_failing(int *rc)
{
    int result = 7;
    CHECK_EQ(rn_flight_do(&flight, "key", fails, rc, &result, NULL), *rc);
    CHECK_EQ(result, 7);
    return 0;
}
RN_TASK(ask_failing, int *);

static int failing(rn_group *g, void *arg)
{
    rn_group *h = rn_group_new(NULL);
    /* -ECANCELED of a call whose caller was not cancelled is a result like others. */
    static int errors[] = { -ENOENT, -ECANCELED };
    (void)arg;
    (void)g;
    for (int i = 0; i < 2; i++) {
        for (int k = 0; k < 10; k++)
            rn_go(h, ask_failing, &errors[i]);
        CHECK_EQ(rn_group_wait(h), 0);
        CHECK_EQ(calls, i + 1);
    }
    return rn_group_close(h);
}

TEST(flight_gives_an_error_to_everybody)
{
    CHECK_EQ(rn_test_run(failing, NULL, NULL), 0);
}

static int cancelled(rn_group *g, void *arg)
{
    rn_group *leader = rn_group_new(NULL), *follower = rn_group_new(NULL),
             *others = rn_group_new(NULL);
    (void)arg;
    (void)g;
    rn_go(leader, ask, "key", -ECANCELED);
    CHECK_EQ(rn_test_wait(), 0);
    rn_go(follower, ask, "key", -ECANCELED);
    for (int i = 0; i < 5; i++)
        rn_go(others, ask, "key", 0);
    rn_sleep(RN_SECOND / 2);
    CHECK_EQ(calls, 1);
    rn_group_close(follower); /* waits no longer; the call goes on */
    CHECK_EQ(calls, 1);
    rn_group_close(leader); /* somebody else makes the call again */
    CHECK_EQ(rn_group_wait(others), 0);
    CHECK_EQ(calls, 2);
    CHECK_EQ(rn_now() - RN_TEST_START, RN_SECOND + RN_SECOND / 2);
    rn_group_close(others);
    rn_group_cancel(g, 0);
    CHECK_EQ(ask("key", -ECANCELED), 0); /* refused like any wait */
    CHECK_EQ(calls, 2);
    return 0;
}

TEST(flight_fails_nobody_because_another_was_cancelled)
{
    CHECK_EQ(rn_test_run(cancelled, NULL, NULL), 0);
}

/* ---- who shares ---- */

typedef struct told {
    int rc;
    bool shared;
} told;

static int ask_who_shares(told *t)
{
    answer a;
    char key[] = "key";
    t->shared = true;
    t->rc = rn_flight_do(&flight, "key", slow, key, &a, &t->shared);
    return 0;
}
RN_TASK(ask_who_shares, told *);

static int leaves_early(rn_group *g, void *arg)
{
    rn_group *groups[3];
    told t[3];
    (void)g;
    /* Each of them, or two, are cancelled while the call is under way. */
    for (int leavers = 1; leavers < 7; leavers++) {
        for (int i = 0; i < 3; i++) {
            groups[i] = rn_group_new(NULL);
            rn_go(groups[i], ask_who_shares, &t[i]);
            CHECK_EQ(rn_test_wait(), 0);
        }
        rn_sleep(RN_SECOND / 2);
        /* With arg, all at once, so that a leader's end and a follower's may cross. */
        for (int i = 0; i < 3; i++)
            if (leavers & 1 << i)
                arg ? rn_group_cancel(groups[i], 0) : (void)rn_group_close(groups[i]);
        int got = 0;
        for (int i = 0; i < 3; i++) {
            if (arg || !(leavers & 1 << i)) {
                (void)!rn_group_wait(groups[i]);
                rn_group_close(groups[i]);
            }
            CHECK_EQ(t[i].rc, leavers & 1 << i ? -ECANCELED : 0);
            got += t[i].rc == 0;
        }
        for (int i = 0; i < 3; i++)
            CHECK_EQ(t[i].shared, t[i].rc == 0 && got > 1);
    }
    return 0;
}

TEST(flight_tells_who_shares_a_result)
{
    CHECK_EQ(rn_test_run(leaves_early, NULL, NULL), 0);
    CHECK_EQ(rn_test_run(leaves_early, "at once", NULL), 0);
    CHECK_EQ(rn_task_count(), 0);
}

static int forgotten(rn_group *g, void *arg)
{
    rn_group *h = rn_group_new(NULL);
    (void)arg;
    (void)g;
    rn_flight_forget(&flight, "key"); /* which is not there */
    rn_go(h, ask, "key", 0);
    rn_go(h, ask, "key", 0);
    CHECK_EQ(rn_test_wait(), 0);
    CHECK_EQ(calls, 1);
    rn_flight_forget(&flight, "key");
    rn_go(h, ask, "key", 0);
    rn_go(h, ask, "other", 0);
    CHECK_EQ(rn_test_wait(), 0);
    CHECK_EQ(calls, 3);
    CHECK_EQ(rn_group_wait(h), 0);
    CHECK_EQ(shared_results, 2);
    return rn_group_close(h);
}

TEST(flight_forgets_a_call)
{
    CHECK_EQ(rn_test_run(forgotten, NULL, NULL), 0);
}

static int other_size(rn_group *g, void *arg)
{
    long result;
    (void)arg;
    rn_go(g, ask, "key", 0);
    CHECK_EQ(rn_test_wait(), 0);
    return rn_flight_do(&flight, "key", slow, NULL, &result, NULL);
}

TEST_EXIT(flight_with_results_of_two_sizes, 2, "results of 64 and of 8 bytes for key key")
{
    (void)rn_test_run(other_size, NULL, NULL);
}

/* ---- many tasks, real time ---- */

static int busy(void *arg, void *result)
{
    _Atomic(int) *inside = arg;
    CHECK_EQ(atomic_fetch_add(inside, 1), 0); /* one at a time for a key */
    (void)rn_yield();
    atomic_fetch_sub(inside, 1);
    *(int *)result = 5;
    return 0;
}

static int ask_often(unsigned seed)
{
    static _Atomic(int) inside[100];
    char key[8];
    for (int i = 0; i < 300; i++) {
        int result = 0;
        seed = seed * 1664525U + 1013904223U;
        unsigned k = (seed >> 10) % 100;
        snprintf(key, sizeof key, "%u", k);
        CHECK_EQ(rn_flight_do(&flight, key, busy, &inside[k], &result, NULL), 0);
        CHECK_EQ(result, 5);
    }
    return 0;
}
RN_TASK(ask_often, unsigned);

TASK_TEST(flight_of_many_tasks_and_keys)
{
    rn_group *h = rn_group_new(NULL);
    (void)g;
    for (unsigned i = 0; i < 50; i++)
        rn_go(h, ask_often, i);
    CHECK_EQ(rn_group_wait(h), 0);
    return rn_group_close(h);
}

static void *ask_on_a_thread(void *arg)
{
    CHECK_EQ(ask_often((unsigned)(uintptr_t)arg), 0);
    return NULL;
}

static int join_threads(void *threads)
{
    int rc = 0;
    for (int i = 0; i < 3; i++)
        rc |= pthread_join(((pthread_t *)threads)[i], NULL);
    return rc;
}

TASK_TEST(flight_of_tasks_and_threads)
{
    rn_group *h = rn_group_new(NULL);
    pthread_t threads[3];
    (void)g;
    for (unsigned i = 0; i < 10; i++)
        rn_go(h, ask_often, i);
    for (uintptr_t i = 0; i < 3; i++)
        CHECK_EQ(pthread_create(&threads[i], NULL, ask_on_a_thread, (void *)(i + 100)), 0);
    CHECK_EQ(rn_blocking(join_threads, threads), 0);
    CHECK_EQ(rn_group_wait(h), 0);
    return rn_group_close(h);
}

/* ---- results that only one holds ---- */

enum { CALLERS = 6, ROUNDS = 300 };

static int yields(void *arg, void *result)
{
    for (int i = *(int *)arg; i > 0; i--)
        (void)rn_yield();
    *(int *)result = 5;
    return 0;
}

static int ask_and_tell(told *t, int turns)
{
    int result = 0;
    t->rc = rn_flight_do(&flight, "key", yields, &turns, &result, &t->shared);
    CHECK_EQ(result, t->rc == 0 ? 5 : 0);
    return 0;
}
RN_TASK(ask_and_tell, told *, int);

/* Followers are cancelled about when the call returns: a result that is told to be shared has been
 * given to two at least. A call may be made anew meanwhile, so only that can be told from here. */
TASK_TEST(flight_shares_no_result_with_nobody)
{
    (void)g;
    for (int round = 0; round < ROUNDS; round++) {
        rn_group *groups[CALLERS];
        told t[CALLERS];
        for (int i = 0; i < CALLERS; i++) {
            groups[i] = rn_group_new(NULL);
            rn_go(groups[i], ask_and_tell, &t[i], round % 40);
        }
        for (int i = round % 20; i > 0; i--)
            (void)rn_yield();
        for (int i = 1; i < CALLERS; i++)
            rn_group_cancel(groups[i], 0);
        int sharers = 0;
        for (int i = 0; i < CALLERS; i++) {
            (void)!rn_group_wait(groups[i]);
            rn_group_close(groups[i]);
        }
        for (int i = 0; i < CALLERS; i++) {
            CHECK(!t[i].shared || t[i].rc == 0);
            sharers += t[i].shared;
        }
        CHECK(sharers != 1);
    }
    return 0;
}
