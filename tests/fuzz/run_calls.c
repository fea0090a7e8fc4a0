/* SPDX-License-Identifier: MIT */
/* The calls of a program, one function for each kind, and the notes that they leave. */
#include "fuzz/run.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

/* ---- notes ---- */

note *run_note(note_kind kind, int task, const call *c)
{
    assert(run.out->n < NOTES_MAX);
    note *n = &run.out->list[run.out->n++];
    *n = (note){ .kind = kind, .task = task, .call = c, .now = rn_now(), .closed = NOBODY };
    return n;
}

static void begins(int task, const call *c, uint32_t value)
{
    run_note(NOTE_BEGIN, task, c)->value = value;
}

static void ended(int task, const call *c, int rc)
{
    run_note(NOTE_END, task, c)->rc = rc;
}

enum { ELEMENT_MAX = 24, TORN = 0x7ffffffe };

static const size_t sizes[CHANNELS_MAX] = { 8, 4, 24, 12 };

/* ---- elements ---- */

typedef struct element {
    uint32_t words[ELEMENT_MAX / 4];
} element;

size_t run_element_size(int channel)
{
    return sizes[channel];
}

static element element_of(uint32_t value)
{
    element e;
    for (size_t i = 0; i < ELEMENT_MAX / 4; i++)
        e.words[i] = value * (uint32_t)(1 + i);
    return e;
}

/* The timer's is an instant, a done channel's nothing. */
static uint32_t value_of(const element *e, int channel)
{
    int64_t due;
    memcpy(&due, e, sizeof due);
    if (channel >= TIMER)
        return channel == TIMER && due ? (uint32_t)((due - RN_TEST_START) / RN_MICROSECOND) : 0;
    for (size_t i = 0; i < sizes[channel] / 4; i++)
        if (e->words[i] != e->words[0] * (uint32_t)(1 + i))
            return TORN;
    return e->words[0];
}

void run_dropped(void *e)
{
    assert(run.out->n_dropped < NOTES_MAX);
    memcpy(&run.out->dropped[run.out->n_dropped++], e, sizeof(uint32_t));
}

static rn_channel *channel(int n)
{
    if (n < TIMER)
        return run.channels[n];
    if (n == TIMER)
        return rn_timer_channel(run.timer);
    return run.opener[n - DONE] == NOBODY ? NULL
                                          : rn_ctx_done_channel(rn_group_ctx(run.groups[n - DONE]));
}

/* ---- calls ---- */

static void do_send(int task, const call *c)
{
    rn_channel *ch = run.channels[c->object];
    uint32_t value = ++run.values;
    element e = element_of(value);
    begins(task, c, value);
    int rc = c->op == OP_SEND       ? rn_channel_send(ch, &e, RN_HERE)
             : c->op == OP_TRY_SEND ? rn_channel_try_send(ch, &e)
                                    : rn_channel_send_until(ch, rn_now() + c->ns, &e, RN_HERE);
    ended(task, c, rc);
}

static void do_recv(int task, const call *c)
{
    rn_channel *ch = channel(c->object);
    element e = element_of(TORN / 2);
    begins(task, c, 0);
    int rc = c->op == OP_RECV       ? rn_channel_recv(ch, &e, RN_HERE)
             : c->op == OP_DISCARD  ? rn_channel_wait(ch, RN_HERE)
             : c->op == OP_TRY_RECV ? rn_channel_try_recv(ch, &e)
                                    : rn_channel_recv_until(ch, &e, rn_now() + c->ns, RN_HERE);
    ended(task, c, rc);
    if (c->op != OP_DISCARD && (rc == 0 || rc == -EPIPE))
        run.out->list[run.out->n - 1].value = value_of(&e, c->object);
}

static void do_close(int task, const call *c)
{
    if (!run.channels[c->object] || run.closed[c->object])
        return;
    run.closed[c->object] = true;
    begins(task, c, 0);
    rn_channel_close(run.channels[c->object], RN_HERE);
    ended(task, c, 0);
}

static rn_case case_of(const one_case *k, element *e, bool *ok)
{
    static const rn_op ops[CASES] = { RN_OP_RECV,  RN_OP_SEND,    RN_OP_RECV,
                                      RN_OP_AFTER, RN_OP_DEFAULT, RN_OP_NONE };
    rn_case r = { .op = ops[k->kind] };
    if (k->kind == CASE_RECV || k->kind == CASE_SEND || k->kind == CASE_DISCARD)
        r.ch = channel(k->channel);
    if (k->kind == CASE_RECV || k->kind == CASE_SEND)
        r.elem = e;
    if (k->kind == CASE_RECV || k->kind == CASE_DISCARD)
        r.ok = ok;
    if (k->kind == CASE_AFTER)
        r.ns = k->ns;
    return r;
}

static void do_select(int task, const call *c)
{
    rn_case cases[CASES_MAX];
    element elements[CASES_MAX];
    bool ok[CASES_MAX];
    size_t n = (size_t)c->n_cases;
    uint32_t value = run.values + 1;
    run.values += CASES_MAX;
    for (size_t i = 0; i < n; i++) {
        elements[i] = element_of(value + (uint32_t)i);
        cases[i] = case_of(&c->cases[i], &elements[i], &ok[i]);
    }
    begins(task, c, value);
    int rc = c->op == OP_SELECT ? rn_select_n(cases, n) : rn_select_ordered_n(cases, n);
    ended(task, c, rc);
    note *end = &run.out->list[run.out->n - 1];
    for (size_t i = n; i-- > 0;)
        if (cases[i].status == -EPIPE)
            end->closed = (int)i;
    if (rc < 0 || cases[rc].op != RN_OP_RECV)
        return;
    end->ok = ok[rc];
    if (c->cases[rc].kind == CASE_RECV)
        end->value = value_of(&elements[rc], c->cases[rc].channel);
}

static void do_lock(int task, const call *c)
{
    rn_mutex *m = &run.locks[c->object];
    if (c->op == OP_UNLOCK && run.holder[c->object] != task)
        return;
    begins(task, c, 0);
    int rc = 0;
    if (c->op == OP_UNLOCK) {
        run.holder[c->object] = NOBODY;
        rn_mutex_unlock(m);
    } else {
        rc = c->op == OP_LOCK ? rn_mutex_lock(m) : rn_mutex_try_lock(m);
    }
    if (c->op != OP_UNLOCK && rc == 0)
        run.holder[c->object] = task;
    ended(task, c, rc);
}

static void do_cond(int task, const call *c)
{
    rn_cond *cond = &run.conds[c->object];
    if (c->op == OP_COND_WAIT && run.holder[c->object] != task)
        return;
    begins(task, c, 0);
    int rc = 0;
    if (c->op == OP_SIGNAL) {
        rn_cond_signal(cond);
    } else if (c->op == OP_BROADCAST) {
        rn_cond_broadcast(cond);
    } else {
        run.holder[c->object] = NOBODY;
        rc = rn_cond_wait(cond, &run.locks[c->object]);
        run.holder[c->object] = task;
    }
    ended(task, c, rc);
}

static void do_rw(int task, const call *c)
{
    int *held = &run.rw_held[task], needs = c->op == OP_RUNLOCK   ? OP_RLOCK
                                            : c->op == OP_WUNLOCK ? OP_WLOCK
                                                                  : 0;
    if (*held != needs)
        return;
    begins(task, c, 0);
    int rc = 0;
    *held = 0;
    switch (c->op) {
    case OP_RLOCK: rc = rn_rwmutex_rlock(&run.rw); break;
    case OP_WLOCK: rc = rn_rwmutex_lock(&run.rw); break;
    case OP_RUNLOCK: rn_rwmutex_runlock(&run.rw); break;
    default: rn_rwmutex_unlock(&run.rw); break;
    }
    if (!needs && rc == 0)
        *held = (int)c->op;
    ended(task, c, rc);
}

static void do_counted(int task, const call *c)
{
    int rc = 0;
    if (c->op == OP_DONE && run.count == 0)
        return;
    run.count += (c->op == OP_ADD) - (c->op == OP_DONE);
    begins(task, c, 0);
    switch (c->op) {
    case OP_ACQUIRE: rc = rn_semaphore_acquire(&run.semaphore, c->other); break;
    case OP_TRY_ACQUIRE: rc = rn_semaphore_try_acquire(&run.semaphore, c->other); break;
    case OP_RELEASE: rn_semaphore_release(&run.semaphore, c->other); break;
    case OP_ADD: rn_waitgroup_add(&run.waitgroup, 1); break;
    case OP_DONE: rn_waitgroup_done(&run.waitgroup); break;
    default: rc = rn_waitgroup_wait(&run.waitgroup); break;
    }
    ended(task, c, rc);
}

RN_TASK(run_script, int);

/* Its group's tasks may want it when they are cancelled: a wait for a condition ends by locking. */
static bool holds_lock(int task)
{
    bool any = run.rw_held[task] != 0;
    for (int i = 0; i < LOCKS; i++)
        any |= run.holder[i] == task;
    return any;
}

static void do_group(int task, const call *c)
{
    int group = c->op == OP_GO ? c->other : c->object, rc = 0;
    bool open = run.opener[group] != NOBODY;
    if (c->op == OP_OPEN ? run.opened[group] || run.p->groups[group].early : !open)
        return;
    if (c->op == OP_GO && (c->object >= run.p->n_scripts || run.started[c->object]))
        return;
    if (c->op == OP_SHUT && (run.opener[group] != task || holds_lock(task)))
        return;
    if (c->op == OP_EXPIRE && !run.above[group])
        return;
    begins(task, c, 0);
    rn_group *g = run.groups[group];
    switch (c->op) {
    case OP_CANCEL: rn_group_cancel(g, c->cause); break;
    case OP_EXPIRE: rn_ctx_cancel(run.above[group], c->cause); break;
    case OP_JOIN: rc = rn_group_wait(g); break;
    case OP_GO:
        run.started[c->object] = true;
        rc = rn_go(g, run_script, c->object);
        break;
    case OP_OPEN:
        run.groups[group] = rn_group_new(NULL);
        assert(run.groups[group]);
        run.opened[group] = true;
        run.opener[group] = task;
        break;
    default:
        run.opener[group] = NOBODY;
        rc = rn_group_close(g);
        break;
    }
    ended(task, c, rc);
}

static void do_other(int task, const call *c)
{
    if (c->op == OP_UNSHIELD && run.shields[task] == 0)
        return;
    run.shields[task] += (c->op == OP_SHIELD) - (c->op == OP_UNSHIELD);
    begins(task, c, 0);
    int rc = 0;
    switch (c->op) {
    case OP_YIELD: rc = rn_yield(); break;
    case OP_SLEEP: rc = rn_sleep(c->ns); break;
    case OP_CANCELLED: rc = rn_cancelled(); break;
    case OP_SHIELD: rn_shield(); break;
    case OP_UNSHIELD: rn_unshield(); break;
    case OP_RESET: rc = rn_timer_reset(run.timer, c->ns); break;
    case OP_STOP: rc = rn_timer_stop(run.timer); break;
    default: rc = (int)rn_channel_len(channel(c->object)); break;
    }
    ended(task, c, rc);
}

void run_make(int task, const call *c)
{
    switch (c->op) {
    case OP_SEND:
    case OP_TRY_SEND:
    case OP_SEND_UNTIL: do_send(task, c); break;
    case OP_RECV:
    case OP_DISCARD:
    case OP_TRY_RECV:
    case OP_RECV_UNTIL: do_recv(task, c); break;
    case OP_CLOSE: do_close(task, c); break;
    case OP_SELECT:
    case OP_ORDERED: do_select(task, c); break;
    case OP_LOCK:
    case OP_TRY_LOCK:
    case OP_UNLOCK: do_lock(task, c); break;
    case OP_COND_WAIT:
    case OP_SIGNAL:
    case OP_BROADCAST: do_cond(task, c); break;
    case OP_RLOCK:
    case OP_RUNLOCK:
    case OP_WLOCK:
    case OP_WUNLOCK: do_rw(task, c); break;
    case OP_ACQUIRE:
    case OP_TRY_ACQUIRE:
    case OP_RELEASE:
    case OP_ADD:
    case OP_DONE:
    case OP_WAIT: do_counted(task, c); break;
    case OP_CANCEL:
    case OP_EXPIRE:
    case OP_JOIN:
    case OP_GO:
    case OP_OPEN:
    case OP_SHUT: do_group(task, c); break;
    default: do_other(task, c); break;
    }
}
