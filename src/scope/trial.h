/* SPDX-License-Identifier: MIT */
/* A simulated run in a child process, which may die of it. */
#ifndef RNI_SCOPE_TRIAL_H
#define RNI_SCOPE_TRIAL_H

#include <runnel/scope.h>

#include "core/sim.h"

/* The program takes the statuses of children itself: it ignores SIGCHLD, or waits for any child. */
enum { RNI_STATUS_UNKNOWN = -1 };

/* How long a run may take. Tests are less patient. */
extern int rni_trial_patience_ms;

/* How a run has ended. */
typedef struct rni_fate {
    bool failed;
    bool late;  /* it was killed after a minute */
    bool ended; /* the process has, in the middle of the run */
    int status; /* of the process, as waitpid gives it; RNI_STATUS_UNKNOWN */
    int rc;     /* of the run; 0 if the process has ended before */
} rni_fate;

/* What the processes share. */
typedef struct rni_shared {
    bool returned; /* the last run has */
    int rc;        /* of the last run, when it has returned */
    uint64_t runs; /* made by a search in a child */
    bool exhausted;
    rni_sim_log log; /* of the last run */
} rni_shared;

typedef struct rni_trials {
    int (*fn)(rn_group *g, void *arg);
    void *arg;
    rni_shared *shared;
    bool here; /* this process is a child already: runs are made in it */
} rni_trials;

int rni_trials_init(rni_trials *t, int (*fn)(rn_group *g, void *arg), void *arg);
void rni_trials_fini(rni_trials *t);

/* Calls body(arg), which makes trials, in a child, where t->here is set. 0, *out being how the last
 * of them ended, or a negative error, if there can be no child. */
int rni_trials_in_child(rni_trials *t, int (*body)(void *arg), void *arg, rni_fate *out);

/* Makes a run by plan, whose log is set to t's. Returns as rni_trials_in_child. */
int rni_trial_run(rni_trials *t, rni_sim_plan *plan, rni_fate *out);

/* Whether two failures are of one kind. */
bool rni_fate_same(const rni_fate *a, const rni_fate *b);
/* In words, into text. */
void rni_fate_text(const rni_fate *f, char *text, size_t bytes);

#endif
