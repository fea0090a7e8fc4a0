/* SPDX-License-Identifier: MIT */
/* Groups, mutexes, semaphores and wait groups of the reference model. */
#include "fuzz/model.h"

#include <errno.h>

/* ---- groups ---- */

bool model_is_cancelled(const task *x)
{
    return x->shields == 0 && x->group != ROOT && m.groups[x->group].cause != 0;
}

void model_cancel(int g, int cause)
{
    if (m.groups[g].cause)
        return;
    m.groups[g].cause = cause;
    for (int t = 0; t < TASKS_MAX; t++) {
        task *x = &m.tasks[t];
        /* A close waits whatever happens to its caller. */
        if (x->group == g && x->fate == WAITS && x->shields == 0 && x->begin->call->op != OP_SHUT)
            model_known(t, -ECANCELED);
    }
    for (int i = 0; i < GROUPS_MAX; i++)
        if (m.groups[i].open && m.groups[i].above == g)
            model_cancel(i, cause);
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
    if (n->rc == 0 && *holder == NOBODY)
        *holder = n->task;
    else if (n->rc == 0)
        model_wrong("a mutex is held twice");
    else if (n->rc != -ECANCELED || !model_is_cancelled(x))
        model_wrong("a lock was given up without a cancellation");
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
