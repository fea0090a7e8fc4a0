/* SPDX-License-Identifier: MIT */
/*
 * The wait group. Its counter changes under its bucket's lock (lot.h), so the call that brings it
 * to zero touches it for the last time before any waiter can see the zero: a waiter may free it.
 */
#include <runnel/sync.h>

#include "core/sim.h"
#include "sync/lot.h"

void rn_waitgroup_add_at(rn_waitgroup *g, int n, const char *site)
{
    rni_bucket *b = rni_lot_enter(NULL, g);
    int64_t count = g->count_ += n;
    rni_waiter *free_to_go = count == 0 ? rni_lot_take_all(b, g) : NULL;
    rni_lot_leave(b);
    if (rni_unlikely(count < 0))
        rni_panic(site, "negative wait group counter");
    rni_ready_all(free_to_go, 0);
    rni_sim_step_here();
}

int rn_waitgroup_wait_at(rn_waitgroup *g, const char *site)
{
    rni_task *t = rni_current();
    int rc = rni_refused_at_entry(t);
    if (rc)
        return rc;
    rni_wait_prepare(t);
    rni_bucket *b = rni_lot_enter(t, g);
    if (g->count_ != 0)
        return rni_lot_wait(t, b, g, 0, RNI_WHY_WAITGROUP, site);
    rni_lot_leave(b);
    return rni_spend(t, 0);
}
