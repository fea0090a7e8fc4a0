/* SPDX-License-Identifier: MIT */
/*
 * The check of leaks, at one instant: the roots.
 *
 * Which tasks are suspects, suspect.c tells from their records; all others that are alive are
 * roots, and so are registers, tasks that have not started, and all memory that is no node's.
 * What a stopped thread uses of its stack begins RNI_RED_ZONE bytes below the stack pointer. All of
 * a task's stack counts if the thread that runs it stands elsewhere, as in a signal's handler.
 */
#include "obs/survey.h"

#include "obs/nodes.h"
#include "obs/suspect.h"

/* ---- roots ---- */

/* Whoever stands on a task's stack, at sp, runs that task. */
static void stand(rni_making *m, uintptr_t sp)
{
    const rni_span *s = rni_spans_find(&m->r.spans, sp);
    if (!s || s->kind != RNI_SPAN_STACKS || (sp - s->base) / s->stride >= s->used)
        return;
    uint32_t i = s->first + (uint32_t)((sp - s->base) / s->stride);
    rni_task_node *n = &m->r.tasks[i];
    uintptr_t saved = (uintptr_t)__atomic_load_n(&n->task->context.sp, __ATOMIC_RELAXED);
    n->from = saved && saved < sp ? saved : sp;
    m->leaving |= n->role != RNI_ROLE_NONE && rni_leaving(n->task);
    rni_reach_stack(&m->r, i);
}

/* Whether a thread stands in its worker's loop. */
static bool in_loop(const rni_making *m, const rni_os_stopped *t)
{
    rni_worker_seen w;
    uintptr_t low, high, sp = (uintptr_t)t->sp;
    for (unsigned i = 0; rni_worker_look(i, &w); i++)
        if (w.thread_id == t->id)
            return rni_loop_bounds(m, &w, &low, &high) && sp >= low && sp < high;
    return false;
}

static void add_threads(rni_making *m)
{
    for (size_t i = 0; i < m->world->n; i++) {
        const rni_os_stopped *t = &m->world->threads[i];
        const uintptr_t *words = t->registers;
        size_t n = in_loop(m, t) ? 0 : t->register_bytes / sizeof *words;
        for (size_t k = 0; k < n; k++)
            rni_reach_word(&m->r, words[k], RNI_IN_THREAD);
        stand(m, (uintptr_t)t->sp - RNI_RED_ZONE);
    }
    stand(m, (uintptr_t)m->survey->low);
}

/* The lowest of the stack pointers that are in [base, end), or base if there is none. What is below
 * is left over. */
static uintptr_t lowest_used(const rni_making *m, uintptr_t base, uintptr_t end)
{
    uintptr_t low = UINTPTR_MAX, sp = (uintptr_t)m->survey->low;
    rni_worker_seen w;
    for (size_t i = 0; i <= m->world->n; i++) {
        if (sp >= base && sp < end && sp < low)
            low = sp;
        if (i < m->world->n)
            sp = (uintptr_t)m->world->threads[i].sp - RNI_RED_ZONE;
    }
    for (unsigned i = 0; rni_worker_look(i, &w); i++) {
        sp = (uintptr_t)w.loop_sp;
        if (sp >= base && sp < end && sp < low)
            low = sp;
    }
    return low == UINTPTR_MAX ? base : low;
}

static void add_memory(const rni_os_region *region, void *arg)
{
    rni_making *m = arg;
    uintptr_t base = region->base;
    if (region->main_stack) {
        uintptr_t low = lowest_used(m, region->mapping_base, region->mapping_end);
        base = base < low ? low : base;
    }
    if (base < region->end)
        rni_reach_read_outside(&m->r, base, region->end);
}

static void add_kept(uintptr_t word, void *arg)
{
    rni_making *m = arg;
    rni_reach_word(&m->r, word, RNI_IN_MEMORY);
}

/* A lock that a suspect waits for: in a stack, of which it depends whether anyone can get there; or
 * elsewhere, where anyone may. */
static void add_lock(rni_making *m, uint32_t i)
{
    rni_reach *r = &m->r;
    rni_task_node *n = &r->tasks[i];
    uintptr_t at = (uintptr_t)atomic_load_explicit(&n->task->what, memory_order_relaxed);
    const rni_span *s = rni_spans_find(&r->spans, at);
    uint32_t slot = s && s->kind == RNI_SPAN_STACKS ? (uint32_t)((at - s->base) / s->stride) : 0;
    if (!s || s->kind != RNI_SPAN_STACKS || slot >= s->used ||
        r->tasks[s->first + slot].role == RNI_ROLE_NONE) {
        rni_reach_live(r, i);
        return;
    }
    rni_task_node *holder = &r->tasks[s->first + slot];
    n->next_locked = holder->locked;
    holder->locked = i;
}

static void add_context(rni_making *m, uint32_t i)
{
    const rni_context_node *n = &m->r.contexts[i];
    const rn_ctx *c = n->context;
    rni_reach_word(&m->r, (uintptr_t)c->value, RNI_IN_TASK);
    rni_reach_word(&m->r, (uintptr_t)c->self, RNI_IN_TASK);
    rni_reach_word(&m->r, (uintptr_t)atomic_load_explicit(&c->done, memory_order_relaxed),
                   RNI_IN_TASK);
    if (n->waiters == RNI_NO_NODE)
        return;
    /* Besides suspects something else is counted in: a task that can run, or will be started. */
    const rn_group *g = (const rn_group *)(const void *)c;
    if (atomic_load_explicit(&g->live, memory_order_relaxed) != (long)n->counted)
        rni_reach_context(&m->r, i);
}

static void add_spawn(rni_spawn *s, void *arg)
{
    rni_making *m = arg;
    const rni_span *span = rni_spans_find(&m->r.spans, (uintptr_t)s);
    if (!span) /* it is in none of the pools that were named */
        m->r.error = -EIO;
    else
        rni_reach_spawn(&m->r, span, (uint32_t)(((uintptr_t)s - span->base) / RNI_SPAWN_BYTES));
}

static int mark(rni_making *m)
{
    rni_reach *r = &m->r;
    add_threads(m);
    for (uint32_t i = 0; i < r->n_tasks; i++) {
        const rni_task_node *n = &r->tasks[i];
        if (n->role != RNI_ROLE_SUSPECT)
            continue;
        if (!rni_suspect(n->task))
            rni_reach_live(r, i);
        else if (rni_waits_for_lock(rni_why_of(n->task)))
            add_lock(m, i);
    }
    for (uint32_t i = 0; i < r->n_contexts; i++)
        add_context(m, i);
    rni_spawn_each(add_spawn, m);
    rni_reach_follow(r);
    if (r->suspects == 0 || r->error != 0)
        return r->error;
    int rc = rni_os_memory_each(add_memory, m);
    if (rc == 0)
        rc = rni_os_kept_each(m->world->process, add_kept, m);
    rni_reach_follow(r);
    return rc ? rc : r->error;
}

static void collect(rni_making *m)
{
    rni_survey *s = m->survey;
    for (size_t i = 0; i < m->r.n_tasks; i++) {
        const rni_task_node *n = &m->r.tasks[i];
        if (n->role != RNI_ROLE_SUSPECT || n->task->background)
            continue;
        uint64_t id = atomic_load_explicit(&n->task->id, memory_order_relaxed);
        s->found[s->n++] = (rni_leaked_task){ n->task, id };
    }
}

int rni_survey_world(const rni_os_world *world, void *arg)
{
    rni_making m = { .world = world, .survey = arg };
    m.survey->n = 0;
    int rc = rni_nodes_make(&m);
    if (rc == 0)
        rc = mark(&m);
    if (rc != 0)
        return rc;
    collect(&m);
    return m.leaving ? RNI_SURVEY_LEAVING : 0;
}
