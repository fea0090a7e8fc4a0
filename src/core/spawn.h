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

enum { RNI_SPAWN_CACHE_MAX = 256 };

RNI_NOINLINE rni_spawn *rni_spawn_take_slowly(rni_spawn_cache *cache, size_t bytes);
RNI_NOINLINE void rni_spawn_give_slowly(rni_spawn_cache *cache, rni_spawn *s);

/* A record with room for bytes of arguments; NULL when there is no memory. cache may be NULL (a
 * foreign thread). */
static inline rni_spawn *rni_spawn_take(rni_spawn_cache *cache, size_t bytes)
{
    if (rni_unlikely(bytes > RNI_SPAWN_INLINE || !cache || !cache->head))
        return rni_spawn_take_slowly(cache, bytes);
    rni_spawn *s = cache->head;
    cache->head = s->next;
    cache->n--;
    return s;
}

static inline void rni_spawn_give(rni_spawn_cache *cache, rni_spawn *s)
{
    if (rni_unlikely(s->big || cache->n >= RNI_SPAWN_CACHE_MAX)) {
        rni_spawn_give_slowly(cache, s);
        return;
    }
    s->next = cache->head;
    cache->head = s;
    cache->n++;
}

void rni_spawn_flush(rni_spawn_cache *cache);

#endif
