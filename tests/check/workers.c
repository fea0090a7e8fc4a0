/* SPDX-License-Identifier: MIT */
/*
 * What workers hand to others: the end of an rn_run, of their callbacks and of a jump of the
 * virtual clock come with what was done before; a task is resumed with what it has left behind; who
 * yields learns of a cancellation and of what came before; and who looks at the workers, or at
 * their timers, finds them complete.
 */
#include "runtime_parts.h"

enum { LATER = 100, VIRTUAL_START = 1000, OVERDUE = -1000 * 1000 };

typedef struct state {
    int data; /* plain: what comes before the end */
    _Atomic(uint32_t) done;
    _Atomic(bool) begun;
    rni_timer timer;
    rni_task task;
    bool watched;
} state;

static state *running;

static void begin(void *p)
{
    running = p;
    runtime_begin();
}

static void begin_ready(void *p)
{
    begin(p);
    RN_CHECK_ASSERT(rni_runtime_prepare() == 0);
}

/* The model's first thread is in an rn_run. */
static void begin_running(void *p)
{
    begin(p);
    RN_CHECK_ASSERT(rni_runtime_start(true) == 0);
    model_seats[0] = NULL;
    model_seats[1] = &rni_rt.workers[0].seat;
}

static void begin_virtual(void *p)
{
    begin_ready(p);
    rni_virtual_start(VIRTUAL_START);
    model_seats[1] = &rni_rt.workers[0].seat;
}

/* Thread 2 is another worker. */
static void begin_watched(void *p)
{
    static rni_worker watcher;
    begin_ready(p);
    memset(&watcher, 0, sizeof watcher);
    model_seats[2] = &watcher.seat;
}

/* ---- the end of a run ---- */

static void serves(void *p)
{
    state *s = p;
    rni_run_loop(&rni_rt.workers[0], &s->done);
    RN_CHECK_ASSERT(s->data == 1);
}

static void waits(void *p)
{
    state *s = p;
    rni_runtime_wait(&s->done);
    RN_CHECK_ASSERT(s->data == 1);
}

static void finishes(void *p)
{
    state *s = p;
    s->data = 1;
    rni_runtime_done(&s->done);
}

/* ---- callbacks ---- */

static void calls_back(void *p)
{
    state *s = p;
    rni_worker *w = &rni_rt.workers[0];
    rni_callback_enter(w);
    atomic_store_explicit(&s->begun, true, memory_order_release);
    s->data = 1;
    rni_callback_leave(w);
}

/* Once it has begun, which something else has told. */
static void waits_for_callbacks(void *p)
{
    state *s = p;
    while (!atomic_load_explicit(&s->begun, memory_order_acquire))
        rn_check_spin();
    rni_callbacks_end();
    RN_CHECK_ASSERT(s->data == 1);
}

/* ---- the virtual clock ---- */

/* Ends the wait of a thread, for whom a timer of the worker's does it. */
static void wakes(rni_timer *timer)
{
    rni_timer_fired(timer);
    RN_CHECK_ASSERT(rni_claim(&model_tasks[1]));
    rni_ready(&model_tasks[1], 0);
}

static void sleeps(void *p)
{
    state *s = p;
    rni_task *t = rni_current();
    rni_claim_open(t);
    s->timer.fn = wakes;
    rni_timer_start(&rni_rt.workers[0].timers, &s->timer, VIRTUAL_START + LATER);
    atomic_store_explicit(&s->begun, true, memory_order_release);
    rni_park(t, RNI_WHY_SLEEP, NULL, "");
    RN_CHECK_ASSERT(rni_now() == VIRTUAL_START + LATER);
}

static void passes(void *p)
{
    state *s = p;
    while (!atomic_load_explicit(&s->begun, memory_order_acquire))
        rn_check_spin();
    rni_virtual_pass(RNI_ALL_WAIT);
}

/* ---- a task that is made ready before it has left its stack ---- */

/* What a switch does last (arch/switch.h). */
static void leaves_stack(void *p)
{
    state *s = p;
    s->data = 1;
    __atomic_store_n(&s->task.context.sp, s, __ATOMIC_RELEASE);
}

static void resumes(void *p)
{
    state *s = p;
    wait_until_saved(&s->task);
    RN_CHECK_ASSERT(s->data == 1);
}

/* ---- yielding ---- */

static void cancels(void *p)
{
    ((state *)p)->data = 1;
    model_cancel();
}

static void yields(void *p)
{
    int rc = rn_yield();
    RN_CHECK_ASSERT(rc == 0 || (rc == -ECANCELED && ((state *)p)->data == 1));
}

/* ---- looking ---- */

static void prepares(void *p)
{
    (void)p;
    RN_CHECK_ASSERT(rni_runtime_prepare() == 0);
}

static void looks(void *p)
{
    rni_worker_seen seen;
    uint64_t progress;
    (void)p;
    if (rni_worker_look(0, &seen))
        RN_CHECK_ASSERT(seen.thread_id == 0 && !seen.in_callback);
    RN_CHECK_ASSERT(rni_runtime_runs(0, &progress) == NULL);
}

static void fires(rni_timer *timer)
{
    running->data++;
    rni_timer_fired(timer);
}

static void arms_late(void *p)
{
    state *s = p;
    s->timer.fn = fires;
    rni_timer_start(&rni_rt.workers[0].timers, &s->timer, OVERDUE);
}

static void watches(void *p)
{
    ((state *)p)->watched = rni_watch_timers(rni_worker_self(), 0);
}

/* ---- what must be so then ---- */

static void is_whole(void *p)
{
    (void)p;
    runtime_end();
}

static void has_fired_or_not(void *p)
{
    state *s = p;
    RN_CHECK_ASSERT(s->watched == (s->data == 1));
    runtime_end();
}

static const model_run models[] = {
    { MODEL("workers-done", begin_running, is_whole, serves, finishes),
      .options = { .preemptions = 2 } },
    { MODEL("workers-wait", begin_running, is_whole, waits, finishes),
      .options = { .preemptions = 2 } },
    { MODEL("workers-callbacks", begin_ready, is_whole, calls_back, waits_for_callbacks) },
    { MODEL("workers-virtual", begin_virtual, is_whole, passes, sleeps) },
    { MODEL("workers-saved", begin, is_whole, leaves_stack, resumes) },
    { MODEL("workers-yield", begin, is_whole, cancels, yields) },
    { MODEL("workers-look", begin, is_whole, prepares, looks) },
    { MODEL("workers-watch", begin_watched, has_fired_or_not, arms_late, watches) },
};

int main(int argc, char **argv)
{
    return model_main(models, sizeof models / sizeof models[0], argc, argv);
}
