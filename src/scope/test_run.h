/* SPDX-License-Identifier: MIT */
/* What makes a run a test run, for rn_run and rn_test_run. */
#ifndef RNI_SCOPE_TEST_RUN_H
#define RNI_SCOPE_TEST_RUN_H

#include <stdbool.h>
#include <stdint.h>

/* Starts the virtual clock for a run that the calling thread is about to begin. False in a task,
 * during another test run, and while the runtime runs. */
bool rni_test_begin(uint64_t seed);
/* Goes back to the real clock. */
void rni_test_end(void);

#endif
