/* SPDX-License-Identifier: MIT */
/*
 * The condition variable: a queue in the parking lot and nothing else. A waiter is queued before it
 * unlocks the mutex, so no signal sent under the mutex can pass it by.
 */
#include <runnel/sync.h>

#include "sync/lot.h"
#include "sync/mutex.h"

int rn_cond_wait_at(rn_cond *c, rn_mutex *m, const char *site)
{
    rni_task *t = rni_current();
    int rc = rni_refused_at_entry(t);
    if (rc)
        return rc;
    rni_wait_prepare(t);
    rni_bucket *b = rni_lot_enter(t, c);
    rc = rni_lot_queue(t, b, c, 0);
    rni_lot_leave(b);
    if (rc)
        return rc;
    rni_mutex_release(m, site);
    rc = rni_park(t, RNI_WHY_COND, c, site);
    rni_shield_on(t); /* the mutex is the caller's again in any case */
    rn_mutex_lock_at(m, site);
    rni_shield_off(t);
    return rc;
}

void rn_cond_signal(rn_cond *c)
{
    rni_bucket *b = rni_lot_enter(NULL, c);
    rni_waiter *w = rni_lot_first(b, c);
    rni_task *t = w ? rni_lot_take(w) : NULL;
    rni_lot_leave(b);
    if (t)
        rni_ready(t, 0);
    rni_spend(rni_current(), 0);
}

void rn_cond_broadcast(rn_cond *c)
{
    rni_bucket *b = rni_lot_enter(NULL, c);
    rni_waiter *woken = rni_lot_take_all(b, c);
    rni_lot_leave(b);
    rni_ready_all(woken, 0);
    rni_spend(rni_current(), 0);
}
