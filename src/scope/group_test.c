/* SPDX-License-Identifier: MIT */
/* Groups: results, waiting, closing, nesting, and who may do what to whom. */
#include <runnel.h>

#include <pthread.h>
#include <stdatomic.h>

#include "kit/kit.h"
#include "sync/chan.h"

static int ends_with(int rc, int64_t after_ns)
{
    rn_shield(); /* the delay is not to be cut short */
    rn_sleep(after_ns);
    rn_unshield();
    return rc;
}
RN_TASK(ends_with, int, int64_t);

static int until_cancelled(_Atomic(int) *result)
{
    int rc = rn_sleep(RN_FOREVER);
    if (result)
        atomic_store(result, rc);
    return rc;
}
RN_TASK(until_cancelled, _Atomic(int) *);

static int fails_when_cancelled(int rc)
{
    rn_sleep(RN_FOREVER);
    return rc;
}
RN_TASK(fails_when_cancelled, int);

/* ---- results ---- */

TASK_TEST(group_without_tasks_is_waited_for_and_closed)
{
    CHECK_EQ(rn_group_close(NULL), 0);
    rn_group *h = rn_group_new(NULL);
    CHECK_EQ(rn_group_wait(h), 0);
    CHECK_EQ(rn_group_wait(h), 0);
    return rn_group_close(h);
}

static int count(_Atomic(int) *n)
{
    rn_sleep(100 * RN_MICROSECOND);
    atomic_fetch_add(n, 1);
    return 0;
}
RN_TASK(count, _Atomic(int) *);

TASK_TEST(group_wait_returns_after_all_tasks_have_ended)
{
    _Atomic(int) n = 0;
    rn_group *h = rn_group_new(NULL);
    for (int i = 0; i < 100; i++)
        CHECK_EQ(rn_go(h, count, &n), 0);
    CHECK_EQ(rn_group_wait(h), 0);
    CHECK_EQ(atomic_load(&n), 100);
    return rn_group_close(h);
}

TASK_TEST(group_first_error_cancels_the_others_and_is_what_wait_returns)
{
    _Atomic(int) result = 0;
    rn_group *h = rn_group_new(NULL);
    CHECK_EQ(rn_go(h, until_cancelled, &result), 0);
    CHECK_EQ(rn_go(h, fails_when_cancelled, -ERANGE), 0);
    CHECK_EQ(rn_go(h, ends_with, -EILSEQ, 2 * RN_MILLISECOND), 0);
    CHECK_EQ(rn_group_wait(h), -EILSEQ);
    CHECK_EQ(atomic_load(&result), -ECANCELED);
    CHECK_EQ(rn_ctx_cause(rn_group_ctx(h)), -EILSEQ);
    CHECK_EQ(rn_ctx_err(rn_group_ctx(h)), -ECANCELED);
    CHECK_EQ(rn_group_close(h), -EILSEQ);
    return 0;
}

TASK_TEST(group_task_that_returns_a_positive_number_has_not_failed)
{
    rn_group *h = rn_group_new(NULL);
    CHECK_EQ(rn_go(h, ends_with, 17, 0), 0);
    CHECK_EQ(rn_group_wait(h), 0);
    CHECK_EQ(rn_ctx_cause(rn_group_ctx(h)), 0);
    return rn_group_close(h);
}

TASK_TEST(group_wait_returns_the_cause_of_a_cancel_by_hand)
{
    rn_group *h = rn_group_new(NULL);
    CHECK_EQ(rn_go(h, until_cancelled, NULL), 0);
    rn_group_cancel(h, -ENOLINK);
    rn_group_cancel(h, -EIO); /* the first cause stays */
    CHECK_EQ(rn_group_wait(h), -ENOLINK);
    CHECK_EQ(rn_group_wait(h), -ENOLINK);
    CHECK_EQ(rn_group_close(h), -ENOLINK);

    h = rn_group_new(NULL);
    rn_group_cancel(h, 0);
    CHECK_EQ(rn_group_wait(h), -ECANCELED);
    CHECK_EQ(rn_group_close(h), -ECANCELED);
    return 0;
}

TASK_TEST(group_wait_may_be_called_again_and_after_more_tasks)
{
    _Atomic(int) n = 0;
    rn_group *h = rn_group_new(NULL);
    for (int round = 1; round <= 50; round++) {
        CHECK_EQ(rn_go(h, count, &n), 0);
        CHECK_EQ(rn_go(h, count, &n), 0);
        CHECK_EQ(rn_group_wait(h), 0);
        CHECK_EQ(atomic_load(&n), 2 * round);
        CHECK_EQ(rn_group_wait(h), 0);
    }
    return rn_group_close(h);
}

static int wait_for(rn_group *h, _Atomic(int) *result)
{
    int rc = rn_group_wait(h);
    atomic_store(result, rc);
    return 0;
}
RN_TASK(wait_for, rn_group *, _Atomic(int) *);

TASK_TEST(group_wait_by_several_tasks_releases_all)
{
    _Atomic(int) results[8];
    rn_group *h = rn_group_new(NULL), *waiters = rn_group_new(NULL);
    CHECK_EQ(rn_go(h, ends_with, -EDOM, 2 * RN_MILLISECOND), 0);
    for (int i = 0; i < 8; i++)
        CHECK_EQ(rn_go(waiters, wait_for, h, &results[i]), 0);
    CHECK_EQ(rn_group_wait(waiters), 0);
    for (int i = 0; i < 8; i++)
        CHECK_EQ(atomic_load(&results[i]), -EDOM);
    rn_group_close(waiters);
    rn_group_close(h);
    return 0;
}

struct seed {
    int depth;
    _Atomic(int) *n;
};

static int grow(void *arg)
{
    struct seed s = *(struct seed *)arg;
    rn_group *own = rn_group_current();
    atomic_fetch_add(s.n, 1);
    for (int i = 0; i < 2 && s.depth > 0; i++) {
        struct seed next = { s.depth - 1, s.n };
        CHECK_EQ(rn_group_go(own, grow, &next, sizeof next, NULL, "grow", RN_HERE), 0);
    }
    return 0;
}

TASK_TEST(group_tasks_may_start_tasks_in_their_own_group)
{
    _Atomic(int) n = 0;
    rn_group *h = rn_group_new(NULL);
    struct seed s = { 8, &n };
    CHECK_EQ(rn_group_go(h, grow, &s, sizeof s, NULL, "grow", RN_HERE), 0);
    CHECK_EQ(rn_group_wait(h), 0);
    CHECK_EQ(atomic_load(&n), 511);
    return rn_group_close(h);
}

/* ---- one's own group ---- */

static int touch_own(rn_group *above)
{
    rn_group *own = rn_group_current();
    CHECK_EQ(rn_group_wait(own), -EDEADLK);
    CHECK_EQ(rn_group_close(own), -EDEADLK);
    CHECK_EQ(rn_group_wait(above), -EDEADLK);
    CHECK_EQ(rn_group_close(above), -EDEADLK);
    CHECK_EQ(rn_cancelled(), 0); /* a refused close cancels nothing */
    rn_group *below = rn_group_new(NULL);
    CHECK_EQ(rn_group_wait(below), 0);
    return rn_group_close(below);
}
RN_TASK(touch_own, rn_group *);

TASK_TEST(group_waiting_for_or_closing_ones_own_group_is_a_deadlock_error)
{
    rn_group *h = rn_group_new(NULL);
    CHECK(rn_group_current() == g);
    CHECK_EQ(rn_go(h, touch_own, g), 0); /* g is two above the groups that h's task opens */
    CHECK_EQ(rn_group_wait(h), 0);
    return rn_group_close(h);
}

/* ---- closing ---- */

static int shielded_end(_Atomic(int) *ended)
{
    rn_sleep(RN_FOREVER);
    rn_shield();
    rn_sleep(5 * RN_MILLISECOND);
    atomic_fetch_add(ended, 1);
    rn_unshield();
    return -ECANCELED;
}
RN_TASK(shielded_end, _Atomic(int) *);

TASK_TEST(group_close_cancels_and_joins)
{
    _Atomic(int) ended = 0;
    rn_group *h = rn_group_new(NULL);
    for (int i = 0; i < 10; i++)
        CHECK_EQ(rn_go(h, shielded_end, &ended), 0);
    rn_sleep(RN_MILLISECOND);
    CHECK_EQ(rn_group_close(h), 0); /* as wait before the cancel that the close made */
    CHECK_EQ(atomic_load(&ended), 10);
    CHECK_EQ(rn_task_count(), 1);
    return 0;
}

static int open_child(_Atomic(int) *ended, int depth)
{
    rn_group *child = rn_group_new(NULL); /* left open on purpose */
    CHECK_EQ(rn_go(child, shielded_end, ended), 0);
    if (depth > 0)
        CHECK_EQ(open_child(ended, depth - 1), 0);
    return 0;
}
RN_TASK(open_child, _Atomic(int) *, int);

TASK_TEST(group_close_closes_the_groups_that_its_tasks_left_open)
{
    _Atomic(int) ended = 0;
    rn_group *h = rn_group_new(NULL);
    for (int i = 0; i < 5; i++)
        CHECK_EQ(rn_go(h, open_child, &ended, 3), 0);
    CHECK_EQ(rn_group_wait(h), 0);
    CHECK_EQ(rn_task_count(), 21);
    CHECK_EQ(rn_group_close(h), 0);
    CHECK_EQ(atomic_load(&ended), 20);
    CHECK_EQ(rn_task_count(), 1);
    return 0;
}

static int close_cancelled(_Atomic(int) *ended)
{
    rn_group *child = rn_group_new(NULL);
    CHECK_EQ(rn_go(child, shielded_end, ended), 0);
    rn_sleep(RN_MILLISECOND);
    rn_group_cancel(rn_group_current(), 0);
    CHECK_EQ(rn_group_wait(child), -ECANCELED); /* does not wait any more */
    rn_group_close(child);                      /* joins all the same */
    CHECK_EQ(atomic_load(ended), 1);
    return 0;
}
RN_TASK(close_cancelled, _Atomic(int) *);

TASK_TEST(group_close_joins_also_in_a_cancelled_task)
{
    _Atomic(int) ended = 0;
    rn_group *h = rn_group_new(NULL);
    CHECK_EQ(rn_go(h, close_cancelled, &ended), 0);
    CHECK_EQ(rn_group_wait(h), -ECANCELED);
    rn_group_close(h);
    return 0;
}

TASK_TEST(group_go_into_a_cancelled_group_starts_nothing)
{
    _Atomic(int) n = 0;
    rn_group *h = rn_group_new(NULL);
    rn_group_cancel(h, -EIO);
    CHECK_EQ(rn_go(h, count, &n), -ECANCELED);
    CHECK_EQ(rn_group_wait(h), -EIO);
    CHECK_EQ(atomic_load(&n), 0);
    rn_group_close(h);
    return 0;
}

TASK_TEST(group_failed_child_does_not_fail_its_parent)
{
    rn_group *h = rn_group_new(NULL);
    CHECK_EQ(rn_go(h, ends_with, -EIO, 0), 0);
    CHECK_EQ(rn_group_wait(h), -EIO);
    CHECK_EQ(rn_cancelled(), 0);
    CHECK_EQ(rn_ctx_cause(rn_group_ctx(g)), 0);
    rn_group_close(h);
    return 0;
}

/* ---- foreign threads ---- */

static void *foreign_owner(void *arg)
{
    _Atomic(int) n = 0, result = 0;
    (void)arg;
    CHECK(rn_group_current() == NULL);
    CHECK(rn_ctx_current() == rn_ctx_background());
    rn_group *h = rn_group_new(NULL);
    for (int i = 0; i < 50; i++)
        CHECK_EQ(rn_go(h, count, &n), 0);
    CHECK_EQ(rn_group_wait(h), 0);
    CHECK_EQ(atomic_load(&n), 50);
    CHECK_EQ(rn_go(h, until_cancelled, &result), 0);
    rn_group_cancel(h, -EIO);
    CHECK_EQ(rn_group_wait(h), -EIO);
    CHECK_EQ(rn_group_close(h), -EIO);
    return NULL;
}

TEST(group_of_a_foreign_thread_runs_without_rn_run)
{
    foreign_owner(NULL);
    CHECK_EQ(rn_task_count(), 0);
}

static int join(void *arg)
{
    return -pthread_join(*(pthread_t *)arg, NULL);
}

TASK_TEST(group_of_a_foreign_thread_runs_beside_rn_run)
{
    pthread_t threads[4];
    for (int i = 0; i < 4; i++)
        CHECK_EQ(pthread_create(&threads[i], NULL, foreign_owner, NULL), 0);
    for (int i = 0; i < 4; i++)
        CHECK_EQ(rn_blocking(join, &threads[i]), 0);
    return 0;
}

static void *foreign_canceller(void *arg)
{
    rn_group_cancel(arg, -ESRCH);
    return NULL;
}

TASK_TEST(group_is_cancelled_by_a_foreign_thread)
{
    pthread_t t;
    _Atomic(int) result = 0;
    rn_group *h = rn_group_new(NULL);
    CHECK_EQ(rn_go(h, until_cancelled, &result), 0);
    rn_sleep(RN_MILLISECOND);
    CHECK_EQ(pthread_create(&t, NULL, foreign_canceller, h), 0);
    CHECK_EQ(rn_blocking(join, &t), 0);
    CHECK_EQ(rn_group_wait(h), -ESRCH);
    CHECK_EQ(atomic_load(&result), -ECANCELED);
    rn_group_close(h);
    return 0;
}

static _Atomic(bool) calling;

static bool has_receiver(rn_channel *c)
{
    rni_lock_take(&c->lock);
    bool found = c->receivers.head != NULL;
    rni_unlock(&c->lock);
    return found;
}

static void *foreign_receiver(void *arg)
{
    int v;
    atomic_store(&calling, true);
    CHECK_EQ(rn_recv((rn_chan(int))arg, &v), -ECANCELED);
    return NULL;
}

TASK_TEST(group_close_wakes_foreign_threads_blocked_on_its_channels)
{
    pthread_t t;
    rn_group *h = rn_group_new(NULL);
    rn_chan(int) c = rn_make(h, int, 0);
    CHECK_EQ(pthread_create(&t, NULL, foreign_receiver, c), 0);
    while (!atomic_load(&calling) || !has_receiver((void *)c))
        rn_sleep(RN_MILLISECOND); /* the thread may not call after the close */
    CHECK_EQ(rn_group_close(h), 0);
    return rn_blocking(join, &t);
}

/* ---- programming errors ---- */

static int wait_null(rn_group *g, void *arg)
{
    (void)g;
    (void)arg;
    return rn_group_wait(NULL);
}

TEST_EXIT(group_wait_of_null_panics, 2, "wait for a NULL group")
{
    CHECK_EQ(rn_run(wait_null, NULL), 0);
}
