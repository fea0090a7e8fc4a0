/* SPDX-License-Identifier: MIT */
/*
 * Contexts of the user's own: a context that follows a foreign one.
 *
 * If the foreign one cannot call back, a task of runnel's own waits for its done channel or for
 * `over`, which the last unref closes; it ends with either. It may outlive the context by a moment,
 * when the foreign one may be gone, so it keeps the done channel by itself. The record belongs to
 * both: the last of them frees it.
 */
#include <runnel/select.h>
#include <runnel/sync.h>

#include "base/refs.h"
#include "scope/context.h"

typedef struct custom {
    rn_ctx ctx;
    rni_owner owner;  /* of the task that watches */
    rn_channel *over; /* fixed; NULL: nobody watches */
    rn_channel *done; /* the foreign one's, with a reference; the watcher */
    _Atomic(int) users;
} custom;

static rn_waitgroup ending; /* contexts that are gone, whose watchers may not be */

/* The foreign context has been cancelled. */
static void follow(void *arg)
{
    rn_ctx *c = &((custom *)arg)->ctx;
    const rn_ctx_ops *ops = c->ops;
    if (!rni_ctx_try_ref(c))
        return;
    int err = ops->err ? ops->err(c->self) : -ECANCELED;
    int cause = ops->cause ? ops->cause(c->self) : err;
    err = err == -ETIMEDOUT ? err : -ECANCELED;
    rni_ctx_cancel_tree(c, cause < 0 ? cause : err, err);
    rn_ctx_unref(c);
}

static int watch(void *args)
{
    custom *u = *(custom **)args;
    rn_receiver(rn_unit) over = (rn_receiver(rn_unit))(void *)u->over;
    rn_case cases[] = {
        { .op = RN_OP_RECV, .ch = u->done },
        RN_DONE(over),
    };
    if (rn_select_n(cases, 2) == 0)
        follow(u);
    return 0;
}

/* The last one frees the record of a watched context, which is gone. */
static void leave(custom *u)
{
    if (!RNI_LEAVES_NONE(&u->users))
        return;
    rni_channel_release(u->over);
    rni_os_free(u);
    rn_waitgroup_done(&ending);
}

/* The watcher, or -ENOMEM: it got no stack, and nobody will follow the foreign context. */
static void watcher_ended(rni_owner *owner, int rc, bool background)
{
    custom *u = RNI_CONTAINER(owner, custom, owner);
    (void)background;
    rn_channel_unref(u->done);
    if (rc != 0 && rni_ctx_try_ref(&u->ctx)) {
        rni_ctx_cancel_tree(&u->ctx, rc, -ECANCELED);
        rn_ctx_unref(&u->ctx);
    }
    leave(u);
}

static void destroy(rn_ctx *c)
{
    custom *u = RNI_CONTAINER(c, custom, ctx);
    if (c->ops->release)
        c->ops->release(c->self);
    if (u->over) {
        rn_waitgroup_add(&ending, 1);
        rni_channel_close_once(u->over);
        leave(u);
    } else {
        rni_os_free(u);
    }
}

void rni_ctx_customs_ended(void)
{
    rn_waitgroup_wait(&ending);
}

/* Starts the task that watches; 0 or -ENOMEM. */
static int start_watch(custom *u, rn_channel *done)
{
    static const rn_attr attr = { .background = true };
    u->over = rni_channel_make(0, 1, 0, NULL, "rn_ctx_custom");
    if (!u->over)
        return -ENOMEM;
    u->done = done;
    rn_channel_ref(done);
    rni_owner_init(&u->owner, watcher_ended);
    atomic_store_explicit(&u->users, 2, memory_order_relaxed);
    int rc = rni_start(&u->owner, watch, &u, sizeof u, &attr, "context", "rn_ctx_custom");
    if (rc != 0) {
        rn_channel_unref(done);
        rni_channel_release(u->over);
        u->over = NULL;
    }
    return rc;
}

static const rn_ctx_ops nothing;

rn_ctx *rn_ctx_custom(const rn_ctx_ops *ops, void *self)
{
    if (!ops || !ops->done)
        rni_panic(NULL, "a custom context needs a done function");
    custom *u = rni_os_alloc(sizeof *u);
    if (!u)
        return NULL;
    int64_t deadline = INT64_MAX;
    u->ctx.ops = ops;
    u->ctx.self = self;
    u->ctx.calls_user = ops->release != NULL;
    rni_ctx_init(&u->ctx, rn_ctx_background(), INT64_MAX, NULL, destroy);
    if (ops->deadline && ops->deadline(self, &deadline))
        u->ctx.deadline = deadline; /* the foreign one keeps it, we only know it */
    rn_channel *done = ops->done(self);
    if (!done || (ops->after_func && ops->after_func(self, follow, u)))
        return &u->ctx;
    if (start_watch(u, done) == 0)
        return &u->ctx;
    u->ctx.ops = &nothing; /* self is the caller's still */
    rn_ctx_unref(&u->ctx);
    return NULL;
}
