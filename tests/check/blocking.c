/* SPDX-License-Identifier: MIT */
/*
 * rn_blocking: a task hands a call to a helper thread and gets its result; the helper that has
 * nothing to do sleeps until there is another call or it is to end; and the last call's end is
 * noticed by a worker that has gone to sleep meanwhile.
 *
 * The first thread is the task, or a worker; the others are what the system starts as helpers.
 */
#include "worker.h"

#include "core/blocking.c"

enum { HELPERS = 2 };

typedef struct state {
    int called[2]; /* plain: by the functions, on a helper */
    int results[2];
    struct slot {
        _Atomic(uint32_t) started; /* 1: run `fn`, 2: not needed any more */
        _Atomic(uint32_t) gone;    /* and what its thread-local data needs is done */
        int destroyed;             /* plain: by the thread after `fn` */
        bool joined;
        void *(*fn)(void *);
        void *arg;
    } helpers[HELPERS];
    unsigned n_started;
    call last_one;
    rni_runnable got;
} state;

static state *running;
static bool dead; /* nothing is left, so that a deadlock is to be reported */
static bool is_virtual;
static rni_timers quiet;

static void begin(void *p)
{
    running = p;
    model_begin();
    begin_worker();
    rni_rt.owns_process = true;
    worker.started = 1;
    dead = is_virtual = false;
    model_tasks[0].foreign = false;
    model_tasks[0].worker = &worker;
    pool_lock = (rni_lock){ 0 };
    first = NULL;
    last = &first;
    queued = helpers = idle = 0;
    stop = false;
    left = 0;
    atomic_store_explicit(&work, 0, memory_order_relaxed);
    atomic_store_explicit(&ended, 0, memory_order_relaxed);
}

/* ---- the system and the rest of the scheduler ---- */

int rni_os_thread_start(rni_os_thread *out, void *(*fn)(void *arg), void *arg)
{
    RN_CHECK_ASSERT(running->n_started < HELPERS);
    struct slot *h = &running->helpers[running->n_started++];
    h->fn = fn;
    h->arg = arg;
    *out = 0;
    atomic_store_explicit(&h->started, 1, memory_order_release);
    rn_check_wake(&h->started, 1);
    return 0;
}

rni_os_thread rni_os_thread_self(void)
{
    return (rni_os_thread)rn_check_self() - 1;
}

void rni_os_thread_join(rni_os_thread t)
{
    struct slot *h = &running->helpers[t - 1];
    while (!atomic_load_explicit(&h->gone, memory_order_acquire))
        rn_check_wait(&h->gone, 0);
    RN_CHECK_ASSERT(!h->joined);
    h->joined = true;
}

/* The task leaves; its worker does nothing but wait for it. */
int rni_dispatch(rni_worker *w, rni_task *t, rni_runnable r)
{
    while (!r)
        r = rni_idle(w, NULL);
    RN_CHECK_ASSERT(r == rni_run_task(t));
    return t->context.result;
}

void rni_report_deadlock(void)
{
    RN_CHECK_ASSERT(dead);
    __builtin_longjmp(report_frame, 1);
}

/* ---- calls ---- */

static int returns_7(void *arg)
{
    state *s = arg;
    s->called[0]++;
    return 7;
}

static int returns_8(void *arg)
{
    state *s = arg;
    s->called[1]++;
    return 8;
}

static void nobody_more(state *s)
{
    for (unsigned i = s->n_started; i < HELPERS; i++) {
        atomic_store_explicit(&s->helpers[i].started, 2, memory_order_relaxed);
        rn_check_wake(&s->helpers[i].started, 1);
    }
}

/* Ends the helpers; then each has been joined, so that the next thread sees all they did. */
static void ends_helpers(state *s)
{
    rni_blocking_stop();
    for (unsigned i = 0; i < s->n_started; i++)
        RN_CHECK_ASSERT(s->helpers[i].joined && s->helpers[i].destroyed == 1);
    RN_CHECK_ASSERT(left == 0);
    nobody_more(s);
}

static void calls_once(void *p)
{
    state *s = p;
    s->results[0] = rn_blocking_at(returns_7, s, "");
    RN_CHECK_ASSERT(s->called[0] == 1);
    ends_helpers(s);
}

static void calls_twice(void *p)
{
    state *s = p;
    s->results[0] = rn_blocking_at(returns_7, s, "");
    s->results[1] = rn_blocking_at(returns_8, s, "");
    RN_CHECK_ASSERT(s->called[0] == 1 && s->called[1] == 1);
    ends_helpers(s);
}

static void helps(state *s, unsigned i)
{
    struct slot *h = &s->helpers[i];
    uint32_t how;
    while ((how = atomic_load_explicit(&h->started, memory_order_acquire)) == 0)
        rn_check_wait(&h->started, 0);
    if (how != 1)
        return;
    h->fn(h->arg);
    h->destroyed++;
    atomic_store_explicit(&h->gone, 1, memory_order_release);
    rn_check_wake(&h->gone, 1);
}

static void helps_first(void *p)
{
    helps(p, 0);
}

static void helps_second(void *p)
{
    helps(p, 1);
}

static void leave(void)
{
    RN_CHECK_ASSERT(first == NULL && queued == 0 && helpers == 0 && idle == 0);
    RN_CHECK_ASSERT(rni_rt.helpers_busy == 0 && pool_lock.held == 0);
    end_worker();
}

/* ---- the last call ---- */

/* A helper has a call to make, and is to end then. */
static void begin_last(void *p)
{
    state *s = p;
    begin(p);
    s->last_one = (call){ .fn = returns_7, .arg = s, .task = &model_tasks[0] };
    rni_rt.helpers_busy = 1;
    first = &s->last_one;
    last = &s->last_one.next;
    queued = helpers = 1;
    stop = true;
}

static void is_helper(void *p)
{
    (void)p;
    helper(NULL);
}

/* On the virtual clock: time must not pass while the call is under way, or what it has made ready
 * waits. */
static void begin_virtual(void *p)
{
    begin_last(p);
    is_virtual = true;
    rni_timers_init(&quiet);
    quiet.next = 1; /* somebody waits for time to pass */
}

bool rni_clock_is_virtual(void)
{
    return is_virtual;
}

rni_timers *rni_virtual_quiet(void)
{
    return &quiet;
}

void rni_virtual_pass(rni_verdict v)
{
    RN_CHECK_ASSERT(v == RNI_ALL_QUIET);
    rn_check_fail("time passes while a task is ready");
}

static void resumes(void *p)
{
    state *s = p;
    s->got = rni_idle(&worker, NULL);
    RN_CHECK_ASSERT(s->called[0] == 1 && model_tasks[0].context.result == 7);
}

/* Runs the task, which waits for something that never comes, and is the last to sleep. */
static void resumes_and_idles(void *p)
{
    state *s = p;
    s->got = rni_idle(&worker, NULL);
    RN_CHECK_ASSERT(s->called[0] == 1 && model_tasks[0].context.result == 7);
    if (__builtin_setjmp(report_frame) != 0)
        return;
    dead = true;
    (void)rni_idle(&worker, NULL);
    rn_check_fail("the deadlock was not reported");
}

static void last_called(void *p)
{
    state *s = p;
    RN_CHECK_ASSERT(s->got == rni_run_task(&model_tasks[0]));
    leave();
}

static void once_called(void *p)
{
    state *s = p;
    RN_CHECK_ASSERT(s->results[0] == 7);
    leave();
}

static void twice_called(void *p)
{
    state *s = p;
    RN_CHECK_ASSERT(s->results[0] == 7 && s->results[1] == 8);
    leave();
}

static const model_run runs[] = {
    { MODEL("blocking", begin, once_called, calls_once, helps_first),
      .options = { .preemptions = 1 } },
    { MODEL("blocking-twice", begin, twice_called, calls_twice, helps_first, helps_second),
      .options = { .memory = RN_CHECK_SC, .preemptions = 1 } },
    { MODEL("blocking-last", begin_last, last_called, resumes_and_idles, is_helper),
      .options = { .preemptions = 1 } },
    { MODEL("blocking-virtual", begin_virtual, last_called, resumes, is_helper) },
};

int main(int argc, char **argv)
{
    return model_main(runs, sizeof runs / sizeof runs[0], argc, argv);
}
