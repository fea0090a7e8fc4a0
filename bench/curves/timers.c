/* SPDX-License-Identifier: MIT */
/* Timers: with n pending, one more is set and cancelled, or one of the n is set anew; n expire. */
#include "curves.h"

/* Times far beyond any run, spread over a quarter of an hour. */
static int64_t later(uint64_t *random)
{
    return 3600 * RN_SECOND + (int64_t)(curve_random(random) % (900 * (uint64_t)RN_SECOND));
}

typedef struct pending {
    rn_group *g;
    rn_timer **timers;
    uint64_t random;
} pending;

static int pending_open(pending *s, const curve_point *p)
{
    *s = (pending){ rn_group_new(NULL), calloc((size_t)p->n, sizeof(rn_timer *)), 1 };
    int rc = s->g && s->timers ? 0 : -ENOMEM;
    for (int64_t i = 0; rc == 0 && i < p->n; i++) {
        s->timers[i] = rn_timer_new(s->g, later(&s->random));
        rc = s->timers[i] ? 0 : -ENOMEM;
    }
    return rc;
}

static void pending_close(pending *s)
{
    rn_group_close(s->g);
    free(s->timers);
}

/* Setting a timer while n are pending, and cancelling it. */
static int timer_set(curve_point *p)
{
    pending s;
    int rc = pending_open(&s, p);
    int64_t start = curve_now();
    for (; rc == 0 && p->done < p->ops; p->done++) {
        rn_timer *t = rn_timer_new(s.g, later(&s.random));
        rc = t ? 0 : -ENOMEM;
        if (t)
            p->check += rn_timer_stop(t);
        rn_timer_free(t);
    }
    p->ns = curve_now() - start;
    p->expected = p->done;
    pending_close(&s);
    return rc;
}

/* Setting one of n pending timers to another time, each in its turn. */
static int timer_reset(curve_point *p)
{
    pending s;
    int rc = pending_open(&s, p);
    int64_t start = curve_now();
    for (; rc == 0 && p->done < p->ops; p->done++)
        p->check += rn_timer_reset(s.timers[p->done % p->n], later(&s.random));
    p->ns = curve_now() - start;
    p->expected = p->done;
    pending_close(&s);
    return rc;
}

static int fired(rn_waitgroup *left, _Atomic int64_t *count)
{
    atomic_fetch_add_explicit(count, 1, memory_order_relaxed);
    rn_waitgroup_done(left);
    return 0;
}
RN_TASK(fired, rn_waitgroup *, _Atomic int64_t *);

/* n timers that are due in one microsecond, in random order; this task computes until they are. */
static int expire_once(curve_point *p, _Atomic int64_t *count, uint64_t *random)
{
    rn_group *g = rn_group_new(NULL);
    rn_waitgroup left = { 0 };
    rn_waitgroup_add(&left, (int)p->n);
    int64_t due = rn_now() + RN_MILLISECOND + p->n * 3 * RN_MICROSECOND;
    int rc = g ? 0 : -ENOMEM;
    for (int64_t i = 0; rc == 0 && i < p->n; i++) {
        int64_t when = due + (int64_t)(curve_random(random) % 1000);
        rc = rn_timer_go(g, when - rn_now(), fired, &left, count) ? 0 : -ENOMEM;
    }
    while (rc == 0 && rn_now() < due + 1000)
        ;
    int64_t start = curve_now();
    if (rc == 0)
        rc = rn_waitgroup_wait(&left);
    p->ns += curve_now() - start;
    rn_group_close(g);
    return rc;
}

/* The expiry of one of n timers that are due together, to the end of the task that it starts. */
static int timer_expire(curve_point *p)
{
    _Atomic int64_t count = 0;
    uint64_t random = 1;
    int rc = 0;
    for (; rc == 0 && p->done < p->ops; p->done += p->n)
        rc = expire_once(p, &count, &random);
    p->check = count;
    p->expected = p->done;
    return rc;
}

const curve timer_curves[] = { { "timer_set", timer_set },
                               { "timer_reset", timer_reset },
                               { "timer_expire", timer_expire },
                               { 0 } };
