/* SPDX-License-Identifier: MIT */
/* What makes a run a test run, for rn_run, rn_test_run and their sweeps. */
#ifndef RNI_SCOPE_TEST_RUN_H
#define RNI_SCOPE_TEST_RUN_H

#include <stdbool.h>

#include <runnel/scope.h>
#include <runnel/test.h>

#include "core/sim.h"

/* Keeps the runtime for test runs of the calling thread. False in a task, during another's, and
 * while the runtime runs. */
bool rni_test_reserve(void);
void rni_test_release(void);

/* One run on the virtual clock, simulated if there is a plan; the runtime is reserved. fn's result,
 * or -EDEADLK if that is 0 but a task was left waiting in a simulated run. */
int rni_test_once(const rni_sim_plan *plan, int (*fn)(rn_group *g, void *arg), void *arg);

/* Whether the environment asks for test runs, and so what main's rn_run is. */
bool rni_test_asked(void);
/* rn_test_run. False if it is busy. */
bool rni_test_run(int (*fn)(rn_group *g, void *arg), void *arg, const rn_test_options *options,
                  int *rc);

/* scope/run.c: rn_run without a look at the environment. */
int rni_run(int (*fn)(rn_group *g, void *arg), void *arg);

#endif
