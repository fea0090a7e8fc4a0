/* SPDX-License-Identifier: MIT */
/*
 * The pool of spawn records (task.h): 128 bytes each, kept per worker, spilled in batches. A worker
 * that only spawns and one that only runs exchange records through the common pool, sixty-four at a
 * time, so that neither takes a lock per task.
 */
#ifndef RNI_CORE_SPAWN_H
#define RNI_CORE_SPAWN_H

#include "core/task.h"

typedef struct rni_spawn_cache {
    rni_spawn *head;
    unsigned n;
} rni_spawn_cache;

/* A record with room for bytes of arguments; NULL when there is no memory. cache may be NULL (a
 * foreign thread). */
rni_spawn *rni_spawn_take(rni_spawn_cache *cache, size_t bytes);
void rni_spawn_give(rni_spawn_cache *cache, rni_spawn *s);
void rni_spawn_flush(rni_spawn_cache *cache);

#endif
