/* SPDX-License-Identifier: MIT */
/* Groups, mutexes, semaphores and wait groups of the reference model. */
#include "fuzz/model.h"

#include <errno.h>

/* ---- groups ---- */

bool model_is_cancelled(const task *x)
{
    return x->shields == 0 && x->group != ROOT && m.groups[x->group].cause != 0;
}

/* Marks g and what is below it, but for what is cancelled already. */
static void mark(int g, int cause, bool *marked)
{
    if (m.groups[g].cause)
        return;
    m.groups[g].cause = cause;
    marked[g] = true;
    for (int i = 0; i < GROUPS_MAX; i++)
        if (m.groups[i].open && m.groups[i].above == g)
            mark(i, cause, marked);
}

static void cond_ends(int t, int rc);

/* Ends the waits of the tasks in marked groups; `seen`: only those that returned -ECANCELED. */
static void end_waits(const bool *marked, bool seen)
{
    for (int t = 0; t < TASKS_MAX; t++) {
        const task *x = &m.tasks[t];
        /* A close waits whatever happens to its caller. */
        if (x->group == ROOT || !marked[x->group] || x->fate != WAITS || x->shields ||
            x->begin->call->op == OP_SHUT)
            continue;
        if (seen && !(x->end && x->end->rc == -ECANCELED))
            continue;
        if (x->begin->call->op == OP_COND_WAIT)
            cond_ends(t, -ECANCELED);
        else
            model_known(t, -ECANCELED);
    }
}

/* Who waits for the done channel of a group that is cancelled at the same time may see either. */
static void end_marked(const bool *marked)
{
    end_waits(marked, true);
    for (int i = 0; i < GROUPS_MAX; i++)
        if (marked[i])
            model_close(&m.channels[DONE + i]);
    end_waits(marked, false);
}

void model_cancel(int g, int cause)
{
    bool marked[GROUPS_MAX] = { false };
    mark(g, cause, marked);
    end_marked(marked);
}

void model_expire(int64_t when)
{
    bool marked[GROUPS_MAX] = { false };
    for (int i = 0; i < GROUPS_MAX; i++) {
        if (!m.groups[i].open || m.groups[i].end != when)
            continue;
        m.groups[i].end = INT64_MAX;
        mark(i, -ETIMEDOUT, marked);
    }
    end_marked(marked);
}

static bool is_inside(const task *x, int g)
{
    for (int at = x->group; at != ROOT; at = m.groups[at].around)
        if (at == g)
            return true;
    return false;
}

/* Those who wait for the end of g's tasks. */
static void drained(int g)
{
    for (int t = 0; t < TASKS_MAX; t++) {
        task *x = &m.tasks[t];
        if (x->fate != WAITS || x->begin->call->object != g)
            continue;
        if (x->begin->call->op == OP_JOIN)
            model_known(t, m.groups[g].cause);
        else if (x->begin->call->op == OP_SHUT)
            model_known(t, x->on_time);
    }
}

void model_group(int t, const call *c)
{
    task *x = &m.tasks[t];
    group *g = &m.groups[c->op == OP_GO ? c->other : c->object];
    switch (c->op) {
    case OP_GO:
        if (g->cause == 0) {
            g->live++;
            m.tasks[c->object].spawned = true;
            m.tasks[c->object].group = c->other;
        }
        model_known(t, g->cause ? -ECANCELED : 0);
        break;
    case OP_OPEN:
        *g = (group){ .open = true, .above = x->group, .around = x->group, .end = INT64_MAX };
        g->cause = x->group == ROOT ? 0 : m.groups[x->group].cause;
        model_known(t, 0);
        break;
    case OP_JOIN:
        if (is_inside(x, c->object))
            model_known(t, -EDEADLK);
        else if (g->live == 0)
            model_known(t, g->cause);
        else
            model_waits(t, INT64_MAX, 0);
        break;
    case OP_SHUT:
        model_waits(t, INT64_MAX, g->cause); /* what it returns */
        model_cancel(c->object, -ECANCELED);
        if (g->live == 0)
            model_known(t, x->on_time);
        g->open = false;
        break;
    default:
        model_cancel(c->object, c->cause);
        model_known(t, 0);
        break;
    }
}

void model_leave(const note *n)
{
    task *x = &m.tasks[n->task];
    group *g = &m.groups[x->group];
    x->left = true;
    if (n->rc < 0)
        model_cancel(x->group, n->rc);
    if (--g->live == 0)
        drained(x->group);
}

/* ---- locks and counters ---- */

static bool is_wanted(int lock)
{
    for (int t = 0; t < TASKS_MAX; t++)
        if (m.tasks[t].fate == OPEN && m.tasks[t].begin->call->object == lock)
            return true;
    return false;
}

void model_lock(int t, const call *c)
{
    int *holder = &m.holder[c->object];
    bool free = *holder == NOBODY && !is_wanted(c->object);
    if (c->op == OP_UNLOCK) {
        *holder = NOBODY;
        model_known(t, 0);
    } else if (c->op == OP_LOCK && !free) {
        m.tasks[t].fate = OPEN;
    } else {
        /* One that has been woken for it may have it already, or not yet. */
        bool fails = c->op == OP_TRY_LOCK && !free &&
                     (*holder != NOBODY || (m.tasks[t].end && m.tasks[t].end->rc != 0));
        if (!fails)
            *holder = t;
        model_known(t, fails ? -EAGAIN : 0);
    }
}

void model_lock_ends(const note *n)
{
    task *x = &m.tasks[n->task];
    int *holder = &m.holder[n->call->object];
    bool cond = n->call->op == OP_COND_WAIT;
    if (cond && n->rc != x->rc)
        model_wrong("a wait for a condition returned something else");
    else if ((cond || n->rc == 0) && *holder == NOBODY)
        *holder = n->task;
    else if (cond || n->rc == 0)
        model_wrong("a mutex is held twice");
    else if (n->rc != -ECANCELED || !model_is_cancelled(x))
        model_wrong("a lock was given up without a cancellation");
}

/* The wait for the condition is over; the mutex is still to be had. */
static void cond_ends(int t, int rc)
{
    queue *q = &m.conds[m.tasks[t].begin->call->object];
    int n = 0;
    for (int i = 0; i < q->n; i++)
        if (q->list[i].task != t)
            q->list[n++] = q->list[i];
    q->n = n;
    m.tasks[t].fate = OPEN;
    m.tasks[t].rc = rc;
}

void model_cond(int t, const call *c)
{
    queue *q = &m.conds[c->object];
    if (c->op == OP_COND_WAIT) {
        m.holder[c->object] = NOBODY;
        model_waits(t, INT64_MAX, 0);
        model_enqueue(q, t, 0);
        return;
    }
    for (bool more = true; more && q->n > 0; more = c->op == OP_BROADCAST)
        cond_ends(q->list[0].task, 0);
    model_known(t, 0);
}

void model_admit(void)
{
    while (m.writer == NOBODY && m.rw_waiters.n) {
        int t = m.rw_waiters.list[0].task;
        bool writes = m.tasks[t].begin->call->op == OP_WLOCK;
        if (writes && m.readers > 0)
            return;
        if (writes) {
            m.writer = t;
            m.writers_waiting--;
        } else {
            m.readers++;
        }
        model_known(t, 0);
    }
}

void model_rw(int t, const call *c)
{
    bool free = m.writer == NOBODY;
    switch (c->op) {
    case OP_RUNLOCK: m.readers--; break;
    case OP_WUNLOCK: m.writer = NOBODY; break;
    case OP_RLOCK:
        if (free && m.writers_waiting == 0) {
            m.readers++;
            model_known(t, 0);
            return;
        }
        break;
    default:
        if (free && m.readers == 0) {
            m.writer = t;
            model_known(t, 0);
            return;
        }
        m.writers_waiting++;
        break;
    }
    if (c->op == OP_RUNLOCK || c->op == OP_WUNLOCK) {
        model_admit();
        model_known(t, 0);
    } else {
        model_waits(t, INT64_MAX, 0);
        m.tasks[t].queued = true;
        model_enqueue(&m.rw_waiters, t, 0);
    }
}

void model_serve_acquirers(void)
{
    while (m.acquirers.n) {
        int t = m.acquirers.list[0].task, permits = m.tasks[t].begin->call->other;
        if (permits > m.permits)
            return;
        m.permits -= permits;
        model_known(t, 0);
    }
}

void model_counted(int t, const call *c)
{
    bool fits = m.acquirers.n == 0 && c->other <= m.permits;
    switch (c->op) {
    case OP_ACQUIRE:
        if (fits) {
            m.permits -= c->other;
            model_known(t, 0);
            return;
        }
        model_waits(t, INT64_MAX, 0);
        model_enqueue(&m.acquirers, t, 0);
        m.tasks[t].queued = true;
        return;
    case OP_TRY_ACQUIRE:
        m.permits -= fits ? c->other : 0;
        model_known(t, fits ? 0 : -EAGAIN);
        return;
    case OP_RELEASE:
        m.permits += c->other;
        model_serve_acquirers();
        break;
    case OP_WAIT:
        if (m.count) {
            model_waits(t, INT64_MAX, 0);
            return;
        }
        break;
    default:
        m.count += c->op == OP_ADD ? 1 : -1;
        for (int i = 0; i < TASKS_MAX && m.count == 0; i++)
            if (m.tasks[i].fate == WAITS && m.tasks[i].begin->call->op == OP_WAIT)
                model_known(i, 0);
        break;
    }
    model_known(t, 0);
}
