/* SPDX-License-Identifier: MIT */
/* Simulated runs: one, or many until one fails. */
#ifndef RNI_SCOPE_SWEEP_H
#define RNI_SCOPE_SWEEP_H

#include <runnel/scope.h>
#include <runnel/test.h>

typedef struct rni_sweep {
    uint64_t seed, runs;
    rn_test_strategy strategy;
    unsigned preemptions, faults;
    bool together;
    const char *schedule; /* the only run's, instead of a seed; or NULL */
    rn_test_report *report;
} rni_sweep;

/* Makes the runs; the runtime is reserved. The result of the one in this process, which is the one
 * that fails if any does. */
int rni_sweep_run(const rni_sweep *s, int (*fn)(rn_group *g, void *arg), void *arg);

#endif
