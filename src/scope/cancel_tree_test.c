/* SPDX-License-Identifier: MIT */
/* Which tasks a cancel reaches, and what it leaves alone. */
#include <runnel.h>

#include <stdatomic.h>

#include "kit/kit.h"

static int until_cancelled(_Atomic(int) *result)
{
    int rc = rn_sleep(RN_FOREVER);
    atomic_store(result, rc);
    return rc;
}
RN_TASK(until_cancelled, _Atomic(int) *);

enum { WAITS = 99 };

TASK_TEST(cancel_goes_down_and_not_up)
{
    _Atomic(int) top = WAITS, middle = WAITS, low = WAITS, beside = WAITS;
    rn_group *a = rn_group_new(NULL), *b = rn_group_new(rn_group_ctx(a)),
             *c = rn_group_new(rn_group_ctx(b)), *d = rn_group_new(rn_group_ctx(a));
    CHECK_EQ(rn_go(a, until_cancelled, &top), 0);
    CHECK_EQ(rn_go(b, until_cancelled, &middle), 0);
    CHECK_EQ(rn_go(c, until_cancelled, &low), 0);
    CHECK_EQ(rn_go(d, until_cancelled, &beside), 0);
    rn_sleep(RN_MILLISECOND);
    rn_group_cancel(b, -EPROTO);
    CHECK_EQ(rn_ctx_cause(rn_group_ctx(b)), -EPROTO);
    CHECK_EQ(rn_ctx_cause(rn_group_ctx(c)), -EPROTO); /* before the cancel returned */
    CHECK_EQ(rn_go(c, until_cancelled, &low), -ECANCELED);
    CHECK_EQ(rn_group_wait(c), -EPROTO);
    CHECK_EQ(rn_group_wait(b), -EPROTO);
    CHECK_EQ(atomic_load(&middle), -ECANCELED);
    CHECK_EQ(atomic_load(&low), -ECANCELED);
    rn_sleep(2 * RN_MILLISECOND);
    CHECK_EQ(rn_ctx_err(rn_group_ctx(a)), 0);
    CHECK_EQ(atomic_load(&top), WAITS);
    CHECK_EQ(atomic_load(&beside), WAITS);
    rn_group_close(d);
    rn_group_close(c);
    rn_group_close(b);
    CHECK_EQ(rn_group_close(a), 0);
    CHECK_EQ(atomic_load(&top), -ECANCELED);
    return 0;
}

static int parent_of(_Atomic(int) *result)
{
    rn_group *below = rn_group_new(NULL);
    int rc = rn_go(below, until_cancelled, result);
    if (rc != 0)
        atomic_store(result, rc); /* the cancel came before it */
    rc = rn_group_wait(below);
    rn_group_close(below);
    return rc;
}
RN_TASK(parent_of, _Atomic(int) *);

TASK_TEST(cancel_reaches_the_groups_that_tasks_opened)
{
    _Atomic(int) results[10];
    rn_group *h = rn_group_new(NULL);
    for (int i = 0; i < 10; i++)
        CHECK_EQ(rn_go(h, parent_of, &results[i]), 0);
    rn_sleep(RN_MILLISECOND);
    rn_group_cancel(h, -EPROTO);
    CHECK_EQ(rn_group_wait(h), -EPROTO);
    for (int i = 0; i < 10; i++)
        CHECK_EQ(atomic_load(&results[i]), -ECANCELED);
    rn_group_close(h);
    return 0;
}

static int detached(_Atomic(int) *result)
{
    rn_group *free_one = rn_group_new(rn_ctx_background());
    CHECK_EQ(rn_go(free_one, until_cancelled, result), 0);
    rn_sleep(RN_FOREVER);
    return 0; /* and leaves it open */
}
RN_TASK(detached, _Atomic(int) *);

TASK_TEST(cancel_spares_a_group_under_another_context_but_close_does_not)
{
    _Atomic(int) result = WAITS;
    rn_group *h = rn_group_new(NULL);
    CHECK_EQ(rn_go(h, detached, &result), 0);
    rn_sleep(RN_MILLISECOND);
    rn_group_cancel(h, -EPROTO);
    CHECK_EQ(rn_group_wait(h), -EPROTO);
    rn_sleep(2 * RN_MILLISECOND);
    CHECK_EQ(atomic_load(&result), WAITS);
    CHECK_EQ(rn_group_close(h), -EPROTO);
    CHECK_EQ(atomic_load(&result), -ECANCELED);
    return 0;
}

TASK_TEST(cancelled_context_gives_cancelled_groups)
{
    _Atomic(int) result = WAITS;
    rn_ctx *ctx = rn_ctx_with_cancel(rn_group_ctx(g));
    rn_group *before = rn_group_new(ctx);
    CHECK_EQ(rn_go(before, until_cancelled, &result), 0);
    rn_ctx_cancel(ctx, -EBADMSG);
    rn_group *after = rn_group_new(ctx);
    CHECK_EQ(rn_go(after, until_cancelled, &result), -ECANCELED);
    CHECK_EQ(rn_group_wait(after), -EBADMSG);
    CHECK_EQ(rn_group_wait(before), -EBADMSG);
    CHECK_EQ(rn_group_close(before), -EBADMSG);
    CHECK_EQ(rn_group_close(after), -EBADMSG);
    rn_ctx_unref(ctx);
    return 0;
}

static int run_into_a_deadline(rn_group *g, void *arg)
{
    (void)arg;
    _Atomic(int) result = WAITS;
    int64_t begun = rn_now();
    rn_ctx *ctx = rn_ctx_with_timeout(rn_group_ctx(g), 5 * RN_MILLISECOND);
    rn_group *h = rn_group_new(ctx);
    rn_ctx_unref(ctx); /* the group keeps it */
    CHECK_EQ(rn_go(h, until_cancelled, &result), 0);
    CHECK_EQ(rn_group_wait(h), -ETIMEDOUT);
    CHECK_EQ(rn_now() - begun, 5 * RN_MILLISECOND);
    CHECK_EQ(atomic_load(&result), -ECANCELED); /* the task's own call was cancelled */
    CHECK_EQ(rn_ctx_err(rn_group_ctx(h)), -ETIMEDOUT);
    CHECK_EQ(rn_group_close(h), -ETIMEDOUT);
    return 0;
}

TEST(cancel_by_deadline_is_a_timeout)
{
    CHECK_EQ(rn_test_run(run_into_a_deadline, NULL, NULL), 0);
}

/* ---- before, during and after ---- */

static int release_argument(_Atomic(int) *ran, int *owned)
{
    atomic_fetch_add(ran, 1);
    *owned = 0;
    return rn_sleep(RN_FOREVER);
}
RN_TASK(release_argument, _Atomic(int) *, int *);

TASK_TEST(cancelled_before_its_first_run_a_task_still_runs)
{
    _Atomic(int) ran = 0;
    int owned[200];
    rn_group *h = rn_group_new(NULL);
    for (int i = 0; i < 200; i++) {
        owned[i] = 1;
        CHECK_EQ(rn_go(h, release_argument, &ran, &owned[i]), 0);
    }
    rn_group_cancel(h, 0);
    CHECK_EQ(rn_group_wait(h), -ECANCELED);
    CHECK_EQ(atomic_load(&ran), 200);
    for (int i = 0; i < 200; i++)
        CHECK_EQ(owned[i], 0);
    rn_group_close(h);
    return 0;
}

static int drain(rn_chan(int) c, rn_mutex *m, rn_semaphore *s)
{
    int v;
    rn_group_cancel(rn_group_current(), 0);
    CHECK_EQ(rn_recv(c, &v), -ECANCELED);
    for (int i = 1; i <= 3; i++) {
        CHECK_EQ(rn_try_recv(c, &v), 0);
        CHECK_EQ(v, i);
    }
    CHECK_EQ(rn_try_recv(c, &v), -EAGAIN);
    CHECK_EQ(rn_try_send(c, 4), 0);
    CHECK_EQ(rn_mutex_try_lock(m), 0);
    rn_mutex_unlock(m);
    CHECK_EQ(rn_semaphore_try_acquire(s, 1), 0);
    rn_semaphore_release(s, 1);
    rn_close(c);
    return 0;
}
RN_TASK(drain, rn_chan(int), rn_mutex *, rn_semaphore *);

TASK_TEST(cancelled_task_can_drain_with_try_forms)
{
    rn_mutex m = { 0 };
    rn_semaphore s = RN_SEMAPHORE_INIT(1);
    rn_chan(int) c = rn_make(g, int, 3);
    for (int i = 1; i <= 3; i++)
        CHECK_EQ(rn_send(c, i), 0);
    rn_group *h = rn_group_new(NULL);
    CHECK_EQ(rn_go(h, drain, c, &m, &s), 0);
    CHECK_EQ(rn_group_wait(h), -ECANCELED);
    rn_group_close(h);
    return 0;
}

static int shielded(rn_chan(int) c, _Atomic(int) *got)
{
    int v;
    rn_shield();
    CHECK_EQ(rn_recv(c, &v), 0); /* parked here when the cancel comes */
    rn_unshield();
    atomic_store(got, v);
    CHECK_EQ(rn_recv(c, &v), -ECANCELED);
    return 0;
}
RN_TASK(shielded, rn_chan(int), _Atomic(int) *);

TASK_TEST(shield_protects_a_task_that_is_parked)
{
    _Atomic(int) got = 0;
    rn_chan(int) c = rn_make(g, int, 0);
    rn_group *h = rn_group_new(NULL);
    CHECK_EQ(rn_go(h, shielded, c, &got), 0);
    rn_sleep(RN_MILLISECOND);
    rn_group_cancel(h, 0);
    rn_sleep(RN_MILLISECOND);
    CHECK_EQ(atomic_load(&got), 0);
    CHECK_EQ(rn_send(c, 5), 0);
    CHECK_EQ(rn_group_wait(h), -ECANCELED);
    CHECK_EQ(atomic_load(&got), 5);
    rn_group_close(h);
    return 0;
}

static int unshield_first(rn_group *g, void *arg)
{
    (void)g;
    (void)arg;
    rn_unshield();
    return 0;
}

TEST_EXIT(shield_unshield_without_shield_panics, 2, "rn_unshield without rn_shield")
{
    CHECK_EQ(rn_run(unshield_first, NULL), 0);
}

/* ---- nothing is lost ---- */

static int take_until_cancelled(rn_chan(int) c, _Atomic(long) *taken)
{
    for (int v; rn_recv(c, &v) == 0;)
        atomic_fetch_add(taken, v);
    return 0;
}
RN_TASK(take_until_cancelled, rn_chan(int), _Atomic(long) *);

static int give_until_cancelled(rn_chan(int) c, _Atomic(long) *given)
{
    while (rn_send(c, 1) == 0)
        atomic_fetch_add(given, 1);
    return 0;
}
RN_TASK(give_until_cancelled, rn_chan(int), _Atomic(long) *);

/* A value is taken exactly if its send returned 0, whoever is cancelled when. */
TASK_TEST(cancel_never_loses_or_doubles_a_value)
{
    for (int round = 0; round < 150; round++) {
        _Atomic(long) given = 0, taken = 0;
        rn_chan(int) c = rn_make(g, int, 0);
        rn_group *givers = rn_group_new(NULL), *takers = rn_group_new(NULL);
        for (int i = 0; i < 3; i++) {
            CHECK_EQ(rn_go(givers, give_until_cancelled, c, &given), 0);
            CHECK_EQ(rn_go(takers, take_until_cancelled, c, &taken), 0);
        }
        rn_sleep((round % 20) * 10 * RN_MICROSECOND);
        rn_group_cancel(round % 2 ? givers : takers, 0);
        rn_group_cancel(round % 2 ? takers : givers, 0);
        rn_group_close(givers);
        rn_group_close(takers);
        CHECK_EQ(atomic_load(&given), atomic_load(&taken));
        rn_free(c);
    }
    return 0;
}
