/* SPDX-License-Identifier: MIT */
/*
 * Marking what can be reached; reach.h has the rules. Runs while the world stands still: allocates
 * nothing, takes no lock. Memory is read through the system, because a page may be missing, and
 * because what sanitizers forbid a program to read counts all the same.
 *
 * Every node is queued once at most, so `work` has a place for each.
 */
#include "obs/reach.h"

#include <string.h>

#include "core/records.h"

enum { BUFFER_BYTES = 64 * 1024, QUEUE_MAX = 1 << 26, KIND_SHIFT = 60, WORD = sizeof(uintptr_t) };
enum { TASK, CHANNEL, CONTEXT, SPAWN };

/* kind: TASK ...; what: its node, or a record's address, which is shorter than this. */
static void queue(rni_reach *r, int kind, uint64_t what)
{
    r->work[r->n_work++] = (uint64_t)kind << KIND_SHIFT | what;
}

/* ---- reaching a node ---- */

static void read_stack(rni_reach *r, uint32_t i)
{
    rni_task_node *n = &r->tasks[i];
    if (n->read || n->role == RNI_ROLE_NONE)
        return;
    n->read = true;
    queue(r, TASK, i);
}

static void reach_group_of(rni_reach *r, const rni_owner *o)
{
    if (!o || !o->is_group)
        return;
    uint32_t i = rni_reach_find_context(r, &RNI_CONTAINER(o, rn_group, owner)->ctx);
    if (i != RNI_NO_NODE)
        rni_reach_context(r, i);
}

void rni_reach_live(rni_reach *r, uint32_t i)
{
    rni_task_node *n = &r->tasks[i];
    if (n->role != RNI_ROLE_SUSPECT)
        return;
    n->role = RNI_ROLE_LIVE;
    r->suspects--;
    reach_group_of(r, n->task->owner);
    read_stack(r, i);
}

void rni_reach_stack(rni_reach *r, uint32_t i)
{
    rni_task_node *n = &r->tasks[i];
    if (n->role == RNI_ROLE_NONE)
        n->role = RNI_ROLE_LIVE; /* its owner may be gone */
    n->stood = true;
    rni_reach_live(r, i);
    read_stack(r, i);
}

void rni_reach_channel(rni_reach *r, uint32_t i)
{
    rni_channel_node *n = &r->channels[i];
    if (n->reached || !n->channel)
        return;
    n->reached = true;
    queue(r, CHANNEL, i);
}

void rni_reach_context(rni_reach *r, uint32_t i)
{
    rni_context_node *n = &r->contexts[i];
    if (n->reached)
        return;
    n->reached = true;
    queue(r, CONTEXT, i);
}

void rni_reach_spawn(rni_reach *r, const rni_span *s, uint32_t i)
{
    if (r->spawns[s->first + i])
        return;
    r->spawns[s->first + i] = true;
    queue(r, SPAWN, s->base + (uintptr_t)i * RNI_SPAWN_BYTES);
}

/* ---- words ---- */

static void word_in_stacks(rni_reach *r, const rni_span *s, uintptr_t word)
{
    uint32_t slot = (uint32_t)((word - s->base) / s->stride);
    if (slot >= s->used)
        return;
    const rni_task_node *n = &r->tasks[s->first + slot];
    if (n->role != RNI_ROLE_NONE && (word - s->base) % s->stride >= s->guard &&
        word < (uintptr_t)n->task)
        read_stack(r, s->first + slot);
}

static void word_in_channels(rni_reach *r, const rni_span *s, uintptr_t word, rni_found_in where)
{
    uintptr_t offset = (word - s->base) % sizeof(rn_channel);
    if (where == RNI_IN_MEMORY && offset == offsetof(rn_channel, owned))
        return;
    rni_reach_channel(r, s->first + (uint32_t)((word - s->base) / sizeof(rn_channel)));
}

static void word_in_context(rni_reach *r, const rni_span *s, uintptr_t word, rni_found_in where)
{
    uintptr_t offset = word - s->base;
    if (where == RNI_IN_MEMORY &&
        (offset == offsetof(rn_ctx, link) || offset == offsetof(rn_ctx, children) ||
         offset == offsetof(rn_group, sibling) || offset == offsetof(rn_group, children) ||
         offset == offsetof(rn_group, owned) || offset == offsetof(rn_group, owner)))
        return;
    rni_reach_context(r, s->first);
}

void rni_reach_word(rni_reach *r, uintptr_t word, rni_found_in where)
{
    const rni_span *s = rni_spans_find(&r->spans, word);
    if (!s)
        return;
    switch (s->kind) {
    case RNI_SPAN_STACKS: word_in_stacks(r, s, word); break;
    case RNI_SPAN_CHANNELS: word_in_channels(r, s, word, where); break;
    case RNI_SPAN_CONTEXT: word_in_context(r, s, word, where); break;
    case RNI_SPAN_SPAWNS:
        /* Free records are linked to by their beginnings, from everywhere. */
        if (where == RNI_IN_THREAD || (word - s->base) % RNI_SPAWN_BYTES >= RNI_SPAWN_HEADER)
            rni_reach_spawn(r, s, (uint32_t)((word - s->base) / RNI_SPAWN_BYTES));
        break;
    case RNI_SPAN_RING:
    case RNI_SPAN_OWN: break;
    }
}

static uint64_t load(const char *at)
{
    uint64_t word;
    memcpy(&word, at, sizeof word);
    return word;
}

/* Whether none of the eight words that begin at `at` and the next seven bytes can be of use: all
 * are zero, or the second byte from the top, which is zero in every address, is in none. */
static bool eight_useless(const char *at)
{
    const uint64_t ones = UINT64_C(0x0101010101010101), tops = load(at + 6);
    return ((tops - ones) & ~tops & ones << 7) == 0 || (load(at) | load(at + 7)) == 0;
}

/* The words that begin in the buffer's first n bytes. The bytes of the last are in it, too. */
static void read_buffer(rni_reach *r, size_t n, rni_found_in where)
{
    const bool short_addresses = WORD == 8 && r->high <= UINT64_C(1) << 48;
    for (size_t i = 0; i < n;) {
        while (short_addresses && i + 8 <= n && eight_useless(r->buffer + i))
            i += 8;
        for (size_t end = i + 8 < n ? i + 8 : n; i < end; i++) {
            uintptr_t word;
            memcpy(&word, r->buffer + i, WORD);
            if (rni_unlikely(word - r->low < r->high - r->low))
                rni_reach_word(r, word, where);
        }
    }
}

/* The words that begin in [base, end), at every byte: a packed structure aligns nothing. */
void rni_reach_read(rni_reach *r, uintptr_t base, uintptr_t end, rni_found_in where)
{
    const uintptr_t page = rni_os_page();
    while (base < end && r->error == 0) {
        size_t want = end - base < BUFFER_BYTES - WORD ? end - base : BUFFER_BYTES - WORD;
        ssize_t got = rni_os_peek(r->buffer, base, want + WORD - 1);
        if (got < 0) {
            r->error = (int)got;
            return;
        }
        if ((size_t)got >= WORD)
            read_buffer(r, (size_t)got - WORD + 1 < want ? (size_t)got - WORD + 1 : want, where);
        if ((size_t)got >= want)
            base += want;
        else
            base = (base + (size_t)got + page) &
                   ~(page - 1); /* the rest of that page is not there */
    }
}

void rni_reach_read_outside(rni_reach *r, uintptr_t base, uintptr_t end)
{
    const rni_span *last = r->spans.at + r->spans.n, *s = rni_spans_below(&r->spans, base);
    if (!s)
        s = r->spans.at;
    for (; s < last && s->base < end; s++) {
        if (s->base > base)
            rni_reach_read(r, base, s->base, RNI_IN_MEMORY);
        if (s->end > base)
            base = s->end;
    }
    if (base < end)
        rni_reach_read(r, base, end, RNI_IN_MEMORY);
}

/* ---- following ---- */

static void follow_task(rni_reach *r, const rni_task_node *n)
{
    for (uint32_t i = n->locked; i != RNI_NO_NODE; i = r->tasks[i].next_locked)
        rni_reach_live(r, i);
    rni_reach_read(r, n->from, (uintptr_t)n->task, n->stood ? RNI_IN_THREAD : RNI_IN_TASK);
}

static void follow_queue(rni_reach *r, const rni_queue *q)
{
    size_t steps = 0; /* of a list that cannot be trusted to end, if it is not what it seems */
    for (const rni_waiter *w = q->head; w && steps < QUEUE_MAX; w = w->next, steps++) {
        uint32_t i = rni_reach_find_task(r, w->task);
        if (i != RNI_NO_NODE)
            rni_reach_live(r, i);
    }
}

static void follow_channel(rni_reach *r, const rn_channel *c)
{
    follow_queue(r, &c->receivers);
    follow_queue(r, &c->senders);
    if (c->count == 0 || c->size == 0)
        return;
    size_t first = c->count < c->cap - c->head ? c->count : c->cap - c->head;
    uintptr_t ring = (uintptr_t)c->ring, at = ring + c->head * c->size;
    rni_reach_read(r, at, at + first * c->size, RNI_IN_TASK);
    rni_reach_read(r, ring, ring + (c->count - first) * c->size, RNI_IN_TASK);
}

static void follow_context(rni_reach *r, const rni_context_node *n)
{
    for (uint32_t i = n->waiters; i != RNI_NO_NODE; i = r->tasks[i].next_waiter)
        rni_reach_live(r, i);
    if (n->root)
        return;
    for (uint32_t i = n->members; i != RNI_NO_NODE; i = r->tasks[i].next_member)
        rni_reach_live(r, i);
    for (uint32_t i = n->children; i != RNI_NO_NODE; i = r->contexts[i].next_child)
        rni_reach_context(r, i);
    for (uint32_t i = n->channels; i != RNI_NO_NODE; i = r->channels[i].next_of_group)
        rni_reach_channel(r, i);
}

static void follow_spawn(rni_reach *r, const rni_spawn *s)
{
    uintptr_t base = (uintptr_t)s;
    rni_reach_read(r, base + RNI_SPAWN_HEADER, base + RNI_SPAWN_BYTES, RNI_IN_TASK);
    if (atomic_load_explicit(&s->queued, memory_order_relaxed))
        reach_group_of(r, s->owner);
}

void rni_reach_follow(rni_reach *r)
{
    while (r->n_work > 0) {
        uint64_t item = r->work[--r->n_work];
        uint32_t i = (uint32_t)item;
        switch (item >> KIND_SHIFT) {
        case TASK: follow_task(r, &r->tasks[i]); break;
        case CHANNEL: follow_channel(r, r->channels[i].channel); break;
        case CONTEXT: follow_context(r, &r->contexts[i]); break;
        default:
            item &= (UINT64_C(1) << KIND_SHIFT) - 1;
            follow_spawn(r, (const rni_spawn *)(uintptr_t)item);
            break;
        }
    }
}

/* ---- finding ---- */

uint32_t rni_reach_find_context(const rni_reach *r, const rn_ctx *c)
{
    const rni_span *s = rni_spans_find(&r->spans, (uintptr_t)c);
    return s && s->kind == RNI_SPAN_CONTEXT ? s->first : RNI_NO_NODE;
}

uint32_t rni_reach_find_task(const rni_reach *r, const rni_task *t)
{
    const rni_span *s = rni_spans_find(&r->spans, (uintptr_t)t);
    if (!s || s->kind != RNI_SPAN_STACKS)
        return RNI_NO_NODE;
    return s->first + (uint32_t)(((uintptr_t)t - s->base) / s->stride);
}
