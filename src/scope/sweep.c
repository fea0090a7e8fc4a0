/* SPDX-License-Identifier: MIT */
/*
 * Many simulated runs, until one fails; then that one, made as short as it can be.
 *
 * All runs but the last are trials in child processes (trial.c). The last is made here: the next
 * schedule if none has failed, so that the program finds the result it asked for, else the one that
 * failed, so that it fails where a debugger or a test runner sees it.
 *
 * A schedule is made short by leaving out decisions, first many at once, then fewer (A. Zeller, R.
 * Hildebrandt, "Simplifying and isolating failure-inducing input", 2002). What is left out is the
 * default then, which changes what later ones mean; so after each success the schedule is read
 * anew from the run's log, without what did not come to pass.
 *
 * The exhaustive search goes through the tree of decisions depth first and back to front: the next
 * schedule is the last one up to its last decision that has another alternative within the bound.
 * The bound grows from no interruption to what was asked for, so that the simplest failure is found
 * first (M. Musuvathi, S. Qadeer, "Iterative context bounding for systematic testing of
 * multithreaded programs", 2007). Schedules of less than the present bound are run again: there are
 * few of them beside the others.
 */
#define _GNU_SOURCE
#include "scope/sweep.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/say.h"
#include "core/runtime.h"
#include "scope/command.h"
#include "scope/schedule.h"
#include "scope/test_run.h"
#include "scope/trial.h"

enum {
    SHRINKS_MAX = 2000, /* trials to make a schedule short */
    TOLD_MAX = 100,     /* decisions of one that is told; longer ones by their seed */
    ASKED_MAX = 20 * TOLD_MAX + 64
};
static const int64_t SHRINK_NS = INT64_C(20000000000);

typedef struct search {
    const rni_sweep *s;
    rni_trials trials;
    rni_sim_plan plan;
    rni_schedule schedule; /* what the plan forces */
    uint64_t runs;         /* made */
    rni_fate fate;         /* of the last */
    unsigned bound;        /* interruptions, of the present round of an exhaustive search */
    bool cut;              /* the bound has kept something out of this round */
    bool exhausted;
} search;

static char *schedule_text; /* the last report's */

/* ---- plans ---- */

static void plan_seed(search *x, uint64_t seed)
{
    x->plan = (rni_sim_plan){
        .seed = seed,
        .strategy = x->s->strategy == RN_TEST_PCT ? RNI_SIM_PCT : RNI_SIM_RANDOM,
        .changes = x->s->preemptions,
        .chance = x->s->faults,
    };
}

static void plan_schedule(search *x, const rni_schedule *schedule)
{
    x->plan = (rni_sim_plan){
        .seed = x->s->seed,
        .strategy = RNI_SIM_DEFAULT,
        .chance = x->s->faults,
        .forced = schedule->list,
        .n_forced = schedule->n,
    };
}

/* Of run i, from 0 on. 0 is no seed. */
static uint64_t seed_of(const search *x, uint64_t i)
{
    uint64_t seed = x->s->seed + i;
    return seed < i ? seed + 1 : seed;
}

static unsigned cost(const rni_sim_decision *d, uint32_t chosen)
{
    return chosen != 0 && (d->kind == RNI_SIM_GO_ON || d->kind == RNI_SIM_CHANCE);
}

/* The schedule after the one in the log. 1; 0 if there is none; -ENOMEM. */
static int next_schedule(search *x)
{
    const rni_sim_log *log = &x->trials.shared->log;
    unsigned spent = 0;
    for (uint32_t i = 0; i < log->count; i++)
        spent += cost(&log->decisions[i], log->decisions[i].chosen);
    for (uint32_t i = log->count; i-- > 0;) {
        const rni_sim_decision *d = &log->decisions[i];
        uint32_t chosen = d->chosen + 1;
        spent -= cost(d, d->chosen);
        if (chosen >= d->n)
            continue;
        if (spent + cost(d, chosen) > x->bound) {
            x->cut = true;
            continue;
        }
        x->schedule.n = 0;
        for (uint32_t k = 0; k < i; k++)
            if (log->decisions[k].chosen &&
                !rni_schedule_add(&x->schedule, k, log->decisions[k].chosen))
                return -ENOMEM;
        return rni_schedule_add(&x->schedule, i, chosen) ? 1 : -ENOMEM;
    }
    return 0;
}

/* Plans the run after the one in the log. 1; 0 if there is none; -ENOMEM. */
static int plan_next(search *x)
{
    if (x->s->strategy != RN_TEST_EXHAUSTIVE) {
        plan_seed(x, seed_of(x, x->runs));
        return 1;
    }
    int rc = x->runs ? next_schedule(x) : 1;
    if (rc == 0 && x->cut && x->bound < x->s->preemptions) {
        x->bound++;
        x->cut = false;
        x->schedule.n = 0;
        rc = 1;
    }
    plan_schedule(x, &x->schedule);
    return rc;
}

/* ---- making it short ---- */

/* Tries the schedule in which n decisions of best, from i on, are left out; if it fails in the same
 * way it is the best from now on. 1, 0, or an error. */
static int try_without(search *x, rni_schedule *best, const rni_fate *failure, size_t i, size_t n)
{
    rni_fate fate;
    if (!rni_schedule_copy(&x->schedule, best, i, n))
        return -ENOMEM;
    plan_schedule(x, &x->schedule);
    int rc = rni_trial_run(&x->trials, &x->plan, &fate);
    if (rc != 0 || !rni_fate_same(&fate, failure))
        return rc;
    rni_schedule did = { 0 };
    bool ok = rni_schedule_of(&did, &x->trials.shared->log);
    /* What was forced may not have come to pass; else it would not get shorter for ever. */
    ok = ok && rni_schedule_copy(best, did.n < x->schedule.n ? &did : &x->schedule, 0, 0);
    rni_schedule_fini(&did);
    return ok ? 1 : -ENOMEM;
}

static void shorten(search *x, rni_schedule *best, const rni_fate *failure)
{
    int64_t until = rni_os_now() + SHRINK_NS;
    unsigned tries = 0;
    for (size_t n = best->n; n > 0; n = n > 1 ? (n + 1) / 2 : 0) {
        bool again = true;
        while (again) {
            again = false;
            for (size_t i = 0; i < best->n;) {
                if (++tries > SHRINKS_MAX || rni_os_now() > until)
                    return;
                int rc = try_without(x, best, failure, i, n);
                if (rc < 0)
                    return;
                again |= rc == 1 && n == 1;
                i += rc == 1 ? 0 : n;
            }
        }
    }
}

/* ---- telling ---- */

static void say(const char *text)
{
    rni_say(2, text, strlen(text));
}

static void tell_failure(search *x, const char *asked)
{
    char line[4096], command[1600], why[160];
    rni_fate_text(&x->fate, why, sizeof why);
    rni_command_line(command, sizeof command);
    snprintf(line, sizeof line,
             "runnel: simulated run %" PRIu64 " failed: %s\nrunnel: it is repeated by %s%s\n",
             x->runs, why, asked, command);
    say(line);
}

/* How to ask for a seed, or the schedule that is left. */
static void ask_for_seed(const search *x, uint64_t seed, char *asked, size_t bytes)
{
    const char *strategy = x->s->strategy == RN_TEST_PCT ? "RUNNEL_STRATEGY=pct " : "";
    snprintf(asked, bytes, "%sRUNNEL_SEED=%" PRIu64, strategy, seed);
}

/* How to ask for the schedule that failed, into asked. */
static void how_to_ask(const search *x, uint64_t seed, char *asked, size_t bytes)
{
    if (schedule_text)
        snprintf(asked, bytes, "RUNNEL_SCHEDULE=%s", schedule_text);
    else if (seed)
        ask_for_seed(x, seed, asked, bytes);
    else
        snprintf(asked, bytes, "the same search:");
}

/* A run in this process has failed that is not one of a failed schedule. */
static void tell_this_one(search *x)
{
    char asked[ASKED_MAX];
    if (x->s->schedule)
        return; /* that is how it was asked for */
    if (x->plan.strategy == RNI_SIM_DEFAULT && x->schedule.n <= TOLD_MAX)
        schedule_text = rni_schedule_text(&x->schedule);
    how_to_ask(x, x->plan.strategy == RNI_SIM_DEFAULT ? 0 : x->plan.seed, asked, sizeof asked);
    tell_failure(x, asked);
}

/* ---- runs ---- */

static void fill_report(search *x, uint64_t seed)
{
    rn_test_report *r = x->s->report;
    if (!r)
        return;
    uint32_t count;
    r->runs = x->runs;
    r->hash = rni_sim_hash(&count);
    r->decisions = count;
    r->failed = x->fate.failed;
    r->exhausted = x->exhausted;
    r->seed = x->fate.failed ? seed : 0;
    r->schedule = x->fate.failed ? schedule_text : NULL;
}

/* The last run, in this process. */
static int run_here(search *x)
{
    x->runs++;
    x->plan.log = NULL;
    int rc = rni_test_once(&x->plan, x->trials.fn, x->trials.arg);
    x->fate = (rni_fate){ .failed = rc != 0, .rc = rc };
    return rc;
}

/* Runs the schedule that failed, which is in the log, here, if it ends; as short as it can be. */
static int run_failure(search *x, uint64_t seed)
{
    char asked[ASKED_MAX];
    rni_schedule best = { 0 };
    rni_fate failure = x->fate;
    if (!rni_schedule_of(&best, &x->trials.shared->log)) {
        rni_schedule_fini(&best);
        return -ENOMEM;
    }
    shorten(x, &best, &failure);
    schedule_text = best.n <= TOLD_MAX ? rni_schedule_text(&best) : NULL;
    how_to_ask(x, seed, asked, sizeof asked);
    x->fate = failure;
    tell_failure(x, asked);
    plan_schedule(x, &best);
    x->plan.tell = true;
    int rc = -ETIMEDOUT; /* it would not end here either, and nobody would stop it */
    if (!failure.late)
        rc = run_here(x);
    if (rc == 0) {
        say("runnel: this time it did not fail: something else than the schedule decides\n");
        rc = failure.rc ? failure.rc : -ECHILD;
    }
    x->fate.failed = true;
    fill_report(x, seed);
    rni_schedule_fini(&best);
    return rc;
}

/* Trials until one fails or the last run is due. 0 or an error. */
static int search_failure(void *arg)
{
    search *x = arg;
    int rc = 0;
    while (!x->fate.failed && !x->exhausted && x->runs + 1 < x->s->runs) {
        rc = plan_next(x);
        x->exhausted = rc == 0;
        if (rc > 0)
            rc = rni_trial_run(&x->trials, &x->plan, &x->fate);
        if (rc < 0)
            return rc;
        x->runs += !x->exhausted;
    }
    x->trials.shared->exhausted = x->exhausted;
    return 0;
}

/* The same in one child for all: what it has found is in the shared memory. */
static int search_together(search *x)
{
    int rc = rni_trials_in_child(&x->trials, search_failure, x, &x->fate);
    if (rc != 0 || x->s->runs == 1)
        return rc;
    const rni_shared *shared = x->trials.shared;
    bool ended = x->fate.late || x->fate.ended; /* in the middle of one more */
    x->runs = shared->runs + ended;
    x->exhausted = shared->exhausted;
    if (x->fate.failed && x->s->strategy != RN_TEST_EXHAUSTIVE)
        plan_seed(x, seed_of(x, x->runs - 1));
    return 0;
}

static int run_only(search *x)
{
    if (x->s->schedule) {
        if (!rni_schedule_parse(&x->schedule, x->s->schedule))
            return -ENOMEM;
        plan_schedule(x, &x->schedule);
        x->plan.tell = true;
    } else {
        plan_next(x);
    }
    int rc = run_here(x);
    if (rc != 0)
        tell_this_one(x);
    fill_report(x, x->s->seed);
    return rc;
}

/* The last of many of which none has failed. */
static int run_last(search *x)
{
    int rc = x->exhausted ? 0 : plan_next(x);
    if (rc < 0)
        return rc;
    if (rc == 0) { /* there are no more: once more the first */
        x->exhausted = true;
        x->schedule.n = 0;
        plan_schedule(x, &x->schedule);
    }
    rc = run_here(x);
    if (rc != 0)
        tell_this_one(x);
    fill_report(x, x->plan.seed);
    return rc;
}

static int run_many(search *x)
{
    int rc = rni_trials_init(&x->trials, x->trials.fn, x->trials.arg);
    if (rc != 0)
        return rc;
    rc = x->s->together ? search_together(x) : search_failure(x);
    if (rc == 0 && x->fate.failed)
        rc = run_failure(x, x->s->strategy == RN_TEST_EXHAUSTIVE ? 0 : x->plan.seed);
    else if (rc == 0)
        rc = run_last(x);
    rni_trials_fini(&x->trials);
    return rc;
}

int rni_sweep_run(const rni_sweep *s, int (*fn)(rn_group *g, void *arg), void *arg)
{
    search x = { .s = s, .trials = { .fn = fn, .arg = arg } };
    rni_os_free(schedule_text);
    schedule_text = NULL;
    int rc = s->runs > 1 ? run_many(&x) : run_only(&x);
    rni_schedule_fini(&x.schedule);
    return rc;
}
