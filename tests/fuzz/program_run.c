/* SPDX-License-Identifier: MIT */
/*
 * Runs a program in a simulated run and takes notes.
 *
 * What would be a programming error is left out: closing a channel twice or a nil one, unlocking
 * what the task has not locked, a wait group below zero, a group that is not open. Whether that
 * would be so is known exactly, because nothing happens between the look and the call.
 *
 * Channels carry elements of different sizes; each holds its value several times over, so that one
 * that was copied in part is seen. Every value is sent at most once.
 */
#include "fuzz/program.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include <runnel.h>

enum { ELEMENT_MAX = 24, TORN = 0x7ffffffe };

static const size_t sizes[CHANNELS_MAX] = { 8, 4, 24, 12 };

static struct {
    const program *p;
    notes *out;
    rn_channel *channels[CHANNELS_MAX];
    bool closed[CHANNELS_MAX];
    rn_group *groups[GROUPS_MAX];
    rn_ctx *above[GROUPS_MAX]; /* a group's own context above it, or NULL */
    int opener[GROUPS_MAX];    /* who may close it; NOBODY: it is not open */
    bool opened[GROUPS_MAX];
    rn_mutex locks[LOCKS];
    int holder[LOCKS];
    rn_semaphore semaphore;
    rn_waitgroup waitgroup;
    int count; /* of the wait group */
    bool started[SCRIPTS_MAX];
    int shields[TASKS_MAX];
    uint32_t values; /* used so far */
} run;

/* ---- notes ---- */

static note *take_note(note_kind kind, int task, const call *c)
{
    assert(run.out->n < NOTES_MAX);
    note *n = &run.out->list[run.out->n++];
    *n = (note){ .kind = kind, .task = task, .call = c, .now = rn_now(), .closed = NOBODY };
    return n;
}

static void begins(int task, const call *c, uint32_t value)
{
    take_note(NOTE_BEGIN, task, c)->value = value;
}

static void ended(int task, const call *c, int rc)
{
    take_note(NOTE_END, task, c)->rc = rc;
}

/* ---- elements ---- */

typedef struct element {
    uint32_t words[ELEMENT_MAX / 4];
} element;

static element element_of(uint32_t value)
{
    element e;
    for (size_t i = 0; i < ELEMENT_MAX / 4; i++)
        e.words[i] = value * (uint32_t)(1 + i);
    return e;
}

static uint32_t value_of(const element *e, int channel)
{
    for (size_t i = 0; i < sizes[channel] / 4; i++)
        if (e->words[i] != e->words[0] * (uint32_t)(1 + i))
            return TORN;
    return e->words[0];
}

static void dropped(void *e)
{
    assert(run.out->n_dropped < NOTES_MAX);
    memcpy(&run.out->dropped[run.out->n_dropped++], e, sizeof(uint32_t));
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
    rn_channel *ch = run.channels[c->object];
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
        r.ch = run.channels[k->channel];
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
    if (rc < 0 || !cases[rc].ok)
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

static int script_body(int task);
RN_TASK(script_body, int);

static void do_group(int task, const call *c)
{
    int group = c->op == OP_GO ? c->other : c->object, rc = 0;
    bool open = run.opener[group] != NOBODY;
    if (c->op == OP_OPEN ? run.opened[group] || run.p->groups[group].early : !open)
        return;
    if (c->op == OP_GO && (c->object >= run.p->n_scripts || run.started[c->object]))
        return;
    if (c->op == OP_SHUT && run.opener[group] != task)
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
        rc = rn_go(g, script_body, c->object);
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
    default: rc = (int)rn_channel_len(run.channels[c->object]); break;
    }
    ended(task, c, rc);
}

static void make(int task, const call *c)
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

/* ---- tasks ---- */

/* Calls that no script has written, one for each object. */
static const call unshield = { .op = OP_UNSHIELD };
static const call unlock[LOCKS] = { { .op = OP_UNLOCK }, { .op = OP_UNLOCK, .object = 1 } };
static const call shut[GROUPS_MAX] = { { .op = OP_SHUT },
                                       { .op = OP_SHUT, .object = 1 },
                                       { .op = OP_SHUT, .object = 2 },
                                       { .op = OP_SHUT, .object = 3 } };
static call go[SCRIPTS_MAX];

static int script_body(int task)
{
    const script *s = &run.p->scripts[task];
    int rc = 0;
    take_note(NOTE_START, task, NULL);
    for (int i = 0; i < s->n && rc == 0; i++) {
        if (s->calls[i].op == OP_FAIL)
            rc = s->calls[i].cause;
        else
            make(task, &s->calls[i]);
    }
    while (run.shields[task])
        make(task, &unshield);
    for (int i = 0; i < LOCKS; i++)
        make(task, &unlock[i]);
    for (int i = 0; i < GROUPS_MAX; i++)
        if (run.opener[i] == task)
            make(task, &shut[i]);
    take_note(NOTE_LEAVE, task, NULL)->rc = rc;
    return rc;
}

static void open_groups(void)
{
    for (int i = 0; i < run.p->n_groups; i++) {
        if (!run.p->groups[i].early)
            continue;
        int parent = run.p->groups[i].parent;
        rn_ctx *ctx = parent == ROOT ? rn_ctx_current() : rn_group_ctx(run.groups[parent]);
        int64_t timeout = run.p->groups[i].timeout;
        if (timeout)
            ctx = run.above[i] = rn_ctx_with_timeout(ctx, timeout);
        run.groups[i] = rn_group_new(ctx);
        assert(run.groups[i]);
        run.opened[i] = true;
        run.opener[i] = JUDGE;
    }
}

static int judge(rn_group *g, void *arg)
{
    (void)arg;
    take_note(NOTE_START, JUDGE, NULL);
    for (int i = 0; i < run.p->n_channels; i++) {
        if (run.p->capacity[i] == NOBODY)
            continue;
        run.channels[i] = rn_channel_new(g, sizes[i], 4, (size_t)run.p->capacity[i], dropped,
                                         RN_HERE);
        assert(run.channels[i]);
    }
    open_groups();
    for (int i = 0; i < run.p->n_scripts; i++) {
        go[i] = (call){ .op = OP_GO, .object = i, .other = run.p->scripts[i].group };
        if (run.p->scripts[i].at_once)
            make(JUDGE, &go[i]);
    }
    rn_sleep(RN_HOUR);
    take_note(NOTE_QUIET, JUDGE, NULL);
    for (int i = run.p->n_groups; i-- > 0;)
        if (run.p->groups[i].early)
            make(JUDGE, &shut[i]);
    for (int i = 0; i < GROUPS_MAX; i++)
        rn_ctx_unref(run.above[i]);
    return 0;
}

bool program_run(const program *p, notes *out)
{
    memset(&run, 0, sizeof run);
    run.p = p;
    run.out = out;
    run.semaphore.permits_ = p->permits;
    for (int i = 0; i < GROUPS_MAX; i++)
        run.opener[i] = NOBODY;
    for (int i = 0; i < LOCKS; i++)
        run.holder[i] = NOBODY;
    out->n = out->n_dropped = 0;
    rn_test_report report;
    rn_test_options options = { .seed = p->seed,
                                .strategy = p->pct ? RN_TEST_PCT : RN_TEST_RANDOM,
                                .report = &report };
    int rc = rn_test_run(judge, NULL, &options);
    out->hash = report.hash;
    return rc == 0;
}
