/* SPDX-License-Identifier: MIT */
/*
 * Runs with a number of workers of the test's own choice, for what shows only with that many:
 *
 *     run_with(2, first_task, arg);                        in a TEST, and once
 *     WITH_WORKERS(1, fairness_nobody_starves, first_task) the test fairness_nobody_starves_1
 *
 * A process's first run fixes its number of workers, so each number is a test of its own. A file
 * of such tests says `kit: once`.
 */
#ifndef RUNNEL_TESTS_RUN_WITH_H
#define RUNNEL_TESTS_RUN_WITH_H

#include <runnel.h>

#include <stdio.h>
#include <stdlib.h>

#include "kit/kit.h"

static inline void run_with(unsigned workers, int (*fn)(rn_group *g, void *arg), void *arg)
{
    char text[16];
    snprintf(text, sizeof text, "%u", workers);
    CHECK_EQ(setenv("RUNNEL_WORKERS", text, 1), 0);
    CHECK_EQ(rn_run(fn, arg), 0);
    CHECK_EQ(rn_task_count(), 0);
}

#define WITH_WORKERS(workers_, name_, fn_)                                                         \
    TEST(name_##_##workers_)                                                                       \
    {                                                                                              \
        run_with((workers_), (fn_), NULL);                                                         \
    }

#endif
