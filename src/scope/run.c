/* SPDX-License-Identifier: MIT */
/*
 * rn_run: from "a program with a main" to "a root group with a first task", and back.
 *
 * A task of runnel's own, not counted and not in reports, opens the root group, starts the user's
 * function as its first task, waits for it, and closes the group. The calling thread is worker 0
 * meanwhile; if the runtime is running already, it waits as a foreign thread.
 *
 * Nobody knows the root group before its first task begins. If it is cancelled before that, there
 * was no memory for the task's stack, and it will never begin: `first` follows the group to see it.
 */
#include "core/hooks.h"
#include "core/runtime.h"
#include "core/settings.h"
#include "core/sim.h"
#include "scope/group.h"
#include "scope/test_run.h"

#include <runnel/sync.h>

typedef struct run {
    int (*fn)(rn_group *g, void *arg);
    void *arg;
    int rc;
    rn_waitgroup returned; /* fn has, or will never be called */
    rn_group *root;
    struct first *first;
    _Atomic(uint32_t) done; /* futex word: 1 when it is all over */
} run;

typedef struct first {
    rn_ctx ctx; /* a child of the root group's */
    bool begun; /* the task has; it alone writes it */
    run *run;   /* is there until the task has begun */
} first;

static void root_cancelled(rn_ctx *c, int cause)
{
    first *f = RNI_CONTAINER(c, first, ctx);
    if (f->begun)
        return;
    f->run->rc = cause;
    rn_waitgroup_done(&f->run->returned);
}

static void free_first(rn_ctx *c)
{
    rni_os_free(RNI_CONTAINER(c, first, ctx));
}

static int follow_root(run *r)
{
    r->first = rni_os_alloc(sizeof *r->first);
    if (!r->first)
        return -ENOMEM;
    r->first->run = r;
    rni_ctx_init(&r->first->ctx, &r->root->ctx, INT64_MAX, root_cancelled, free_first);
    return 0;
}

static void steward_ended(rni_owner *owner, int rc, bool background)
{
    (void)owner;
    (void)rc;
    (void)background;
}

/* What the tasks of this file belong to. */
static rni_owner stewards = {
    .tasks = { &stewards.tasks, &stewards.tasks },
    .internal = true,
    .ended = steward_ended,
};

static int first_task(void *arg)
{
    run *r = *(run **)arg;
    r->first->begun = true;
    r->rc = r->fn(r->root, r->arg);
    rn_waitgroup_done(&r->returned);
    return 0;
}

/* What stands in for main gets the largest stack, like main; there is one of it. */
static const rn_attr first_attr = { .stack = RN_STACK_HUGE };

/* Numbers repeat after 65,535 runs. */
static uint16_t next_run(void)
{
    static _Atomic(uint32_t) runs;
    return (uint16_t)(1 + atomic_fetch_add_explicit(&runs, 1, memory_order_relaxed) % UINT16_MAX);
}

/* The root group from its first task to its end; the result of fn. */
static int serve(run *r)
{
    int rc = follow_root(r);
    if (rc != 0)
        return rc;
    rn_waitgroup_add(&r->returned, 1);
    rc = rn_group_go(r->root, first_task, &r, sizeof r, &first_attr, "main", "rn_run");
    if (rc == 0) {
        rn_waitgroup_wait(&r->returned); /* r->rc is first_task's until then */
        rni_report_leaks(r->root->owner.run);
        rc = r->rc;
    }
    rn_ctx_unref(&r->first->ctx);
    return rc;
}

/* What the run returns when fn has returned rc and its group ended so. A function that asks for
 * nothing more than its values learns that they end, not why: that memory was short is not to be
 * taken for success. */
static int result(int rc, int group)
{
    return rc == 0 && group == -ENOMEM ? group : rc;
}

static int steward(void *arg)
{
    run *r = *(run **)arg;
    r->root = rn_group_new_at(rn_ctx_background(), "rn_run");
    if (r->root) {
        r->root->owner.run = next_run();
        r->rc = serve(r);
        r->rc = result(r->rc, rn_group_close(r->root));
        rni_ctx_reaped();
        rni_ctx_customs_ended();
    } else {
        r->rc = -ENOMEM;
    }
    rni_runtime_done(&r->done);
    return 0;
}

static int run_inline(int (*fn)(rn_group *g, void *arg), void *arg)
{
    rn_group *g = rn_group_new(NULL);
    if (!g)
        return -ENOMEM;
    int rc = fn(g, arg);
    return result(rc, rn_group_close(g));
}

int rni_run(int (*fn)(rn_group *g, void *arg), void *arg)
{
    run r = { .fn = fn, .arg = arg };
    run *p = &r;
    bool simulated = rni_sim_planned();
    rni_obs_init();
    int rc = rni_runtime_start(true);
    if (rc != 0 && rc != -EALREADY)
        return rc;
    bool serve = rc == 0;
    rc = rni_start(&stewards, steward, &p, sizeof p, NULL, "steward", "rn_run");
    if (rc != 0) {
        r.rc = rc;
        atomic_store_explicit(&r.done, 1, memory_order_release);
    }
    if (serve)
        rni_runtime_serve(&r.done);
    else
        rni_runtime_wait(&r.done);
    if (!simulated)
        rni_report_depths();
    return r.rc;
}

int rn_run(int (*fn)(rn_group *g, void *arg), void *arg)
{
    if (!rni_current()->foreign)
        return run_inline(fn, arg);
    int rc;
    if (rni_test_asked() && rni_test_run(fn, arg, NULL, &rc))
        return rc;
    return rni_run(fn, arg);
}
