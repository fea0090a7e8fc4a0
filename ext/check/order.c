/* SPDX-License-Identifier: MIT */
/*
 * The order S of sequentially consistent operations.
 *
 * C11 wants one total order of all seq_cst accesses and fences that agrees with happens-before and
 * with coherence. The order of execution would do, but is only one of many: whoever has seen what
 * comes after a store of seq_cst, and has not acquired it, may still come before that store in S.
 * So S is not chosen here. What is kept is what any S has to agree with, a partial order, and an
 * access that would close a cycle in it is refused. Then nothing depends on the order of execution,
 * and two seq_cst operations commute like any others (step.c).
 *
 * The operations of S are nodes: (thread, number in that thread). Those of one thread are in order,
 * so what precedes a node is one number a thread, `before`, its own included.
 *
 * Let A be coherence-ordered before B: at one location, B reads what A has stored or anything
 * newer, or B stores what is newer than what A has read or stored. Then C++20, 31.4, wants
 *
 *     A, and the fences that A is behind,  before  B, and the fences that are behind B
 *
 * as far as A and B are nodes; "behind" is happens-before. (C11's wording asks less of fences.)
 * Of each pair one end is executed later, and adds the edge:
 *
 *   - the later end, as B, finds the sources of A with the store that A has made or read;
 *   - the later end, as A, finds the targets of B with the store that B has made or read, or that
 *     was the newest that the fence's thread knew. That is an access that goes before something
 *     that is there already, and the only one that can close a cycle.
 *
 * An access that is no node has edges all the same: from the fences before it at once, to those
 * after it when they are executed.
 *
 * With a bound on preemptions there is no reduction, and an access that goes before a node which
 * has been executed already would be explored twice: so, and in its turn. It may go there only if
 * it has no turn before that node, because it is caused by it (program order, reads-from, S).
 */
#include <stdatomic.h>
#include <string.h>

#include "engine.h"

typedef struct node {
    uint32_t tick;   /* of its thread, when it was executed */
    uint32_t serial; /* of all nodes */
    uint32_t last_fence;
    uint32_t causes[RNI_CK_THREADS]; /* as its thread's were */
    uint32_t before[RNI_CK_THREADS];
} node;

static struct {
    node *nodes; /* from 1 */
    uint32_t count, room;
} threads[RNI_CK_THREADS];
static uint32_t nodes; /* of all threads */

void rni_ck_order_reset(void)
{
    nodes = 0;
    for (unsigned u = 0; u < RNI_CK_THREADS; u++)
        threads[u].count = 0;
}

/* ---- sets of nodes, as one number a thread ---- */

static bool is_empty(const uint32_t *numbers)
{
    for (unsigned u = 0; u < rni_ck_thread_count; u++) {
        if (numbers[u])
            return false;
    }
    return true;
}

static void join(uint32_t *to, const uint32_t *from)
{
    for (unsigned u = 0; u < rni_ck_thread_count; u++) {
        if (to[u] < from[u])
            to[u] = from[u];
    }
}

/* Adds the nodes and all that precedes them. */
static void join_before(uint32_t *to, const uint32_t *numbers)
{
    for (unsigned u = 0; u < rni_ck_thread_count; u++) {
        if (numbers[u])
            join(to, threads[u].nodes[numbers[u]].before);
    }
}

/* The first of each thread; 0 is none. */
static void join_first(uint32_t *to, const uint32_t *from)
{
    for (unsigned u = 0; u < rni_ck_thread_count; u++) {
        if (from[u] && (!to[u] || to[u] > from[u]))
            to[u] = from[u];
    }
}

/* The last node of each thread, or its last fence, that happened before what t does now, if it
 * learns the message by it. */
static void known(uint32_t *numbers, const rni_ck_thread *t, const rni_ck_clock *message,
                  bool fences)
{
    for (unsigned u = 0; u < rni_ck_thread_count; u++) {
        uint32_t n = threads[u].count, tick = t->now.tick[u];
        if (message && message->tick[u] > tick)
            tick = message->tick[u];
        while (n && threads[u].nodes[n].tick > tick)
            n--;
        numbers[u] = n && fences ? threads[u].nodes[n].last_fence : n;
    }
}

/* What precedes it in S and has been executed before it causes it, too. */
static void join_causes(uint32_t *causes, const uint32_t *before)
{
    for (unsigned u = 0; u < rni_ck_thread_count; u++) {
        if (!before[u])
            continue;
        const node *e = &threads[u].nodes[before[u]];
        join(causes, e->causes);
        if (causes[u] < e->tick)
            causes[u] = e->tick;
    }
}

static uint32_t add_node(rni_ck_thread *t, bool fence, const uint32_t *before)
{
    unsigned u = (unsigned)t->index;
    uint32_t n = ++threads[u].count;
    if (n >= threads[u].room) {
        threads[u].room = threads[u].room ? 2 * threads[u].room : 64;
        threads[u].nodes = rni_ck_resize(threads[u].nodes, threads[u].room * sizeof(node));
    }
    node *e = &threads[u].nodes[n];
    e->tick = t->now.tick[u];
    e->serial = ++nodes;
    join_causes(t->causes, before);
    memcpy(e->causes, t->causes, sizeof e->causes);
    e->last_fence = fence ? n : n > 1 ? threads[u].nodes[n - 1].last_fence : 0;
    memcpy(e->before, before, sizeof e->before);
    e->before[u] = n;
    return n;
}

/* ---- accesses ---- */

/* What must come before an access that reads the store at place - 1, or writes there. */
static void join_sources(uint32_t *to, const rni_ck_location *l, unsigned place, bool writes)
{
    for (unsigned i = 0; l->in_order && i < place; i++) {
        const rni_ck_store *s = &l->stores[l->order[i]];
        join_before(to, s->made_after);
        if (writes || i + 1 < place)
            join_before(to, s->read_after);
    }
}

static bool find_targets(uint32_t *targets, const rni_ck_location *l, unsigned place)
{
    memset(targets, 0, RNI_CK_THREADS * sizeof targets[0]);
    for (unsigned i = place; i < l->count; i++)
        join_first(targets, l->stores[l->order[i]].followed_by);
    return !is_empty(targets);
}

static void find_before(uint32_t *before, const rni_ck_location *l, const rni_ck_thread *t,
                        const rni_ck_clock *message, unsigned place, bool writes, bool sc)
{
    uint32_t numbers[RNI_CK_THREADS];
    memset(before, 0, RNI_CK_THREADS * sizeof before[0]);
    known(numbers, t, message, !sc);
    join_before(before, numbers);
    if (sc)
        join_sources(before, l, place, writes);
}

/* Whether nothing could have been executed before these targets instead of after them. */
static bool is_in_turn(const uint32_t *targets, const rni_ck_thread *t, const rni_ck_store *s,
                       const rni_ck_clock *message, const uint32_t *before, bool sc)
{
    uint32_t fences[RNI_CK_THREADS], causes[RNI_CK_THREADS];
    known(fences, t, message, true);
    memcpy(causes, t->causes, sizeof causes);
    join_causes(causes, before);
    if (s)
        join(causes, s->causes);
    for (unsigned v = 0; v < rni_ck_thread_count; v++) {
        if (!targets[v])
            continue;
        const node *e = &threads[v].nodes[targets[v]];
        if (sc && causes[v] < e->tick)
            return false;
        for (unsigned u = 0; u < rni_ck_thread_count; u++) {
            const node *f = &threads[u].nodes[fences[u]];
            if (fences[u] && f->serial > e->serial && f->causes[v] < e->tick)
                return false;
        }
    }
    return true;
}

bool rni_ck_order_allows(const rni_ck_location *l, const rni_ck_thread *t, const rni_ck_store *s,
                         int order, unsigned place, bool writes)
{
    bool sc = order == memory_order_seq_cst;
    const rni_ck_clock *message = s && rni_ck_acquires(order) ? s->message : NULL;
    uint32_t targets[RNI_CK_THREADS], before[RNI_CK_THREADS];
    if (nodes == 0 || !l->in_order || !find_targets(targets, l, place))
        return true;
    find_before(before, l, t, message, place, writes, sc);
    for (unsigned u = 0; u < rni_ck_thread_count; u++) {
        if (targets[u] && before[u] >= targets[u])
            return false;
    }
    return rni_ck_options.preemptions == 0 || is_in_turn(targets, t, s, message, before, sc);
}

/* The targets, and all that they precede, come after these. */
static void add_edges(const uint32_t *targets, const uint32_t *before)
{
    for (unsigned u = 0; u < rni_ck_thread_count; u++) {
        for (uint32_t n = 1; n <= threads[u].count; n++) {
            node *e = &threads[u].nodes[n];
            bool follows = false;
            for (unsigned v = 0; v < rni_ck_thread_count; v++)
                follows |= targets[v] && e->before[v] >= targets[v];
            if (follows)
                join(e->before, before);
        }
    }
}

void rni_ck_order_access(rni_ck_location *l, rni_ck_thread *t, rni_ck_store *s, bool writes,
                         bool sc)
{
    uint32_t targets[RNI_CK_THREADS], before[RNI_CK_THREADS], sources[RNI_CK_THREADS];
    unsigned me = (unsigned)t->index, place = s->position + 1u;
    if ((nodes == 0 && !sc) || me == 0 || rni_ck_options.memory == RN_CHECK_SC)
        return;
    known(sources, t, NULL, true);
    if (!sc && is_empty(sources))
        return;
    find_before(before, l, t, NULL, place, writes, sc);
    if (sc) {
        uint32_t n = add_node(t, false, before);
        before[me] = sources[me] = n;
        if (!s->followed_by[me])
            s->followed_by[me] = n;
    }
    if (find_targets(targets, l, place))
        add_edges(targets, before);
    join(writes ? s->made_after : s->read_after, sources);
    l->in_order = true;
}

/* ---- fences ---- */

void rni_ck_order_fence(rni_ck_thread *t, uint32_t *previous)
{
    uint32_t before[RNI_CK_THREADS] = { 0 }, numbers[RNI_CK_THREADS] = { 0 };
    unsigned me = (unsigned)t->index;
    if (me == 0 || rni_ck_options.memory == RN_CHECK_SC)
        return;
    known(numbers, t, NULL, false);
    join_before(before, numbers);
    if (previous)
        join_before(before, previous);
    for (unsigned i = 0; i < rni_ck_location_count; i++) {
        const rni_ck_location *l = &rni_ck_locations[i];
        join_sources(before, l, l->stores[t->now.view[i]].position + 1u, false);
    }
    uint32_t n = add_node(t, true, before);
    for (unsigned i = 0; i < rni_ck_location_count; i++) {
        rni_ck_location *l = &rni_ck_locations[i];
        rni_ck_store *s = &l->stores[t->now.view[i]];
        if (s->position == 0) /* nothing goes before that */
            continue;
        if (!s->followed_by[me])
            s->followed_by[me] = n;
        l->in_order = true;
    }
    if (previous)
        previous[me] = n;
}
