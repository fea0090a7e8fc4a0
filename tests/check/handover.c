/* SPDX-License-Identifier: MIT */
/*
 * The end of a simulated run whose thread has been worker 0, while a task of another group goes on:
 * the thread that is worker 0 after it finds the simulation over, and the task, once.
 */
#define RUNTIME_SIMULATED 1
#include "runtime_parts.h"

enum { TASK = 1 << 4 | 1 }; /* a spawn record that nobody looks into */

typedef struct state {
    _Atomic(uint32_t) done;
    _Atomic(bool) handed_over;
    rni_runnable found[2];
} state;

static state *running;

/* The model's second thread is the new worker's. */
static void hand_over(void)
{
    atomic_store_explicit(&running->handed_over, true, memory_order_release);
}

static void begin(void *p)
{
    static const rni_sim_plan plan = { .strategy = RNI_SIM_RANDOM, .seed = 1 };
    state *s = running = p;
    runtime_begin();
    RN_CHECK_ASSERT(rni_runtime_prepare() == 0);
    memset(&sim, 0, sizeof sim);
    rni_sim_start(&plan);
    RN_CHECK_ASSERT(rni_runtime_start(true) == 0);
    model_seats[0] = NULL;
    model_seats[1] = &rni_rt.workers[0].seat;
    model_at_start = hand_over;
    rni_rt.workers[0].started = 1;
    append(TASK);
    atomic_store_explicit(&s->done, 1, memory_order_relaxed);
}

/* No decision was made beforehand. */
void rni_say(int fd, const char *text, size_t n)
{
    (void)fd;
    (void)text;
    (void)n;
}

/* What rn_test_run does at the end. */
static void returns(void *p)
{
    rni_runtime_serve(&((state *)p)->done);
    rni_sim_stop();
}

static void works(void *p)
{
    state *s = p;
    while (!atomic_load_explicit(&s->handed_over, memory_order_acquire))
        rn_check_spin();
    rni_worker *w = &rni_rt.workers[0];
    enter_thread(w);
    while (!(s->found[0] = rni_pick(w)))
        rn_check_spin();
    s->found[1] = rni_pick(w);
}

static void has_found_it(void *p)
{
    state *s = p;
    RN_CHECK_ASSERT(s->found[0] == TASK && s->found[1] == 0);
    RN_CHECK_ASSERT(!rni_sim_planned() && sim.n == 0);
    free(sim.ready);
    runtime_end();
}

static const model_run models[] = {
    { MODEL("handover", begin, has_found_it, returns, works), .options = { .preemptions = 2 } },
};

int main(int argc, char **argv)
{
    return model_main(models, sizeof models / sizeof models[0], argc, argv);
}
