/* SPDX-License-Identifier: MIT */
/*
 * The semaphore. permits_ changes under its bucket's lock (lot.h). Waiters are served strictly in
 * order: the first whose request does not fit stops the rest, so a large request is not starved.
 */
#include <runnel/sync.h>

#include "core/sim.h"
#include "sync/lot.h"
#include "sync/semaphore.h"

static void serve_and_leave(rni_bucket *b, rn_semaphore *s)
{
    rni_waiter *served = NULL, **end = &served, *w;
    while ((w = rni_lot_first(b, s)) != NULL && (int64_t)rni_lot_index(w) <= s->permits_) {
        s->permits_ -= rni_lot_index(w);
        end = rni_lot_append(end, w);
    }
    rni_lot_leave(b);
    rni_ready_all(served, 0);
}

static bool take_now(rni_bucket *b, rn_semaphore *s, int64_t n)
{
    if (s->permits_ < n || rni_lot_first(b, s))
        return false;
    s->permits_ -= n;
    return true;
}

int rn_semaphore_acquire_at(rn_semaphore *s, int64_t n, const char *site)
{
    rni_task *t = rni_current();
    int rc = rni_refused_at_entry(t);
    if (rc)
        return rc;
    if (n < 1 || n > UINT32_MAX)
        rni_panic(site, "semaphore request of %lld permits", (long long)n);
    rni_wait_prepare(t);
    rni_bucket *b = rni_lot_enter(t, s);
    if (take_now(b, s, n)) {
        rni_lot_leave(b);
        return rni_spend(t, 0);
    }
    rc = rni_lot_wait(t, b, s, (unsigned)n, RNI_WHY_SEMAPHORE, site);
    if (rc != 0) /* those behind this one may fit */
        serve_and_leave(rni_lot_enter(NULL, s), s);
    return rc;
}

int rn_semaphore_try_acquire(rn_semaphore *s, int64_t n)
{
    rni_bucket *b = rni_lot_enter(NULL, s);
    bool took = n > 0 && take_now(b, s, n);
    rni_lot_leave(b);
    return rni_spend_here(took ? 0 : -EAGAIN);
}

void rni_semaphore_overdraw(rn_semaphore *s)
{
    rni_bucket *b = rni_lot_enter(NULL, s);
    s->permits_--;
    rni_lot_leave(b);
}

void rni_semaphore_set(rn_semaphore *s, int64_t n)
{
    rni_bucket *b = rni_lot_enter(NULL, s);
    s->permits_ = n;
    serve_and_leave(b, s);
}

void rn_semaphore_release(rn_semaphore *s, int64_t n)
{
    if (n < 1)
        rni_panic(NULL, "semaphore release of %lld permits", (long long)n);
    rni_bucket *b = rni_lot_enter(NULL, s);
    int64_t permits;
    if (rni_unlikely(__builtin_add_overflow(s->permits_, n, &permits))) {
        rni_lot_leave(b);
        rni_panic(NULL, "semaphore release of %lld permits beyond its range", (long long)n);
    }
    s->permits_ = permits;
    serve_and_leave(b, s);
    rni_sim_step_here();
}
