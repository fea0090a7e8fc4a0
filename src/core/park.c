/* SPDX-License-Identifier: MIT */
/* Park and ready, and the ways a wait is ended from outside. park.h has the protocol. */
#include <string.h>

#include "core/foreign.h"
#include "core/park.h"
#include "core/sim.h"
#include "core/queue.h"
#include "core/worker.h"

const _Atomic(int) rni_never_cancelled;

bool rni_in_callback(void)
{
    rni_worker *w = rni_worker_self();
    return w && atomic_load_explicit(&w->callbacks, memory_order_relaxed) > 0;
}

static RNI_NOINLINE int park_thread(rni_task *t)
{
    atomic_store_explicit(&t->since, rni_now(), memory_order_relaxed);
    return rni_foreign_wait(t);
}

int rni_park(rni_task *t, rni_why why, const void *what, const char *where)
{
    atomic_store_explicit(&t->what, what, memory_order_relaxed);
    atomic_store_explicit(&t->where, where, memory_order_relaxed);
    atomic_store_explicit(&t->why, (int)why, memory_order_relaxed);
    if (rni_unlikely(t->foreign))
        return park_thread(t);
    rni_worker *w = t->worker;
    atomic_store_explicit(&t->since, w->clock, memory_order_relaxed);
    return rni_leave(w, t);
}

/* t is a foreign thread's or pinned, the caller is no worker, or somebody must be told. */
static RNI_NOINLINE void ready_slowly(rni_task *t)
{
    RNI_EDGE_OUT(t);
    if (t->foreign) {
        rni_foreign_wake(t);
        return;
    }
    /* Before it can run again: after the queueing the record may belong to another task. */
    atomic_store_explicit(&t->why, RNI_WHY_READY, memory_order_relaxed);
    rni_worker *w = rni_worker_self(), *only = t->pinned;
    if (only && only != w)
        rni_queue_for(only, rni_run_task(t));
    else if (w)
        rni_queue_next(w, rni_run_task(t));
    else
        rni_queue_anywhere(rni_run_task(t));
}

void rni_ready(rni_task *t, int rc)
{
    rni_worker *w = rni_worker_here();
    t->context.result = rc;
    if (rni_unlikely((t->pinned != NULL) | t->foreign | !w | RNI_SAN)) { /* one branch for all */
        ready_slowly(t);
        return;
    }
    atomic_store_explicit(&t->why, RNI_WHY_READY, memory_order_relaxed); /* as above */
    rni_queue_next(w, rni_run_task(t));
}

static RNI_NOINLINE int ready_then_spend(rni_task *t, rni_task *peer)
{
    rni_ready(peer, 0);
    return rni_spend(t, 0);
}

int rni_ready_and_spend(rni_task *t, rni_task *peer)
{
    rni_worker *w = rni_worker_here();
    if (rni_unlikely((peer->pinned != NULL) | peer->foreign | !w | RNI_SAN) ||
        rni_unlikely(t->budget <= 0))
        return ready_then_spend(t, peer);
    peer->context.result = 0;
    atomic_store_explicit(&peer->why, RNI_WHY_READY, memory_order_relaxed); /* as above */
    if (!rni_queue_next_quickly(w, rni_run_task(peer)))
        return ready_then_spend(t, peer);
    t->budget--;
    return 0;
}

void rni_wait_since(rni_task *t, int64_t now)
{
    if (!t->foreign)
        t->worker->clock = now; /* rni_park takes it for t->since */
    atomic_store_explicit(&t->since, now, memory_order_relaxed);
}

void rni_ready_all(rni_waiter *taken, int rc)
{
    while (taken) {
        rni_task *t = taken->task;
        taken = taken->next;
        rni_ready(t, rc);
    }
}

int rni_yield_now(rni_task *t, int rc)
{
    if (rni_unlikely(t->foreign)) {
        rni_os_thread_yield();
        return rc;
    }
    t->context.result = rc;
    return rni_leave_for_others(t->worker, t);
}

/*
 * A budget of operations bounds time only if they are short, and what a task does between them may
 * not be. So it is granted in small parts with a look at the clock after each, and the parts shrink
 * to one operation for a task that computes, so that timers and others are never late by more than
 * what it does in one.
 */
int rni_budget_spent(rni_task *t, int rc)
{
    enum { SLICE_NS = 50 * 1000, LARGEST_GRANT = 64 };
    if (t->grant == 0) {
        rni_sim_point(t, rc);
        return rc;
    }
    t->budget = RNI_BUDGET;
    if (t->foreign)
        return rc;
    /* Computing takes no time on the virtual clock, and a seed is to repeat what is chosen. */
    int64_t used = rni_clock_is_virtual() ? 0 : rni_real_now() - t->worker->looked_at;
    t->slice += t->grant;
    if (used >= SLICE_NS)
        t->grant = used >= INT64_C(8) * SLICE_NS ? 1 : (t->grant + 1) / 2;
    else if (t->grant < LARGEST_GRANT)
        t->grant *= 2;
    t->budget = t->grant;
    if (used < SLICE_NS && t->slice < RNI_BUDGET)
        return rc;
    t->slice = 0;
    if (used >= SLICE_NS)
        t->worker->ticks = 1; /* the pick looks around */
    return rni_yield_now(t, rc);
}

/* ---- claims ---- */

void rni_claim_open(rni_task *t)
{
    uint64_t c = atomic_load_explicit(&t->claim, memory_order_relaxed);
    RNI_ASSERT(!(c & RNI_CLAIM_WAITING));
    /* seq_cst and a full fence: the flags are read after this; partner: abort_wait */
    atomic_exchange_explicit(&t->claim, (c + RNI_CLAIM_STEP) | RNI_CLAIM_WAITING,
                             memory_order_seq_cst);
    rni_fence_after_rmw();
}

bool rni_claim(rni_task *t)
{
    uint64_t c = atomic_load_explicit(&t->claim, memory_order_acquire);
    return (c & RNI_CLAIM_WAITING) &&
           atomic_compare_exchange_strong_explicit(&t->claim, &c, c & ~(uint64_t)RNI_CLAIM_MASK,
                                                   memory_order_acq_rel, memory_order_relaxed);
}

/* ---- aborts ---- */

static bool shielded(const rni_task *t, bool cancel)
{
    return cancel && atomic_load_explicit(&t->shields, memory_order_relaxed) > 0;
}

/* Ends t's wait with rc, if it waits. The flag that refuses later waits is set, and a full fence
 * has been executed since. The sequence number in the claim keeps a slow aborter from hitting a
 * later wait, which may be shielded. */
static void abort_wait(rni_task *t, int rc, bool cancel)
{
    uint64_t c = atomic_load_explicit(&t->claim, memory_order_acquire);
    if (c & RNI_CLAIM_WAITING) {
        if (!shielded(t, cancel) &&
            atomic_compare_exchange_strong_explicit(&t->claim, &c, c & ~(uint64_t)RNI_CLAIM_MASK,
                                                    memory_order_acq_rel, memory_order_relaxed))
            rni_ready(t, rc);
        return;
    }
    rni_lock *l = atomic_load_explicit(&t->announced, memory_order_acquire);
    if (!l)
        return;
    rni_lock_take(l);
    bool won = __atomic_load_n(&t->waiter.lock, __ATOMIC_RELAXED) == (void *)l &&
               !shielded(t, cancel);
    if (won)
        rni_dequeue(&t->waiter);
    rni_unlock(l);
    if (won)
        rni_ready(t, rc);
}

static void deadline_passed(rni_timer *timer)
{
    rni_task_timed_out(RNI_CONTAINER(timer, rni_task, timer));
    rni_timer_fired(timer);
}

void rni_task_timed_out(rni_task *t)
{
    /* A full fence; partner: rni_wait_refused after rni_lock_take or rni_claim_open. */
    atomic_exchange_explicit(&t->timed_out, 1, memory_order_seq_cst);
    rni_fence_after_rmw();
    abort_wait(t, t->timeout_result, false);
}

void rni_deadline_start(rni_task *t, int64_t when, int result)
{
    atomic_store_explicit(&t->timed_out, 0, memory_order_relaxed);
    t->timeout_result = result;
    if (t->foreign) {
        t->timer.when = when; /* rni_foreign_wait keeps time itself */
        return;
    }
    t->timer.fn = deadline_passed;
    if (when != INT64_MAX)
        rni_timer_start(&t->worker->timers, &t->timer, when);
}

void rni_deadline_start_quiet(rni_task *t)
{
    atomic_store_explicit(&t->timed_out, 0, memory_order_relaxed);
    t->timeout_result = 0;
    t->timer.fn = deadline_passed;
    rni_timer_start(rni_virtual_quiet(), &t->timer, 0);
}

void rni_deadline_stop(rni_task *t)
{
    if (t->foreign)
        t->timer.when = INT64_MAX;
    else
        rni_timer_stop(&t->timer);
    atomic_store_explicit(&t->timed_out, 0, memory_order_relaxed);
}

/* ---- owners ---- */

void rni_owner_init(rni_owner *o, void (*ended)(rni_owner *owner, int rc, bool background))
{
    memset(o, 0, sizeof *o);
    rni_list_init(&o->tasks);
    o->ended = ended;
}

void rni_list_task(rni_task *t)
{
    rni_owner *o = t->owner;
    rni_lock_take(&o->lock);
    rni_list_push(&o->tasks, &t->link);
    rni_unlock(&o->lock);
    t->listed = true;
}

/* Opens o's lock for a moment; a mark keeps the place behind `at`, and is removed. Returns what is
 * before that place now. */
static rni_link *let_others_in(rni_owner *o, rni_link *at)
{
    rni_link mark;
    rni_list_push(at->next, &mark);
    rni_unlock(&o->lock);
    rni_lock_take(&o->lock);
    at = mark.prev;
    rni_list_remove(&mark);
    return at;
}

void rni_owner_abort_all(rni_owner *o)
{
    enum { AT_ONCE = 256 }; /* then those that have ended get the lock */
    rni_fence_after_rmw();
    rni_lock_take(&o->lock);
    unsigned i = 1;
    for (rni_link *n = o->tasks.next; n != &o->tasks; n = n->next, i++) {
        abort_wait(RNI_CONTAINER(n, rni_task, link), -ECANCELED, true);
        if (i % AT_ONCE == 0)
            n = let_others_in(o, n);
    }
    rni_unlock(&o->lock);
}
