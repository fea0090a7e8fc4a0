/* SPDX-License-Identifier: MIT */
/*
 * Contexts: a tree through which cancellation runs downwards, before the cancelling call returns.
 *
 * Cancelling one context: under its lock, set the cause (the first one stays), detach the children,
 * close `done` and set `err`; then stop its timer and tell the owner; then the same for each child.
 * In this order err != 0 implies that done is closed, and a second canceller, who has to take the
 * lock, finds the context cancelled for all to see. The work list links the contexts themselves, so
 * the depth of the tree costs no stack and cancelling allocates nothing. A channel's lock is taken
 * under a context's, never the other way round.
 *
 * A child added while its parent is being cancelled: adding takes the parent's lock, so either the
 * canceller finds the child in the list, or the child finds the cause and cancels itself.
 */
#include "base/refs.h"
#include "core/sim.h"
#include "scope/context.h"

static rn_ctx background = {
    .refs = 1,
    .children = { &background.children, &background.children },
    .link = { &background.link, &background.link },
    .deadline = INT64_MAX,
};

rn_ctx *rn_ctx_background(void)
{
    return &background;
}

/* ---- references ---- */

rn_ctx *rn_ctx_ref(rn_ctx *c)
{
    if (c && c != &background)
        atomic_fetch_add_explicit(&c->refs, 1, memory_order_relaxed);
    return c;
}

bool rni_ctx_try_ref(rn_ctx *c)
{
    long n = atomic_load_explicit(&c->refs, memory_order_relaxed);
    while (n > 0)
        if (atomic_compare_exchange_weak_explicit(&c->refs, &n, n + 1, memory_order_relaxed,
                                                  memory_order_relaxed))
            return true;
    return false;
}

static void unlink_from_parent(rn_ctx *c)
{
    rni_lock_take(&c->parent->lock);
    rni_list_remove(&c->link);
    rni_unlock(&c->parent->lock);
}

/* Frees c alone, and returns its parent. */
static rn_ctx *free_one(rn_ctx *c)
{
    rn_ctx *parent = c->parent;
    unlink_from_parent(c);
    if (c->has_timer)
        rni_timer_stop(&c->timer); /* waits for a firing one, which uses c */
    rn_channel *done = atomic_load_explicit(&c->done, memory_order_acquire);
    if (done)
        rni_channel_release(done);
    c->destroy(c);
    return parent;
}

void rn_ctx_unref(rn_ctx *c)
{
    while (c && c != &background && RNI_LEAVES_NONE(&c->refs)) {
        if (c->calls_user && rni_in_callback()) {
            rni_ctx_reap(c);
            return;
        }
        c = free_one(c);
    }
}

void rni_ctx_free(rn_ctx *c)
{
    rn_ctx_unref(free_one(c));
}

/* ---- cancelling ---- */

/* Detaches the children of c onto *work, a reference each; c's lock is held. */
static void detach_children(rn_ctx *c, rn_ctx **work)
{
    while (!rni_list_empty(&c->children)) {
        rn_ctx *child = RNI_CONTAINER(c->children.next, rn_ctx, link);
        rni_list_remove(&child->link);
        if (rni_ctx_try_ref(child)) {
            child->work_next = *work;
            *work = child;
        }
    }
}

/* Cancels c alone; its children go onto *work. */
static void cancel_one(rn_ctx *c, int cause, int err, rn_ctx **work)
{
    rni_lock_take(&c->lock);
    if (atomic_load_explicit(&c->cause, memory_order_relaxed) != 0) {
        rni_unlock(&c->lock);
        return;
    }
    RNI_EDGE_OUT(&c->cause);
    atomic_store_explicit(&c->cause, cause, memory_order_release);
    detach_children(c, work);
    rn_channel *done = atomic_load_explicit(&c->done, memory_order_relaxed);
    if (done)
        rni_channel_close_once(done);
    RNI_EDGE_OUT(&c->err);
    atomic_store_explicit(&c->err, err, memory_order_release);
    rni_unlock(&c->lock);
    /* A call of its own deadline has let the timer go already, so this does not wait for itself. */
    if (c->has_timer)
        rni_timer_stop(&c->timer);
    if (c->cancelled)
        c->cancelled(c, cause);
}

void rni_ctx_cancel_tree(rn_ctx *c, int cause, int err)
{
    rn_ctx *work = NULL;
    cancel_one(c, cause, err, &work);
    while (work) {
        rn_ctx *child = work;
        work = child->work_next;
        cancel_one(child, cause, err, &work);
        rn_ctx_unref(child);
    }
}

void rn_ctx_cancel(rn_ctx *c, int cause)
{
    if (!c || !c->parent || c->apart)
        rni_panic(NULL, "cancel of %s",
                  !c         ? "a NULL context; they are NULL when memory is short"
                  : c->apart ? "a context without cancel"
                             : "the background context");
    if (cause >= 0)
        cause = -ECANCELED;
    rni_ctx_cancel_tree(c, cause, -ECANCELED);
    rni_sim_step_here();
}

static void deadline_passed(rni_timer *timer)
{
    rn_ctx *c = RNI_CONTAINER(timer, rn_ctx, timer);
    /* With a reference, because the last child may give back the last one meanwhile, and whoever
     * frees c stops its timer first. Without one c is being freed right now, and its owner waits
     * for us. */
    bool alive = rni_ctx_try_ref(c);
    rni_timer_fired(timer);
    if (!alive)
        return;
    rni_ctx_cancel_tree(c, c->deadline_cause, -ETIMEDOUT);
    rn_ctx_unref(c);
}

/* ---- making ---- */

int rni_ctx_init(rn_ctx *c, rn_ctx *parent, int64_t deadline,
                 void (*cancelled)(rn_ctx *c, int cause), void (*destroy)(rn_ctx *c))
{
    if (!parent)
        rni_panic(NULL, "a context needs a parent; they are NULL when memory is short");
    atomic_store_explicit(&c->refs, 1, memory_order_relaxed);
    c->parent = rn_ctx_ref(parent);
    rni_list_init(&c->children);
    rni_list_init(&c->link);
    c->has_timer = deadline < parent->deadline;
    c->deadline = c->has_timer ? deadline : parent->deadline;
    c->cancelled = cancelled;
    c->destroy = destroy;
    if (c->deadline_cause == 0)
        c->deadline_cause = -ETIMEDOUT;
    rni_lock_take(&parent->lock);
    int cause = atomic_load_explicit(&parent->cause, memory_order_relaxed);
    int err = atomic_load_explicit(&parent->err, memory_order_relaxed);
    if (cause == 0)
        rni_list_push(&parent->children, &c->link);
    rni_unlock(&parent->lock);
    if (cause != 0) {
        rni_ctx_cancel_tree(c, cause, err);
        return 0;
    }
    if (!c->has_timer)
        return 0;
    c->timer.fn = deadline_passed;
    if (deadline <= rni_now()) {
        rni_ctx_cancel_tree(c, c->deadline_cause, -ETIMEDOUT);
        return 0;
    }
    int rc = rni_timer_arm(&c->timer, deadline);
    if (rc != 0)
        return rc;
    /* A canceller that held the lock before us may have found the timer not armed yet. */
    rni_lock_take(&c->lock);
    cause = atomic_load_explicit(&c->cause, memory_order_relaxed);
    rni_unlock(&c->lock);
    if (cause != 0)
        rni_timer_stop(&c->timer);
    return 0;
}

/* rni_ctx_init for a context that nobody cancels; it keeps the parent only for its values. */
static void init_apart(rn_ctx *c, rn_ctx *parent, void (*destroy)(rn_ctx *c))
{
    atomic_store_explicit(&c->refs, 1, memory_order_relaxed);
    c->parent = rn_ctx_ref(parent);
    c->apart = true;
    c->deadline = INT64_MAX;
    c->destroy = destroy;
    rni_list_init(&c->children);
    rni_list_init(&c->link);
}

static void free_plain(rn_ctx *c)
{
    rni_os_free(c);
}

static rn_ctx *make(rn_ctx *parent, int64_t deadline, int cause)
{
    rn_ctx *c = rni_os_alloc(sizeof *c);
    if (!c)
        return NULL;
    c->deadline_cause = cause < 0 ? cause : -ETIMEDOUT;
    if (rni_ctx_init(c, parent, deadline, NULL, free_plain) != 0) {
        rn_ctx_unref(c);
        return NULL;
    }
    return c;
}

rn_ctx *rn_ctx_with_cancel(rn_ctx *parent)
{
    return make(parent, INT64_MAX, 0);
}

rn_ctx *rn_ctx_with_deadline_cause(rn_ctx *parent, int64_t deadline_ns, int cause)
{
    return make(parent, deadline_ns, cause);
}

rn_ctx *rn_ctx_with_timeout_cause(rn_ctx *parent, int64_t timeout_ns, int cause)
{
    return make(parent, rni_add_ns(rni_now(), timeout_ns), cause);
}

rn_ctx *rn_ctx_with_deadline(rn_ctx *parent, int64_t deadline_ns)
{
    return rn_ctx_with_deadline_cause(parent, deadline_ns, 0);
}

rn_ctx *rn_ctx_with_timeout(rn_ctx *parent, int64_t timeout_ns)
{
    return rn_ctx_with_timeout_cause(parent, timeout_ns, 0);
}

rn_ctx *rn_ctx_without_cancel(rn_ctx *parent)
{
    if (!parent)
        rni_panic(NULL, "a context needs a parent; they are NULL when memory is short");
    rn_ctx *c = rni_os_alloc(sizeof *c);
    if (c)
        init_apart(c, parent, free_plain);
    return c;
}

/* ---- values ---- */

typedef struct binding {
    rn_ctx ctx;
    void (*drop)(void *value);
} binding;

static void free_binding(rn_ctx *c)
{
    binding *b = RNI_CONTAINER(c, binding, ctx);
    if (b->drop && c->value)
        b->drop(c->value);
    rni_os_free(b);
}

rn_ctx *rn_ctx_with_value_drop(rn_ctx *parent, const void *key, void *value,
                               void (*drop)(void *value))
{
    if (!key)
        rni_panic(NULL, "a context value needs a key");
    binding *b = rni_os_alloc(sizeof *b);
    if (!b)
        return NULL;
    b->ctx.key = key;
    b->ctx.value = value;
    b->drop = drop;
    b->ctx.calls_user = drop != NULL;
    rni_ctx_init(&b->ctx, parent, INT64_MAX, NULL, free_binding); /* no timer: cannot fail */
    return &b->ctx;
}

rn_ctx *rn_ctx_with_value(rn_ctx *parent, const void *key, void *value)
{
    return rn_ctx_with_value_drop(parent, key, value, NULL);
}

void *rn_ctx_value(rn_ctx *c, const void *key)
{
    rni_spend_here(0);
    for (; c; c = c->parent) {
        if (c->key && c->key == key)
            return c->value;
        void *value = c->ops && c->ops->value ? c->ops->value(c->self, key) : NULL;
        if (value)
            return value;
    }
    return NULL;
}

/* ---- looking ---- */

/* Of c, which may not be NULL, as it is when memory was short and nobody has looked. */
static void need(const rn_ctx *c, const char *call)
{
    if (rni_unlikely(!c))
        rni_panic(NULL, "%s of a NULL context; they are NULL when memory is short", call);
}

int rn_ctx_err(rn_ctx *c)
{
    need(c, "rn_ctx_err");
    rni_spend_here(0);
    int err = atomic_load_explicit(&c->err, memory_order_acquire);
    if (err == 0 && atomic_load_explicit(&c->cause, memory_order_acquire) != 0) {
        /* The canceller is between the two: who has seen done closed must see err, too. */
        rni_lock_take(&c->lock);
        err = atomic_load_explicit(&c->err, memory_order_relaxed);
        rni_unlock(&c->lock);
    }
    if (err)
        RNI_EDGE_IN(&c->err);
    return err;
}

int rn_ctx_cause(rn_ctx *c)
{
    need(c, "rn_ctx_cause");
    rni_spend_here(0);
    return rni_ctx_cause(c);
}

bool rn_ctx_deadline(rn_ctx *c, int64_t *deadline_ns)
{
    need(c, "rn_ctx_deadline");
    if (c->deadline == INT64_MAX)
        return false;
    *deadline_ns = c->deadline;
    RNI_WROTE(deadline_ns, sizeof *deadline_ns);
    return true;
}

rn_channel *rn_ctx_done_channel(rn_ctx *c)
{
    need(c, "rn_ctx_done");
    if (!c->parent || c->apart)
        return NULL;
    rn_channel *done = atomic_load_explicit(&c->done, memory_order_acquire);
    if (done)
        return done;
    rn_channel *fresh = rni_channel_make(0, 1, 0, NULL, "rn_ctx_done");
    if (!fresh) { /* who waits on nil would never learn of a cancel */
        rn_ctx_cancel(c, -ENOMEM);
        return &rni_no_channel;
    }
    rni_lock_take(&c->lock);
    done = atomic_load_explicit(&c->done, memory_order_relaxed);
    bool install = !done;
    if (install) {
        /* Closed before anybody can see it, if it is to be. */
        fresh->closed = atomic_load_explicit(&c->cause, memory_order_relaxed) != 0;
        done = fresh;
        atomic_store_explicit(&c->done, fresh, memory_order_release);
    }
    rni_unlock(&c->lock);
    if (!install)
        rni_channel_release(fresh);
    return done;
}
