/* SPDX-License-Identifier: MIT */
/* Looking for leaked tasks while the world stands still. */
#ifndef RNI_OBS_SURVEY_H
#define RNI_OBS_SURVEY_H

#include "core/task.h"
#include "os/os.h"

/* A leaked task, and which one it was: the record may be another's soon. */
typedef struct rni_leaked_task {
    rni_task *task;
    uint64_t id;
} rni_leaked_task;

typedef struct rni_survey {
    const void *low;        /* in: what the caller uses of its stack begins here */
    rni_os_range stack;     /* in: a thread's own stack, if the caller stands on it */
    rni_leaked_task *found; /* out: by address */
    size_t n;
    void *memory; /* out: to be given back with rni_os_unreserve, if not NULL */
    size_t bytes;
} rni_survey;

/* Some thread was stopped inside of a channel's lock: nothing was looked for. Or a worker on its
 * way from a task that waits: what was found is right, but that task, and all that its stack leads
 * to, was taken for one that runs. */
enum { RNI_SURVEY_LOCKED = 1, RNI_SURVEY_LEAVING = 2 };

/* For rni_os_stop_world. 0, RNI_SURVEY_LOCKED or _LEAVING, or an error. arg is a rni_survey. */
int rni_survey_world(const rni_os_world *world, void *arg);

#endif
