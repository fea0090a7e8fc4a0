/* SPDX-License-Identifier: MIT */
/*
 * The simulated scheduler. sim.h says what for.
 *
 * It is reached through slow paths that the real one has anyway. A task's budget is 0, so each call
 * that did not wait ends in rni_budget_spent, and a worker's ticks are 0, so each pick is one that
 * looks around; both hand over to this file. Calls that must not visit the real scheduler, because
 * they leave with a lock held or come from anywhere, have a step of their own (rni_sim_step).
 *
 * What is ready stands in `ready`, in the order in which it became so; the worker's own queue is
 * emptied into it before each decision. Only the worker of the run touches any of this, so there is
 * no lock.
 *
 * Strategies.
 *   random  Whether a task goes on is decided by a coin whose weight is the run's own, so that some
 *           runs switch all the time and others hardly ever; who is next, evenly.
 *   PCT     Each task has a priority at random and the highest runs; at `changes` moments at
 *           random, the one that runs falls below all others. (S. Burckhardt, P. Kothari, M.
 *           Musuvathi, S. Nagarakatte, "A randomized scheduler with probabilistic guarantees of
 *           finding bugs", 2010.) The length of the run is not known before, so the mean distance
 *           between two changes is drawn for each run from 2 to 2048 decisions.
 * Neither is fair, and programs that poll rely on fairness: a call that found nothing lets all
 * others go first (under PCT it falls below them), and no task makes more than STREAK_MAX calls in
 * a row while others are ready.
 *
 * Rejected: to run the simulated tasks on several workers in turn. At the granularity of calls what
 * several workers can do, and what stealing changes, is an order of calls that one can have, too.
 */
#include "core/sim.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <runnel/test.h>

#include "base/say.h"
#include "core/park.h"
#include "core/queue.h"
#include "core/worker.h"

enum { STREAK_MAX = 100, TOLD_MAX = 100, STICKY_MAX = 6, FIRST_READY = 256 };

typedef struct entry {
    rni_runnable r;
    uint32_t priority; /* of what has not started; a task keeps its own */
} entry;

static struct sim {
    rni_sim_plan plan;
    rni_rand rand;
    uint64_t hash;
    uint32_t count;    /* decisions made */
    size_t forced;     /* of the plan's, those that have been used */
    unsigned sticky;   /* random: one in 2^sticky calls ends in a switch */
    unsigned distance; /* PCT: between two changes, in the mean */
    unsigned changes;  /* PCT: those that are left */
    uint32_t lowest;   /* PCT: the next priority below all others */
    unsigned calls;    /* made by the tasks, and picks */
    unsigned told;     /* decisions on stderr */
    unsigned streak;   /* calls in a row of the task that runs */
    uint32_t starting; /* the priority of the task that begins; 0: it has got it */
    entry *ready;
    size_t n, cap;
} sim;

int rni_first_grant = RNI_FIRST_GRANT; /* changes while no worker runs */

/* Set while no worker runs: their start and their join order it. Others may look. */
static _Atomic(bool) planned;

/* ---- on and off ---- */

void rni_sim_start(const rni_sim_plan *plan)
{
    entry *kept = sim.ready;
    size_t cap = sim.cap;
    memset(&sim, 0, sizeof sim);
    sim.ready = kept;
    sim.cap = cap;
    sim.plan = *plan;
    rni_rand_seed(&sim.rand, plan->seed);
    for (int i = 0; i < 8; i++) /* seeds that differ by one begin alike */
        (void)rni_rand_next(&sim.rand);
    sim.hash = UINT64_C(0xcbf29ce484222325);
    sim.sticky = rni_rand_below(&sim.rand, STICKY_MAX + 1);
    sim.distance = 2u << rni_rand_below(&sim.rand, 11);
    sim.changes = plan->changes;
    sim.lowest = UINT32_C(0x7fffffff);
    rni_first_grant = 0;
    atomic_store_explicit(&planned, true, memory_order_relaxed);
}

void rni_sim_stop(void)
{
    if (!rni_sim_planned())
        return;
    atomic_store_explicit(&planned, false, memory_order_relaxed);
    rni_first_grant = RNI_FIRST_GRANT;
    for (size_t i = 0; i < sim.n; i++) /* of groups that outlive the run */
        rni_queue_anywhere(sim.ready[i].r);
    sim.n = 0;
}

bool rni_sim_planned(void)
{
    return atomic_load_explicit(&planned, memory_order_relaxed);
}

bool rni_sim_on(void)
{
    return rni_sim_planned() && rni_worker_self() != NULL;
}

uint64_t rni_sim_hash(uint32_t *count)
{
    *count = sim.count;
    return sim.hash;
}

/* ---- decisions ---- */

/* FNV-1a, a word at a time. */
static void mix(uint64_t word)
{
    sim.hash = (sim.hash ^ word) * UINT64_C(0x100000001b3);
    sim.hash ^= sim.hash >> 32;
}

static const char *kind_text(rni_sim_kind kind)
{
    return kind == RNI_SIM_GO_ON    ? "is interrupted"
           : kind == RNI_SIM_NEXT   ? "waits or has ended"
           : kind == RNI_SIM_CHOICE ? "gets another choice"
                                    : "has bad luck";
}

static const char *name_of(const rni_task *t)
{
    const char *name = t ? atomic_load_explicit(&t->name, memory_order_relaxed) : NULL;
    return name ? name : "the scheduler";
}

/* What a forced decision does. `more` is who runs then, the place of bad luck, or NULL. */
static void tell(rni_sim_kind kind, uint32_t chosen, const char *more)
{
    char line[256];
    if (chosen == 0 || ++sim.told > TOLD_MAX) /* 0 is the default */
        return;
    int n = snprintf(line, sizeof line, "runnel: decision %u at %lld ns: %.60s %s%s%.60s (%u)\n",
                     sim.count, (long long)(rni_now() - RN_TEST_START), name_of(rni_current()),
                     kind_text(kind),
                     !more                    ? ""
                     : kind == RNI_SIM_CHANCE ? " at "
                                              : ", next runs ",
                     more ? more : "", chosen);
    rni_say(2, line, (size_t)(n < (int)sizeof line ? n : (int)sizeof line - 1));
}

/* Whether the plan has made the next decision; with n alternatives if so, into *chosen. */
static bool forced(uint32_t n, uint32_t *chosen)
{
    const rni_sim_plan *p = &sim.plan;
    while (sim.forced < p->n_forced && p->forced[sim.forced].at < sim.count)
        sim.forced++;
    if (sim.forced == p->n_forced || p->forced[sim.forced].at != sim.count)
        return false;
    *chosen = p->forced[sim.forced++].chosen % n;
    return true;
}

static __attribute__((noreturn)) void give_up(void)
{
    rni_panic(NULL,
              "the simulated run does not end: %u decisions, %u calls, at %lld ns of its clock",
              sim.count, sim.calls, (long long)(rni_now() - RN_TEST_START));
}

/* Enters a decision into the account of the run. */
static void record(rni_sim_kind kind, uint32_t n, uint32_t chosen)
{
    if (sim.count == RNI_SIM_DECISIONS_MAX)
        give_up();
    mix((uint64_t)kind << 56 | (uint64_t)n << 28 | chosen);
    mix((uint64_t)rni_now());
    if (sim.plan.log) {
        sim.plan.log->decisions[sim.count] = (rni_sim_decision){ .kind = (uint32_t)kind & 255,
                                                                 .n = n & 0xffffff,
                                                                 .chosen = chosen };
        sim.plan.log->count = sim.count + 1;
        sim.plan.log->hash = sim.hash;
    }
    sim.count++;
}

static uint32_t decide(rni_sim_kind kind, uint32_t n, uint32_t wish, const char *site)
{
    uint32_t chosen = wish;
    if (forced(n, &chosen) && sim.plan.tell)
        tell(kind, chosen, site);
    record(kind, n, chosen);
    return chosen;
}

uint32_t rni_sim_choose(uint32_t n)
{
    bool random = sim.plan.strategy != RNI_SIM_DEFAULT;
    return decide(RNI_SIM_CHOICE, n, random ? rni_rand_below(&sim.rand, n) : 0, NULL);
}

bool rni_sim_faults(void)
{
    return rni_sim_on() && sim.plan.chance > 0;
}

bool rni_sim_chance(unsigned per_mille)
{
    if (!rni_sim_on())
        return false;
    unsigned p = per_mille ? per_mille : sim.plan.chance;
    bool random = sim.plan.strategy != RNI_SIM_DEFAULT;
    return decide(RNI_SIM_CHANCE, 2, random && rni_rand_below(&sim.rand, 1000) < p, NULL) == 1;
}

/* Whether a site makes trouble in this run: a quarter of them do. */
static bool is_active(const char *site)
{
    uint64_t h = UINT64_C(0xcbf29ce484222325);
    while (*site)
        h = (h ^ (unsigned char)*site++) * UINT64_C(0x100000001b3);
    /* Small seeds differ in their lowest bits alone, which the hash would not carry far. */
    rni_rand r;
    rni_rand_seed(&r, h ^ sim.plan.seed * UINT64_C(0x9e3779b97f4a7c15));
    return rni_rand_below(&r, 4) == 0;
}

bool rni_sim_unlikely(const char *site)
{
    if (!rni_sim_on() || sim.plan.chance == 0)
        return false;
    bool wish = sim.plan.strategy != RNI_SIM_DEFAULT && is_active(site) &&
                rni_rand_below(&sim.rand, 4) == 0;
    return decide(RNI_SIM_CHANCE, 2, wish, site) == 1;
}

void rni_sim_epitaph(void)
{
    if (!rni_sim_on() || sim.plan.strategy == RNI_SIM_DEFAULT)
        return;
    char line[128];
    int n = snprintf(line, sizeof line,
                     "runnel: this was a simulated run: %sRUNNEL_SEED=%llu repeats it\n",
                     sim.plan.strategy == RNI_SIM_PCT ? "RUNNEL_STRATEGY=pct " : "",
                     (unsigned long long)sim.plan.seed);
    rni_say(2, line, (size_t)n);
}

/* ---- what is ready ---- */

static uint32_t priority_of(const entry *e)
{
    return rni_is_spawn(e->r) ? e->priority : rni_as_task(e->r)->sim_priority;
}

/* Priorities at the start are above those that tasks fall to. */
static uint32_t new_priority(void)
{
    return rni_rand_next(&sim.rand) | UINT32_C(0x80000000);
}

static void append(rni_runnable r)
{
    if (sim.n == sim.cap) {
        size_t cap = sim.cap ? 2 * sim.cap : FIRST_READY;
        entry *grown = rni_os_resize(sim.ready, cap * sizeof *grown);
        if (!grown)
            rni_panic(NULL, "out of memory for a run queue");
        sim.ready = grown;
        sim.cap = cap;
    }
    sim.ready[sim.n++] = (entry){ r, rni_is_spawn(r) ? new_priority() : 0 };
}

/* Moves what the worker has queued to `ready`. */
static void gather(rni_worker *w)
{
    rni_runnable r;
    if (++sim.calls > RNI_SIM_CALLS_MAX)
        give_up();
    if (sim.starting && w->seat.current) {
        w->seat.current->sim_priority = sim.starting;
        sim.starting = 0;
    }
    if (atomic_load_explicit(&w->timers.next, memory_order_relaxed) <= rni_now())
        rni_timers_run(&w->timers, rni_now());
    rni_collect(w);
    rni_runq_enter(&w->queue);
    while ((r = rni_ring_shift(&w->queue.ready)) != 0 ||
           (r = rni_ring_shift(&w->queue.fresh)) != 0 ||
           (r = rni_ring_shift(&w->queue.yielded)) != 0)
        append(r);
    if ((r = rni_runq_next(&w->queue)) != 0)
        append(r);
    rni_runq_leave(&w->queue);
    w->clock = rni_now();
}

/* Takes entry i out. Not by memmove, which TSan would see although it does not see the switches. */
static void shift(size_t i)
{
    for (sim.n--; i < sim.n; i++) {
        sim.ready[i] = sim.ready[i + 1];
        __asm__ volatile("" ::: "memory"); /* or the compiler would call memmove itself */
    }
}

static rni_runnable take(size_t i)
{
    entry e = sim.ready[i];
    shift(i);
    if (rni_is_spawn(e.r))
        sim.starting = e.priority;
    sim.streak = 0;
    return e.r;
}

static const char *name_at(size_t i)
{
    rni_runnable r = sim.ready[i].r;
    if (!rni_is_spawn(r))
        return name_of(rni_as_task(r));
    const char *name = atomic_load_explicit(&rni_as_spawn(r)->name, memory_order_relaxed);
    return name ? name : "?";
}

static size_t highest(void)
{
    size_t best = 0;
    for (size_t i = 1; i < sim.n; i++)
        if (priority_of(&sim.ready[i]) > priority_of(&sim.ready[best]))
            best = i;
    return best;
}

/* ---- the scheduler ---- */

void rni_sim_step_here(void)
{
    if (rni_likely(!rni_sim_planned()))
        return;
    rni_worker *w = rni_worker_self();
    if (w && w->seat.current)
        rni_sim_point(w->seat.current, 0);
}

void rni_sim_yields(rni_task *t)
{
    t->sim_priority = sim.lowest--;
}

uintptr_t rni_sim_pick(rni_worker *w)
{
    w->ticks = 0;
    gather(w);
    if (sim.n == 0 || rni_must_leave(w))
        return 0;
    uint32_t n = (uint32_t)sim.n, wish = 0;
    if (n == 1)
        return take(0);
    if (sim.plan.strategy == RNI_SIM_RANDOM)
        wish = rni_rand_below(&sim.rand, n);
    else if (sim.plan.strategy == RNI_SIM_PCT)
        wish = (uint32_t)highest();
    uint32_t chosen = wish;
    if (forced(n, &chosen) && sim.plan.tell)
        tell(RNI_SIM_NEXT, chosen, name_at(chosen));
    record(RNI_SIM_NEXT, n, chosen);
    return take(chosen);
}

/* 0: the task that runs goes on; i: ready[i - 1] does. */
static uint32_t wish_at_point(rni_task *t)
{
    uint32_t n = (uint32_t)sim.n;
    if (sim.plan.strategy == RNI_SIM_RANDOM) {
        bool go_on = rni_rand_below(&sim.rand, 1u << sim.sticky) != 0;
        return go_on ? 0 : rni_rand_below(&sim.rand, n + 1);
    }
    if (sim.plan.strategy != RNI_SIM_PCT)
        return 0;
    if (sim.changes && rni_rand_below(&sim.rand, sim.distance) == 0) {
        sim.changes--;
        t->sim_priority = sim.lowest--;
    }
    size_t best = highest();
    return priority_of(&sim.ready[best]) > t->sim_priority ? 1 + (uint32_t)best : 0;
}

void rni_sim_point(rni_task *t, int rc)
{
    t->budget = 0;
    if (!rni_sim_on() || t->foreign) { /* it has outlived its run */
        t->grant = RNI_FIRST_GRANT;
        return;
    }
    if (rni_in_callback())
        return;
    rni_worker *w = t->worker;
    if (rc == -EAGAIN || ++sim.streak > STREAK_MAX) {
        rni_sim_yields(t);
        rni_yield_now(t, rc);
        return;
    }
    gather(w);
    if (sim.n == 0)
        return;
    uint32_t n = (uint32_t)sim.n + 1, chosen = wish_at_point(t);
    if (forced(n, &chosen) && sim.plan.tell)
        tell(RNI_SIM_GO_ON, chosen, chosen ? name_at(chosen - 1) : name_of(t));
    record(RNI_SIM_GO_ON, n, chosen);
    if (chosen == 0)
        return;
    rni_runnable r = take(chosen - 1);
    t->context.result = 0;
    atomic_store_explicit(&t->why, RNI_WHY_READY, memory_order_relaxed);
    rni_queue_last(w, rni_run_task(t));
    rni_dispatch(w, t, r);
}
