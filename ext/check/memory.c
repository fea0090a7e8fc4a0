/* SPDX-License-Identifier: MIT */
/*
 * Atomic memory: what a load may read and where a store goes in the modification order.
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
 * Sequential consistency: order.c says which of these places a seq_cst access, or one with fences
 * before it, cannot have.
 *
 * Memory itself always holds the last store in modification order, so that plain reads that are
 * ordered find it. A plain write ends a location's history (race.c).
 *
 * Rejected: modification order = order of execution (it cannot show 2+2W).
 */
#include <stdatomic.h>
#include <string.h>

#include "engine.h"

rni_ck_location rni_ck_locations[RNI_CK_LOCATIONS];
unsigned rni_ck_location_count;
uint32_t rni_ck_serial;

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

const rni_ck_clock *rni_ck_tell(rni_ck_thread *t)
{
    rni_ck_clock *message = new_message();
    rni_ck_clock_copy(message, &t->now);
    rni_ck_end_access(t);
    return message;
}

void rni_ck_learn(rni_ck_thread *t, const rni_ck_clock *message)
{
    rni_ck_clock_join(&t->now, message);
    for (unsigned u = 0; u < rni_ck_thread_count; u++) {
        if (t->causes[u] < message->tick[u])
            t->causes[u] = message->tick[u];
    }
}

void rni_ck_memory_reset(void)
{
    messages = 0;
    rni_ck_location_count = 0;
    rni_ck_serial = 0;
    rni_ck_order_reset();
}

bool rni_ck_acquires(int order)
{
    return order == memory_order_acquire || order == memory_order_consume ||
           order == memory_order_acq_rel || order == memory_order_seq_cst;
}

bool rni_ck_releases(int order)
{
    return order == memory_order_release || order == memory_order_acq_rel ||
           order == memory_order_seq_cst;
}

static unsigned place_of(const rni_ck_location *l, unsigned store)
{
    return l->stores[store].position;
}

/* The first place in l's order that t may read; a store of t's comes behind it. */
static unsigned bound_of(const rni_ck_location *l, const rni_ck_thread *t)
{
    if (rni_ck_options.memory == RN_CHECK_SC)
        return l->count - 1u;
    return place_of(l, t->now.view[l - rni_ck_locations]);
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
    unsigned bound = rni_ck_news_bound(l, t, bound_of(l, t));
    for (unsigned place = l->count; place-- > bound;) {
        const rni_ck_store *s = &l->stores[l->order[place]];
        bool replaces = r->update || (r->compare && s->value == r->expected);
        int order = r->compare && !replaces ? r->failed_order : r->order;
        if (s->serial < t->new_only || (replaces && followed_by_rmw(l, place)))
            continue;
        if (!rni_ck_order_allows(l, t, s, order, place + 1, replaces))
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
    for (unsigned u = 0; u < rni_ck_thread_count; u++) {
        if (t->causes[u] < s->causes[u])
            t->causes[u] = s->causes[u];
    }
    if (s->message)
        rni_ck_clock_join(rni_ck_acquires(order) ? &t->now : &t->acquired, s->message);
    rni_ck_news_read(t, i, store);
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
    *s = (rni_ck_store){ .value = masked(v, l->size),
                         .serial = ++rni_ck_serial,
                         .position = (uint16_t)place,
                         .thread = (uint8_t)t->index,
                         .rmw = read != NULL };
    memcpy(s->causes, t->causes, sizeof s->causes);
    s->causes[t->index] = t->now.tick[t->index];
    l->count++;
    t->now.view[i] = (uint16_t)id;
    if (read)
        rni_ck_news_read(t, i, id);
    rni_ck_order_access(l, t, s, true, order == memory_order_seq_cst);
    bool release = rni_ck_releases(order);
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
void rni_ck_end_access(rni_ck_thread *t)
{
    t->now.tick[t->index]++;
}

uint64_t rni_ck_load(uintptr_t address, unsigned size, int order, const void *pc)
{
    rni_ck_thread *t = rni_ck_current;
    rni_ck_news_loop(t, address, pc);
    rni_ck_visible((rni_ck_operation){ RNI_CK_LOAD, address }, pc);
    rni_ck_location *l = rni_ck_atomic(address, size, false, pc);
    unsigned store = choose_read(l, t, &(reading){ .order = order });
    const rni_ck_store *s = &l->stores[store];
    uint64_t v = s->value;
    if (rni_ck_tracing)
        rni_ck_trace(pc, "load %s %s = %#llx%s", rni_ck_place((void *)address),
                     rni_ck_order_name(order), (unsigned long long)v,
                     s->position + 1u < l->count ? " (stale)" : "");
    learn(l, t, store, order);
    rni_ck_order_access(l, t, &l->stores[store], false, order == memory_order_seq_cst);
    rni_ck_news_repeat(t, l, store, pc);
    rni_ck_end_access(t);
    return v;
}

void rni_ck_store_value(uintptr_t address, unsigned size, uint64_t v, int order, const void *pc)
{
    rni_ck_thread *t = rni_ck_current;
    t->last_pc = NULL;
    rni_ck_visible((rni_ck_operation){ RNI_CK_STORE, address }, pc);
    rni_ck_location *l = rni_ck_atomic(address, size, true, pc);
    unsigned options[OPTIONS], n = 0, bound = bound_of(l, t);
    for (unsigned place = l->count; place > bound; place--) {
        if ((place == l->count || !l->stores[l->order[place]].rmw) &&
            rni_ck_order_allows(l, t, NULL, order, place, true))
            add_option(options, &n, place);
    }
    /* cppcheck-suppress uninitvar ; add_option has filled it */
    unsigned place = options[rni_ck_choose(n)];
    if (rni_ck_tracing)
        rni_ck_trace(pc, "store %s %s = %#llx%s", rni_ck_place((void *)address),
                     rni_ck_order_name(order), (unsigned long long)masked(v, size),
                     place < l->count ? " (before a newer one)" : "");
    insert(l, t, place, v, order, NULL);
    rni_ck_end_access(t);
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
    t->last_pc = NULL;
    rni_ck_visible((rni_ck_operation){ RNI_CK_RMW, address }, pc);
    rni_ck_location *l = rni_ck_atomic(address, size, true, pc);
    unsigned store = choose_read(l, t, &(reading){ .update = true, .order = order });
    uint64_t old = l->stores[store].value, now = masked(updated(old, what, v), size);
    if (rni_ck_tracing)
        rni_ck_trace(pc, "%s %s %s: %#llx -> %#llx", what == RNI_CK_SET ? "exchange" : "update",
                     rni_ck_place((void *)address), rni_ck_order_name(order),
                     (unsigned long long)old, (unsigned long long)now);
    learn(l, t, store, order);
    insert(l, t, l->stores[store].position + 1u, now, order, &l->stores[store]);
    rni_ck_end_access(t);
    return old;
}

uint64_t rni_ck_compare(uintptr_t address, unsigned size, uint64_t expected, uint64_t desired,
                        int order, int failed_order, bool weak, bool *done, const void *pc)
{
    rni_ck_thread *t = rni_ck_current;
    rni_ck_news_loop(t, address, pc);
    rni_ck_visible((rni_ck_operation){ RNI_CK_RMW, address }, pc);
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
        rni_ck_order_access(l, t, &l->stores[store], false, failed_order == memory_order_seq_cst);
        rni_ck_news_repeat(t, l, store, pc);
    }
    rni_ck_end_access(t);
    return old;
}

uint64_t rni_ck_newest(uintptr_t address, unsigned size, const void *pc)
{
    rni_ck_location *l = rni_ck_atomic(address, size, false, pc);
    unsigned store = l->order[l->count - 1];
    learn(l, rni_ck_current, store, memory_order_relaxed);
    rni_ck_order_access(l, rni_ck_current, &l->stores[store], false, false);
    rni_ck_end_access(rni_ck_current);
    return l->stores[store].value;
}
