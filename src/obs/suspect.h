/* SPDX-License-Identifier: MIT */
/* Which tasks may be leaked, as their records tell while the world stands still. */
#ifndef RNI_OBS_SUSPECT_H
#define RNI_OBS_SUSPECT_H

#include "core/task.h"

/* Whether there is a task in the record. */
bool rni_alive(const rni_task *t);
/* Whether t, which is alive, waits for other tasks and nothing has begun to end that. */
bool rni_suspect(const rni_task *t);
/* Whether t, which is alive, waits but is none yet, because its worker still stands on its stack,
 * looking for what to run next. */
bool rni_leaving(const rni_task *t);

static inline rni_why rni_why_of(const rni_task *t)
{
    return (rni_why)atomic_load_explicit(&t->why, memory_order_relaxed);
}

/* It waits for a word in the memory of the program, in the parking lot. */
static inline bool rni_waits_for_lock(rni_why why)
{
    return why >= RNI_WHY_MUTEX && why <= RNI_WHY_SEMAPHORE;
}

static inline bool rni_shielded(const rni_task *t)
{
    return atomic_load_explicit(&t->shields, memory_order_relaxed) > 0;
}

#endif
