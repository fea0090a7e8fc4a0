/* SPDX-License-Identifier: MIT */
/* What a test run promises: when time passes, when it does not, and what happens at one instant. */
#include <runnel.h>

#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

#include "kit/capture.h"
#include "kit/kit.h"

static int64_t real_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * RN_SECOND + t.tv_nsec;
}

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

/* ---- a pipeline with a queue: the chapter's own times ---- */

static int zeros(rn_sender(int) out, int n)
{
    while (n-- > 0)
        CHECK_EQ(rn_send(out, 0), 0);
    rn_close(out);
    return 0;
}
RN_TASK(zeros, rn_sender(int), int);

static int take_time(rn_receiver(int) in, rn_sender(int) out, int64_t ns, int64_t *finished)
{
    for (int v; rn_recv(in, &v) == 0;) {
        CHECK_EQ(rn_sleep(ns), 0);
        CHECK_EQ(rn_send(out, v), 0);
    }
    *finished = elapsed();
    rn_close(out);
    return 0;
}
RN_TASK(take_time, rn_receiver(int), rn_sender(int), int64_t, int64_t *);

static int pass_on(rn_receiver(int) in, rn_sender(int) out)
{
    for (int v; rn_recv(in, &v) == 0;)
        CHECK_EQ(rn_send(out, v), 0);
    rn_close(out);
    return 0;
}
RN_TASK(pass_on, rn_receiver(int), rn_sender(int));

/* A stage of 1 s and one of 4 s, with a queue in between or without. */
static void check_pipeline(rn_group *g, int queue, int64_t short_ends, int64_t all_ends)
{
    int64_t begun = elapsed(), real = real_now(), finished[2] = { 0 };
    rn_chan(int) a = rn_make(g, int, 0), b = rn_make(g, int, 0), c = b, d = rn_make(g, int, 0);
    if (queue > 0)
        c = rn_make(g, int, (size_t)queue);
    CHECK_EQ(rn_go(g, zeros, rn_tx(a), 3), 0);
    CHECK_EQ(rn_go(g, take_time, rn_rx(a), rn_tx(b), RN_SECOND, &finished[0]), 0);
    if (queue > 0)
        CHECK_EQ(rn_go(g, pass_on, rn_rx(b), rn_tx(c)), 0);
    CHECK_EQ(rn_go(g, take_time, rn_rx(c), rn_tx(d), 4 * RN_SECOND, &finished[1]), 0);
    for (int i = 0, v; i < 3; i++) {
        CHECK_EQ(rn_recv(d, &v), 0);
        CHECK_EQ(elapsed() - begun, (5 + 4 * i) * RN_SECOND);
    }
    CHECK_EQ(rn_wait(d), -EPIPE);
    CHECK_EQ(finished[0] - begun, short_ends);
    CHECK_EQ(finished[1] - begun, all_ends);
    CHECK(real_now() - real < 5 * RN_SECOND);
}

TIMED_TEST(queue_between_stages_frees_the_short_one_and_shortens_nothing)
{
    for (int i = 0; i < 10; i++) {
        check_pipeline(g, 0, 9 * RN_SECOND, 13 * RN_SECOND);
        check_pipeline(g, 2, 3 * RN_SECOND, 13 * RN_SECOND);
    }
    CHECK_EQ(elapsed(), 20 * 13 * RN_SECOND);
    return 0;
}

/* ---- which waits let time pass ---- */

static int hold(rn_mutex *m)
{
    CHECK_EQ(rn_mutex_lock(m), 0);
    CHECK_EQ(rn_sleep(RN_HOUR), 0);
    rn_mutex_unlock(m);
    return 0;
}
RN_TASK(hold, rn_mutex *);

static int acquire(rn_mutex *m)
{
    CHECK_EQ(rn_mutex_lock(m), 0);
    CHECK_EQ(elapsed(), RN_HOUR);
    rn_mutex_unlock(m);
    return 0;
}
RN_TASK(acquire, rn_mutex *);

static int wait_group(rn_waitgroup *w)
{
    CHECK_EQ(rn_waitgroup_wait(w), 0);
    CHECK_EQ(elapsed(), RN_HOUR);
    return 0;
}
RN_TASK(wait_group, rn_waitgroup *);

static int wait_condition(rn_mutex *m, rn_cond *c)
{
    CHECK_EQ(rn_mutex_lock(m), 0);
    CHECK_EQ(rn_cond_wait(c, m), 0);
    CHECK_EQ(elapsed(), RN_HOUR);
    rn_mutex_unlock(m);
    return 0;
}
RN_TASK(wait_condition, rn_mutex *, rn_cond *);

static int wait_semaphore(rn_semaphore *s)
{
    CHECK_EQ(rn_semaphore_acquire(s, 1), 0);
    CHECK_EQ(elapsed(), RN_HOUR);
    return 0;
}
RN_TASK(wait_semaphore, rn_semaphore *);

static int wait_channels(rn_chan(int) send, rn_chan(int) never)
{
    CHECK_EQ(rn_select(RN_SEND(send, 1), RN_DONE(never)), 0);
    CHECK_EQ(elapsed(), RN_HOUR);
    return 0;
}
RN_TASK(wait_channels, rn_chan(int), rn_chan(int));

/* Go stops the clock for a mutex; here a mutex is waited for like the rest. */
TIMED_TEST(test_time_passes_whatever_the_tasks_wait_for)
{
    static rn_mutex held, m;
    static rn_cond c;
    static rn_waitgroup w;
    static rn_semaphore s;
    rn_chan(int) send = rn_make(g, int, 0), never = rn_make(g, int, 0);
    rn_group *h = rn_group_new(NULL);
    rn_waitgroup_add(&w, 1);
    CHECK_EQ(rn_go(h, hold, &held), 0);
    CHECK_EQ(rn_test_wait(), 0);
    CHECK_EQ(rn_go(h, acquire, &held), 0);
    CHECK_EQ(rn_go(h, wait_group, &w), 0);
    CHECK_EQ(rn_go(h, wait_condition, &m, &c), 0);
    CHECK_EQ(rn_go(h, wait_semaphore, &s), 0);
    CHECK_EQ(rn_go(h, wait_channels, send, never), 0);
    CHECK_EQ(rn_test_wait(), 0);
    CHECK_EQ(elapsed(), 0);
    CHECK_EQ(rn_sleep(RN_HOUR), 0);
    rn_waitgroup_done(&w);
    rn_cond_signal(&c);
    rn_semaphore_release(&s, 1);
    CHECK_EQ(rn_wait(send), 0);
    CHECK_EQ(rn_group_wait(h), 0);
    CHECK_EQ(elapsed(), RN_HOUR);
    return rn_group_close(h);
}

/* ---- many at one instant ---- */

static int sleep_to(int64_t when, _Atomic(int) *awake)
{
    CHECK_EQ(rn_sleep(RN_TEST_START + when - rn_now()), 0);
    CHECK_EQ(elapsed(), when);
    atomic_fetch_add(awake, 1);
    return 0;
}
RN_TASK(sleep_to, int64_t, _Atomic(int) *);

TIMED_TEST(test_time_stands_still_until_all_of_one_instant_have_run)
{
    _Atomic(int) awake = 0;
    rn_group *h = rn_group_new(NULL);
    for (int i = 1; i <= 20; i++)
        for (int j = 0; j < 25; j++)
            CHECK_EQ(rn_go(h, sleep_to, i * RN_SECOND, &awake), 0);
    for (int i = 1; i <= 20; i++) {
        CHECK_EQ(rn_sleep(RN_SECOND), 0);
        CHECK_EQ(rn_test_wait(), 0);
        CHECK_EQ(atomic_load(&awake), 25 * i);
        CHECK_EQ(elapsed(), i * RN_SECOND);
    }
    CHECK_EQ(rn_group_wait(h), 0);
    return rn_group_close(h);
}

/* ---- rn_test_wait ---- */

static int wait_for_quiet(_Atomic(int) *quiet)
{
    CHECK_EQ(rn_test_wait(), 0);
    atomic_fetch_add(quiet, 1);
    return 0;
}
RN_TASK(wait_for_quiet, _Atomic(int) *);

TIMED_TEST(test_wait_by_several_tasks_ends_for_all)
{
    _Atomic(int) quiet = 0;
    rn_group *h = rn_group_new(NULL);
    for (int i = 0; i < 10; i++)
        CHECK_EQ(rn_go(h, wait_for_quiet, &quiet), 0);
    CHECK_EQ(rn_group_wait(h), 0);
    CHECK_EQ(atomic_load(&quiet), 10);
    CHECK_EQ(elapsed(), 0);
    return rn_group_close(h);
}

static int wait_outside(rn_group *g, void *arg)
{
    (void)g;
    (void)arg;
    return rn_test_wait();
}

TEST_EXIT(test_wait_outside_of_a_test_run_panics, 2, "rn_test_wait")
{
    CHECK_EQ(rn_run(wait_outside, NULL), 0);
}

/* ---- the world outside ---- */

typedef struct outsider {
    rn_chan(int) c;
    _Atomic(bool) known;
} outsider;

static void *send_later(void *arg)
{
    outsider *o = arg;
    struct timespec nap = { .tv_nsec = 10 * 1000 * 1000 };
    CHECK_EQ(rn_try_send(o->c, 1), -EAGAIN);
    atomic_store(&o->known, true);
    nanosleep(&nap, NULL);
    CHECK_EQ(rn_send(o->c, 42), 0);
    return NULL;
}

/* Once a thread has called the library, that nobody else can wake the tasks is no deadlock. */
TIMED_TEST(test_tasks_may_be_woken_by_a_thread)
{
    outsider o = { .c = rn_make(g, int, 0) };
    pthread_t thread;
    int v = 0;
    CHECK_EQ(pthread_create(&thread, NULL, send_later, &o), 0);
    while (!atomic_load(&o.known))
        rn_yield();
    CHECK_EQ(rn_recv(o.c, &v), 0);
    CHECK_EQ(v, 42);
    CHECK_EQ(elapsed(), 0);
    CHECK_EQ(pthread_join(thread, NULL), 0);
    return 0;
}

/* ---- the end ---- */

static int note_call(_Atomic(int) *calls)
{
    atomic_fetch_add(calls, 1);
    return 0;
}
RN_TASK(note_call, _Atomic(int) *);

static int leave_timers(rn_group *g, void *arg)
{
    CHECK(rn_timer_go(g, RN_SECOND, note_call, (_Atomic(int) *)arg) != NULL);
    CHECK(rn_tick(g, RN_SECOND) != NULL);
    rn_ctx_unref(rn_ctx_with_timeout(rn_group_ctx(g), RN_HOUR));
    return 0;
}

TEST(test_run_ends_without_waiting_for_timers)
{
    _Atomic(int) calls = 0;
    CHECK_EQ(rn_test_run(leave_timers, &calls, NULL), 0);
    CHECK_EQ(atomic_load(&calls), 0);
    CHECK_EQ(rn_task_count(), 0);
}

static int sleep_twice(_Atomic(int) *steps)
{
    atomic_fetch_add(steps, 1);
    rn_group *g = rn_group_current();
    CHECK(rn_timer_go(g, RN_SECOND, note_call, steps) != NULL);
    return 0;
}
RN_TASK(sleep_twice, _Atomic(int) *);

TIMED_TEST(test_timers_may_start_tasks_that_set_timers)
{
    _Atomic(int) steps = 0;
    rn_group *h = rn_group_new(NULL);
    CHECK(rn_timer_go(h, RN_SECOND, sleep_twice, &steps) != NULL);
    CHECK_EQ(rn_sleep(2 * RN_SECOND - 1), 0);
    CHECK_EQ(atomic_load(&steps), 1);
    CHECK_EQ(rn_sleep(1), 0);
    CHECK_EQ(rn_test_wait(), 0);
    CHECK_EQ(atomic_load(&steps), 2);
    return rn_group_close(h);
}

static int wait_for_nobody(rn_chan(int) never)
{
    return rn_wait(never);
}
RN_TASK(wait_for_nobody, rn_chan(int));

static int wait_for_the_child(rn_group *g, void *arg)
{
    rn_group *h = rn_group_new(NULL);
    (void)arg;
    CHECK_EQ(rn_sleep(RN_HOUR), 0);
    CHECK_EQ(rn_go(h, wait_for_nobody, rn_make(g, int, 0)), 0);
    return rn_group_wait(h);
}

static int child_deadlock(void)
{
    return rn_test_run(wait_for_the_child, NULL, NULL);
}

TEST(test_deadlock_of_a_child_names_both)
{
    struct capture c;
    int64_t begun = real_now();
    capture(&c, child_deadlock);
    CHECK(real_now() - begun < 10 * RN_SECOND);
    CHECK_EQ(c.status, 2);
    capture_has(&c, "all tasks are asleep");
    capture_has(&c, " wait_for_nobody [chan receive] at ");
    capture_has(&c, " main [group wait] at ");
}
