/* SPDX-License-Identifier: MIT */
/*
 * Once. state_: 0 new, 1 running, 2 done. The store of 2 is a release store under the bucket's
 * lock; its partner is the acquire load of the fast path, so what the function did is visible to
 * all.
 */
#include <runnel/sync.h>

#include "sync/lot.h"

enum { NEW = 0, RUNNING = 1, DONE = 2 };

static _Atomic(unsigned) *state_of(rn_once *o)
{
    return (_Atomic(unsigned) *)&o->state_;
}

static void finish(rn_once *o)
{
    rni_bucket *b = rni_lot_enter(NULL, o);
    RNI_EDGE_OUT(o);
    atomic_store_explicit(state_of(o), DONE, memory_order_release);
    rni_waiter *waiting = rni_lot_take_all(b, o);
    rni_lot_leave(b);
    rni_ready_all(waiting, 0);
}

int rn_once_do_at(rn_once *o, void (*fn)(void *arg), void *arg, const char *site)
{
    if (rni_likely(atomic_load_explicit(state_of(o), memory_order_acquire) == DONE)) {
        RNI_EDGE_IN(o);
        return rni_spend(rni_current(), 0);
    }
    unsigned expected = NEW;
    if (atomic_compare_exchange_strong_explicit(state_of(o), &expected, RUNNING,
                                                memory_order_acquire, memory_order_acquire)) {
        fn(arg);
        finish(o);
        return 0;
    }
    rni_task *t = rni_current();
    int rc = rni_refused_at_entry(t);
    if (rc)
        return rc;
    rni_wait_prepare(t);
    rni_bucket *b = rni_lot_enter(t, o);
    if (atomic_load_explicit(state_of(o), memory_order_acquire) != DONE)
        return rni_lot_wait(t, b, o, 0, RNI_WHY_ONCE, site);
    rni_lot_leave(b);
    return rni_spend(t, 0);
}
