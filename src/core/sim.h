/* SPDX-License-Identifier: MIT */
/*
 * The simulated scheduler of seeded test runs: one worker, and every decision that is left open is
 * made here. For core, for the run that begins and ends it (scope/test_run.c, scope/sweep.c), and
 * for what simulates the world outside (io/sim_net.c).
 *
 * A run is a sequence of decisions. Each has a kind and n alternatives, of which number 0 is what
 * happens by default; so the list of the others, with their positions, is the whole schedule.
 */
#ifndef RNI_CORE_SIM_H
#define RNI_CORE_SIM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/task.h"

typedef enum rni_sim_kind {
    RNI_SIM_GO_ON,  /* a task has done something: it goes on (0), or another one runs */
    RNI_SIM_NEXT,   /* a task has parked or ended: which of those that are ready runs */
    RNI_SIM_CHOICE, /* a choice that the semantics leave open: of a select, among timers */
    RNI_SIM_CHANCE  /* something unlikely does not happen (0) or happens */
} rni_sim_kind;

typedef enum rni_sim_strategy {
    RNI_SIM_DEFAULT, /* always 0 */
    RNI_SIM_RANDOM,
    RNI_SIM_PCT
} rni_sim_strategy;

enum {
    RNI_SIM_DECISIONS_MAX = 1 << 20, /* a run with more does not end, it is said */
    RNI_SIM_CALLS_MAX = 1 << 24,     /* the same; those without an alternative count, too */
    RNI_SIM_ALTERNATIVES_MAX = (1 << 24) - 1
};

typedef struct rni_sim_decision {
    uint32_t kind : 8, n : 24;
    uint32_t chosen;
} rni_sim_decision;

/* A decision that is made beforehand. */
typedef struct rni_sim_forced {
    uint32_t at; /* its position */
    uint32_t chosen;
} rni_sim_forced;

/* What is known of a run afterwards; in memory that a parent process may share. */
typedef struct rni_sim_log {
    uint64_t hash; /* of all decisions and of the times at which they were made */
    uint32_t count;
    rni_sim_decision decisions[RNI_SIM_DECISIONS_MAX];
} rni_sim_log;

typedef struct rni_sim_plan {
    uint64_t seed;
    rni_sim_strategy strategy;
    unsigned changes;             /* RNI_SIM_PCT: how often priorities change */
    unsigned chance;              /* per mille: how likely the unlikely is */
    const rni_sim_forced *forced; /* ascending; in place of what the strategy would say */
    size_t n_forced;
    rni_sim_log *log; /* may be NULL */
    bool tell;        /* say on stderr what each forced decision does */
} rni_sim_plan;

/* No worker runs at either. The plan and what it points to stay until the end. The end of the run
 * stops, before tasks that outlive it get other workers; to stop once more does nothing. */
void rni_sim_start(const rni_sim_plan *plan);
void rni_sim_stop(void);

/* Whether a simulated run has been started and not stopped. */
bool rni_sim_planned(void);
/* Whether the calling thread is the worker of a simulated run. */
bool rni_sim_on(void);

/* How many decisions have been made, and their hash. */
uint64_t rni_sim_hash(uint32_t *count);

/* Makes a decision of kind RNI_SIM_CHOICE. */
uint32_t rni_sim_choose(uint32_t n);
/* Whether the run is one with faults. False unless rni_sim_on. */
bool rni_sim_faults(void);
/* Whether something unlikely happens, at per_mille instead of the plan's chance if that is not 0.
 * False unless rni_sim_on. */
bool rni_sim_chance(unsigned per_mille);
/* The same for RN_BUGGIFY: more often, but at some sites only. */
bool rni_sim_unlikely(const char *site);

/* The last words of a simulated run that ends the process: how to repeat it. */
void rni_sim_epitaph(void);

/* ---- for the scheduler ---- */

struct rni_worker;

/* Instead of rni_pick: what runs next. */
uintptr_t rni_sim_pick(struct rni_worker *w);
/* The grant of tasks that begin: RNI_FIRST_GRANT, or 0. */
extern int rni_first_grant;
/* Task t lets others run. */
void rni_sim_yields(rni_task *t);
/* Task t has completed a call with result rc and could go on: perhaps others run first. */
void rni_sim_point(rni_task *t, int rc);

/* Where a call has done something without a visit to the scheduler, and must not visit it for real:
 * a lock that is held would be held for long. A task's grant is 0 in simulated runs only. */
static inline void rni_sim_step(rni_task *t)
{
    if (rni_unlikely(t->grant == 0))
        rni_sim_point(t, 0);
}

/* The same for calls that do not know their task, or may come from a callback of the library's. */
void rni_sim_step_here(void);

#endif
