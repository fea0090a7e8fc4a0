/* SPDX-License-Identifier: MIT */
/*
 * Stacks. See stack.h for the layout.
 *
 * A chunk holds many slots of one class; its guards are installed in one batch when it is carved,
 * for ever (they survive the discarding of the pages around them). MADV_GUARD_INSTALL costs no
 * mapping, so a million guarded stacks fit under vm.max_map_count; with mprotect a process stops
 * near 32,000 guards and the rest run unguarded.
 *
 * Free slots: each worker keeps a few hot ones; the rest are in the class's pool under its lock.
 * Beyond POOL_WARM slots, memory is given back to the system in batches when slots return.
 *
 * The chunk table only grows. An entry is written before `chunk_count` is published with release
 * order; readers (reports, the fault handler) load it with acquire order.
 */
#include "arch/valgrind.h"
#include "base/copy.h"
#include "base/layout.h"
#include "core/records.h"
#include "core/stack.h"
#include "os/os.h"

enum { MAX_CHUNKS = 1 << 15, POOL_WARM = 8192, COLOURS = 16, COLOUR_BYTES = 64 };
/* Of a chunk of four huge pages. The first has less, in small ones: a program with a few tiny tasks
 * is not to pay for a thousand. */
enum { TINY_SLOTS = (8 << 20) / ((2 << 10) + 64) - 1, FIRST_TINY_SLOTS = 496 };

static const struct {
    size_t usable, guard;
    unsigned slots; /* per chunk */
    bool dense;     /* a slot is no whole number of pages */
} classes[RNI_STACK_CLASSES] = {
    { 16 << 10, 8 << 10, 512, false },       { 64 << 10, 16 << 10, 512, false },
    { 256 << 10, 64 << 10, 64, false },      { 1024 << 10, 64 << 10, 16, false },
    { (2 << 10) + 64, 0, TINY_SLOTS, true },
};

typedef struct chunk {
    char *base;
    size_t bytes; /* of all slots */
    unsigned cls;
    unsigned slots;
    unsigned colours;
    _Atomic(unsigned) used; /* slots handed out at least once; under the pool's lock */
} chunk;

static _Atomic(bool) unguarded; /* the system has refused a guard */
static chunk chunks[MAX_CHUNKS];
static _Atomic(unsigned) chunk_count;
static rni_lock chunk_lock;

RNI_LAYOUT = {
    RNI_LAYOUT_ADDRESS("chunks", chunks),
    RNI_LAYOUT_ADDRESS("chunks.count", chunk_count),
    RNI_LAYOUT_NUMBER("chunk.size", sizeof(chunk)),
    RNI_LAYOUT_FIELD("chunk.base", chunk, base),
    RNI_LAYOUT_FIELD("chunk.bytes", chunk, bytes),
    RNI_LAYOUT_FIELD("chunk.slots", chunk, slots),
    RNI_LAYOUT_FIELD("chunk.used", chunk, used),
    RNI_LAYOUT_FIELD("chunk.colours", chunk, colours), /* slot_task */
    RNI_LAYOUT_NUMBER("chunk.colour.bytes", COLOUR_BYTES),
};

/* Free slots of one class that no worker holds. Everything under the lock. */
static struct pool {
    rni_lock lock;
    rni_task **free;
    size_t n, cap;
    chunk *current, *spare; /* the chunk whose slots are handed out, and one that waits */
} pools[RNI_STACK_CLASSES];

/* Whole pages, which are larger than a small guard on some systems. */
static size_t whole_pages(size_t bytes)
{
    return (bytes + rni_os_page() - 1) & ~(rni_os_page() - 1);
}

static size_t guard_bytes(unsigned cls)
{
    return whole_pages(classes[cls].guard);
}

static size_t stride(unsigned cls)
{
    return classes[cls].dense ? classes[cls].usable
                              : whole_pages(classes[cls].usable) + guard_bytes(cls);
}

/* The record of slot i: under the top of the slot, coloured. */
static rni_task *slot_task(const chunk *c, unsigned i)
{
    char *top = c->base + stride(c->cls) * (i + 1);
    size_t colour = (size_t)(i % c->colours) * COLOUR_BYTES;
    return (rni_task *)(void *)(((uintptr_t)top - sizeof(rni_task) - colour) & ~(uintptr_t)63);
}

/* In pieces: this may run on the stack of a small task that is about to park. */
static void install_guards(const chunk *c)
{
    enum { AT_ONCE = 64 };
    if (classes[c->cls].dense)
        return;
    rni_os_range ranges[AT_ONCE];
    unsigned n = 0;
    for (unsigned i = 0; i < classes[c->cls].slots; i++) {
        ranges[n++] = (rni_os_range){ c->base + stride(c->cls) * i, guard_bytes(c->cls) };
        if (n == AT_ONCE || i + 1 == classes[c->cls].slots) {
            if (!rni_os_guard_install(ranges, n))
                atomic_store_explicit(&unguarded, true, memory_order_relaxed);
            n = 0;
        }
    }
}

/* A new chunk, or NULL when address space or the table has run out. */
static chunk *carve(unsigned cls, bool first)
{
    bool dense = classes[cls].dense;
    unsigned slots = dense && first ? FIRST_TINY_SLOTS : classes[cls].slots;
    /* Below the lowest tiny stack is a free slot, or it would overflow into others' memory. */
    size_t below = dense ? stride(cls) : 0, bytes = below + stride(cls) * slots;
    char *base = dense && !first ? rni_os_reserve_dense(bytes) : rni_os_reserve(bytes);
    if (!base)
        return NULL;
    rni_lock_take(&chunk_lock);
    unsigned n = atomic_load_explicit(&chunk_count, memory_order_relaxed);
    if (n == MAX_CHUNKS) {
        rni_unlock(&chunk_lock);
        rni_os_unreserve(base, bytes);
        return NULL;
    }
    chunk *c = &chunks[n];
    c->base = base + below;
    c->bytes = bytes - below;
    c->cls = cls;
    c->slots = slots;
    c->colours = dense ? 1 : COLOURS;
    atomic_store_explicit(&c->used, 0, memory_order_relaxed);
    atomic_store_explicit(&chunk_count, n + 1, memory_order_release);
    rni_unlock(&chunk_lock);
    install_guards(c);
    return c;
}

static bool has_room(const chunk *c)
{
    return c && atomic_load_explicit(&c->used, memory_order_relaxed) < c->slots;
}

/* A chunk with room, or NULL. The pool's lock is held and may be let go meanwhile. Two threads that
 * carve at once get two chunks, and the second is used after the first. */
static chunk *chunk_with_room(struct pool *p, unsigned cls)
{
    while (!has_room(p->current)) {
        if (p->spare) {
            p->current = p->spare;
            p->spare = NULL;
            continue;
        }
        bool first = !p->current;
        rni_unlock(&p->lock); /* carving makes system calls */
        chunk *c = carve(cls, first);
        rni_lock_take(&p->lock);
        if (!c && !has_room(p->current) && !p->spare)
            return NULL;
        if (!has_room(p->current))
            p->current = c ? c : p->current;
        else if (!p->spare)
            p->spare = c; /* with a third at once, its chunk is abandoned: rare */
    }
    return p->current;
}

/* A slot that was never used: the chunk, and its index in *i. NULL if there is none. The pool's
 * lock is held and may be let go meanwhile. */
static chunk *fresh_slot(struct pool *p, unsigned cls, unsigned *i)
{
    chunk *c = chunk_with_room(p, cls);
    if (!c)
        return NULL;
    *i = atomic_load_explicit(&c->used, memory_order_relaxed);
    /* release; partner: rni_stack_each, which sees zeros until the record is set up */
    atomic_store_explicit(&c->used, *i + 1, memory_order_release);
    return c;
}

/* Outside the lock: the first touch of the slot's memory, a page fault, is the slow part. */
static rni_task *set_up(const chunk *c, unsigned i)
{
    rni_task *t = slot_task(c, i);
    t->stack_limit = c->base + stride(c->cls) * i + guard_bytes(c->cls);
    t->stack_class = c->cls;
    t->stack_size = stride(c->cls) - guard_bytes(c->cls);
    if (classes[c->cls].dense)
        *(uint64_t *)t->stack_limit = RNI_STACK_CANARY;
    rni_valgrind_stack(t->stack_limit, (char *)t->stack_limit + t->stack_size);
    return t;
}

rni_task *rni_stack_take(rni_stack_cache *caches, unsigned cls)
{
    rni_stack_cache *cache = &caches[cls];
    if (rni_likely(cache->n > 0))
        return cache->free[--cache->n];
    struct pool *p = &pools[cls];
    unsigned i = 0;
    rni_lock_take(&p->lock);
    while (p->n > 0 && cache->n < RNI_STACK_CACHE / 2)
        cache->free[cache->n++] = p->free[--p->n];
    chunk *c = cache->n == 0 ? fresh_slot(p, cls, &i) : NULL;
    rni_unlock(&p->lock);
    if (c)
        return set_up(c, i);
    return cache->n > 0 ? cache->free[--cache->n] : NULL;
}

/* Appends to the pool; forgets the slot if the array cannot grow (it costs address space only). */
static void pool_push(struct pool *p, rni_task *t)
{
    if (p->n == p->cap) {
        size_t cap = p->cap ? 2 * p->cap : 256;
        rni_task **grown = rni_os_resize(p->free, cap * sizeof *grown);
        if (!grown)
            return;
        p->free = grown;
        p->cap = cap;
    }
    p->free[p->n++] = t;
}

/* Gives the pages of n free slots back, but for those of the records. */
static void discard(rni_task **slots, unsigned n)
{
    rni_os_range ranges[RNI_STACK_CACHE];
    for (unsigned i = 0; i < n; i++) {
        char *limit = slots[i]->stack_limit;
        /* All pages but the top one, which holds the record. */
        uintptr_t end = (uintptr_t)slots[i] & ~(uintptr_t)(rni_os_page() - 1);
        RNI_ASSERT(end >= (uintptr_t)limit);
        ranges[i] = (rni_os_range){ limit, (size_t)(end - (uintptr_t)limit) };
    }
    rni_os_discard(ranges, n);
}

static void spill(rni_stack_cache *cache, unsigned cls, unsigned n)
{
    struct pool *p = &pools[cls];
    rni_lock_take(&p->lock);
    bool plenty = p->n > POOL_WARM && !classes[cls].dense;
    rni_unlock(&p->lock);
    if (plenty)
        discard(cache->free, n);
    rni_lock_take(&p->lock);
    for (unsigned i = 0; i < n; i++)
        pool_push(p, cache->free[i]);
    rni_unlock(&p->lock);
    cache->n -= n;
    rni_copy(cache->free, cache->free + n, cache->n * sizeof cache->free[0]);
}

void rni_stack_give(rni_stack_cache *caches, rni_task *t)
{
    rni_stack_cache *cache = &caches[t->stack_class];
    if (rni_unlikely(cache->n == RNI_STACK_CACHE))
        spill(cache, t->stack_class, RNI_STACK_CACHE / 2); /* the oldest half: never t */
    cache->free[cache->n++] = t;
}

void rni_stack_flush(rni_stack_cache *caches)
{
    for (unsigned cls = 0; cls < RNI_STACK_CLASSES; cls++)
        if (caches[cls].n)
            spill(&caches[cls], cls, caches[cls].n);
}

size_t rni_stack_usable(unsigned cls)
{
    return classes[cls].usable;
}

void rni_stack_each(void (*fn)(rni_task *t, void *arg), void *arg)
{
    unsigned n = atomic_load_explicit(&chunk_count, memory_order_acquire);
    for (unsigned k = 0; k < n; k++) {
        unsigned used = atomic_load_explicit(&chunks[k].used, memory_order_acquire);
        for (unsigned i = 0; i < used; i++)
            fn(slot_task(&chunks[k], i), arg);
    }
}

void rni_stack_chunks_each(void (*fn)(const rni_stack_chunk *c, void *arg), void *arg)
{
    unsigned n = atomic_load_explicit(&chunk_count, memory_order_acquire);
    for (unsigned k = 0; k < n; k++) {
        const chunk *c = &chunks[k];
        fn(&(rni_stack_chunk){ .base = (uintptr_t)c->base,
                               .bytes = c->bytes,
                               .stride = stride(c->cls),
                               .guard = guard_bytes(c->cls),
                               .used = atomic_load_explicit(&c->used, memory_order_acquire),
                               .number = k },
           arg);
    }
}

rni_task *rni_stack_slot(const rni_stack_chunk *c, unsigned i)
{
    return slot_task(&chunks[c->number], i);
}

bool rni_stack_unguarded(void)
{
    return atomic_load_explicit(&unguarded, memory_order_relaxed);
}

rni_task *rni_stack_guard_owner(const void *address)
{
    static _Atomic(unsigned) hint; /* the chunk found last: neighbours are asked for in turn */
    unsigned n = atomic_load_explicit(&chunk_count, memory_order_acquire);
    unsigned first = atomic_load_explicit(&hint, memory_order_relaxed);
    for (unsigned k = 0; k < n; k++) {
        const chunk *c = &chunks[(first + k) % n];
        uintptr_t off = (uintptr_t)address - (uintptr_t)c->base;
        if (off >= c->bytes)
            continue;
        atomic_store_explicit(&hint, (first + k) % n, memory_order_relaxed);
        return off % stride(c->cls) < guard_bytes(c->cls)
                   ? slot_task(c, (unsigned)(off / stride(c->cls)))
                   : NULL;
    }
    return NULL;
}
