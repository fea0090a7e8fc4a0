/* SPDX-License-Identifier: MIT */
/*
 * Spawn records. Slabs are allocated and kept for ever; the slab list is only prepended to, with a
 * release store whose partner is the acquire load in rni_spawn_each. Records too large for a slab
 * come from the allocator one by one, go back to it, and are not in the reports before they start.
 */
#include "base/layout.h"
#include "core/records.h"
#include "core/spawn.h"
#include "os/os.h"

enum { BATCH = 64 };
#if defined(RUNNEL_IN_MODEL)
enum { SLAB_RECORDS = 8 }; /* a checker looks at every atomic */
#else
enum { SLAB_RECORDS = 512 };
#endif

typedef struct slab {
    struct slab *next;
    _Alignas(64) char records[SLAB_RECORDS * RNI_SPAWN_BYTES];
} slab;

static _Atomic(slab *) slabs;
RNI_LAYOUT = {
    RNI_LAYOUT_ADDRESS("spawns", slabs),
    RNI_LAYOUT_FIELD("spawns.next", slab, next),
    RNI_LAYOUT_FIELD("spawns.records", slab, records),
    RNI_LAYOUT_NUMBER("spawns.n", SLAB_RECORDS),
    RNI_LAYOUT_NUMBER("spawn.size", RNI_SPAWN_BYTES),
    RNI_LAYOUT_FIELD("spawn.name", rni_spawn, name),
    RNI_LAYOUT_FIELD("spawn.site", rni_spawn, site),
    RNI_LAYOUT_FIELD("spawn.queued", rni_spawn, queued),
    RNI_LAYOUT_FIELD("spawn.internal", rni_spawn, internal),
};

static rni_lock pool_lock; /* protects pool and the prepending to slabs */
static rni_spawn *pool;    /* free records */

static rni_spawn *slab_record(slab *s, unsigned i)
{
    return (rni_spawn *)(void *)(s->records + (size_t)i * RNI_SPAWN_BYTES);
}

/* Moves up to BATCH records from the pool to the cache, making a slab if the pool is empty. */
static bool refill(rni_spawn_cache *cache)
{
    rni_lock_take(&pool_lock);
    if (!pool) {
        rni_unlock(&pool_lock);
        slab *s = rni_os_alloc_aligned(64, sizeof *s);
        if (!s)
            return false;
        rni_lock_take(&pool_lock);
        s->next = atomic_load_explicit(&slabs, memory_order_relaxed);
        atomic_store_explicit(&slabs, s, memory_order_release);
        for (unsigned i = SLAB_RECORDS; i-- > 0;) {
            rni_spawn *r = slab_record(s, i);
            r->next = pool;
            pool = r;
        }
    }
    for (unsigned i = 0; i < BATCH && pool; i++) {
        rni_spawn *r = pool;
        pool = r->next;
        r->next = cache->head;
        cache->head = r;
        cache->n++;
    }
    rni_unlock(&pool_lock);
    return true;
}

static void give_back(rni_spawn_cache *cache, unsigned n)
{
    rni_lock_take(&pool_lock);
    for (; n > 0 && cache->head; n--) {
        rni_spawn *r = cache->head;
        cache->head = r->next;
        cache->n--;
        r->next = pool;
        pool = r;
    }
    rni_unlock(&pool_lock);
}

RNI_NOINLINE rni_spawn *rni_spawn_take_slowly(rni_spawn_cache *cache, size_t bytes)
{
    if (rni_unlikely(bytes > RNI_SPAWN_INLINE)) {
        if (bytes > SIZE_MAX / 2)
            return NULL;
        rni_spawn *big = rni_os_alloc(sizeof *big + bytes);
        if (big)
            big->big = true;
        return big;
    }
    rni_spawn_cache local = { NULL, 0 };
    rni_spawn_cache *c = cache ? cache : &local;
    if (rni_unlikely(!c->head) && !refill(c))
        return NULL;
    rni_spawn *s = c->head;
    c->head = s->next;
    c->n--;
    if (!cache)
        give_back(&local, local.n);
    return s;
}

RNI_NOINLINE void rni_spawn_give_slowly(rni_spawn_cache *cache, rni_spawn *s)
{
    if (rni_unlikely(s->big)) {
        rni_os_free(s);
        return;
    }
    s->next = cache->head;
    cache->head = s;
    if (++cache->n > RNI_SPAWN_CACHE_MAX)
        give_back(cache, RNI_SPAWN_CACHE_MAX / 2);
}

void rni_spawn_flush(rni_spawn_cache *cache)
{
    give_back(cache, cache->n);
}

void rni_spawn_each(void (*fn)(rni_spawn *s, void *arg), void *arg)
{
    for (slab *s = atomic_load_explicit(&slabs, memory_order_acquire); s; s = s->next)
        for (unsigned i = 0; i < SLAB_RECORDS; i++) {
            rni_spawn *r = slab_record(s, i);
            if (atomic_load_explicit(&r->queued, memory_order_acquire))
                fn(r, arg);
        }
}

void rni_spawn_slabs_each(void (*fn)(uintptr_t base, size_t n, void *arg), void *arg)
{
    for (slab *s = atomic_load_explicit(&slabs, memory_order_acquire); s; s = s->next)
        fn((uintptr_t)s->records, SLAB_RECORDS, arg);
}
