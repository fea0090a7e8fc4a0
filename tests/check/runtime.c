/* SPDX-License-Identifier: MIT */
/*
 * Starting and stopping the workers: a task that a thread starts while they stop, or a timer that
 * it arms, leaves them running; of two threads that need them one starts them; and what a worker
 * has done is there for who has stopped it.
 */
#include "runtime_parts.h"

enum { LATER = 100 };

typedef struct state {
    int data; /* plain: of the worker */
    _Atomic(uint32_t) done;
    _Atomic(bool) over;
    rni_timer timer;
} state;

static state *running;

static void begin(void *p)
{
    running = p;
    runtime_begin();
}

/* Workers run in the background, and nothing needs them. */
static void begin_resting(void *p)
{
    begin(p);
    RN_CHECK_ASSERT(rni_runtime_start(false) == 0);
}

/* An rn_run has returned, whose thread is the model's first. */
static void begin_returned(void *p)
{
    begin(p);
    RN_CHECK_ASSERT(rni_runtime_start(true) == 0);
    model_seats[0] = NULL;
    model_seats[1] = &rni_rt.workers[0].seat;
    atomic_store_explicit(&running->done, 1, memory_order_relaxed);
}

/* The model's first thread is the worker's. */
static void begin_working(void *p)
{
    begin_returned(p);
    rni_rt.workers[0].thread = 1;
    model_threads = 1;
}

/* ---- threads ---- */

static int entry(void *args)
{
    (void)args;
    return 0;
}

static void starts(void *p)
{
    (void)p;
    RN_CHECK_ASSERT(rni_start(&model_owner, entry, NULL, 0, NULL, "", "") == 0);
}

static void fires(rni_timer *timer)
{
    rni_timer_fired(timer);
}

static void arms(void *p)
{
    state *s = p;
    s->timer.fn = fires;
    RN_CHECK_ASSERT(rni_timer_arm(&s->timer, LATER) == 0);
}

static void returns(void *p)
{
    rni_runtime_serve(&((state *)p)->done);
}

static void rests(void *p)
{
    (void)p;
    rni_runtime_rest();
}

static void works(void *p)
{
    state *s = p;
    rni_run_loop(&rni_rt.workers[0], NULL);
    s->data = 1;
    atomic_store_explicit(&s->over, true, memory_order_release);
}

static void wait_for_end(void)
{
    while (!atomic_load_explicit(&running->over, memory_order_acquire))
        rn_check_spin();
}

static void stops(void *p)
{
    state *s = p;
    model_at_join = wait_for_end;
    stop_threads(0, 1);
    RN_CHECK_ASSERT(s->data == 1);
}

/* ---- what must be so then ---- */

/* Who needs the workers has them. */
static void runs_on(void *p)
{
    (void)p;
    RN_CHECK_ASSERT(rni_rt.running && model_threads == 1);
    runtime_end();
}

static void has_stopped(void *p)
{
    (void)p;
    RN_CHECK_ASSERT(model_threads == 0 && !rni_rt.stopping);
    runtime_end();
}

static const model_run models[] = {
    { MODEL("runtime-start", begin, runs_on, starts, starts), .options = { .preemptions = 2 } },
    { MODEL("runtime-return", begin_returned, runs_on, returns, starts),
      .options = { .preemptions = 2 } },
    { MODEL("runtime-return-timer", begin_returned, runs_on, returns, arms),
      .options = { .preemptions = 2 } },
    { MODEL("runtime-rest", begin_resting, runs_on, rests, starts),
      .options = { .preemptions = 2 } },
    { MODEL("runtime-stop", begin_working, has_stopped, works, stops),
      .options = { .preemptions = 2 } },
};

int main(int argc, char **argv)
{
    return model_main(models, sizeof models / sizeof models[0], argc, argv);
}
