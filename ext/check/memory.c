/* SPDX-License-Identifier: MIT */
/*
 * Atomic memory: what a load may read, where a store goes in the modification order, fences.
 *
 * Each location keeps all its stores of this execution in modification order. A thread knows, for
 * each location, the newest store that it may not overlook (its view): the newest that it has read
 * or made itself, or that somebody had whose release it has acquired. A load chooses among that
 * store and all newer ones; a store is put anywhere behind it; a read-modify-write is put directly
 * behind the store that it reads, and nothing may come between the two any more. This is the
 * machine of views without promises: it shows every behaviour of RC11 (C11 as it has been repaired
 * since, without cycles of program order and reads-from), and no other.
 *
 * Release and acquire. A store carries a message: what a releasing thread knew, or what it knew at
 * its last release fence, joined for a read-modify-write with the message it has read (a release
 * sequence; that of C++20, which later stores of the same thread do not continue). An acquire load
 * learns the message; a relaxed one keeps it for a later acquire fence.
 *
 * Sequential consistency. The total order is the order of execution. A seq_cst access may not read
 * from, or be put, before the newest store that a seq_cst access of that location has read or made
 * (sc_access), nor before what a seq_cst fence's thread knew (sc_fence). A seq_cst fence learns
 * both and adds what its thread knows: the four rules of C++20, 31.4. Of the order S, C11 asks that
 * it agrees with happens-before, and so it does here; C++20 asks a little less.
 *
 * Memory itself always holds the last store in modification order, so that plain reads that are
 * ordered find it. A plain write ends a location's history (race.c).
 *
 * Rejected: modification order = order of execution (it cannot show 2+2W); treating seq_cst as
 * acquire-release (false alarms in every Dekker), or as an access between fences (misses bugs).
 */
#include <stdatomic.h>
#include <string.h>

#include "engine.h"

rni_ck_location rni_ck_locations[RNI_CK_LOCATIONS];
unsigned rni_ck_location_count;
uint32_t rni_ck_serial;

static uint16_t sc_fence[RNI_CK_LOCATIONS];

/* Messages of this execution. */
enum { CHUNK = 256, CHUNKS = 1024 };
static rni_ck_clock *chunks[CHUNKS];
static unsigned messages;

static rni_ck_clock *new_message(void)
{
    if (messages == CHUNK * CHUNKS)
        rni_ck_fail("out of bounds: more than %d releasing stores", CHUNK * CHUNKS);
    rni_ck_clock **chunk = &chunks[messages / CHUNK];
    if (!*chunk)
        *chunk = rni_ck_alloc(CHUNK * sizeof **chunk);
    rni_ck_clock *c = &(*chunk)[messages++ % CHUNK];
    memset(c, 0, sizeof *c);
    return c;
}

void rni_ck_memory_reset(void)
{
    messages = 0;
    rni_ck_location_count = 0;
    rni_ck_serial = 0;
    memset(sc_fence, 0, sizeof sc_fence);
}

static bool acquires(int order)
{
    return order == memory_order_acquire || order == memory_order_consume ||
           order == memory_order_acq_rel || order == memory_order_seq_cst;
}

static bool releases(int order)
{
    return order == memory_order_release || order == memory_order_acq_rel ||
           order == memory_order_seq_cst;
}

static unsigned place_of(const rni_ck_location *l, unsigned store)
{
    return l->stores[store].position;
}

static unsigned newer(const rni_ck_location *l, unsigned place, unsigned store)
{
    unsigned other = place_of(l, store);
    return place > other ? place : other;
}

/* The first place in l's order that t may read; a store of t's comes behind it. */
static unsigned bound_of(const rni_ck_location *l, const rni_ck_thread *t, bool sc)
{
    unsigned i = (unsigned)(l - rni_ck_locations);
    if (rni_ck_options.memory == RN_CHECK_SC)
        return l->count - 1u;
    unsigned bound = place_of(l, t->now.view[i]);
    if (sc) {
        bound = newer(l, bound, l->sc_access);
        bound = newer(l, bound, sc_fence[i]);
    }
    return bound;
}

/* A thread that waited for news reads something newer than before, if there is any, and after that
 * nothing older than what was newest when it waited the time before: stores become visible in the
 * end, or two waiting threads could exchange before the store that they wait for, for ever. */
static unsigned bound_of_awaited(const rni_ck_location *l, rni_ck_thread *t, unsigned bound)
{
    for (unsigned i = 0; i < t->n_awaits; i++) {
        const rni_ck_await *a = &t->awaits[i];
        if (&rni_ck_locations[a->location] != l)
            continue;
        unsigned place = place_of(l, a->store) + 1;
        if (place < l->count && place > bound)
            bound = place;
        bound = newer(l, bound, a->floor);
        t->awaits[i] = t->awaits[--t->n_awaits];
        break;
    }
    return bound;
}

void rni_ck_await_news(rni_ck_thread *t)
{
    for (unsigned i = 0; i < t->n_reads; i++) {
        rni_ck_await *r = &t->reads[i];
        const rni_ck_location *l = &rni_ck_locations[r->location];
        r->floor = 0;
        for (unsigned j = 0; j < t->n_waited; j++) {
            if (t->waited[j].location == r->location)
                r->floor = t->waited[j].store;
        }
        t->awaits[i] = *r;
        r->store = l->order[l->count - 1];
    }
    memcpy(t->waited, t->reads, sizeof t->waited);
    t->n_awaits = t->n_waited = t->n_reads;
    t->n_reads = 0;
}

bool rni_ck_awaits(const rni_ck_thread *t, uintptr_t address)
{
    for (unsigned i = 0; i < t->n_awaits; i++) {
        if (rni_ck_locations[t->awaits[i].location].address == address)
            return true;
    }
    return false;
}

bool rni_ck_has_news(const rni_ck_thread *t)
{
    if (t->n_awaits == 0)
        return rni_ck_serial > t->spin_serial;
    for (unsigned i = 0; i < t->n_awaits; i++) {
        const rni_ck_location *l = &rni_ck_locations[t->awaits[i].location];
        if (place_of(l, t->awaits[i].store) + 1u < l->count)
            return true;
    }
    return false;
}

static void remember_read(rni_ck_thread *t, unsigned location, unsigned store)
{
    unsigned i = 0;
    while (i < t->n_reads && t->reads[i].location != location)
        i++;
    if (i == RNI_CK_AWAITS)
        memmove(t->reads, t->reads + 1, --i * sizeof t->reads[0]);
    if (i == t->n_reads)
        t->n_reads = i + 1;
    t->reads[i] = (rni_ck_await){ (uint16_t)location, (uint16_t)store, 0 };
}

static bool followed_by_rmw(const rni_ck_location *l, unsigned place)
{
    return place + 1 < l->count && l->stores[l->order[place + 1]].rmw;
}

enum { OPTIONS = 128 };

static void add_option(unsigned *options, unsigned *n, unsigned option)
{
    if (*n == OPTIONS)
        rni_ck_fail("out of bounds: more than %d stores that an access may choose among", OPTIONS);
    options[(*n)++] = option;
}

typedef struct reading {
    bool update;  /* whatever is read is replaced */
    bool compare; /* it is replaced if it is `expected` */
    uint64_t expected;
    int order, failed_order;
} reading;

/* Chooses what t reads; the newest is the first choice. Returns the store's identifier. */
static unsigned choose_read(rni_ck_location *l, rni_ck_thread *t, const reading *r)
{
    unsigned options[OPTIONS], n = 0;
    unsigned bound = bound_of_awaited(l, t, bound_of(l, t, false));
    unsigned sc_bound = bound_of(l, t, true);
    for (unsigned place = l->count; place-- > bound;) {
        const rni_ck_store *s = &l->stores[l->order[place]];
        bool replaces = r->update || (r->compare && s->value == r->expected);
        int order = r->compare && !replaces ? r->failed_order : r->order;
        if (order == memory_order_seq_cst && place < sc_bound)
            continue;
        if (s->serial < t->new_only || (replaces && followed_by_rmw(l, place)))
            continue;
        add_option(options, &n, l->order[place]);
    }
    if (n == 0)
        rni_ck_prune();
    t->new_only = 0;
    return options[rni_ck_choose(n)];
}

/* What t learns from reading the store. */
static void learn(rni_ck_location *l, rni_ck_thread *t, unsigned store, int order)
{
    unsigned i = (unsigned)(l - rni_ck_locations);
    const rni_ck_store *s = &l->stores[store];
    if (place_of(l, t->now.view[i]) < s->position)
        t->now.view[i] = (uint16_t)store;
    if (order == memory_order_seq_cst && place_of(l, l->sc_access) < s->position)
        l->sc_access = (uint16_t)store;
    if (s->message)
        rni_ck_clock_join(acquires(order) ? &t->now : &t->acquired, s->message);
    remember_read(t, i, store);
}

static uint64_t masked(uint64_t v, unsigned size)
{
    return size == 8 ? v : v & (((uint64_t)1 << (8 * size)) - 1);
}

static void write_memory(uintptr_t address, unsigned size, uint64_t v)
{
    switch (size) {
    case 1: *(volatile uint8_t *)address = (uint8_t)v; break;
    case 2: *(volatile uint16_t *)address = (uint16_t)v; break;
    case 4: *(volatile uint32_t *)address = (uint32_t)v; break;
    default: *(volatile uint64_t *)address = v; break;
    }
}

/* Puts a store of t's at the place. `read` is the store that a read-modify-write has read. */
static void insert(rni_ck_location *l, rni_ck_thread *t, unsigned place, uint64_t v, int order,
                   const rni_ck_store *read)
{
    unsigned i = (unsigned)(l - rni_ck_locations), id = l->count;
    if (id >= UINT16_MAX - 1)
        rni_ck_fail("out of bounds: more than %u stores to one location", id);
    if (id == l->room) {
        const rni_ck_clock *message = read ? read->message : NULL;
        static rni_ck_store copy;
        l->room = (uint16_t)(l->room < 32000 ? 2 * l->room : UINT16_MAX);
        l->stores = rni_ck_resize(l->stores, l->room * sizeof *l->stores);
        l->order = rni_ck_resize(l->order, l->room * sizeof *l->order);
        copy.message = message;
        read = read ? &copy : NULL;
    }
    for (unsigned at = id; at > place; at--) {
        l->order[at] = l->order[at - 1];
        l->stores[l->order[at]].position++;
    }
    l->order[place] = (uint16_t)id;
    rni_ck_store *s = &l->stores[id];
    *s = (rni_ck_store){ masked(v, l->size), ++rni_ck_serial, (uint16_t)place,
                         (uint8_t)t->index,  read != NULL,    NULL };
    l->count++;
    t->now.view[i] = (uint16_t)id;
    if (read)
        remember_read(t, i, id);
    if (order == memory_order_seq_cst)
        l->sc_access = (uint16_t)id;
    bool release = releases(order);
    if (release || t->has_released || (read && read->message)) {
        rni_ck_clock *m = new_message();
        if (release)
            rni_ck_clock_copy(m, &t->now);
        else if (t->has_released)
            rni_ck_clock_copy(m, &t->released);
        if (read && read->message)
            rni_ck_clock_join(m, read->message);
        s->message = m;
    }
    if (place + 1u == l->count)
        write_memory(l->address, l->size, s->value);
}

/* The access is over: what the thread does next is not part of what it has released. */
static void end_access(rni_ck_thread *t)
{
    t->now.tick[t->index]++;
}

/* A loop that reads the same store at the same place again and again waits for another one. */
static void notice_loop(rni_ck_thread *t, uintptr_t address, const void *pc)
{
    enum { LOOPS = 3 };
    if (t->last_pc != pc || rni_ck_locations[t->last_read.location].address != address) {
        t->repeated = 0;
        t->last_pc = NULL;
    } else if (t->repeated >= LOOPS) {
        rni_ck_spin(pc);
    }
}

static void note_read(rni_ck_thread *t, const rni_ck_location *l, unsigned store, const void *pc)
{
    rni_ck_await read = { (uint16_t)(l - rni_ck_locations), (uint16_t)store, 0 };
    if (t->last_pc == pc && t->last_read.location == read.location &&
        t->last_read.store == read.store)
        t->repeated++;
    else
        t->repeated = 0;
    t->last_pc = pc;
    t->last_read = read;
}

uint64_t rni_ck_load(uintptr_t address, unsigned size, int order, const void *pc)
{
    rni_ck_thread *t = rni_ck_current;
    bool sc = order == memory_order_seq_cst;
    notice_loop(t, address, pc);
    rni_ck_visible((rni_ck_operation){ RNI_CK_LOAD, sc, address }, pc);
    rni_ck_location *l = rni_ck_atomic(address, size, false, pc);
    unsigned store = choose_read(l, t, &(reading){ .order = order });
    const rni_ck_store *s = &l->stores[store];
    uint64_t v = s->value;
    if (rni_ck_tracing)
        rni_ck_trace(pc, "load %s %s = %#llx%s", rni_ck_place((void *)address),
                     rni_ck_order_name(order), (unsigned long long)v,
                     s->position + 1u < l->count ? " (stale)" : "");
    learn(l, t, store, order);
    note_read(t, l, store, pc);
    end_access(t);
    return v;
}

void rni_ck_store_value(uintptr_t address, unsigned size, uint64_t v, int order, const void *pc)
{
    rni_ck_thread *t = rni_ck_current;
    bool sc = order == memory_order_seq_cst;
    t->last_pc = NULL;
    rni_ck_visible((rni_ck_operation){ RNI_CK_STORE, sc, address }, pc);
    rni_ck_location *l = rni_ck_atomic(address, size, true, pc);
    unsigned options[OPTIONS], n = 0, bound = bound_of(l, t, sc);
    for (unsigned place = l->count; place > bound; place--) {
        if (place == l->count || !l->stores[l->order[place]].rmw)
            add_option(options, &n, place);
    }
    /* cppcheck-suppress uninitvar ; add_option has filled it */
    unsigned place = options[rni_ck_choose(n)];
    if (rni_ck_tracing)
        rni_ck_trace(pc, "store %s %s = %#llx%s", rni_ck_place((void *)address),
                     rni_ck_order_name(order), (unsigned long long)masked(v, size),
                     place < l->count ? " (before a newer one)" : "");
    insert(l, t, place, v, order, NULL);
    end_access(t);
}

static uint64_t updated(uint64_t old, int what, uint64_t v)
{
    switch (what) {
    case RNI_CK_ADD: return old + v;
    case RNI_CK_SUB: return old - v;
    case RNI_CK_AND: return old & v;
    case RNI_CK_OR: return old | v;
    case RNI_CK_XOR: return old ^ v;
    case RNI_CK_NAND: return ~(old & v);
    default: return v;
    }
}

uint64_t rni_ck_update(uintptr_t address, unsigned size, int what, uint64_t v, int order,
                       const void *pc)
{
    rni_ck_thread *t = rni_ck_current;
    bool sc = order == memory_order_seq_cst;
    t->last_pc = NULL;
    rni_ck_visible((rni_ck_operation){ RNI_CK_RMW, sc, address }, pc);
    rni_ck_location *l = rni_ck_atomic(address, size, true, pc);
    unsigned store = choose_read(l, t, &(reading){ .update = true, .order = order });
    uint64_t old = l->stores[store].value, now = masked(updated(old, what, v), size);
    if (rni_ck_tracing)
        rni_ck_trace(pc, "%s %s %s: %#llx -> %#llx", what == RNI_CK_SET ? "exchange" : "update",
                     rni_ck_place((void *)address), rni_ck_order_name(order),
                     (unsigned long long)old, (unsigned long long)now);
    learn(l, t, store, order);
    insert(l, t, l->stores[store].position + 1u, now, order, &l->stores[store]);
    end_access(t);
    return old;
}

uint64_t rni_ck_compare(uintptr_t address, unsigned size, uint64_t expected, uint64_t desired,
                        int order, int failed_order, bool weak, bool *done, const void *pc)
{
    rni_ck_thread *t = rni_ck_current;
    bool sc = order == memory_order_seq_cst || failed_order == memory_order_seq_cst;
    notice_loop(t, address, pc);
    rni_ck_visible((rni_ck_operation){ RNI_CK_RMW, sc, address }, pc);
    rni_ck_location *l = rni_ck_atomic(address, size, false, pc);
    reading r = { .compare = true,
                  .expected = masked(expected, size),
                  .order = order,
                  .failed_order = failed_order };
    unsigned store = choose_read(l, t, &r);
    uint64_t old = l->stores[store].value;
    *done = old == r.expected;
    if (*done && weak && rni_ck_options.spurious && rni_ck_parallel && rni_ck_choose(2) == 1)
        *done = false;
    if (rni_ck_tracing)
        rni_ck_trace(pc, "compare %s %s: %#llx %s %#llx", rni_ck_place((void *)address),
                     rni_ck_order_name(*done ? order : failed_order), (unsigned long long)old,
                     *done ? "->" : "is not", (unsigned long long)(*done ? desired : r.expected));
    learn(l, t, store, *done ? order : failed_order);
    if (*done) {
        t->last_pc = NULL;
        rni_ck_atomic(address, size, true, pc); /* only now it is a write */
        insert(l, t, l->stores[store].position + 1u, desired, order, &l->stores[store]);
    } else {
        note_read(t, l, store, pc);
    }
    end_access(t);
    return old;
}

uint64_t rni_ck_newest(uintptr_t address, unsigned size, const void *pc)
{
    rni_ck_location *l = rni_ck_atomic(address, size, false, pc);
    unsigned store = l->order[l->count - 1];
    learn(l, rni_ck_current, store, memory_order_relaxed);
    end_access(rni_ck_current);
    return l->stores[store].value;
}

static void fence_sc(rni_ck_thread *t)
{
    rni_ck_clock_join(&t->now, &t->acquired);
    rni_ck_view_join(t->now.view, sc_fence);
    for (unsigned i = 0; i < rni_ck_location_count; i++) {
        const rni_ck_location *l = &rni_ck_locations[i];
        if (place_of(l, t->now.view[i]) < place_of(l, l->sc_access))
            t->now.view[i] = l->sc_access;
    }
    rni_ck_view_join(sc_fence, t->now.view);
    rni_ck_clock_copy(&t->released, &t->now);
    t->has_released = true;
    end_access(t);
}

void rni_ck_fence(int order, const void *pc)
{
    rni_ck_thread *t = rni_ck_current;
    t->last_pc = NULL;
    if (order == memory_order_seq_cst) {
        /* Among mere interleavings a fence orders nothing that is not in order already. */
        if (rni_ck_options.memory == RN_CHECK_C11)
            rni_ck_visible((rni_ck_operation){ RNI_CK_FENCE_SC, true, 0 }, pc);
        if (rni_ck_tracing)
            rni_ck_trace(pc, "fence seq_cst");
        fence_sc(t);
        return;
    }
    if (rni_ck_tracing)
        rni_ck_trace(pc, "fence %s", rni_ck_order_name(order));
    if (acquires(order))
        rni_ck_clock_join(&t->now, &t->acquired);
    if (releases(order)) {
        rni_ck_clock_copy(&t->released, &t->now);
        t->has_released = true;
        end_access(t);
    }
}

void rn_check_heavy_fence(void)
{
    if (!rni_ck_user) {
        atomic_thread_fence(memory_order_seq_cst);
        return;
    }
    rni_ck_user = 0;
    const void *pc = __builtin_return_address(0);
    rni_ck_thread *t = rni_ck_current;
    t->last_pc = NULL;
    for (unsigned i = 0; i <= rni_ck_thread_count; i++) {
        unsigned whose = i == 0 || i == rni_ck_thread_count ? (unsigned)t->index : i;
        if (i == (unsigned)t->index && i != 0)
            continue;
        rni_ck_visible((rni_ck_operation){ RNI_CK_FENCE_ALL, true, whose }, pc);
        if (rni_ck_tracing)
            rni_ck_trace(pc, "heavy fence of thread %u", whose);
        fence_sc(&rni_ck_threads[whose]);
    }
    rni_ck_user = 1;
}
