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
#include "fuzz/run.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

running run;

/* ---- tasks ---- */

/* Calls that no script has written, one for each object. */
static const call unshield = { .op = OP_UNSHIELD };
static const call runlock = { .op = OP_RUNLOCK }, wunlock = { .op = OP_WUNLOCK };
static const call unlock[LOCKS] = { { .op = OP_UNLOCK }, { .op = OP_UNLOCK, .object = 1 } };
static const call shut[GROUPS_MAX] = { { .op = OP_SHUT },
                                       { .op = OP_SHUT, .object = 1 },
                                       { .op = OP_SHUT, .object = 2 },
                                       { .op = OP_SHUT, .object = 3 } };
static const call cancel[GROUPS_MAX] = { { .op = OP_CANCEL, .cause = -EINTR },
                                         { .op = OP_CANCEL, .object = 1, .cause = -EINTR },
                                         { .op = OP_CANCEL, .object = 2, .cause = -EINTR },
                                         { .op = OP_CANCEL, .object = 3, .cause = -EINTR } };
static call go[SCRIPTS_MAX];

int run_script(int task)
{
    const script *s = &run.p->scripts[task];
    int rc = 0;
    run_note(NOTE_START, task, NULL);
    for (int i = 0; i < s->n && rc == 0; i++) {
        if (s->calls[i].op == OP_FAIL)
            rc = s->calls[i].cause;
        else
            run_make(task, &s->calls[i]);
    }
    while (run.shields[task])
        run_make(task, &unshield);
    for (int i = 0; i < LOCKS; i++)
        run_make(task, &unlock[i]);
    run_make(task, &runlock);
    run_make(task, &wunlock);
    for (int i = 0; i < GROUPS_MAX; i++)
        if (run.opener[i] == task)
            run_make(task, &shut[i]);
    run_note(NOTE_LEAVE, task, NULL)->rc = rc;
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
    run_note(NOTE_START, JUDGE, NULL);
    for (int i = 0; i < run.p->n_channels; i++) {
        if (run.p->capacity[i] == NOBODY)
            continue;
        run.channels[i] = rn_channel_new(g, run_element_size(i), 4, (size_t)run.p->capacity[i],
                                         run_dropped, RN_HERE);
        assert(run.channels[i]);
    }
    run.timer = rn_timer_new(g, RN_FOREVER);
    assert(run.timer);
    rn_timer_stop(run.timer);
    open_groups();
    for (int i = 0; i < run.p->n_scripts; i++) {
        go[i] = (call){ .op = OP_GO, .object = i, .other = run.p->scripts[i].group };
        if (run.p->scripts[i].at_once)
            run_make(JUDGE, &go[i]);
    }
    rn_sleep(RN_HOUR);
    run_note(NOTE_QUIET, JUDGE, NULL);
    for (int i = run.p->n_groups; i-- > 0;)
        if (run.p->groups[i].early)
            run_make(JUDGE, &cancel[i]);
    for (int i = run.p->n_groups; i-- > 0;)
        if (run.p->groups[i].early)
            run_make(JUDGE, &shut[i]);
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
