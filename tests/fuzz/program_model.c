/* SPDX-License-Identifier: MIT */
/*
 * The reference model: channels, selects, locks, groups and time as a sequential program that only
 * reads notes. It shares no code and no data structure with the library.
 *
 * Each call takes place when it is noted as begun, or joins those that wait; whatever lets it go on
 * later is another call, the end of a task or the time. So at each NOTE_END it is known what the
 * call must return, and at NOTE_QUIET exactly those calls must not have returned that wait in the
 * model. Where the documents leave a choice, the model looks up what the library has chosen and
 * checks that it was among the alternatives:
 *   - which of the ready cases a select takes;
 *   - of two things that happen to a wait at one instant (a deadline, a cancellation), which is
 *     first;
 *   - when somebody who was woken for a mutex takes it. Mutexes are therefore checked by exclusion:
 *     between the end of a lock and the begin of its unlock there is no other; and nobody waits for
 *     one that nobody holds when all is quiet;
 *   - whether a wait for a group's last task, which has failed, sees the end or the waiter's own
 *     cancellation, if there is one before the task has left.
 *
 * Stricter than the documents on purpose: waiters of one channel are served first come, first
 * served, plain calls and selects alike. The library promises the order of values; this is how it
 * keeps it.
 */
#include "fuzz/model.h"

#include <errno.h>
#include <string.h>

model m;

void model_wrong(const char *what)
{
    if (!m.wrong)
        m.wrong = what;
}

/* ---- time ---- */

/* In which order things happen at one instant: what the library let happen is before what that
 * made impossible. A deadline that has ended its wait is first, one that came too late is last. */
enum { ENDS_A_WAIT, FIRES, CANCELS, FIRES_LATE, TOO_LATE, NEVER };

static int rank(const task *x)
{
    return x->end && x->end->rc == x->on_time ? ENDS_A_WAIT : TOO_LATE;
}

static int rank_of_timer(void)
{
    entry e;
    return m.channels[TIMER].receivers.n == 0 || model_timer_goes_to(&e) ? FIRES : FIRES_LATE;
}

/* Lets the first thing happen that is due until now. False if there is none. */
static bool next_due(int64_t now)
{
    int64_t when = now;
    int best = NEVER, who = NOBODY;
    for (int t = 0; t < TASKS_MAX; t++) {
        const task *x = &m.tasks[t];
        if (x->fate == WAITS && (x->deadline < when || (x->deadline == when && rank(x) < best)))
            when = x->deadline, best = rank(x), who = t;
    }
    for (int i = 0; i < GROUPS_MAX; i++) {
        const group *g = &m.groups[i];
        if (g->open && (g->end < when || (g->end == when && CANCELS < best)))
            when = g->end, best = CANCELS;
    }
    if (m.due < when || (m.due == when && rank_of_timer() < best))
        when = m.due, best = rank_of_timer();
    if (best == NEVER)
        return false;
    m.now = when;
    if (best == CANCELS) {
        model_expire(when);
    } else if (best == FIRES || best == FIRES_LATE) {
        model_fire();
    } else {
        model_known(who, m.tasks[who].on_time);
    }
    return true;
}

static void advance(int64_t now)
{
    if (now < m.now)
        model_wrong("the clock went back");
    while (next_due(now))
        ;
    m.now = now;
}

/* ---- notes ---- */

static bool may_be_refused(op o)
{
    switch (o) {
    case OP_SEND:
    case OP_RECV:
    case OP_DISCARD:
    case OP_SEND_UNTIL:
    case OP_RECV_UNTIL:
    case OP_SELECT:
    case OP_ORDERED:
    case OP_SLEEP:
    case OP_YIELD:
    case OP_LOCK:
    case OP_COND_WAIT:
    case OP_RLOCK:
    case OP_WLOCK:
    case OP_ACQUIRE:
    case OP_WAIT:
    case OP_JOIN: return true;
    default: return false;
    }
}

static void note_begin(const note *n)
{
    task *x = &m.tasks[n->task];
    const call *c = n->call;
    x->begin = n;
    x->end = NULL;
    x->queued = false;
    for (int i = 0; i < GROUPS_MAX; i++) {
        m.channels[DONE + i].cap = m.groups[i].open ? 0 : NOBODY;
        m.channels[DONE + i].closed = m.groups[i].cause != 0;
    }
    for (const note *e = n + 1; e < m.notes->list + m.notes->n && !x->end; e++)
        if (e->kind == NOTE_END && e->task == n->task)
            x->end = e;
    if (may_be_refused(c->op) && model_is_cancelled(x)) {
        model_known(n->task, -ECANCELED);
        return;
    }
    switch (c->op) {
    case OP_SELECT:
    case OP_ORDERED: model_select(n->task, c); break;
    case OP_CLOSE:
        model_close(&m.channels[c->object]);
        model_known(n->task, 0);
        break;
    case OP_LENGTH:
        model_known(n->task, c->object == TIMER ? 0 : m.channels[c->object].count);
        break;
    case OP_RESET:
    case OP_STOP: model_timer(n->task, c); break;
    case OP_COND_WAIT:
    case OP_SIGNAL:
    case OP_BROADCAST: model_cond(n->task, c); break;
    case OP_RLOCK:
    case OP_RUNLOCK:
    case OP_WLOCK:
    case OP_WUNLOCK: model_rw(n->task, c); break;
    case OP_SLEEP: model_waits(n->task, m.now + c->ns, 0); break;
    case OP_LOCK:
    case OP_TRY_LOCK:
    case OP_UNLOCK: model_lock(n->task, c); break;
    case OP_ACQUIRE:
    case OP_TRY_ACQUIRE:
    case OP_RELEASE:
    case OP_ADD:
    case OP_DONE:
    case OP_WAIT: model_counted(n->task, c); break;
    case OP_CANCEL:
    case OP_EXPIRE:
    case OP_JOIN:
    case OP_GO:
    case OP_OPEN:
    case OP_SHUT: model_group(n->task, c); break;
    case OP_YIELD: model_known(n->task, 0); break;
    case OP_CANCELLED: model_known(n->task, 0); break; /* it answers at its end */
    case OP_SHIELD:
    case OP_UNSHIELD:
        x->shields += c->op == OP_SHIELD ? 1 : -1;
        model_known(n->task, 0);
        break;
    default: model_channel(n->task, c); break;
    }
}

static void compare(const note *n, const task *x)
{
    op o = n->call->op;
    int rc = x->rc;
    if (o == OP_CANCELLED)
        rc = model_is_cancelled(x) ? m.groups[x->group].cause : 0;
    else if (o == OP_JOIN && n->rc == -ECANCELED && model_is_cancelled(x))
        rc = n->rc;
    if (n->rc != rc)
        model_wrong("a call returned something else");
    else if (n->closed != x->closed)
        model_wrong("a select says something else of a closed channel");
    else if (model_is_select(x) && n->rc >= 0 && n->ok != x->ok)
        model_wrong("a select says something else of its value");
    else if (n->value != x->value)
        model_wrong("a receive got another value");
}

static void note_end(const note *n)
{
    task *x = &m.tasks[n->task];
    if (x->fate == WAITS)
        model_wrong("a call returned that must wait");
    else if (x->fate == OPEN)
        model_lock_ends(n);
    else
        compare(n, x);
    x->fate = IDLE;
    if (n->call->op == OP_ACQUIRE && n->rc != 0 && x->queued)
        model_serve_acquirers(); /* those behind it may fit; it sees to that itself */
    if (n->call->op == OP_WLOCK && n->rc != 0 && x->queued) {
        m.writers_waiting--; /* so does it with readers who stand behind it */
        model_admit();
    }
}

static void note_quiet(void)
{
    for (int t = 0; t < TASKS_MAX; t++) {
        const task *x = &m.tasks[t];
        if (x->spawned && !x->started)
            model_wrong("a task did not start");
        if (x->started && !x->left && x->fate == IDLE && t != JUDGE)
            model_wrong("a task stands still between two calls");
        if (x->fate == KNOWN)
            model_wrong("a call did not return that could");
        if (x->fate == OPEN && m.holder[x->begin->call->object] == NOBODY)
            model_wrong("a task waits for a mutex that nobody holds");
        if (x->fate == OPEN && x->begin->call->op == OP_LOCK && model_is_cancelled(x))
            model_wrong("a cancelled task waits for a mutex");
    }
}

/* Every value that was sent was received once, or dropped once. */
static void check_dropped(void)
{
    for (int i = 0; i < CHANNELS_MAX; i++)
        for (int k = 0; k < m.channels[i].count; k++)
            model_discard(m.channels[i].buffer[k]);
    if (m.n_given_up != m.notes->n_dropped)
        model_wrong("another number of values was dropped");
    for (int i = 0; i < m.n_given_up; i++) {
        int times = 0;
        for (int k = 0; k < m.notes->n_dropped; k++)
            times += m.notes->dropped[k] == m.given_up[i];
        if (times != 1)
            model_wrong("a value was not dropped once");
    }
}

static void start(const program *p, const notes *n)
{
    memset(&m, 0, sizeof m);
    m.p = p;
    m.notes = n;
    m.now = n->list[0].now;
    m.permits = p->permits;
    for (int i = 0; i < LOCKS; i++)
        m.holder[i] = NOBODY;
    m.began = m.now;
    m.due = INT64_MAX;
    m.writer = NOBODY;
    for (int i = 0; i < ALL_CHANNELS_MAX; i++)
        m.channels[i].cap = i < p->n_channels ? p->capacity[i] : NOBODY;
    m.channels[TIMER].cap = 1;
    for (int t = 0; t < TASKS_MAX; t++) {
        m.tasks[t].group = ROOT;
        m.tasks[t].deadline = INT64_MAX;
    }
    for (int i = 0; i < p->n_groups; i++) {
        bool early = p->groups[i].early;
        m.groups[i] = (group){ .open = early, .above = early ? p->groups[i].parent : ROOT };
        m.groups[i].around = ROOT;
        m.groups[i].end = p->groups[i].timeout ? m.now + p->groups[i].timeout : INT64_MAX;
    }
}

const char *program_check(const program *p, const notes *n, int *at)
{
    start(p, n);
    for (*at = 0; *at < n->n && !m.wrong; ++*at) {
        const note *x = &n->list[*at];
        advance(x->now);
        if (x->kind == NOTE_START)
            m.tasks[x->task].started = true;
        else if (x->kind == NOTE_BEGIN)
            note_begin(x);
        else if (x->kind == NOTE_END)
            note_end(x);
        else if (x->kind == NOTE_LEAVE)
            model_leave(x);
        else
            note_quiet();
    }
    for (int t = 0; t < JUDGE && !m.wrong; t++)
        if (m.tasks[t].spawned && !m.tasks[t].left)
            model_wrong("a task did not end");
    if (!m.wrong)
        check_dropped();
    *at -= m.wrong != NULL && *at > 0;
    return m.wrong;
}
