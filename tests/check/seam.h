/* SPDX-License-Identifier: MIT */
/*
 * What the models of runnel's own parts share. They are made of the real source files, compiled for
 * rn-check; seam.c stands for the operating system and for the rest of the scheduler. Every thread
 * of a model is a foreign thread of runnel, which parks on a futex, so that park, ready, the abort
 * of a wait and whatever waits are all the real ones.
 *
 * Files that only one program needs, or whose static variables it must set, it includes. They
 * replace what stands for them in seam.c. What a model does not reach of them is not linked.
 */
#ifndef CHECK_SEAM_H
#define CHECK_SEAM_H

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <runnel/check.h>

#include "core/foreign.h"
#include "core/park.h"
#include "core/runq.h"

/* The record of the model's thread n, from 0. Those of the records that model_begin makes belong to
 * an owner that can be cancelled. */
enum { MODEL_TASKS = 4 };
extern rni_task model_tasks[MODEL_TASKS];
extern rni_owner model_owner;
/* Whether the threads are workers: only for what they do between tasks. */
extern bool model_on_workers;

/* Each thread's own clock stands still but for the waits that come to their end. */
extern int64_t model_clock[RN_CHECK_THREADS + 1];

/* Call at the start of each init. */
void model_begin(void);
/* What rn_group_cancel does to its owner: the flag, then the aborts. */
void model_cancel(void);
/* What a timer does to the task whose deadline has passed. */
void model_time_out(unsigned thread);

/* Empties the queue of those who wait for an object (sync/lot.h); for each object of a program,
 * which has the same address in every execution, another slot. */
enum { MODEL_OBJECTS = 4 };
void model_lot_empty(unsigned slot, const void *object);

/* Runs the models of a program, those named in argv or all. Returns the program's status. */
typedef struct model_run {
    rn_check_model model;
    rn_check_options options;
} model_run;
/* A model of the program's own type `state`, in the initialiser of a model_run. */
#define MODEL(label, first, last, ...)                                                             \
    .model = { .name = label,                                                                      \
               .state_bytes = sizeof(state),                                                       \
               .init = first,                                                                      \
               .threads = { __VA_ARGS__ },                                                         \
               .finish = last }
int model_main(const model_run *runs, size_t n, int argc, char **argv);

#endif
