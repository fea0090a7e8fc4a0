/* SPDX-License-Identifier: MIT */
/*
 * The context object, for the files of scope.
 *
 * A context is counted: one reference for each rn_ctx_ref, and each child holds one on its parent.
 * A parent's list of children holds none; a child whose count has dropped to zero takes itself out
 * of the list before it is freed.
 *
 * Locks: `lock` protects children, work_next of the children while they are being detached, cause
 * and the installing of `done`. A parent's lock may be held when a child's count is touched, never
 * when a child's lock is taken; so there is no order between two contexts' locks.
 */
#ifndef RNI_SCOPE_CONTEXT_H
#define RNI_SCOPE_CONTEXT_H

#include <runnel/scope.h>

#include "base/list.h"
#include "core/park.h"
#include "sync/chan.h"

struct rn_ctx {
    _Atomic(long) refs;
    rn_ctx *parent; /* NULL for the background context; fixed */
    rni_lock lock;
    rni_link children;          /* of contexts that can be cancelled and are not */
    rni_link link;              /* in parent->children; the parent's lock */
    rn_ctx *work_next;          /* a cancellation's list of what is still to do, or the reaper's */
    _Atomic(int) cause;         /* 0, or why; set once, under the lock */
    _Atomic(int) err;           /* 0, -ECANCELED or -ETIMEDOUT; set with it, done closed first */
    _Atomic(rn_channel *) done; /* made at the first rn_ctx_done; set once, under the lock */
    int64_t deadline;           /* INT64_MAX: none; fixed */
    bool has_timer;             /* this context's own deadline is the effective one; fixed */
    bool apart;                 /* never cancelled with its parent, nor by hand; fixed */
    bool calls_user;            /* destroy runs code of the user's, which may wait; fixed */
    int deadline_cause;         /* the cause when the deadline passes; fixed */
    rni_timer timer;
    const void *key; /* of the value bound here, NULL: none; fixed */
    void *value;
    const rn_ctx_ops *ops; /* of a context made by a user, NULL: none; fixed */
    void *self;
    void (*cancelled)(rn_ctx *c, int cause); /* told once, after err is set; fixed */
    void (*destroy)(rn_ctx *c);              /* frees the memory; fixed */
};

/* Sets up *c, which is zeroed memory, as a child of parent, with one reference. deadline: INT64_MAX
 * for none. If the parent is cancelled, so is c when this returns. 0 or -ENOMEM. */
int rni_ctx_init(rn_ctx *c, rn_ctx *parent, int64_t deadline,
                 void (*cancelled)(rn_ctx *c, int cause), void (*destroy)(rn_ctx *c));
/* A reference, unless c is being freed. */
bool rni_ctx_try_ref(rn_ctx *c);
/* rn_ctx_cause, wherever it is called from. */
static inline int rni_ctx_cause(rn_ctx *c)
{
    int cause = atomic_load_explicit(&c->cause, memory_order_acquire);
    if (cause)
        RNI_EDGE_IN(&c->cause);
    return cause;
}
/* Cancels c and what is below it. */
void rni_ctx_cancel_tree(rn_ctx *c, int cause, int err);
/* Frees c, which has no reference left; gives back its reference on its parent. */
void rni_ctx_free(rn_ctx *c);

/* ---- reaper.c ---- */

/* Has c, which has no reference left, freed by a task of its own. Where nothing may wait. */
void rni_ctx_reap(rn_ctx *c);
/* Waits until all that were handed over have been freed; a task. */
void rni_ctx_reaped(void);
/* Waits until the tasks of custom contexts that are gone have ended; a task. */
void rni_ctx_customs_ended(void);

#endif
