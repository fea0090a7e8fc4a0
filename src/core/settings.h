/* SPDX-License-Identifier: MIT */
/* What RUNNEL_... in the environment asks for. docs/environment.md tells users. */
#ifndef RNI_CORE_SETTINGS_H
#define RNI_CORE_SETTINGS_H

#include <stdbool.h>
#include <stdint.h>

typedef enum rni_leaks { RNI_LEAKS_OFF, RNI_LEAKS_REPORT, RNI_LEAKS_FAIL } rni_leaks;

/* The number of workers asked for; 0: none. */
unsigned rni_settings_workers(void);

/* The stack class of tasks that ask for none, 0 to 3 for SMALL to HUGE. */
int rni_settings_stack(void);

rni_leaks rni_settings_leaks(void);

/* RUNNEL_VERIFY: whether dumps, and the report at the end of a run, look for leaked tasks. */
bool rni_settings_verify(void);

/* Whether SIGQUIT is to print the tasks. */
bool rni_settings_sigquit(void);
/* RUNNEL_CLOCK: whether rn_run is to be a test run. */
bool rni_settings_virtual_clock(void);

/* RUNNEL_HOG: after how many milliseconds a task that lets no other run is named; 0: never. */
int rni_settings_hog(void);

/* RUNNEL_STACK_REPORT: whether it is noted how much of their stacks tasks use. */
bool rni_settings_stack_report(void);

/*
 * RUNNEL_SEED, RUNNEL_SEEDS, RUNNEL_STRATEGY and RUNNEL_SCHEDULE: what they ask of simulated runs.
 * What is not set is 0; schedule is NULL then.
 */
typedef struct rni_settings_sim {
    uint64_t seed, seeds;
    int strategy; /* 1 + rn_test_strategy */
    const char *schedule;
} rni_settings_sim;
void rni_settings_read_sim(rni_settings_sim *out);

/* Names each value that is not accepted on stderr, in a line that says what is. */
void rni_settings_check(void);

#endif
