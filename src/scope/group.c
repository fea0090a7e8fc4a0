/* SPDX-License-Identifier: MIT */
/*
 * Groups. group.h has the invariants.
 *
 * The result of a group is the cause of its context: a task that fails cancels the group with its
 * error, and the first cause stays. A group that keeps going is not cancelled by failures; its
 * result is the first of them.
 *
 * Closing: cancel, wait for the tasks under a shield, close the child groups that the tasks have
 * left behind, run what was deferred, then end the channels and what else the group owns. The
 * memory goes with the last reference to the context.
 */
#include "base/refs.h"
#include "core/hooks.h"
#include "scope/group.h"
#include "sync/lot.h"
#include "sync/semaphore.h"

/* ---- tasks ---- */

/* Gives back what may be the last count; if it is, tells the waiters the group's result, since a
 * waiter may find the group closed by another when it runs. */
static void leave_last(rn_group *g)
{
    rni_waiter *woken = NULL;
    rni_bucket *b = rni_lot_enter(NULL, &g->live);
    int result = rni_group_result(g);
    if (RNI_LEAVES_NONE(&g->live)) {
        g->drained = true;
        woken = rni_lot_take_all(b, &g->live);
    }
    rni_lot_leave(b); /* g may be freed from here on */
    rni_ready_all(woken, result);
}

static inline void leave(rn_group *g)
{
    /* acq_rel: what the tasks did happens before the return of rn_group_wait */
    long n = atomic_load_explicit(&g->live, memory_order_relaxed);
    while (n > 1)
        if (atomic_compare_exchange_weak_explicit(&g->live, &n, n - 1, memory_order_acq_rel,
                                                  memory_order_relaxed))
            return;
    leave_last(g);
}

void rni_group_leave(rn_group *g)
{
    leave(g);
}

static RNI_NOINLINE void ended_badly(rn_group *g, int rc, bool background)
{
    RNI_EDGE_OUT(&g->live); /* -> leave_last */
    if (rc < 0)
        rni_group_failed(g, rc);
    if (rc < 0 && !g->keep_going)
        rn_ctx_cancel(&g->ctx, rc);
    if (rni_group_places(g) && !background)
        rn_semaphore_release(rni_group_places(g), 1);
    leave(g);
}

static void task_ended(rni_owner *owner, int rc, bool background)
{
    rn_group *g = RNI_CONTAINER(owner, rn_group, owner);
    /* one branch for all */
    if (rni_unlikely((rc < 0) | RNI_SEEN | (rni_group_places(g) != NULL)))
        ended_badly(g, rc, background);
    else
        leave(g);
}

static void group_cancelled(rn_ctx *c, int cause)
{
    rn_group *g = RNI_CONTAINER(c, rn_group, ctx);
    /* seq_cst, see the protocol of aborts in core/park.h */
    RNI_EDGE_OUT(&g->owner.cancelled);
    atomic_exchange_explicit(&g->owner.cancelled, cause, memory_order_seq_cst);
    rni_owner_abort_all(&g->owner);
    /* seq_cst; partner: rn_group_limit. Who waits for a place learns of the cancel. */
    rn_semaphore *places = atomic_load_explicit(&g->places, memory_order_seq_cst);
    if (places)
        rni_semaphore_set(places, RNI_NO_LIMIT);
}

/* From zero only under the bucket's lock, like the way down to it. */
static RNI_NOINLINE bool enter_first(rn_group *g);

static inline bool enter(rn_group *g)
{
    long n = atomic_load_explicit(&g->live, memory_order_relaxed);
    while (n > 0)
        if (atomic_compare_exchange_weak_explicit(&g->live, &n, n + 1, memory_order_relaxed,
                                                  memory_order_relaxed))
            return true;
    return enter_first(g);
}

bool rni_group_enter(rn_group *g)
{
    return enter(g);
}

bool rni_group_takes_call(rni_owner *owner)
{
    return enter(RNI_CONTAINER(owner, rn_group, owner));
}

static RNI_NOINLINE bool enter_first(rn_group *g)
{
    rni_bucket *b = rni_lot_enter(NULL, &g->live);
    /* Set before the closer's own visit to the bucket: it will see the task, or we see this. */
    bool open = !atomic_load_explicit(&g->closing, memory_order_relaxed);
    if (open) {
        atomic_fetch_add_explicit(&g->live, 1, memory_order_relaxed);
        g->drained = false;
    }
    rni_lot_leave(b);
    return open;
}

/* Takes a place among a limited number of tasks. g may be closed meanwhile: its caller is no task
 * of it, so who starts a task in such a group holds its memory until it is done (rn_group_go). */
static int take_place(rn_group *g, const rn_attr *attr, const char *site)
{
    if (attr && attr->no_wait)
        return rn_semaphore_try_acquire(rni_group_places(g), 1);
    int rc = rn_semaphore_acquire_at(rni_group_places(g), 1, site);
    if (rc == 0 && atomic_load_explicit(&g->owner.cancelled, memory_order_acquire) != 0) {
        RNI_EDGE_IN(&g->owner.cancelled);
        rn_semaphore_release(rni_group_places(g), 1);
        rc = -ECANCELED;
    }
    return rc;
}

/* Starts a task that has been counted in and has its place, if it needs one. */
static int start_in(rn_group *g, int (*entry)(void *args), const void *args, size_t size,
                    const rn_attr *attr, const char *name, const char *site)
{
    int rc = rni_start(&g->owner, entry, args, size, attr, name, site);
    if (rni_unlikely(rc != 0))
        task_ended(&g->owner, rc == -ENOMEM ? rc : 0, attr && attr->background);
    return rc;
}

void rni_group_start(rn_group *g, int (*entry)(void *args), const void *args, size_t size,
                     const char *name, const char *site)
{
    if (rni_group_places(g))
        rni_semaphore_overdraw(rni_group_places(g)); /* nobody is here who could wait for a place */
    start_in(g, entry, args, size, NULL, name, site);
}

int rn_group_go(rn_group *g, int (*entry)(void *args), const void *args, size_t size,
                const rn_attr *attr, const char *name, const char *site)
{
    if (rni_unlikely(!g || !entry))
        rni_panic(site, g ? "go of a NULL function" : "go" RNI_NEEDS_A_GROUP);
    if (rni_unlikely(atomic_load_explicit(&g->owner.cancelled, memory_order_acquire) != 0)) {
        RNI_EDGE_IN(&g->owner.cancelled);
        return -ECANCELED;
    }
    int rc = 0;
    bool limited = rni_unlikely(rni_group_places(g) != NULL) && !(attr && attr->background);
    if (limited) {
        rn_ctx_ref(&g->ctx);
        rc = take_place(g, attr, site);
    }
    if (rni_likely(rc == 0)) {
        if (rni_likely(enter(g)))
            rc = start_in(g, entry, args, size, attr, name, site);
        else if (rc = -ECANCELED, limited)
            rn_semaphore_release(rni_group_places(g), 1);
    }
    if (limited)
        rn_ctx_unref(&g->ctx);
    if (rni_unlikely(rc != 0))
        return rc;
    /* A task that only spawns lets them run now and then: their records are used again while warm,
     * and a million of them never exist at once. */
    return rni_spend(rni_current(), 0);
}

/* ---- opening ---- */

static void group_destroy(rn_ctx *c)
{
    rn_group *g = RNI_CONTAINER(c, rn_group, ctx);
    rni_group_forget_failures(g);
    rni_os_free(rni_group_places(g));
    rni_os_free(g);
}

bool rni_ctx_is_group(const rn_ctx *c)
{
    return c->destroy == group_destroy;
}

rn_group *rn_group_new_at(rn_ctx *parent, const char *site)
{
    rni_task *t = rni_current();
    rn_group *above = rni_group_of(t), *g = rni_os_alloc(sizeof *g);
    if (!g)
        return NULL;
    if (!parent)
        parent = above ? &above->ctx : rn_ctx_background();
    rni_owner_init(&g->owner, task_ended);
    g->owner.is_group = true;
    atomic_store_explicit(&g->live, 1, memory_order_relaxed);
    rni_list_init(&g->children);
    rni_list_init(&g->sibling);
    rni_list_init(&g->channels);
    rni_list_init(&g->owned);
    g->site = site;
    if (rni_ctx_init(&g->ctx, parent, INT64_MAX, group_cancelled, group_destroy) != 0) {
        rn_ctx_unref(&g->ctx);
        return NULL;
    }
    g->parent = above;
    if (above) {
        g->owner.run = above->owner.run;
        rni_lock_take(&above->lock);
        rni_list_push(&above->children, &g->sibling);
        rni_unlock(&above->lock);
    }
    return g;
}

/* ---- waiting and closing ---- */

/* Whether the calling task runs in g or below it. */
static bool is_inside(const rni_task *t, const rn_group *g)
{
    for (const rn_group *at = rni_group_of(t); at; at = at->parent)
        if (at == g)
            return true;
    return false;
}

/* Waits until no task is left; the group's result then, or -ECANCELED if the wait was aborted. */
static int wait_drained(rni_task *t, rn_group *g, const char *site)
{
    rni_wait_prepare(t);
    rni_bucket *b = rni_lot_enter(t, &g->live);
    if (!g->waited) {
        g->waited = true;
        if (RNI_LEAVES_NONE(&g->live))
            g->drained = true;
    }
    if (!g->drained)
        return rni_lot_wait(t, b, &g->live, 0, RNI_WHY_GROUP, site);
    int result = rni_group_result(g);
    rni_lot_leave(b);
    return rni_spend(t, result);
}

int rn_group_wait_at(rn_group *g, const char *site)
{
    if (!g)
        rni_panic(site, "wait for a NULL group");
    rni_task *t = rni_current();
    int rc = rni_refused_at_entry(t);
    if (rc)
        return rc;
    if (is_inside(t, g))
        return -EDEADLK;
    return wait_drained(t, g, site);
}

void rn_group_cancel(rn_group *g, int cause)
{
    if (!g)
        rni_panic(NULL, "cancel of a NULL group");
    rn_ctx_cancel(&g->ctx, cause);
}

/* Takes g out of its parent's list. False if a close is under way already. */
static bool begin_close(rn_group *g)
{
    rni_lock_take(&g->lock);
    bool first = !atomic_load_explicit(&g->closing, memory_order_relaxed);
    atomic_store_explicit(&g->closing, true, memory_order_relaxed); /* seen: rni_group_enter */
    rni_unlock(&g->lock);
    if (first && g->parent) {
        rni_lock_take(&g->parent->lock);
        rni_list_remove(&g->sibling);
        rni_unlock(&g->parent->lock);
    }
    return first;
}

static rn_group *any_child(rn_group *g)
{
    rni_lock_take(&g->lock);
    rn_group *child = rni_list_empty(&g->children)
                          ? NULL
                          : RNI_CONTAINER(g->children.next, rn_group, sibling);
    rni_unlock(&g->lock);
    return child;
}

int rn_group_close_at(rn_group *g, const char *site)
{
    if (!g)
        return 0;
    rni_task *t = rni_current();
    if (is_inside(t, g))
        return -EDEADLK;
    if (!begin_close(g))
        rni_panic(site, "group closed twice (opened at %s)", g->site);
    int rc = rni_group_result(g);
    rn_ctx_cancel(&g->ctx, -ECANCELED);
    rni_shield_on(t);
    wait_drained(t, g, site);
    for (rn_group *child; (child = any_child(g)) != NULL;)
        rn_group_close_at(child, site);
    rni_group_end_owned(g);
    rni_shield_off(t);
    rni_group_end_channels(g);
    rn_ctx_unref(&g->ctx);
    return rc;
}

rn_ctx *rn_group_ctx(rn_group *g)
{
    return &g->ctx;
}

rn_group *rn_group_current(void)
{
    return rni_group_of(rni_current());
}

rn_ctx *rn_ctx_current(void)
{
    rn_group *g = rn_group_current();
    return g ? &g->ctx : rn_ctx_background();
}
