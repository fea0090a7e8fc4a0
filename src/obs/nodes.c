/* SPDX-License-Identifier: MIT */
/*
 * The nodes of the check of leaks, and the list of the memory that the library knows.
 *
 * Everything is counted first, then gets one piece of memory that the system reserves: malloc's
 * locks may be held by those who stand still. The queues of a channel are whole if its lock is
 * free; if any is held there are no nodes (RNI_SURVEY_LOCKED), and the world is let go and stopped
 * again: such sections are a few dozen instructions.
 */
#include "obs/nodes.h"

#include <errno.h>
#include <runnel/task.h>

#include "obs/suspect.h"

enum { CONTEXTS_MAX = 1 << 25, BUFFER_BYTES = 64 * 1024 };

/* ---- counting ---- */

static size_t depth(const rn_ctx *c)
{
    size_t n = 0;
    for (; c && c->parent; c = c->parent)
        n++;
    return n;
}

static bool has_waiters(const rn_channel *c)
{
    return c->receivers.head || c->senders.head;
}

/* 0: it is part of the header. */
static size_t ring_bytes(const rn_channel *c)
{
    return rni_chan_has_own_ring(c) ? 0 : c->size * c->cap;
}

static void count_chunk(const rni_stack_chunk *c, void *arg)
{
    rni_making *m = arg;
    m->n_spans++;
    m->r.n_tasks += c->used;
}

static void count_task(rni_task *t, void *arg)
{
    rni_making *m = arg;
    if (!rni_alive(t) || !t->owner)
        return;
    const rn_group *g = rni_group_of(t);
    if (g)
        m->contexts_max += depth(&g->ctx);
    if (rni_suspect(t) && rni_why_of(t) == RNI_WHY_GROUP)
        m->contexts_max += depth(&rni_awaited_group(t)->ctx);
}

static void count_headers(rn_channel *first, size_t n, void *arg)
{
    rni_making *m = arg;
    m->n_spans++;
    m->r.n_channels += n;
    for (size_t i = 0; i < n; i++) {
        const rn_channel *c = &first[i];
        if (!atomic_load_explicit(&c->live, memory_order_relaxed))
            continue;
        m->busy |= atomic_load_explicit(&c->lock.held, memory_order_relaxed) != 0;
        m->n_spans += ring_bytes(c) > 0;
        if (c->group && has_waiters(c))
            m->contexts_max += depth(&((const rn_group *)c->group)->ctx);
    }
}

static void count_spawns(uintptr_t base, size_t n, void *arg)
{
    rni_making *m = arg;
    (void)base;
    m->n_spans++;
    m->r.n_spawns += n;
}

static void *part(rni_making *m, size_t n, size_t size)
{
    char *memory = m->survey->memory;
    size_t at = m->used;
    m->used += (n * size + 63) & ~(size_t)63;
    return memory ? memory + at : NULL;
}

static void lay_out(rni_making *m)
{
    rni_reach *r = &m->r;
    m->used = 0;
    r->buffer = part(m, 1, BUFFER_BYTES);
    r->spans.at = part(m, m->n_spans, sizeof *r->spans.at);
    r->tasks = part(m, r->n_tasks, sizeof *r->tasks);
    r->channels = part(m, r->n_channels, sizeof *r->channels);
    r->contexts = part(m, m->contexts_max, sizeof *r->contexts);
    r->spawns = part(m, r->n_spawns, sizeof *r->spawns);
    r->work = part(m, r->n_tasks + r->n_channels + m->contexts_max + r->n_spawns, sizeof *r->work);
    m->hash = part(m, m->hash_size, sizeof *m->hash);
    m->survey->found = part(m, r->n_tasks, sizeof *m->survey->found);
}

static int allocate(rni_making *m)
{
    rni_stack_chunks_each(count_chunk, m);
    rni_stack_each(count_task, m);
    rni_channel_slabs_each(count_headers, m);
    rni_spawn_slabs_each(count_spawns, m);
    if (m->busy)
        return RNI_SURVEY_LOCKED;
    if (m->contexts_max > CONTEXTS_MAX)
        return -ENOTSUP;
    m->n_spans += m->contexts_max + rn_worker_count() + 4;
    for (m->hash_size = 64; m->hash_size < 2 * m->contexts_max;)
        m->hash_size *= 2;
    lay_out(m); /* only to see how much it takes */
    m->survey->bytes = m->used;
    m->survey->memory = rni_os_reserve(m->survey->bytes);
    if (!m->survey->memory)
        return -ENOMEM;
    lay_out(m);
    return 0;
}

/* ---- nodes and spans ---- */

static rni_span *add_span(rni_making *m, uintptr_t base, size_t bytes, rni_span_kind kind,
                          size_t first)
{
    rni_span *s = &m->r.spans.at[m->r.spans.n++];
    *s = (rni_span){ .base = base, .end = base + bytes, .kind = kind, .first = (uint32_t)first };
    return s;
}

static void add_range(rni_making *m, rni_os_range r)
{
    if (r.bytes)
        add_span(m, (uintptr_t)r.base, r.bytes, RNI_SPAN_OWN, 0);
}

static void add_chunk(const rni_stack_chunk *c, void *arg)
{
    rni_making *m = arg;
    rni_reach *r = &m->r;
    rni_span *s = add_span(m, c->base, c->bytes, RNI_SPAN_STACKS, r->n_tasks);
    s->used = c->used;
    s->stride = (uint32_t)c->stride;
    s->guard = (uint32_t)c->guard;
    for (unsigned i = 0; i < c->used; i++) {
        rni_task *t = rni_stack_slot(c, i);
        rni_task_node *n = &r->tasks[r->n_tasks++];
        uintptr_t sp = (uintptr_t)__atomic_load_n(&t->context.sp, __ATOMIC_RELAXED);
        *n = (rni_task_node){ .task = t,
                              .from = sp ? sp : c->base + c->stride * i + c->guard,
                              .next_member = RNI_NO_NODE,
                              .next_waiter = RNI_NO_NODE,
                              .next_locked = RNI_NO_NODE,
                              .locked = RNI_NO_NODE,
                              .role = rni_alive(t) ? RNI_ROLE_SUSPECT : RNI_ROLE_NONE };
        r->suspects += n->role == RNI_ROLE_SUSPECT;
    }
}

/* The node of c, made if there is none yet, and those above it. RNI_NO_NODE for the background. */
static uint32_t context_node(rni_making *m, rn_ctx *c)
{
    uint32_t first = RNI_NO_NODE, below = RNI_NO_NODE;
    for (; c->parent; c = c->parent) {
        size_t mask = m->hash_size - 1;
        size_t at = (size_t)((uintptr_t)c * UINT64_C(0x9e3779b97f4a7c15) >> 20) & mask;
        while (m->hash[at] && m->r.contexts[m->hash[at] - 1].context != c)
            at = (at + 1) & mask;
        bool known = m->hash[at] != 0;
        if (!known) {
            const rn_group *g = (const rn_group *)(const void *)c;
            bool group = rni_ctx_is_group(c);
            m->r.contexts[m->r.n_contexts] = (rni_context_node){
                .context = c,
                .members = RNI_NO_NODE,
                .waiters = RNI_NO_NODE,
                .children = RNI_NO_NODE,
                .channels = RNI_NO_NODE,
                .next_child = RNI_NO_NODE,
                .root = group && !g->parent && g->owner.run != 0,
            };
            add_span(m, (uintptr_t)c, group ? sizeof *g : sizeof *c, RNI_SPAN_CONTEXT,
                     m->r.n_contexts);
            m->hash[at] = (uint32_t)++m->r.n_contexts;
        }
        uint32_t i = m->hash[at] - 1;
        if (below != RNI_NO_NODE) {
            m->r.contexts[below].next_child = m->r.contexts[i].children;
            m->r.contexts[i].children = below;
        }
        if (first == RNI_NO_NODE)
            first = i;
        if (known)
            return first;
        below = i;
    }
    return first;
}

static void add_task(rni_making *m, uint32_t i)
{
    rni_reach *r = &m->r;
    rni_task_node *n = &r->tasks[i];
    rn_group *g = rni_group_of(n->task);
    if (g) {
        uint32_t c = context_node(m, &g->ctx);
        r->contexts[c].counted++;
        if (!rni_shielded(n->task)) {
            n->next_member = r->contexts[c].members;
            r->contexts[c].members = i;
        }
    }
    if (rni_why_of(n->task) == RNI_WHY_GROUP) {
        uint32_t c = context_node(m, &rni_awaited_group(n->task)->ctx);
        n->next_waiter = r->contexts[c].waiters;
        r->contexts[c].waiters = i;
    }
}

static void add_headers(rn_channel *first, size_t n, void *arg)
{
    rni_making *m = arg;
    rni_reach *r = &m->r;
    add_span(m, (uintptr_t)first, n * sizeof *first, RNI_SPAN_CHANNELS, r->n_channels);
    for (size_t i = 0; i < n; i++) {
        rn_channel *c = &first[i];
        uint32_t k = (uint32_t)r->n_channels++;
        if (!atomic_load_explicit(&c->live, memory_order_relaxed))
            continue;
        r->channels[k] = (rni_channel_node){ .channel = c, .next_of_group = RNI_NO_NODE };
        if (ring_bytes(c) > 0)
            add_span(m, (uintptr_t)c->ring, ring_bytes(c), RNI_SPAN_RING, k);
        rn_group *g = c->group;
        if (!g || !has_waiters(c))
            continue;
        uint32_t node = context_node(m, &g->ctx);
        r->channels[k].next_of_group = r->contexts[node].channels;
        r->contexts[node].channels = k;
    }
}

static void add_spawns(uintptr_t base, size_t n, void *arg)
{
    rni_making *m = arg;
    rni_span *s = add_span(m, base, n * RNI_SPAWN_BYTES, RNI_SPAN_SPAWNS, m->r.n_spawns);
    s->used = (uint32_t)n;
    m->r.n_spawns += n;
}

bool rni_loop_bounds(const rni_making *m, const rni_worker_seen *w, uintptr_t *low, uintptr_t *high)
{
    enum { LOOP_BYTES = 64 * 1024 }; /* more than it takes */
    *high = (uintptr_t)w->loop_frame;
    *low = (uintptr_t)w->loop_sp;
    if (!*high || w->in_callback)
        return false;
    for (size_t i = 0; i < m->world->n; i++) {
        uintptr_t sp = (uintptr_t)m->world->threads[i].sp;
        if (m->world->threads[i].id == w->thread_id && *high - sp < LOOP_BYTES)
            *low = sp - RNI_RED_ZONE;
    }
    return *low && *high - *low < LOOP_BYTES;
}

static void add_loops(rni_making *m)
{
    rni_worker_seen w;
    for (unsigned i = 0; rni_worker_look(i, &w); i++) {
        uintptr_t low, high;
        if (!rni_loop_bounds(m, &w, &low, &high))
            continue;
        if (w.stack_base)
            low = (uintptr_t)w.stack_base; /* what is below is not used */
        add_span(m, low, high - low, RNI_SPAN_OWN, 0);
    }
}

static void build(rni_making *m)
{
    rni_reach *r = &m->r;
    r->n_tasks = r->n_channels = r->n_spawns = 0;
    rni_stack_chunks_each(add_chunk, m);
    rni_channel_slabs_each(add_headers, m);
    rni_spawn_slabs_each(add_spawns, m);
    for (size_t i = 0; i < r->n_tasks; i++)
        if (r->tasks[i].role == RNI_ROLE_SUSPECT && rni_suspect(r->tasks[i].task))
            add_task(m, (uint32_t)i);
    r->low = UINTPTR_MAX;
    for (size_t i = 0; i < r->spans.n; i++) {
        const rni_span *s = &r->spans.at[i];
        r->low = s->base < r->low ? s->base : r->low;
        r->high = s->end > r->high ? s->end : r->high;
    }
    add_range(m, m->world->own);
    add_range(m, (rni_os_range){ m->survey->memory, m->survey->bytes });
    if (m->survey->stack.bytes) {
        uintptr_t base = (uintptr_t)m->survey->stack.base;
        add_span(m, base, (uintptr_t)m->survey->low - base, RNI_SPAN_OWN, 0);
    }
    add_loops(m);
    rni_spans_sort(&r->spans);
}

/* Else what is in one span would be looked for in another. An assertion would report, which takes
 * locks that those who stand still may hold. */
static bool apart(const rni_spans *s)
{
    for (size_t i = 1; i < s->n; i++)
        if (s->at[i - 1].end > s->at[i].base)
            return false;
    return true;
}

int rni_nodes_make(rni_making *m)
{
    int rc = allocate(m);
    if (rc != 0)
        return rc;
    build(m);
    return apart(&m->r.spans) ? 0 : -EIO;
}
