/* SPDX-License-Identifier: MIT */
/*
 * rn_test_run: rn_run between the start and the stop of the virtual clock (core/virtual.c) and, if
 * it is to be simulated, of the simulated scheduler (core/sim.c). sweep.c makes many of them.
 */
#include <errno.h>

#include <runnel/obs.h>
#include <runnel/task.h>
#include <runnel/test.h>

#include "core/park.h"
#include "core/runtime.h"
#include "core/settings.h"
#include "scope/schedule.h"
#include "scope/sweep.h"
#include "scope/test_run.h"

/* The runtime is this run's own from the flag to its end, unless a thread starts a task meanwhile;
 * then it goes on afterwards, and the clock with it becomes the real one. */
static _Atomic(bool) in_test_run;

bool rni_test_reserve(void)
{
    bool no = false;
    if (!rni_current()->foreign)
        return false;
    if (!atomic_compare_exchange_strong_explicit(&in_test_run, &no, true, memory_order_acq_rel,
                                                 memory_order_relaxed))
        return false;
    if (rni_runtime_rest())
        return true;
    rni_test_release();
    return false;
}

void rni_test_release(void)
{
    atomic_store_explicit(&in_test_run, false, memory_order_release);
}

static uint64_t leaked(void)
{
    rn_stats stats;
    rn_stats_read(&stats);
    return stats.tasks_leaked;
}

int rni_test_once(const rni_sim_plan *plan, int (*fn)(rn_group *g, void *arg), void *arg)
{
    uint64_t before = leaked();
    rni_virtual_start(RN_TEST_START);
    if (plan)
        rni_sim_start(plan);
    int rc = rni_run(fn, arg);
    if (plan)
        rni_sim_stop();
    rni_virtual_stop();
    return plan && rc == 0 && leaked() > before ? -EDEADLK : rc;
}

/* What the options and the environment, which comes first, ask for. False: nothing simulated. */
static bool wanted(const rn_test_options *given, rni_sweep *s)
{
    static const rn_test_options none;
    const rn_test_options *o = given ? given : &none;
    rni_settings_sim env;
    rni_settings_read_sim(&env);
    *s = (rni_sweep){
        .seed = env.seed ? env.seed : o->seed,
        .runs = env.schedule || env.seed ? 1
                : env.seeds              ? env.seeds
                                         : o->runs,
        .strategy = env.strategy ? (rn_test_strategy)(env.strategy - 1) : o->strategy,
        .preemptions = o->preemptions ? o->preemptions : 2,
        .faults = o->faults,
        .together = o->together,
        .schedule = env.schedule,
        .report = o->report,
    };
    bool any = s->seed || s->runs || s->strategy || s->schedule;
    s->seed += s->seed == 0;
    s->runs += s->runs == 0;
    return any;
}

bool rni_test_asked(void)
{
    rni_sweep s;
    return rni_settings_virtual_clock() || wanted(NULL, &s);
}

bool rni_test_run(int (*fn)(rn_group *g, void *arg), void *arg, const rn_test_options *options,
                  int *rc)
{
    if (!rni_test_reserve())
        return false;
    rni_sweep s;
    if (options && options->report) {
        *options->report = (rn_test_report){ 0 };
        RNI_WROTE(options->report, sizeof *options->report);
    }
    *rc = wanted(options, &s) ? rni_sweep_run(&s, fn, arg) : rni_test_once(NULL, fn, arg);
    rni_test_release();
    return true;
}

int rn_test_run(int (*fn)(rn_group *g, void *arg), void *arg, const rn_test_options *options)
{
    int rc;
    if (!fn || (options && (unsigned)options->strategy > RN_TEST_EXHAUSTIVE))
        return -EINVAL;
    return rni_test_run(fn, arg, options, &rc) ? rc : -EBUSY;
}

bool rn_test_buggify_at(const char *site)
{
    return rni_sim_unlikely(site);
}
