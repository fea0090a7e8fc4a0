/* SPDX-License-Identifier: MIT */
/*
 * The mutex. state_: 0 unlocked, 1 locked, 2 locked and somebody may wait.
 *
 * The fast paths are one compare-and-swap (acquire) and one exchange (release). A waiter sets state
 * 2 under its bucket's lock before it waits, so the unlock that follows looks into the lot. That
 * unlock lets the mutex go and wakes the first waiter, which competes with newcomers: cheaper than
 * handing over, since the unlocker can lock again at once. A waiter that has lost PATIENCE times is
 * handed the lock directly, so nobody starves.
 *
 * Whoever has seen the mutex unlocked may free it, so an unlocker that comes late to the lot may
 * find the memory in other use; mutex.h tells why that does no harm. It writes to the mutex only
 * while a waiter stands there, who keeps it alive.
 *
 * No lost wake-up: whoever leaves the lot without the lock (a cancelled waiter) has set state 2
 * before, so the present holder will look again; and a woken waiter takes the lock as state 2.
 */
#include <runnel/sync.h>

#include "core/sim.h"
#include "sync/lot.h"
#include "sync/mutex.h"

enum { UNLOCKED = 0, LOCKED = 1, CONTENDED = 2, HANDED_OVER = 1 };

/* The models of tests/check hand over sooner, so that they come to it. */
#if defined(RUNNEL_IN_MODEL)
enum { PATIENCE = 1 };
#else
enum { PATIENCE = 4 };
#endif

/* The public type is plain so that C++ can hold it. */
static _Atomic(unsigned) *state_of(rn_mutex *m)
{
    return (_Atomic(unsigned) *)&m->state_;
}

static bool try_take(rn_mutex *m)
{
    unsigned free_state = UNLOCKED;
    bool took = atomic_compare_exchange_strong_explicit(state_of(m), &free_state, LOCKED,
                                                        memory_order_acquire, memory_order_relaxed);
    if (took)
        RNI_EDGE_IN(m);
    return took;
}

static RNI_NOINLINE int lock_slow(rni_task *t, rn_mutex *m, const char *site)
{
    rni_wait_prepare(t);
    for (unsigned lost = 0;; lost++) {
        rni_bucket *b = rni_lot_enter(t, rni_mutex_key(m));
        if (atomic_exchange_explicit(state_of(m), CONTENDED, memory_order_acquire) == UNLOCKED) {
            RNI_EDGE_IN(m);
            rni_lot_leave(b);
            return 0;
        }
        int rc = rni_lot_queue(t, b, rni_mutex_key(m), lost);
        rni_lot_leave(b);
        if (rni_likely(rc == 0))
            rc = rni_park(t, RNI_WHY_MUTEX, m, site);
        if (rc == HANDED_OVER)
            return 0;
        if (rc < 0)
            return rc;
    }
}

/* The whole of it. */
static RNI_NOINLINE int lock_slowly(rn_mutex *m, const char *site)
{
    rni_task *t = rni_current();
    int rc = rni_refused_at_entry(t);
    if (rni_unlikely(rc))
        return rc;
    if (!try_take(m))
        return lock_slow(t, m, site);
    rni_sim_step(t);
    return 0;
}

/* What is usual has no frame and saves no register. */
int rn_mutex_lock_at(rn_mutex *m, const char *site)
{
    const rni_task *t = rni_current_here();
    unsigned free_state = UNLOCKED;
    if (rni_unlikely(!t || RNI_SEEN || t->grant == 0) || rni_cancelled(t) ||
        rni_unlikely(!atomic_compare_exchange_strong_explicit(
            state_of(m), &free_state, LOCKED, memory_order_acquire, memory_order_relaxed)))
        return lock_slowly(m, site);
    return 0;
}

int rn_mutex_try_lock(rn_mutex *m)
{
    return try_take(m) ? 0 : rni_spend_here(-EAGAIN);
}

/* Hands the lock to w if nobody has taken it meanwhile; else leaves w queued and has the present
 * holder look again. The bucket's lock is held. */
static bool hand_over(rn_mutex *m)
{
    bool unlocked = atomic_exchange_explicit(state_of(m), CONTENDED, memory_order_acq_rel) ==
                    UNLOCKED;
    RNI_EDGE_IN(m); /* passed on by rni_ready */
    return unlocked;
}

static RNI_NOINLINE void unlock_slow(rn_mutex *m)
{
    rni_task *t = NULL;
    int rc = 0;
    rni_bucket *b = rni_lot_enter(NULL, rni_mutex_key(m));
    rni_waiter *w = rni_lot_first(b, rni_mutex_key(m));
    if (w && rni_lot_index(w) < PATIENCE) {
        t = rni_lot_take(w);
    } else if (w && hand_over(m)) {
        t = rni_lot_take(w);
        rc = HANDED_OVER;
    }
    rni_lot_leave(b);
    if (t)
        rni_ready(t, rc);
}

/* Programs that never look at what rn_mutex_lock returns end here when they are cancelled. */
static RNI_NOINLINE void not_locked(const char *site)
{
    bool cancelled = atomic_load_explicit(rni_current()->cancelled, memory_order_relaxed) != 0;
    rni_panic(site, "unlock of unlocked mutex%s",
              cancelled ? " (the task is cancelled: has rn_mutex_lock failed?)" : "");
}

void rni_mutex_release(rn_mutex *m, const char *site)
{
    RNI_EDGE_OUT(m);
    unsigned old = atomic_exchange_explicit(state_of(m), UNLOCKED, memory_order_release);
    if (rni_unlikely(old == UNLOCKED))
        not_locked(site);
    if (rni_unlikely(old == CONTENDED))
        unlock_slow(m);
}

void rn_mutex_unlock_at(rn_mutex *m, const char *site)
{
    rni_mutex_release(m, site);
    rni_task *t = rni_current_here();
    /* With the lock free: a loop of lock and unlock starves nobody. */
    rni_spend(rni_likely(t != NULL) ? t : rni_current(), 0);
}
