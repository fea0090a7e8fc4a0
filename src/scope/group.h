/* SPDX-License-Identifier: MIT */
/*
 * The group object, for the files of scope and for reports.
 *
 * A group is a context (its first member) and an owner of tasks (core/task.h). Its context's
 * `cancelled` callback sets owner.cancelled and ends the tasks' waits.
 *
 * `live` counts tasks, plus one until somebody first waits for the group: so a task that ends while
 * nobody waits only decrements. The decrement that reaches zero, and the setting of `drained`, are
 * followed up under the lot bucket of &live (sync/lot.h), and whoever frees the group has seen
 * `drained` under that lock; so the last task's last touch comes before the free.
 *
 * What the group owns besides tasks, children and channels are `rni_owned` records (deferred calls,
 * timers, stages). The closer ends them, the last made first, when no task and no child is left.
 *
 * Locks: `lock` protects children, channels, owned, failures, closing and sealed. It is taken
 * alone.
 */
#ifndef RNI_SCOPE_GROUP_H
#define RNI_SCOPE_GROUP_H

#include <runnel/sync.h>

#include "scope/context.h"

/* First member of what a group frees. */
typedef struct rni_owned {
    rni_link link; /* in group->owned; the group's lock */
    rn_group *group;
    /* Called once when the group closes, with the record out of the list; frees it. May wait under
     * the closer's shield. */
    void (*end)(struct rni_owned *o);
} rni_owned;

/* How many errors of tasks a group notes; the others it only counts. */
enum { RNI_FAILURES_KEPT = 1024 };

/* A semaphore with so many permits makes nobody wait. */
#define RNI_NO_LIMIT (INT64_MAX / 2)

struct rn_group {
    rn_ctx ctx; /* first: a group's context is the group */
    rni_owner owner;
    _Atomic(long) live;
    bool waited;  /* live no longer has its extra one; the bucket's lock */
    bool drained; /* no task is left; the bucket's lock */
    rni_lock lock;
    rni_link children; /* groups opened by tasks of this one */
    rni_link sibling;  /* in parent->children; the parent's lock */
    rn_group *parent;  /* the group of the task that opened this one, or NULL; fixed */
    rni_link channels;
    rni_link owned;
    _Atomic(rn_semaphore *)
        places;               /* one a task, if their number is limited; set while none runs */
    bool keep_going;          /* a failure cancels nothing; set while none runs */
    _Atomic(int) first_error; /* of a task; the group's result if nothing cancelled it */
    size_t failed, room;      /* errors of tasks; how many fit in failures; the lock */
    int *failures;            /* the first first; the lock */
    _Atomic(bool) closing;    /* a close is under way; set under the lock */
    bool sealed;              /* its tasks have ended, nothing is adopted any more; the lock */
    const char *site;         /* opened at; fixed */
};

/* Gives o to g. False if g is being closed: o stays the caller's. */
bool rni_group_own(rn_group *g, rni_owned *o, void (*end)(rni_owned *o));
/* Takes o back before the group ends it. False if the group has begun to. */
bool rni_group_disown(rni_owned *o);

/* NULL: the number of g's tasks has never been limited. */
static inline rn_semaphore *rni_group_places(rn_group *g)
{
    return atomic_load_explicit(&g->places, memory_order_acquire);
}

/* At the end of g: ends what it owns, the last first; then its channels. */
void rni_group_end_owned(rn_group *g);
void rni_group_end_channels(rn_group *g);

/* Counts a task in that is to be started: g waits for it from here on. False if g has no task left
 * and is being closed. */
bool rni_group_enter(rn_group *g);
/* Gives that back; g may be gone when this returns. */
void rni_group_leave(rn_group *g);
/* For timers and contexts, on whatever thread and stack they run: starts a task that has been
 * counted in, without letting others run. Without memory g fails. */
void rni_group_start(rn_group *g, int (*entry)(void *args), const void *args, size_t size,
                     const char *name, const char *site);

/* Notes the error rc of a task of g, before it cancels anything. */
void rni_group_failed(rn_group *g, int rc);
/* What rn_group_wait returns when g is drained. */
int rni_group_result(rn_group *g);
void rni_group_forget_failures(rn_group *g);

/* Whether c is a group's. */
bool rni_ctx_is_group(const rn_ctx *c);

static inline rn_group *rni_group_of(const rni_task *t)
{
    return t->owner && t->owner->is_group ? RNI_CONTAINER(t->owner, rn_group, owner) : NULL;
}

#endif
