/* SPDX-License-Identifier: MIT */
/*
 * Races: two accesses to the same byte, one of them a write and one of them plain, of which neither
 * happened before the other.
 *
 * Eight bytes share a granule, which notes for each byte who wrote it last, and when each thread
 * last read it, and last read or wrote it atomically, in ticks of that thread. In a program without
 * races plain writes are ordered, so the last one suffices; of reads and atomic accesses each
 * thread's last.
 *
 * The granule also knows the location (memory.c) that begins at each byte. A plain write ends the
 * history of that location: it is ordered after all earlier accesses, or it is a race; what comes
 * later begins with the value in memory.
 */
#include <string.h>

#include "engine.h"

enum { GRANULE = 8, TABLE = 1 << 16, PLAIN_READ = 0, ATOMIC_READ, ATOMIC_WRITE, KINDS };

typedef struct granule {
    uint16_t location[GRANULE]; /* index + 1 of the one that begins at this byte */
    unsigned threads;           /* that have been here, a bit each */
    uint8_t writer[GRANULE];
    uint32_t written[GRANULE];
    const void *write_pc, *pcs[RNI_CK_THREADS];
    uint32_t ticks[RNI_CK_THREADS][KINDS][GRANULE]; /* last: only as many as there are threads */
} granule;

typedef struct slot {
    uintptr_t key;
    uint32_t generation, index;
} slot;

static slot table[TABLE];
static uint32_t generation;
static granule **granules;
static uint32_t granule_count, granule_room;

void rni_ck_race_reset(void)
{
    generation++;
    granule_count = 0;
}

/* Thread 0 runs before and after the others, so its accesses race with none and are not noted. */
static granule *find(uintptr_t address, bool make)
{
    uintptr_t key = address / GRANULE;
    uint32_t at = (uint32_t)((key * 0x9e3779b97f4a7c15ull) >> 48);
    while (table[at].generation == generation && table[at].key != key)
        at = (at + 1) % TABLE;
    if (table[at].generation == generation)
        return granules[table[at].index];
    if (!make)
        return NULL;
    if (granule_count == TABLE / 2)
        rni_ck_fail("out of bounds: the model touches more than %d bytes", TABLE / 2 * GRANULE);
    if (granule_count == granule_room) {
        uint32_t room = granule_room ? 2 * granule_room : 256;
        granules = rni_ck_resize(granules, room * sizeof(granule *));
        for (uint32_t i = granule_room; i < room; i++)
            granules[i] = rni_ck_alloc(sizeof(granule));
        granule_room = room;
    }
    table[at] = (slot){ key, generation, granule_count };
    granule *g = granules[granule_count++];
    memset(g, 0, offsetof(granule, ticks) + rni_ck_thread_count * sizeof g->ticks[0]);
    return g;
}

__attribute__((noreturn)) static void race(const char *mine, const void *pc, const char *others,
                                           const void *other_pc, unsigned other, uintptr_t address)
{
    char here[512], there[512], what[128];
    strncpy(here, rni_ck_place(pc), sizeof here - 1)[sizeof here - 1] = 0;
    strncpy(there, rni_ck_place(other_pc), sizeof there - 1)[sizeof there - 1] = 0;
    strncpy(what, rni_ck_place((void *)address), sizeof what - 1)[sizeof what - 1] = 0;
    rni_ck_fail("data race on %s: %s by thread %d (%s), %s by thread %u (%s)", what, mine,
                rni_ck_current->index, here, others, other, there);
}

static void check_written(const granule *g, unsigned b, const char *mine, const void *pc,
                          uintptr_t address)
{
    unsigned u = g->writer[b];
    if (g->written[b] > rni_ck_current->now.tick[u])
        race(mine, pc, "a write", g->write_pc, u, address);
}

static void check_kind(const granule *g, unsigned b, int kind, const char *mine, const void *pc,
                       uintptr_t address)
{
    static const char *const names[KINDS] = { "a read", "an atomic read", "an atomic write" };
    const uint32_t *now = rni_ck_current->now.tick;
    for (unsigned u = 0; u < rni_ck_thread_count; u++) {
        if (g->ticks[u][kind][b] > now[u])
            race(mine, pc, names[kind], g->pcs[u], u, address);
    }
}

static void check_heap(uintptr_t address, size_t bytes, const char *mine, const void *pc)
{
    const char *error = rni_ck_heap_error(address, bytes);
    if (error) {
        char what[128];
        strncpy(what, rni_ck_place((void *)address), sizeof what - 1)[sizeof what - 1] = 0;
        rni_ck_fail("%s: %s of %zu bytes at %s (%s)", error, mine, bytes, what, rni_ck_place(pc));
    }
}

/* Whether another thread has been there; t has, from now on. */
static bool is_shared(granule *g, unsigned t)
{
    g->threads |= 1u << t;
    return g->threads != 1u << t;
}

/* A plain write ends the histories of locations, also of those that it overwrites in part. */
static void forget(uintptr_t address, size_t bytes)
{
    uintptr_t end = address + bytes;
    for (uintptr_t at = address & ~(uintptr_t)(GRANULE - 1); at < end; at += GRANULE) {
        granule *g = find(at, false);
        for (unsigned b = 0; g && b < GRANULE; b++) {
            if (g->location[b] && at + b < end &&
                address < at + b + rni_ck_locations[g->location[b] - 1].size)
                g->location[b] = 0;
        }
    }
}

void rni_ck_plain(uintptr_t address, size_t bytes, bool write, const void *pc)
{
    const char *mine = write ? "a write" : "a read";
    unsigned t = (unsigned)rni_ck_current->index;
    uint32_t tick = rni_ck_current->now.tick[t];
    check_heap(address, bytes, mine, pc);
    if (write)
        forget(address, bytes);
    if (t == 0)
        return;
    for (uintptr_t end = address + bytes; address < end;) {
        granule *g = find(address, true);
        bool shared = is_shared(g, t);
        for (unsigned b = address % GRANULE; b < GRANULE && address < end; b++, address++) {
            if (shared) {
                check_written(g, b, mine, pc, address);
                check_kind(g, b, ATOMIC_WRITE, mine, pc, address);
            }
            if (!write) {
                g->ticks[t][PLAIN_READ][b] = tick;
                continue;
            }
            if (shared) {
                check_kind(g, b, PLAIN_READ, mine, pc, address);
                check_kind(g, b, ATOMIC_READ, mine, pc, address);
            }
            g->writer[b] = (uint8_t)t;
            g->written[b] = tick;
        }
        g->pcs[t] = pc;
        if (write)
            g->write_pc = pc;
    }
}

static uint64_t read_memory(uintptr_t address, unsigned size)
{
    switch (size) {
    case 1: return *(volatile uint8_t *)address;
    case 2: return *(volatile uint16_t *)address;
    case 4: return *(volatile uint32_t *)address;
    default: return *(volatile uint64_t *)address;
    }
}

static rni_ck_location *new_location(uintptr_t address, unsigned size)
{
    if (rni_ck_location_count == RNI_CK_LOCATIONS)
        rni_ck_fail("out of bounds: more than %d atomic locations", RNI_CK_LOCATIONS);
    rni_ck_location *l = &rni_ck_locations[rni_ck_location_count++];
    if (!l->room) {
        l->room = 16;
        l->stores = rni_ck_alloc(l->room * sizeof *l->stores);
        l->order = rni_ck_alloc(l->room * sizeof *l->order);
    }
    l->address = address;
    l->size = size;
    l->count = 1;
    l->in_order = false;
    l->order[0] = 0;
    l->stores[0] = (rni_ck_store){ .value = read_memory(address, size) };
    return l;
}

rni_ck_location *rni_ck_atomic(uintptr_t address, unsigned size, bool write, const void *pc)
{
    const char *mine = write ? "an atomic write" : "an atomic read";
    unsigned t = (unsigned)rni_ck_current->index, first = address % GRANULE;
    check_heap(address, size, mine, pc);
    if (address % size != 0)
        rni_ck_fail("an atomic access of %u bytes at an address that is not aligned (%s)", size,
                    rni_ck_place(pc));
    granule *g = find(address, true);
    bool shared = t != 0 && is_shared(g, t);
    for (unsigned b = first; t != 0 && b < first + size; b++) {
        if (shared)
            check_written(g, b, mine, pc, address);
        if (shared && write)
            check_kind(g, b, PLAIN_READ, mine, pc, address);
        g->ticks[t][write ? ATOMIC_WRITE : ATOMIC_READ][b] = rni_ck_current->now.tick[t];
    }
    g->pcs[t] = pc;
    rni_ck_location *l = NULL;
    for (unsigned b = 0; b < GRANULE; b++) {
        rni_ck_location *other = g->location[b] ? &rni_ck_locations[g->location[b] - 1] : NULL;
        if (other && b == first && other->size == size)
            l = other;
        else if (other && b < first + size && first < b + other->size)
            rni_ck_fail("atomic accesses of %u and of %u bytes overlap (%s)", other->size, size,
                        rni_ck_place(pc));
    }
    if (!l) {
        l = new_location(address, size);
        g->location[first] = (uint16_t)(rni_ck_location_count);
    }
    return l;
}
