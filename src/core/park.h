/* SPDX-License-Identifier: MIT */
/*
 * Park, ready and the wait record: the only way into the scheduler.
 *
 * A task waits in one of three ways; in each, exactly one party ends the wait and calls rni_ready.
 *
 * 1. For one object (a channel, a mutex ...). The object's queue has a lock whose memory stays a
 *    lock for ever (type-stable: channel headers and parking-lot buckets). The task
 *        rni_wait_announce(t, lock); take lock; look; enqueue t->waiter;
 *        if (rni_wait_refused(t)) { dequeue; unlock; return the reason }
 *        unlock; return rni_park(...);
 *    Who takes t->waiter out of the queue, under the lock, ends the wait. A peer finds it in the
 *    queue. An abort (cancellation, deadline) finds the lock in t->announced, takes it, and may
 *    believe t->waiter.lock == lock: that field is only set to a lock under that lock, and cleared
 *    under it.
 * 2. For several things (select), or for a deadline alone (sleep). t->claim holds a sequence number
 *    and a state; the ender is who moves it from WAITING with a compare-and-swap. Waiters stand in
 *    several queues; the task itself takes the rest out after it has resumed.
 * 3. For something that always comes and cannot be aborted (a helper thread): just park.
 *
 * No lost abort. The aborter sets a flag (owner->cancelled, t->timed_out), executes a full fence,
 * then reads t->announced and t->claim. The waiting task writes `announced` (or `claim`), executes
 * a full fence (the exchange that takes the lock), then reads the flags. At least one sees the
 * other.
 *
 * What must happen after the wait is done by the ender before rni_ready: it copies the element,
 * sets *ok, passes the result. So an operation that waits can tail-call rni_park.
 *
 * rni_ready may come before the task has left its stack: whoever resumes it waits for its context
 * (arch/switch.h).
 */
#ifndef RNI_CORE_PARK_H
#define RNI_CORE_PARK_H

#include <errno.h>

#include "base/san.h"
#include "core/task.h"

extern const _Atomic(int) rni_never_cancelled;

/* ---- the calling task ---- */

/* The running task, or the calling foreign thread's record, made at its first call; without memory
 * for it that panics. NULL only in a worker's loop, where no task runs. */
RNI_NOINLINE rni_task *rni_current(void);

/* rni_current in line: on x86-64 thread-local data is read relative to a segment, so no compiler
 * keeps the address of a thread's own in a register across a switch. NULL: ask rni_current. */
static inline rni_task *rni_current_here(void)
{
#if defined(RNI_SEAT_IN_LINE)
    rni_seat *seat = rni_seat_tls;
    return rni_likely(seat != NULL) ? seat->current : NULL;
#else
    return rni_current();
#endif
}

/* Whether the caller is code of the library's that runs where nothing may wait: in a timer's or an
 * owner's callback. It calls nothing of the user's then. */
bool rni_in_callback(void);

int rni_budget_spent(rni_task *t, int rc);

/* Ends an operation that did not wait; now and then lets others run. Returns rc. */
static inline int rni_spend(rni_task *t, int rc)
{
    if (rni_unlikely(--t->budget < 0))
        return rni_budget_spent(t, rc);
    return rc;
}

/* The same for calls that only look or set: of a thread they make nothing known, and in a callback
 * of the library's they do not let others run. */
int rni_spend_here(int rc);

/* Whether rni_refused_at_entry says more than 0; which has to be asked then. */
static inline bool rni_cancelled(const rni_task *t)
{
    return rni_unlikely(atomic_load_explicit(t->cancelled, memory_order_relaxed) != 0);
}

/* 0, or the reason why a waiting call must not begin; it is over then. */
static inline int rni_refused_at_entry(rni_task *t)
{
    if (rni_likely(atomic_load_explicit(t->cancelled, memory_order_acquire) == 0))
        return 0;
    RNI_EDGE_IN(t->cancelled);
    return rni_spend(t, -ECANCELED);
}

/* ---- waiting for one object ---- */

typedef struct rni_queue {
    rni_waiter *head, *tail;
} rni_queue;

/* The links are written by the neighbours' tasks, too. TSan sees the lock here but not in
 * abort_wait, and would miss that a neighbour wrote before a deadline took the waiter out. */
RNI_UNSEEN static inline void rni_enqueue(rni_queue *q, rni_lock *lock, rni_waiter *w)
{
    w->next = NULL;
    w->prev = q->tail;
    w->queue = q;
    /* Atomic, because abort_wait may read it under the lock of a queue that w has left. */
    __atomic_store_n(&w->lock, lock, __ATOMIC_RELAXED);
    if (q->tail)
        q->tail->next = w;
    else
        __atomic_store_n(&q->head, w, __ATOMIC_RELAXED); /* a select peeks at it */
    q->tail = w;
}

RNI_UNSEEN static inline void rni_dequeue(rni_waiter *w)
{
    rni_queue *q = w->queue;
    if (w->prev)
        w->prev->next = w->next;
    else
        __atomic_store_n(&q->head, w->next, __ATOMIC_RELEASE); /* who sees it sees a close before */
    if (w->next)
        w->next->prev = w->prev;
    else
        q->tail = w->prev;
    /* release: nothing is done with the record after this, unless its wait was won; partner:
     * dequeue in sync/select_quick.c */
    __atomic_store_n(&w->lock, NULL, __ATOMIC_RELEASE);
}

static inline void rni_wait_announce(rni_task *t, rni_lock *lock)
{
    /* release: an aborter that reads it sees the record's shields; the fence is in rni_lock_take */
    atomic_store_explicit(&t->announced, lock, memory_order_release);
}

/* Makes t findable by aborts; needed once in a task's life, before its first enqueue, with no lock
 * held. */
void rni_list_task(rni_task *t);
static inline bool rni_must_list(const rni_task *t)
{
    return rni_unlikely(!t->listed);
}

/* Must come before the announcement or the claim in a call that may wait; no lock may be held. */
static inline void rni_wait_prepare(rni_task *t)
{
    if (rni_must_list(t))
        rni_list_task(t);
}

/* Under the lock, after the enqueue: true if rni_wait_refused has to be asked. */
static inline bool rni_wait_may_be_refused(const rni_task *t)
{
    return atomic_load_explicit(t->cancelled, memory_order_relaxed) != 0 ||
           atomic_load_explicit(&t->timed_out, memory_order_relaxed) != 0;
}

/* Under the lock, after the enqueue: whether the wait must not go on; *rc is its result then, which
 * may be 0 for a deadline. */
static inline bool rni_wait_refused(const rni_task *t, int *rc)
{
    /* acquire: what came before the cancel comes before the refusal; partner: group_cancelled */
    if (rni_unlikely(atomic_load_explicit(t->cancelled, memory_order_acquire) != 0)) {
        RNI_EDGE_IN(t->cancelled);
        *rc = -ECANCELED;
        return true;
    }
    if (rni_unlikely(atomic_load_explicit(&t->timed_out, memory_order_acquire) != 0)) {
        *rc = t->timeout_result;
        return true;
    }
    return false;
}

/* ---- waiting for several things ---- */

enum { RNI_CLAIM_WAITING = 1, RNI_CLAIM_MASK = 1, RNI_CLAIM_STEP = 2 };

/* Opens a wait that rni_claim ends. Then enqueue waiters with flag RNI_WAITER_CLAIM. */
void rni_claim_open(rni_task *t);
/* True for exactly one caller per opened wait: that one must call rni_ready, unless it is the task
 * itself, which then does not park. */
bool rni_claim(rni_task *t);

enum { RNI_WAITER_CLAIM = 1 };

/* For a caller that holds the lock of the queue w stands in: whether its wait has not ended yet. */
static inline bool rni_waiter_waits(const rni_waiter *w)
{
    const rni_task *t = w->task;
    return !(w->flags & RNI_WAITER_CLAIM) ||
           (atomic_load_explicit(&t->claim, memory_order_acquire) & RNI_CLAIM_WAITING);
}

/*
 * For a peer that holds the lock of the queue w stands in: whether the caller may end its wait. The
 * waiter is out of the queue in any case; TSan does not see that it is left alone then, either.
 * The claim comes first: its task may wait for something else as soon as it sees that w is out, and
 * the claim would be that wait's.
 */
RNI_UNSEEN static inline bool rni_waiter_won(rni_waiter *w)
{
    bool won = !(w->flags & RNI_WAITER_CLAIM) || rni_claim(w->task);
    rni_dequeue(w); /* the record may be gone then, unless its wait is won */
    return won;
}

/* ---- deadlines ---- */

/* The wait that follows ends with `result` at `when`. Call before rni_wait_announce or
 * rni_claim_open; every start needs its stop after the task has resumed. */
void rni_deadline_start(rni_task *t, int64_t when, int result);
void rni_deadline_stop(rni_task *t);
/* In a test run: the wait that follows ends with 0 when every other task waits. t is a task. */
void rni_deadline_start_quiet(rni_task *t);

/* ---- park and ready ---- */

/* Leaves the worker to others until rni_ready(t, rc); returns rc. t is the calling task. `where`
 * and `what` are for reports. No lock may be held. */
int rni_park(rni_task *t, rni_why why, const void *what, const char *where);

/* Says when t, the calling task, begins to wait; else that is its worker's last look at the
 * clock. */
void rni_wait_since(rni_task *t, int64_t now);

/* Lets t, whose wait the caller has ended, go on with result rc. Any thread; t may be gone when
 * this returns. */
void rni_ready(rni_task *t, int rc);

/* rni_ready(peer, 0), then rni_spend(t, 0), as the last thing that t, the calling task, does in a
 * call: so the usual needs no frame. */
int rni_ready_and_spend(rni_task *t, rni_task *peer);

/* Readies the tasks of waiters that the caller has taken out, linked through `next`, first come,
 * first readied. Their records may be gone when this returns. */
void rni_ready_all(rni_waiter *taken, int rc);

/* Lets others go first; returns at once if there are none. Returns rc. */
int rni_yield_now(rni_task *t, int rc);

/* ---- shields ---- */

/* Between the two, t's waits ignore that its owner is cancelled. They nest; t is the caller. */
static inline void rni_shield_on(rni_task *t)
{
    int depth = atomic_load_explicit(&t->shields, memory_order_relaxed);
    atomic_store_explicit(&t->shields, depth + 1, memory_order_relaxed);
    t->cancelled = &rni_never_cancelled;
}

static inline void rni_shield_off(rni_task *t)
{
    int depth = atomic_load_explicit(&t->shields, memory_order_relaxed) - 1;
    atomic_store_explicit(&t->shields, depth, memory_order_relaxed);
    if (depth == 0 && t->owner)
        t->cancelled = &t->owner->cancelled;
}

/* ---- belonging ---- */

void rni_owner_init(rni_owner *o, void (*ended)(rni_owner *owner, int rc, bool background));
/* Ends the waits of all tasks of o that are not shielded. o->cancelled has been set with a
 * sequentially consistent exchange before. Once in o's life. */
void rni_owner_abort_all(rni_owner *o);

/* Starts a task: args are copied. 0, -ENOMEM or -EINVAL. */
int rni_start(rni_owner *o, int (*entry)(void *), const void *args, size_t bytes,
              const rn_attr *attr, const char *name, const char *site);

/* Makes sure that there are heaps for timers. 0 or -ENOMEM. */
int rni_runtime_prepare(void);
/* Arms an idle timer that serves no task's wait. Any thread; the timer fires on some worker once
 * workers run. 0 or -ENOMEM. */
int rni_timer_arm(rni_timer *timer, int64_t when);

/* The clock that waits are measured with: the real one, or the virtual one of a test run. */
int64_t rni_now(void);
/* a + b without overflow, for deadlines. */
static inline int64_t rni_add_ns(int64_t a, int64_t b)
{
    int64_t sum;
    if (__builtin_add_overflow(a, b, &sum))
        return b > 0 ? INT64_MAX : INT64_MIN;
    return sum;
}
/* A number in [0, n): every choice that the semantics leave open. */
uint32_t rni_choose(uint32_t n);

/* ---- programming errors ---- */

/* What who passes a NULL group is told: most often it is for want of memory. */
#define RNI_NEEDS_A_GROUP " needs a group; rn_group_new returns NULL when memory is short"

__attribute__((noreturn, cold, format(printf, 2, 3))) void rni_panic(const char *site,
                                                                     const char *format, ...);

#endif
