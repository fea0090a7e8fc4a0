/* SPDX-License-Identifier: MIT */
/* A check of leaks under way, for the files that make one. */
#ifndef RNI_OBS_NODES_H
#define RNI_OBS_NODES_H

#include "core/records.h"
#include "obs/reach.h"
#include "obs/survey.h"

typedef struct rni_making {
    rni_reach r;
    const rni_os_world *world;
    rni_survey *survey;
    uint32_t *hash; /* of contexts: nodes + 1 */
    size_t hash_size;
    size_t n_spans, contexts_max; /* counted before there is memory */
    bool busy;
    bool leaving; /* a worker stands on the stack of a task that waits */
    size_t used;  /* of the memory */
} rni_making;

/* Makes the nodes and the list of what memory is known, in memory that it gets for them: all tasks
 * that are alive are suspects, and nothing has been reached. 0;
 * RNI_SURVEY_LOCKED; -ENOMEM, -ENOTSUP; -EIO if what is known of memory contradicts itself. */
int rni_nodes_make(rni_making *m);

/* The group that t, which waits for one, waits for. */
static inline rn_group *rni_awaited_group(const rni_task *t)
{
    void *live = (void *)(uintptr_t)atomic_load_explicit(&t->what, memory_order_relaxed);
    return RNI_CONTAINER(live, rn_group, live);
}

/* What functions without calls may keep below the stack pointer, on x86-64. */
enum { RNI_RED_ZONE = 128 };

/*
 * What worker w's loop uses of its thread's stack is the library's alone, and so is all that its
 * registers hold while it stands there: nothing of the program's runs on it but what a signal
 * interrupts, and a callback counts as the program's. Only leftovers of tasks are to be found
 * there, and addresses of task stacks. Stores its bounds; false if it counts.
 */
bool rni_loop_bounds(const rni_making *m, const rni_worker_seen *w, uintptr_t *low,
                     uintptr_t *high);

#endif
