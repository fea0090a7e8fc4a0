/* SPDX-License-Identifier: MIT */
/* What a run of a program has in hand: for its tasks (program_run.c) and the calls that they make
 * (run_calls.c). */
#ifndef FUZZ_RUN_H
#define FUZZ_RUN_H

#include <runnel.h>

#include "fuzz/program.h"

typedef struct running {
    const program *p;
    notes *out;
    rn_channel *channels[CHANNELS_MAX];
    bool closed[CHANNELS_MAX];
    rn_group *groups[GROUPS_MAX];
    rn_ctx *above[GROUPS_MAX]; /* a group's own context above it, or NULL */
    int opener[GROUPS_MAX];    /* who may close it; NOBODY: it is not open */
    bool opened[GROUPS_MAX];
    rn_mutex locks[LOCKS];
    int holder[LOCKS];
    rn_cond conds[LOCKS];
    rn_rwmutex rw;
    int rw_held[TASKS_MAX]; /* 0, or the call that took it */
    rn_timer *timer;
    rn_semaphore semaphore;
    rn_waitgroup waitgroup;
    int count; /* of the wait group */
    bool started[SCRIPTS_MAX];
    int shields[TASKS_MAX];
    uint32_t values; /* used so far */
} running;

extern running run;

note *run_note(note_kind kind, int task, const call *c);
/* Makes a call for a task and notes it; nothing if it would be a programming error. */
void run_make(int task, const call *c);
/* The size of channel i's elements, and the drop function of all. */
size_t run_element_size(int channel);
void run_dropped(void *element);
/* What OP_GO starts; in program_run.c. */
int run_script(int task);

#endif
