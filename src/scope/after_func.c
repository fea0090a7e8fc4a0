/* SPDX-License-Identifier: MIT */
/*
 * Tasks that start when a context is cancelled.
 *
 * The record is a child of the context, so that cancelling tells it like any other. `state` is left
 * PENDING by whoever wins a compare-and-swap: the cancellation (then the task is started) or a
 * stop. The group holds the first reference (rni_owned); the record refers to the group in turn,
 * because a canceller that has won may still be about to start the task when the group has closed.
 */
#include "base/copy.h"
#include "scope/group.h"

typedef enum state { PENDING = 0, STARTED, STOPPED } state;

struct rn_ctx_func {
    rn_ctx ctx;
    rni_owned owned;
    _Atomic(int) state;

    int (*entry)(void *args);
    const char *name, *site;
    size_t size;
    _Alignas(16) char args[];
};

static bool leave_pending(rn_ctx_func *f, state to)
{
    int pending = PENDING;
    RNI_EDGE_OUT(&f->state);
    bool left = atomic_compare_exchange_strong_explicit(&f->state, &pending, (int)to,
                                                        memory_order_acq_rel, memory_order_relaxed);
    if (left)
        RNI_EDGE_IN(&f->state);
    return left;
}

static void cancelled(rn_ctx *c, int cause)
{
    rn_ctx_func *f = RNI_CONTAINER(c, rn_ctx_func, ctx);
    (void)cause;
    rn_group *g = f->owned.group;
    /* Counted in first: who is told that f has been started may be the last task of g. */
    if (!rni_group_enter(g))
        return;
    if (leave_pending(f, STARTED))
        rni_group_start(g, f->entry, f->args, f->size, f->name, f->site);
    else
        rni_group_leave(g);
}

static void destroy(rn_ctx *c)
{
    rn_ctx_func *f = RNI_CONTAINER(c, rn_ctx_func, ctx);
    rn_ctx_unref(&f->owned.group->ctx);
    rni_os_free(f);
}

static void end_func(rni_owned *o)
{
    rn_ctx_func *f = RNI_CONTAINER(o, rn_ctx_func, owned);
    leave_pending(f, STOPPED);
    rn_ctx_unref(&f->ctx);
}

rn_ctx_func *rn_ctx_start_after(rn_ctx *ctx, rn_group *g, int (*entry)(void *args),
                                const void *args, size_t size, const char *name, const char *site)
{
    if (!ctx || !g || !entry)
        rni_panic(site, "after_func needs a context, a group and a function");
    rn_ctx_func *f = rni_os_alloc(sizeof *f + size);
    if (!f)
        return NULL;
    f->entry = entry;
    f->name = name;
    f->site = site;
    f->size = size;
    rni_copy(f->args, args, size);
    rn_ctx_ref(&g->ctx); /* for as long as the record is there */
    f->owned.group = g;
    rni_ctx_init(&f->ctx, ctx, INT64_MAX, cancelled, destroy); /* no timer: cannot fail */
    /* Last: a group that is closing may end it at once. */
    if (rni_group_own(g, &f->owned, end_func))
        return f;
    end_func(&f->owned);
    return NULL;
}

bool rn_ctx_func_stop(rn_ctx_func *f)
{
    return leave_pending(f, STOPPED);
}

void rn_ctx_func_free(rn_ctx_func *f)
{
    if (f && rni_group_disown(&f->owned))
        end_func(&f->owned);
}
