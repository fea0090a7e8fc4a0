/* SPDX-License-Identifier: MIT */
/*
 * Rate limiters: token buckets with reservations, after golang.org/x/time/rate.
 *
 * What is kept is what is missing from the bucket, in fractions of a token: a nanosecond fills in
 * n_ of them, a token has per_ns_, so nothing is ever rounded. More can be missing than the bucket
 * holds: then it is promised to reservations whose time has not come. `spent_` tokens less `part_`
 * fractions are missing, part_ < per_ns_; 128 bits hold what products of these can be.
 *
 * last_ is the time of the latest reservation. Who gives an earlier one back gets only what the
 * later ones did not have to wait for, since these stay where they are.
 *
 * Locks: lock_ protects all. It is taken alone; nothing waits under it. The clock is read under it,
 * so that time never goes back for the bucket (but from one test run to the next).
 */
#include <runnel/scale.h>
#include <runnel/scope.h>

#include "core/park.h"

__extension__ typedef __int128 wide;

static rni_lock *lock_of(rn_limiter *l)
{
    return (rni_lock *)(void *)&l->lock_;
}

static bool is_unlimited(const rn_limiter *l)
{
    return l->per_ns_ <= 0;
}

/* ---- the bucket; under the lock ---- */

static wide missing(const rn_limiter *l)
{
    return (wide)l->spent_ * l->per_ns_ - l->part_;
}

static void set_missing(rn_limiter *l, wide fractions)
{
    if (fractions < 0)
        fractions = 0;
    wide tokens = (fractions + l->per_ns_ - 1) / l->per_ns_;
    if (tokens > INT64_MAX)
        tokens = INT64_MAX;
    l->spent_ = (int64_t)tokens;
    l->part_ = (int64_t)(tokens * l->per_ns_ - fractions);
}

static void fill_up(rn_limiter *l, int64_t now)
{
    if (now > l->since_)
        set_missing(l, missing(l) - (wide)(now - l->since_) * l->n_);
    l->since_ = now;
}

/* When `tokens` can be had, which it does not take; -ERANGE if never. */
static int when(const rn_limiter *l, int64_t tokens, int64_t now, int64_t *at)
{
    if (tokens < 0 || tokens > l->burst_)
        return -ERANGE;
    wide lacking = missing(l) + (wide)(tokens - l->burst_) * l->per_ns_;
    *at = now;
    if (lacking <= 0)
        return 0;
    if (l->n_ <= 0)
        return -ERANGE;
    wide ns = (lacking + l->n_ - 1) / l->n_;
    *at = ns > INT64_MAX ? INT64_MAX : rni_add_ns(now, (int64_t)ns);
    return 0;
}

/* Takes tokens that can be had by latest_ns: 0, -ERANGE, -ETIMEDOUT. */
static int take(rn_limiter *l, int64_t tokens, int64_t latest_ns, rn_reservation *r)
{
    int rc = 0;
    rni_lock_take(lock_of(l));
    int64_t now = rni_now();
    *r = (rn_reservation){ l, 0, now };
    RNI_WROTE(r, sizeof *r);
    if (tokens < 0) {
        rc = -ERANGE;
    } else if (!is_unlimited(l)) {
        fill_up(l, now);
        rc = when(l, tokens, now, &r->at_ns);
        if (rc == 0 && r->at_ns > now && r->at_ns > latest_ns)
            rc = -ETIMEDOUT;
        if (rc == 0) {
            r->tokens = tokens;
            set_missing(l, missing(l) + (wide)tokens * l->per_ns_);
            l->last_ = r->at_ns;
        }
    }
    rni_unlock(lock_of(l));
    return rc;
}

/* Gives r back, whose holder has not acted. */
static void give_back(rn_reservation *r)
{
    rn_limiter *l = r->limiter;
    rni_lock_take(lock_of(l));
    int64_t now = rni_now();
    if (!is_unlimited(l)) {
        wide back = (wide)r->tokens * l->per_ns_;
        if (r->at_ns == l->last_) {
            int64_t before = l->n_ > 0 ? r->at_ns - (int64_t)(back / l->n_) : now;
            l->last_ = before > now ? before : now;
        } else if (r->at_ns < l->last_) { /* later: it is from before a change of the rate */
            back -= (wide)(l->last_ - r->at_ns) * l->n_;
        }
        fill_up(l, now);
        if (back > 0)
            set_missing(l, missing(l) - back);
    }
    rni_unlock(lock_of(l));
    r->tokens = 0;
}

/* ---- the calls ---- */

void rn_limiter_set(rn_limiter *l, int64_t n, int64_t per_ns, int64_t burst)
{
    rni_lock_take(lock_of(l));
    int64_t now = rni_now();
    if (!is_unlimited(l))
        fill_up(l, now);
    l->part_ = is_unlimited(l) || per_ns <= 0 ? 0 : (int64_t)((wide)l->part_ * per_ns / l->per_ns_);
    l->n_ = n;
    l->per_ns_ = per_ns;
    l->burst_ = burst;
    l->since_ = now;
    rni_unlock(lock_of(l));
}

bool rn_limiter_allow(rn_limiter *l, int64_t tokens)
{
    rn_reservation r;
    return rni_spend_here(take(l, tokens, INT64_MIN, &r)) == 0;
}

int rn_limiter_reserve(rn_limiter *l, int64_t tokens, rn_reservation *r)
{
    return rni_spend_here(take(l, tokens, INT64_MAX, r));
}

void rn_reservation_cancel(rn_reservation *r)
{
    if (r->tokens > 0 && r->at_ns >= rni_now())
        give_back(r);
}

/* Waits until all n reservations may act; gives them back if it must not. */
static int wait_for(rn_reservation *r, size_t n, const char *site)
{
    int64_t at = INT64_MIN, now = rni_now();
    int rc = 0;
    for (size_t i = 0; i < n; i++)
        at = r[i].at_ns > at ? r[i].at_ns : at;
    if (n && at > now)
        rc = rn_sleep_at(at == INT64_MAX ? RN_FOREVER : at - now, site);
    for (size_t i = 0; rc && i < n; i++)
        give_back(&r[i]);
    return rc;
}

int rn_limiter_wait_at(rn_limiter *const *limiters, size_t count, int64_t tokens,
                       int64_t deadline_ns, const char *site)
{
    enum { FEW = 8 };
    rn_reservation few[FEW], *all = few;
    int64_t own;
    rni_task *t = rni_current();
    int rc = rni_refused_at_entry(t);
    if (rc)
        return rc;
    if (rn_ctx_deadline(rn_ctx_current(), &own) && own < deadline_ns)
        deadline_ns = own;
    if (count > FEW && !(all = rni_os_alloc(count * sizeof *all)))
        return -ENOMEM;
    for (size_t i = 0; i < count && rc == 0; i++) {
        rc = take(limiters[i], tokens, deadline_ns, &all[i]);
        while (rc && i)
            give_back(&all[--i]);
        if (rc)
            break;
    }
    if (rc == 0)
        rc = wait_for(all, count, site);
    if (all != few)
        rni_os_free(all);
    return rni_spend(t, rc);
}

/* Whether a's rate is lower than b's. */
static bool is_stricter(const rn_limiter *a, const rn_limiter *b)
{
    if (is_unlimited(a) || is_unlimited(b))
        return !is_unlimited(a);
    return (wide)a->n_ * b->per_ns_ < (wide)b->n_ * a->per_ns_;
}

rn_limiter *rn_limiter_strictest(rn_limiter *const *limiters, size_t count)
{
    rn_limiter *found = NULL, lowest = { 0 };
    for (size_t i = 0; i < count; i++) {
        rni_lock_take(lock_of(limiters[i]));
        rn_limiter l = *limiters[i];
        rni_unlock(lock_of(limiters[i]));
        if (!found || is_stricter(&l, &lowest)) {
            found = limiters[i];
            lowest = l;
        }
    }
    return found;
}
