/* SPDX-License-Identifier: MIT */
/* Channels and selects of the reference model, and what it means to wait. */
#include "fuzz/model.h"

#include <errno.h>
#include <string.h>

/* ---- waiting ---- */

void model_enqueue(queue *q, int t, int index)
{
    q->list[q->n++] = (entry){ t, index };
}

static void leave(queue *q, int t)
{
    int n = 0;
    for (int i = 0; i < q->n; i++)
        if (q->list[i].task != t)
            q->list[n++] = q->list[i];
    q->n = n;
}

task *model_known(int t, int rc)
{
    task *x = &m.tasks[t];
    for (int i = 0; i < ALL_CHANNELS_MAX; i++) {
        leave(&m.channels[i].senders, t);
        leave(&m.channels[i].receivers, t);
    }
    leave(&m.acquirers, t);
    leave(&m.rw_waiters, t);
    x->fate = KNOWN;
    x->rc = rc;
    x->closed = NOBODY;
    x->ok = false;
    x->value = 0;
    x->deadline = INT64_MAX;
    return x;
}

void model_waits(int t, int64_t deadline, int on_time)
{
    m.tasks[t].fate = WAITS;
    m.tasks[t].deadline = deadline;
    m.tasks[t].on_time = on_time;
}

bool model_is_select(const task *x)
{
    return x->begin->call->op == OP_SELECT || x->begin->call->op == OP_ORDERED;
}

/* The case that the library says a select has taken, or NOBODY. */
static int taken(const task *x)
{
    if (!x->end)
        return NOBODY;
    return x->end->rc == -EPIPE ? x->end->closed : x->end->rc;
}

/* ---- channels ---- */

void model_discard(uint32_t value)
{
    m.given_up[m.n_given_up++] = value;
}

/* A receive by task t, by case index of a select, has got a value or found the channel closed. */
static void received(int t, int index, bool ok, uint32_t value)
{
    const call *c = m.tasks[t].begin->call;
    bool select = model_is_select(&m.tasks[t]);
    bool drops = select ? c->cases[index].kind == CASE_DISCARD : c->op == OP_DISCARD;
    int from = select ? c->cases[index].channel : c->object;
    task *x = model_known(t, select ? index : ok ? 0 : -EPIPE);
    x->ok = ok;
    x->closed = select && !ok ? index : NOBODY;
    if (!drops)
        x->value = value;
    else if (ok && from != TIMER) /* an instant needs no drop function */
        model_discard(value);
}

static void sent(int t, int index, bool ok)
{
    bool select = model_is_select(&m.tasks[t]);
    task *x = model_known(t, !ok ? -EPIPE : select ? index : 0);
    x->closed = select && !ok ? index : NOBODY;
}

static uint32_t value_of(const entry *e)
{
    return m.tasks[e->task].begin->value + (uint32_t)e->index;
}

/* The first who waits. A select may wait more than once in q: then it is the case that it took. */
static entry first(const queue *q)
{
    entry e = q->list[0];
    int index = model_is_select(&m.tasks[e.task]) ? taken(&m.tasks[e.task]) : 0;
    for (int i = 0; i < q->n; i++)
        if (q->list[i].task == e.task && q->list[i].index == index)
            return q->list[i];
    return e;
}

static bool can_send(const channel *c)
{
    return c->cap != NOBODY && (c->closed || c->receivers.n || c->count < c->cap);
}

static bool can_recv(const channel *c)
{
    return c->cap != NOBODY && (c->closed || c->senders.n || c->count > 0);
}

/* By task t, in case index of a select; can_send has said yes. */
static void send_now(channel *c, int t, int index)
{
    uint32_t value = m.tasks[t].begin->value + (uint32_t)index;
    if (c->closed) {
        sent(t, index, false);
        return;
    }
    if (c->receivers.n) {
        entry e = first(&c->receivers);
        received(e.task, e.index, true, value);
    } else {
        c->buffer[c->count++] = value;
    }
    sent(t, index, true);
}

static void recv_now(channel *c, int t, int index)
{
    bool waiting = c->senders.n > 0;
    entry e = waiting ? first(&c->senders) : (entry){ NOBODY, 0 };
    uint32_t value = 0;
    if (c->count > 0) {
        value = c->buffer[0];
        memmove(c->buffer, c->buffer + 1, (size_t)--c->count * sizeof *c->buffer);
        if (waiting)
            c->buffer[c->count++] = value_of(&e);
    } else if (waiting) {
        value = value_of(&e);
    } else {
        received(t, index, false, 0);
        return;
    }
    if (waiting)
        sent(e.task, e.index, true);
    received(t, index, true, value);
}

void model_close(channel *c)
{
    c->closed = true;
    while (c->receivers.n) {
        entry e = first(&c->receivers);
        received(e.task, e.index, false, 0);
    }
    while (c->senders.n) {
        entry e = first(&c->senders);
        sent(e.task, e.index, false);
    }
}

/* ---- selects ---- */

static bool is_ready(const one_case *k)
{
    if (k->kind == CASE_SEND)
        return can_send(&m.channels[k->channel]);
    return (k->kind == CASE_RECV || k->kind == CASE_DISCARD) && can_recv(&m.channels[k->channel]);
}

/* Where a select of no ready case would go at once or in time: its default or its shortest time. */
static int otherwise(const call *c, const task *x, int64_t *after)
{
    int found = NOBODY;
    *after = INT64_MAX;
    for (int i = 0; i < c->n_cases; i++) {
        if (c->cases[i].kind == CASE_DEFAULT) {
            *after = 0;
            return i;
        }
        if (c->cases[i].kind != CASE_AFTER)
            continue;
        /* Of two that are equal either may be taken. */
        if (c->cases[i].ns < *after || (c->cases[i].ns == *after && taken(x) == i)) {
            *after = c->cases[i].ns;
            found = i;
        }
    }
    for (int i = 0; i < c->n_cases; i++)
        if (c->cases[i].kind == CASE_DEFAULT)
            found = i, *after = 0;
    return found;
}

void model_select(int t, const call *c)
{
    task *x = &m.tasks[t];
    int chosen = taken(x), ready = NOBODY;
    bool may = false;
    for (int i = c->n_cases; i-- > 0;)
        if (is_ready(&c->cases[i])) {
            ready = i;
            may |= i == chosen;
        }
    if (ready != NOBODY) {
        if (c->op == OP_ORDERED && chosen != ready)
            model_wrong("an ordered select did not take the first case that was ready");
        else if (!may)
            model_wrong("a select did not take a case that was ready");
        else if (c->cases[chosen].kind == CASE_SEND)
            send_now(&m.channels[c->cases[chosen].channel], t, chosen);
        else
            recv_now(&m.channels[c->cases[chosen].channel], t, chosen);
        return;
    }
    int64_t after;
    int then = otherwise(c, x, &after);
    if (then != NOBODY && after <= 0) {
        model_known(t, then);
        return;
    }
    model_waits(t, then == NOBODY ? INT64_MAX : m.now + after, then);
    for (int i = 0; i < c->n_cases; i++) {
        channel *ch = &m.channels[c->cases[i].channel];
        if (c->cases[i].kind == CASE_SEND && ch->cap != NOBODY)
            model_enqueue(&ch->senders, t, i);
        else if ((c->cases[i].kind == CASE_RECV || c->cases[i].kind == CASE_DISCARD) &&
                 ch->cap != NOBODY)
            model_enqueue(&ch->receivers, t, i);
    }
}

void model_channel(int t, const call *c)
{
    channel *ch = &m.channels[c->object];
    bool sends = c->op == OP_SEND || c->op == OP_TRY_SEND || c->op == OP_SEND_UNTIL;
    if (sends ? can_send(ch) : can_recv(ch)) {
        if (sends)
            send_now(ch, t, 0);
        else
            recv_now(ch, t, 0);
    } else if (c->op == OP_TRY_SEND || c->op == OP_TRY_RECV) {
        model_known(t, -EAGAIN);
    } else {
        bool timed = c->op == OP_SEND_UNTIL || c->op == OP_RECV_UNTIL;
        if (timed && c->ns <= 0) {
            model_known(t, -ETIMEDOUT);
            return;
        }
        model_waits(t, timed ? m.now + c->ns : INT64_MAX, -ETIMEDOUT);
        if (ch->cap != NOBODY)
            model_enqueue(sends ? &ch->senders : &ch->receivers, t, 0);
    }
}

/* ---- the timer ---- */

/* Whether x's wait has ended with a value of the timer's. */
static bool took_timer(const task *x)
{
    if (!x->end || !model_is_select(x))
        return x->end && x->end->rc == 0;
    const call *c = x->begin->call;
    int chosen = x->end->rc;
    return chosen >= 0 && c->cases[chosen].channel == TIMER &&
           (c->cases[chosen].kind == CASE_RECV || c->cases[chosen].kind == CASE_DISCARD);
}

bool model_timer_goes_to(entry *e)
{
    const queue *q = &m.channels[TIMER].receivers;
    for (int i = 0; i < q->n; i++) {
        const task *x = &m.tasks[q->list[i].task];
        *e = q->list[i];
        if (took_timer(x) && (!model_is_select(x) || e->index == x->end->rc))
            return true;
        if (!took_timer(x) && !(x->end && x->end->now == m.due))
            return false;
    }
    return false;
}

void model_fire(void)
{
    channel *c = &m.channels[TIMER];
    uint32_t value = (uint32_t)((m.due - m.began) / 1000);
    if (c->receivers.n) {
        entry e;
        if (!model_timer_goes_to(&e))
            e = first(&c->receivers);
        received(e.task, e.index, true, value);
    } else {
        c->buffer[c->count++] = value;
    }
    m.due = INT64_MAX;
}

void model_timer(int t, const call *c)
{
    channel *ch = &m.channels[TIMER];
    bool prevented = m.due != INT64_MAX || ch->count > 0;
    ch->count = 0;
    m.due = c->op == OP_RESET ? m.now + c->ns : INT64_MAX;
    model_known(t, prevented);
}
