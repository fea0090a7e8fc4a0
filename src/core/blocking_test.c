/* SPDX-License-Identifier: MIT */
/* rn_blocking: calls that block their thread leave the worker to others. */
#include <runnel.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

#include "kit/kit.h"

static void block_ms(long ms)
{
    struct timespec ts = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 };
    nanosleep(&ts, NULL);
}

static int doubled(void *arg)
{
    int *v = arg;
    *v *= 2;
    return *v;
}

TASK_TEST(blocking_returns_the_functions_result)
{
    int v = 21;
    CHECK_EQ(rn_blocking(doubled, &v), 42);
    CHECK_EQ(v, 42);
    v = -3;
    CHECK_EQ(rn_blocking(doubled, &v), -6);
    return 0;
}

static int thread_of_call(void *arg)
{
    *(pthread_t *)arg = pthread_self();
    return 0;
}

TASK_TEST(blocking_runs_on_a_thread_that_is_no_worker)
{
    pthread_t there;
    rn_pin();
    CHECK_EQ(rn_blocking(thread_of_call, &there), 0);
    CHECK(!pthread_equal(there, pthread_self()));
    rn_unpin();
    return 0;
}

static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;

static int pass_gate(void *arg)
{
    (void)arg;
    pthread_mutex_lock(&gate);
    pthread_mutex_unlock(&gate);
    return 7;
}

static int call_gate(void)
{
    return rn_blocking(pass_gate, NULL) == 7 ? 0 : -EINVAL;
}
RN_TASK(call_gate);

static int count_to(_Atomic(int) *n, int limit)
{
    for (int i = 0; i < limit; i++) {
        atomic_fetch_add(n, 1);
        rn_yield();
    }
    return 0;
}
RN_TASK(count_to, _Atomic(int) *, int);

/* Eight calls are stuck, more than there are workers; another task must run to its end. */
TASK_TEST(blocking_calls_do_not_stop_other_tasks)
{
    _Atomic(int) n = 0;
    rn_group *h = rn_group_new(NULL), *other = rn_group_new(NULL);
    pthread_mutex_lock(&gate);
    rn_pin(); /* the thread that locked must unlock */
    for (int i = 0; i < 8; i++)
        CHECK_EQ(rn_go(h, call_gate), 0);
    CHECK_EQ(rn_go(other, count_to, &n, 100), 0);
    CHECK_EQ(rn_group_wait(other), 0);
    CHECK_EQ(atomic_load(&n), 100);
    CHECK_EQ(rn_task_count(), 9);
    pthread_mutex_unlock(&gate);
    rn_unpin();
    CHECK_EQ(rn_group_wait(h), 0);
    rn_group_close(other);
    return rn_group_close(h);
}

enum { MANY = 300 };
static pthread_barrier_t together;
static _Atomic(int) arrived;
static rn_stats all_there;

static int meet(void *arg)
{
    (void)arg;
    if (atomic_fetch_add(&arrived, 1) == MANY - 1)
        rn_stats_read(&all_there);
    pthread_barrier_wait(&together); /* nobody leaves before all are here */
    return 0;
}

static int call_meet(void)
{
    return rn_blocking(meet, NULL);
}
RN_TASK(call_meet);

TASK_TEST(blocking_runs_hundreds_of_calls_at_once)
{
    rn_stats before;
    rn_group *h = rn_group_new(NULL);
    CHECK_EQ(pthread_barrier_init(&together, NULL, MANY), 0);
    rn_stats_read(&before);
    for (int i = 0; i < MANY; i++)
        CHECK_EQ(rn_go(h, call_meet), 0);
    CHECK_EQ(rn_group_wait(h), 0);
    CHECK_EQ(all_there.blocking - before.blocking, MANY);
    CHECK_EQ(all_there.helpers, MANY);
    return rn_group_close(h);
}

static _Atomic(int) short_calls;

static int brief(void *arg)
{
    (void)arg;
    block_ms(1);
    atomic_fetch_add(&short_calls, 1);
    return 0;
}

static int call_brief(void)
{
    return rn_blocking(brief, NULL);
}
RN_TASK(call_brief);

TASK_TEST(blocking_queues_calls_beyond_the_helper_limit)
{
    rn_group *h = rn_group_new(NULL);
    for (int i = 0; i < 1200; i++)
        CHECK_EQ(rn_go(h, call_brief), 0);
    CHECK_EQ(rn_group_wait(h), 0);
    CHECK_EQ(atomic_load(&short_calls), 1200);
    return rn_group_close(h);
}

static _Atomic(int) called, ended;

static int slow(void *arg)
{
    (void)arg;
    atomic_store(&called, 1);
    block_ms(30);
    atomic_store(&ended, 1);
    return 5;
}

static int call_slow(_Atomic(int) *result)
{
    atomic_store(result, rn_blocking(slow, NULL));
    return 0;
}
RN_TASK(call_slow, _Atomic(int) *);

TASK_TEST(blocking_call_is_waited_for_when_its_task_is_cancelled)
{
    _Atomic(int) result = 0;
    rn_group *h = rn_group_new(NULL);
    CHECK_EQ(rn_go(h, call_slow, &result), 0);
    while (!atomic_load(&called))
        rn_sleep(100 * RN_MICROSECOND);
    rn_group_close(h);
    CHECK_EQ(atomic_load(&ended), 1);
    CHECK_EQ(atomic_load(&result), 5); /* the result is not thrown away */
    return 0;
}

static int call_when_cancelled(_Atomic(int) *result)
{
    rn_group_cancel(rn_group_current(), 0);
    atomic_store(result, rn_blocking(slow, NULL));
    return 0;
}
RN_TASK(call_when_cancelled, _Atomic(int) *);

TASK_TEST(blocking_is_not_called_in_a_cancelled_task)
{
    _Atomic(int) result = 0;
    rn_group *h = rn_group_new(NULL);
    CHECK_EQ(rn_go(h, call_when_cancelled, &result), 0);
    CHECK_EQ(rn_group_wait(h), -ECANCELED);
    CHECK_EQ(atomic_load(&result), -ECANCELED);
    CHECK_EQ(atomic_load(&called), 0);
    rn_group_close(h);
    return 0;
}

TEST(blocking_on_a_foreign_thread_calls_directly)
{
    pthread_t there;
    CHECK_EQ(rn_blocking(thread_of_call, &there), 0);
    CHECK(pthread_equal(there, pthread_self()));
}

static int nested_run(rn_group *g, void *arg)
{
    (void)g;
    (void)arg;
    return 11;
}

static int run_from_helper(void *arg)
{
    (void)arg;
    return rn_run(nested_run, NULL); /* a helper is a foreign thread */
}

TASK_TEST(blocking_call_may_use_the_library)
{
    CHECK_EQ(rn_blocking(run_from_helper, NULL), 11);
    return 0;
}

static _Atomic(int) destroyed;

static void destroy_slowly(void *value)
{
    (void)value;
    block_ms(50);
    atomic_fetch_add(&destroyed, 1);
}

static int use_key(void *key)
{
    block_ms(20); /* so that the other call has a helper of its own */
    return pthread_setspecific(*(pthread_key_t *)key, key);
}

static int call_use_key(pthread_key_t *key)
{
    return rn_blocking(use_key, key);
}
RN_TASK(call_use_key, pthread_key_t *);

static int two_use_key(rn_group *g, void *key)
{
    CHECK_EQ(rn_go(g, call_use_key, key), 0);
    CHECK_EQ(rn_go(g, call_use_key, key), 0);
    return 0;
}

/* A library frees what its thread-local data needs in its exit handlers, as OpenSSL does. */
TEST(blocking_helpers_have_ended_with_their_thread_local_data_when_the_run_returns)
{
    pthread_key_t key;
    CHECK_EQ(pthread_key_create(&key, destroy_slowly), 0);
    CHECK_EQ(rn_run(two_use_key, &key), 0);
    CHECK_EQ(atomic_load(&destroyed), 2);
    CHECK_EQ(pthread_key_delete(key), 0);
}
