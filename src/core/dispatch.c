/* SPDX-License-Identifier: MIT */
/*
 * What runs next, and getting there.
 *
 * There is no scheduler context between tasks: the task that parks picks its successor and switches
 * straight to it. Only when there is nothing to run does it switch to the worker's loop, on the
 * thread's own stack, because a parked task may be resumed by another worker at any moment and its
 * stack must be free by then.
 *
 * A fresh task is called by the trampoline at the base of a task stack. If it returns without
 * having parked, the next fresh task is called on the same stack; if it parks, the stack stays with
 * it, and the next fresh task gets another.
 *
 * On a tiny stack only the usual is done: to switch to a task, or to a stack that is at hand. All
 * else the worker's loop does: to look around, to fire timers, to sleep, to make stacks.
 *
 * A picked task may not have left its stack yet (another worker made it ready in between). A worker
 * that is itself about to leave a stack must not wait for that long: the other one may be waiting
 * for it in turn. It hands the task to its loop, which owns no task stack and can wait.
 */
#include "base/layout.h"
#include "base/san.h"
#include "core/foreign.h"
#include "core/park.h"
#include "core/sim.h"
#include "core/switch.h"
#include "core/queue.h"
#include "core/worker.h"

RNI_LAYOUT = {
    RNI_LAYOUT_NUMBER("parked", rni_arch_parked),
    RNI_LAYOUT_NUMBER("task.size", sizeof(rni_task)),
    RNI_LAYOUT_FIELD("task.sp", rni_task, context.sp),
    RNI_LAYOUT_FIELD("task.worker", rni_task, worker),
    RNI_LAYOUT_FIELD("task.claim", rni_task, claim),
    RNI_LAYOUT_FIELD("task.state", rni_task, state),
    RNI_LAYOUT_FIELD("task.why", rni_task, why),
    RNI_LAYOUT_FIELD("task.where", rni_task, where),
    RNI_LAYOUT_FIELD("task.what", rni_task, what),
    RNI_LAYOUT_FIELD("task.since", rni_task, since),
    RNI_LAYOUT_FIELD("task.name", rni_task, name),
    RNI_LAYOUT_FIELD("task.site", rni_task, site),
    RNI_LAYOUT_FIELD("task.id", rni_task, id),
    RNI_LAYOUT_FIELD("task.internal", rni_task, internal),
    RNI_LAYOUT_FIELD("task.stack", rni_task, stack_limit),
    RNI_LAYOUT_FIELD("waiter.next", rni_waiter, next),
    RNI_LAYOUT_FIELD("waiter.task", rni_waiter, task),
    RNI_LAYOUT_FIELD("waiter.flags", rni_waiter, flags),
    RNI_LAYOUT_NUMBER("waiter.flag.claim", RNI_WAITER_CLAIM),
    RNI_LAYOUT_NUMBER("claim.waiting", RNI_CLAIM_WAITING),
};

static rni_runnable take_own(rni_worker *w)
{
    rni_runq_enter(&w->queue);
    rni_runnable r = rni_runq_next(&w->queue);
    rni_runq_leave(&w->queue);
    return r;
}

/* What rni_pick would return, if that is the next in the worker's queue and no look is due; else
 * 0. */
static inline rni_runnable pick_quickly(rni_worker *w)
{
    if (rni_unlikely(w->ticks <= 1) || rni_unlikely(!rni_runq_enter_quickly(&w->queue)))
        return 0;
    rni_runnable r = rni_runq_next(&w->queue);
    rni_runq_leave(&w->queue);
    w->ticks -= r != 0;
    return r;
}

/* After so many picks that a look comes every LOOK_EVERY_NS, or every RNI_TICKS_PER_LOOK picks if
 * they are quick. */
static RNI_NOINLINE void look_now_and_then(rni_worker *w)
{
    enum { LOOK_EVERY_NS = 100 * 1000 };
    int64_t now = rni_real_now(), since = now - w->looked_at;
    if (since > LOOK_EVERY_NS && !rni_clock_is_virtual())
        w->look_every = (int)(w->look_every * (int64_t)LOOK_EVERY_NS / since);
    else if (w->look_every < RNI_TICKS_PER_LOOK)
        w->look_every *= 2;
    w->look_every += w->look_every == 0;
    w->ticks = w->look_every;
    rni_runq_enter(&w->queue);
    rni_runq_age(&w->queue);
    rni_runq_leave(&w->queue);
    rni_look_around(w, now);
    rni_collect(w);
    if (w->seat.current && now - w->watched_at >= RNI_WATCH_EVERY_NS) {
        w->watched_at = now;
        rni_watch_timers(w, w->clock);
        rni_runnable r = rni_watch(w, now);
        if (r)
            rni_queue_last(w, r);
    }
}

bool rni_must_leave(const rni_worker *w)
{
    return w->done && w->seat.current && atomic_load_explicit(w->done, memory_order_relaxed);
}

rni_runnable rni_pick(rni_worker *w)
{
    if (rni_unlikely(--w->ticks <= 0)) {
        if (rni_unlikely(rni_sim_on()))
            return rni_sim_pick(w);
        look_now_and_then(w);
        if (rni_unlikely(rni_must_leave(w)))
            return 0; /* rn_run is over: worker 0 goes back to its caller */
    }
    rni_runnable r = take_own(w);
    if (rni_unlikely(!r) && rni_collect(w))
        r = take_own(w);
    return r;
}

/* ---- the trampoline ---- */

static void begin(rni_worker *w, rni_task *t, rni_spawn *s)
{
    t->owner = s->owner;
    t->cancelled = &s->owner->cancelled;
    t->pinned = s->pin ? w : NULL;
    t->pins = s->pin;
    t->foreign = false;
    t->internal = s->internal;
    t->run = s->run;
    t->background = s->background;
    t->listed = false;
    t->saved_errno = 0;
    t->budget = t->grant = rni_first_grant;
    t->slice = 0;
    atomic_store_explicit(&t->announced, NULL, memory_order_relaxed);
    atomic_store_explicit(&t->timed_out, 0, memory_order_relaxed);
    atomic_store_explicit(&t->shields, 0, memory_order_relaxed);
    atomic_store_explicit(&t->why, RNI_WHY_RUNNING, memory_order_relaxed);
    atomic_store_explicit(&t->name, atomic_load_explicit(&s->name, memory_order_relaxed),
                          memory_order_relaxed);
    atomic_store_explicit(&t->site, atomic_load_explicit(&s->site, memory_order_relaxed),
                          memory_order_relaxed);
    uint64_t n = atomic_load_explicit(&w->dispatches, memory_order_relaxed);
    atomic_store_explicit(&t->id, n * RNI_MAX_WORKERS + w->id, memory_order_relaxed);
    atomic_store_explicit(&t->state, RNI_TASK_LIVE, memory_order_release);
    atomic_store_explicit(&s->queued, false, memory_order_relaxed);
}

static void tell_owner(rni_worker *w, rni_owner *o, int rc, bool background)
{
    rni_callback_enter(w);
    o->ended(o, rc, background);
    rni_callback_leave(w);
}

/* The owner's callback comes last: with it the owner may be gone, and it must find the task counted
 * as ended. */
static void end(rni_task *t, int rc)
{
    rni_owner *o = t->owner;
    bool background = t->background;
    if (rni_unlikely(rni_stack_is_tiny(t)))
        rni_stack_inspect(t);
    if (rni_unlikely(t->forks.newest != NULL))
        rn_fork_misplaced_(NULL, NULL);
    if (t->listed) {
        rni_lock_take(&o->lock);
        rni_list_remove(&t->link);
        rni_unlock(&o->lock);
    }
    atomic_store_explicit(&t->state, RNI_TASK_FREE, memory_order_relaxed);
    rni_count(&t->worker->ended, !t->internal);
    tell_owner(t->worker, o, rc, background);
}

static __attribute__((noreturn)) void leave_stack(rni_worker *w, rni_task *from, rni_runnable r);

/* The first function on every task stack: calls fresh tasks until one has parked and something that
 * is not fresh, or needs another kind of stack, is to run next. */
static void trampoline(void)
{
    rni_switch_arrived(rni_worker_self()->seat.current);
    for (;;) {
        rni_worker *w = rni_worker_self();
        rni_task *t = w->seat.current;
        rni_spawn *s = w->starting;
        begin(w, t, s);
        rni_fiber_begin(t, s);
        int rc = s->entry(s->args);
        end(t, rc);
        rni_fiber_end(t, s);

        w = rni_worker_here(); /* another, perhaps */
        rni_spawn_give(&w->spawns, s);
        rni_runnable r = pick_quickly(w);
        if (rni_unlikely(!r) && !rni_stack_is_tiny(t))
            r = rni_pick(w);
        if (rni_is_spawn(r) && rni_as_spawn(r)->stack_class == t->stack_class) {
            w->starting = rni_as_spawn(r);
            rni_count(&w->dispatches, 1);
            *w->error = 0;
            continue;
        }
        leave_stack(w, t, r);
    }
}

/* ---- dispatching ---- */

static bool saved(rni_task *t)
{
    return __atomic_load_n(&t->context.sp, __ATOMIC_ACQUIRE) != NULL;
}

static void wait_until_saved(rni_task *t)
{
    for (unsigned spins = 0; !saved(t); spins++) {
        if (spins < 100)
            rni_cpu_relax();
        else
            rni_os_thread_yield();
    }
}

/* There is no memory for a stack: the task ends without having run, with an error for its group. */
static void fail_to_start(rni_worker *w, rni_spawn *s)
{
    if (s->internal)
        rni_panic(NULL, "out of memory for task stacks");
    atomic_store_explicit(&s->queued, false, memory_order_relaxed);
    rni_count(&w->ended, 1);
    tell_owner(w, s->owner, -ENOMEM, s->background);
    rni_spawn_give(&w->spawns, s);
}

/* The context to run r in, prepared; NULL if r was a task for which there is no stack. */
static rni_task *context_for(rni_worker *w, rni_runnable r)
{
    if (!r)
        return &w->loop;
    if (!rni_is_spawn(r))
        return rni_as_task(r);
    rni_spawn *s = rni_as_spawn(r);
    rni_task *t = rni_stack_take(w->stacks, s->stack_class);
    if (rni_unlikely(!t)) {
        fail_to_start(w, s);
        return NULL;
    }
    rni_arch_prepare(&t->context, t->stack_limit, rni_stack_top(t), trampoline);
    t->saved_errno = 0;
    w->starting = s;
    return t;
}

static inline void arrive(rni_worker *w, rni_task *to, bool loop)
{
    __atomic_store_n(&w->seat.current, loop ? NULL : to, __ATOMIC_RELAXED);
    to->worker = w;
    to->budget = to->grant;
    to->slice = 0;
    *w->error = to->saved_errno;
    if (!loop) {
        rni_count(&w->dispatches, 1);
        atomic_store_explicit(&to->why, RNI_WHY_RUNNING, memory_order_relaxed);
    }
}

/* For a task on a tiny stack that is to leave: whether r is to be begun by the loop. */
static bool leave_to_loop(rni_worker *w, rni_task *from, rni_runnable r)
{
    rni_stack_inspect(from);
    return rni_is_spawn(r) && !rni_stack_at_hand(w->stacks, rni_as_spawn(r)->stack_class);
}

int rni_dispatch(rni_worker *w, rni_task *from, rni_runnable r)
{
    rni_task *to;
    if (rni_unlikely(rni_stack_is_tiny(from)) && leave_to_loop(w, from, r)) {
        w->pending = r;
        r = 0;
    }
    while (rni_unlikely(!(to = context_for(w, r))))
        r = rni_pick(w);
    if (rni_unlikely(to == from)) { /* made ready before it had left */
        RNI_EDGE_IN(from);
        atomic_store_explicit(&from->why, RNI_WHY_RUNNING, memory_order_relaxed);
        return from->context.result;
    }
    if (rni_unlikely(!saved(to))) {
        if (from == &w->loop) {
            wait_until_saved(to);
        } else {
            w->pending = r;
            to = &w->loop;
        }
    }
    from->saved_errno = *w->error;
    arrive(w, to, to == &w->loop);
    return rni_switch(from, to);
}

/* rni_dispatch from a task, with what is usual in line and no frame. */
static inline int switch_from(rni_worker *w, rni_task *from, rni_runnable r)
{
    rni_task *to = rni_as_task(r);
    if (rni_unlikely(rni_is_spawn(r) || to == from || !saved(to) || rni_san_is(RNI_SAN_ANY)))
        return rni_dispatch(w, from, r);
    from->saved_errno = *w->error;
    arrive(w, to, false);
    return rni_arch_switch(&from->context, &to->context);
}

static RNI_NOINLINE int leave_slowly(rni_worker *w, rni_task *t)
{
    rni_runnable r = pick_quickly(w);
    if (!r && !rni_stack_is_tiny(t))
        r = rni_pick(w);
    return rni_dispatch(w, t, r);
}

/* Neither this nor rni_leave_for_others has a frame: all that is rare is a call at the end. */
int rni_leave(rni_worker *w, rni_task *t)
{
    rni_runq *q = &w->queue;
    if (rni_unlikely(w->ticks <= 1) || rni_unlikely(!rni_runq_enter_quickly(q)))
        return leave_slowly(w, t);
    rni_runnable r = rni_runq_next_begun(q);
    rni_runq_leave(q);
    if (rni_unlikely(!r))
        return leave_slowly(w, t);
    w->ticks--;
    return switch_from(w, t, r);
}

static RNI_NOINLINE int yield_slowly(rni_worker *w, rni_task *t, rni_runnable r)
{
    bool tiny = rni_stack_is_tiny(t);
    if (!r && !tiny)
        r = rni_pick(w);
    if (!r && !tiny && !rni_must_leave(w)) {
        rni_count(&w->dispatches, 1); /* as if it had been queued, for who watches */
        atomic_store_explicit(&t->why, RNI_WHY_RUNNING, memory_order_relaxed);
        return t->context.result;
    }
    rni_queue_behind(w, rni_run_task(t));
    return rni_dispatch(w, t, r);
}

static RNI_NOINLINE int yield_and_kick(rni_worker *w, rni_task *t, rni_runnable r)
{
    rni_kick(w, 1);
    return rni_dispatch(w, t, r);
}

int rni_leave_for_others(rni_worker *w, rni_task *t)
{
    rni_runq *q = &w->queue;
    atomic_store_explicit(&t->why, RNI_WHY_READY, memory_order_relaxed);
    if (rni_unlikely(w->ticks <= 1) || rni_unlikely(!rni_runq_enter_quickly(q)))
        return yield_slowly(w, t, 0);
    rni_runnable r = rni_runq_next_begun(q);
    bool queued = r && rni_ring_append(&q->yielded, rni_run_task(t));
    rni_runq_leave(q);
    if (rni_unlikely(!queued))
        return yield_slowly(w, t, r);
    w->ticks--;
    if (rni_wants_kick(1))
        return yield_and_kick(w, t, r);
    return switch_from(w, t, r);
}

/* As rni_dispatch, from a task stack that is no longer needed. */
static void leave_stack(rni_worker *w, rni_task *from, rni_runnable r)
{
    rni_task *to; /* before the give: it must not hand out our own stack */
    if (rni_unlikely(rni_stack_is_tiny(from)) && leave_to_loop(w, from, r)) {
        w->pending = r;
        r = 0;
    }
    while (rni_unlikely(!(to = context_for(w, r))))
        r = rni_pick(w);
    if (!saved(to)) {
        w->pending = r;
        to = &w->loop;
    }
    rni_stack_give(w->stacks, from);
    arrive(w, to, to == &w->loop);
    rni_switch_leave(from, to);
}

void rni_run_loop(rni_worker *w, _Atomic(uint32_t) *done)
{
    while (!done || atomic_load_explicit(done, memory_order_acquire) == 0) {
        rni_runnable r = w->pending;
        w->pending = 0;
        if (!r)
            r = rni_pick(w);
        if (!r)
            r = rni_idle(w, done);
        if (!r)
            break;
        rni_dispatch(w, &w->loop, r);
    }
    if (w->pending) {
        rni_queue_last(w, w->pending);
        w->pending = 0;
    }
}
