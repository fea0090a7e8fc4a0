/* SPDX-License-Identifier: MIT */
/*
 * What structured concurrency asks of groups: whose cancel reaches whom, races of several tries,
 * scopes with deadlines, and cleaning up. On the virtual clock.
 */
#include <runnel.h>

#include <stdatomic.h>

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

static int sleep_until_cancelled(_Atomic(int) *cause)
{
    int rc = rn_sleep(RN_FOREVER);
    CHECK_EQ(rc, -ECANCELED);
    atomic_store(cause, rn_cancelled());
    return 0;
}
RN_TASK(sleep_until_cancelled, _Atomic(int) *);

/* ---- whose scope ---- */

static int start_elsewhere(rn_group *other, _Atomic(int) *cause)
{
    CHECK_EQ(rn_go(other, sleep_until_cancelled, cause), 0);
    return rn_sleep(RN_FOREVER) == -ECANCELED ? 0 : -EPROTO;
}
RN_TASK(start_elsewhere, rn_group *, _Atomic(int) *);

/* A task belongs to the group it was started in, not to its starter's. */
TIMED_TEST(group_task_is_cancelled_with_its_group_not_with_its_spawner)
{
    _Atomic(int) cause = 0;
    rn_ctx *soon = rn_ctx_with_timeout(rn_group_ctx(g), RN_SECOND);
    rn_group *spawners = rn_group_new(soon), *others = rn_group_new(rn_group_ctx(g));
    CHECK_EQ(rn_go(spawners, start_elsewhere, others, &cause), 0);
    CHECK_EQ(rn_group_wait(spawners), -ETIMEDOUT);
    CHECK_EQ(rn_group_close(spawners), -ETIMEDOUT);
    CHECK_EQ(rn_sleep(RN_HOUR), 0);
    CHECK_EQ(atomic_load(&cause), 0);
    rn_group_cancel(others, -EXDEV);
    CHECK_EQ(rn_group_wait(others), -EXDEV);
    CHECK_EQ(atomic_load(&cause), -EXDEV);
    rn_ctx_unref(soon);
    CHECK_EQ(rn_group_close(others), -EXDEV);
    return 0;
}

static int fail_at(int64_t ns, int rc)
{
    rn_shield();
    rn_sleep(ns);
    rn_unshield();
    return rc;
}
RN_TASK(fail_at, int64_t, int);

/* Also if those it cancels fail in turn, each with an error of its own. */
TIMED_TEST(group_result_is_the_error_that_came_first_in_time)
{
    (void)g;
    for (int first = 1; first <= 5; first++) {
        rn_group *h = rn_group_new(NULL);
        for (int i = 1; i <= 5; i++)
            CHECK_EQ(rn_go(h, fail_at, (i + 5 - first) % 5 * RN_SECOND, -i), 0);
        CHECK_EQ(rn_group_wait(h), -first);
        CHECK_EQ(rn_ctx_cause(rn_group_ctx(h)), -first);
        CHECK_EQ(rn_ctx_err(rn_group_ctx(h)), -ECANCELED);
        CHECK_EQ(rn_group_close(h), -first);
    }
    return 0;
}

TIMED_TEST(group_context_is_cancelled_when_the_group_closes_in_success)
{
    (void)g;
    rn_group *h = rn_group_new(NULL);
    rn_ctx *ctx = rn_ctx_ref(rn_group_ctx(h)), *below = rn_ctx_with_cancel(ctx);
    CHECK_EQ(rn_go(h, fail_at, RN_SECOND, 0), 0);
    CHECK_EQ(rn_group_wait(h), 0);
    CHECK_EQ(rn_ctx_err(ctx), 0); /* more may be started until the close */
    CHECK_EQ(rn_go(h, fail_at, RN_SECOND, 0), 0);
    CHECK_EQ(rn_group_wait(h), 0);
    CHECK_EQ(rn_group_close(h), 0);
    CHECK_EQ(rn_ctx_cause(ctx), -ECANCELED);
    CHECK_EQ(rn_ctx_cause(below), -ECANCELED);
    rn_ctx_unref(below);
    rn_ctx_unref(ctx);
    return 0;
}

/* ---- races of several tries ---- */

static int try_once(rn_sender(int) out, int me, int64_t ns, _Atomic(int) *ended)
{
    int rc = rn_sleep(ns);
    if (rc == 0)
        rc = rn_send(out, me);
    rn_shield(); /* cleaning up takes its time */
    rn_sleep(RN_SECOND);
    rn_unshield();
    atomic_fetch_add(ended, 1);
    return rc == -ECANCELED ? 0 : rc;
}
RN_TASK(try_once, rn_sender(int), int, int64_t, _Atomic(int) *);

TIMED_TEST(group_race_takes_the_first_result_and_awaits_the_others)
{
    _Atomic(int) ended = 0;
    int winner = -1;
    rn_group *h = rn_group_new(NULL);
    rn_chan(int) out = rn_make(g, int, 0);
    for (int i = 0; i < 10; i++)
        CHECK_EQ(rn_go(h, try_once, rn_tx(out), i, (1 + (i + 7) % 10) * RN_MINUTE, &ended), 0);
    CHECK_EQ(rn_recv(out, &winner), 0);
    CHECK_EQ(winner, 3);
    CHECK_EQ(elapsed(), RN_MINUTE);
    CHECK_EQ(rn_group_close(h), 0);
    CHECK_EQ(elapsed(), RN_MINUTE + RN_SECOND);
    CHECK_EQ(atomic_load(&ended), 10);
    return 0;
}

/* ---- scopes with deadlines ---- */

enum { INNER = -EDOM, OUTER = -EXDEV };

/* Sleeps under an inner deadline in an outer one; the cause tells which has passed. */
static int in_two_scopes(int64_t outer_ns, int64_t inner_ns, int64_t work_ns)
{
    rn_ctx *outer = rn_ctx_with_timeout_cause(rn_ctx_current(), outer_ns, OUTER);
    rn_ctx *inner = rn_ctx_with_timeout_cause(outer, inner_ns, INNER);
    rn_group *h = rn_group_new(inner);
    _Atomic(int) seen = 0;
    int64_t begun = rn_now();
    int rc = work_ns ? rn_go(h, fail_at, work_ns, 0) : rn_go(h, sleep_until_cancelled, &seen);
    CHECK_EQ(rc, 0);
    rc = rn_group_wait(h);
    int64_t least = inner_ns < outer_ns ? inner_ns : outer_ns;
    CHECK_EQ(rn_now() - begun, work_ns ? work_ns : least);
    CHECK_EQ(atomic_load(&seen), work_ns ? 0 : rc);
    CHECK_EQ(rn_ctx_cause(outer), rc == OUTER ? OUTER : 0);
    rn_group_close(h);
    rn_ctx_unref(inner);
    rn_ctx_unref(outer);
    return rc;
}

TIMED_TEST(group_under_nested_deadlines_knows_which_has_passed)
{
    (void)g;
    CHECK_EQ(in_two_scopes(RN_MINUTE, RN_SECOND, 0), INNER);
    CHECK_EQ(in_two_scopes(RN_SECOND, RN_MINUTE, 0), OUTER);
    CHECK_EQ(in_two_scopes(RN_MINUTE, RN_MINUTE, 0), OUTER); /* there is but one timer */
    CHECK_EQ(in_two_scopes(RN_MINUTE, RN_SECOND, RN_MILLISECOND), 0);
    return 0;
}

/* ---- after the cancel ---- */

static int call_again_and_again(rn_chan(int) c, rn_mutex *m)
{
    int v;
    CHECK_EQ(rn_sleep(RN_FOREVER), -ECANCELED);
    for (int i = 0; i < 100; i++) {
        CHECK_EQ(rn_recv(c, &v), -ECANCELED);
        CHECK_EQ(rn_send(c, 1), -ECANCELED);
        CHECK_EQ(rn_sleep(1), -ECANCELED);
        CHECK_EQ(rn_yield(), -ECANCELED);
        CHECK_EQ(rn_mutex_lock(m), -ECANCELED);
        CHECK_EQ(rn_select(RN_RECV(c, &v, NULL), RN_DEFAULT), -ECANCELED);
    }
    return 0;
}
RN_TASK(call_again_and_again, rn_chan(int), rn_mutex *);

TIMED_TEST(group_cancel_fails_every_further_wait_not_only_one)
{
    static rn_mutex m;
    rn_group *h = rn_group_new(NULL);
    CHECK_EQ(rn_go(h, call_again_and_again, rn_make(g, int, 1), &m), 0);
    CHECK_EQ(rn_test_wait(), 0);
    rn_group_cancel(h, 0);
    CHECK_EQ(rn_group_wait(h), -ECANCELED);
    CHECK_EQ(elapsed(), 0);
    rn_group_close(h);
    return 0;
}

static int say_goodbye(rn_chan(int) c, int64_t patience)
{
    CHECK_EQ(rn_sleep(RN_FOREVER), -ECANCELED);
    rn_shield();
    int64_t begun = rn_now();
    int rc = rn_send_until(c, begun + patience, 1);
    CHECK_EQ(rn_now() - begun, rc == 0 ? RN_SECOND : patience);
    rn_unshield();
    CHECK_EQ(rn_send(c, 1), -ECANCELED);
    return rc;
}
RN_TASK(say_goodbye, rn_chan(int), int64_t);

TIMED_TEST(group_clean_up_may_wait_up_to_a_deadline_of_its_own)
{
    rn_chan(int) c = rn_make(g, int, 0);
    for (int i = 0; i < 2; i++) {
        rn_group *h = rn_group_new(NULL);
        CHECK_EQ(rn_go(h, say_goodbye, c, i ? RN_MINUTE : RN_MILLISECOND), 0);
        CHECK_EQ(rn_test_wait(), 0);
        int64_t begun = rn_now();
        rn_group_cancel(h, 0);
        CHECK_EQ(rn_sleep(RN_SECOND), 0);
        int v;
        CHECK_EQ(rn_try_recv(c, &v), i ? 0 : -EAGAIN);
        CHECK_EQ(rn_group_wait(h), -ECANCELED);
        CHECK_EQ(rn_now() - begun, RN_SECOND);
        rn_group_close(h);
    }
    return 0;
}

static int start_late(rn_group *own, _Atomic(int) *refused)
{
    CHECK_EQ(rn_sleep(RN_FOREVER), -ECANCELED);
    for (int i = 0; i < 10; i++)
        if (rn_go(own, sleep_until_cancelled, refused) == -ECANCELED)
            atomic_fetch_add(refused, 1);
    return 0;
}
RN_TASK(start_late, rn_group *, _Atomic(int) *);

TIMED_TEST(group_takes_no_tasks_while_it_closes)
{
    _Atomic(int) refused = 0;
    rn_group *h = rn_group_new(NULL);
    CHECK_EQ(rn_go(h, start_late, h, &refused), 0);
    CHECK_EQ(rn_test_wait(), 0);
    CHECK_EQ(rn_group_close(h), 0);
    CHECK_EQ(atomic_load(&refused), 10);
    (void)g;
    return 0;
}

static int leave_by_return(_Atomic(int) *cause)
{
    rn_group *h = rn_group_new(NULL);
    CHECK_EQ(rn_go(h, sleep_until_cancelled, cause), 0);
    CHECK_EQ(rn_test_wait(), 0);
    return 0; /* and nobody closes h but the group above */
}
RN_TASK(leave_by_return, _Atomic(int) *);

TIMED_TEST(group_left_open_by_a_return_is_joined_by_the_group_above)
{
    _Atomic(int) cause = 0;
    rn_group *h = rn_group_new(NULL);
    CHECK_EQ(rn_go(h, leave_by_return, &cause), 0);
    CHECK_EQ(rn_group_wait(h), 0);
    CHECK_EQ(atomic_load(&cause), 0);
    CHECK_EQ(rn_group_close(h), 0);
    CHECK_EQ(atomic_load(&cause), -ECANCELED);
    (void)g;
    return 0;
}
