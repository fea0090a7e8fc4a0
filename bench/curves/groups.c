/* SPDX-License-Identifier: MIT */
/* Groups of n tasks: started and joined; waiting and cancelled. The cost is that of one task. */
#include "curves.h"

static int nothing(void)
{
    return 0;
}
RN_TASK(nothing);

/* Starting a task of a group of n, and waiting for all of them at the end. */
static int group_go(curve_point *p)
{
    int rc = 0;
    rn_stats before, after;
    rn_stats_read(&before);
    int64_t start = curve_now();
    for (; rc == 0 && p->done < p->ops; p->done += p->n) {
        rn_group *g = rn_group_new(NULL);
        rc = g ? 0 : -ENOMEM;
        for (int64_t i = 0; rc == 0 && i < p->n; i++)
            rc = rn_go(g, nothing);
        if (rc == 0)
            rc = rn_group_wait(g);
        rn_group_close(g);
    }
    p->ns = curve_now() - start;
    rn_stats_read(&after);
    p->check = (int64_t)(after.tasks_ended - before.tasks_ended);
    p->expected = p->done;
    return rc;
}

typedef struct crowd {
    rn_waitgroup waiting;
    _Atomic int64_t cancelled;
} crowd;

static int stand(crowd *c, rn_receiver(rn_unit) never)
{
    rn_waitgroup_done(&c->waiting);
    int rc = rn_wait(never);
    if (rc == -ECANCELED)
        atomic_fetch_add_explicit(&c->cancelled, 1, memory_order_relaxed);
    return rc;
}
RN_TASK(stand, crowd *, rn_receiver(rn_unit));

static int cancel_once(curve_point *p, crowd *c)
{
    rn_group *g = rn_group_new(NULL);
    rn_chan(rn_unit) never = g ? rn_make(g, rn_unit, 0) : NULL;
    int rc = never ? 0 : -ENOMEM;
    rn_waitgroup_add(&c->waiting, (int)p->n);
    for (int64_t i = 0; rc == 0 && i < p->n; i++)
        rc = rn_go(g, stand, c, rn_rx(never));
    if (rc == 0)
        rc = rn_waitgroup_wait(&c->waiting);
    if (rc == 0) {
        int64_t start = curve_now();
        rn_group_cancel(g, 0);
        rc = rn_group_wait(g) == -ECANCELED ? 0 : -EPROTO;
        p->ns += curve_now() - start;
    }
    rn_group_close(g);
    return rc;
}

/* Cancelling a waiting task of a group of n, to its end. */
static int group_cancel(curve_point *p)
{
    crowd c = { 0 };
    int rc = 0;
    for (; rc == 0 && p->done < p->ops; p->done += p->n)
        rc = cancel_once(p, &c);
    p->check = c.cancelled;
    p->expected = p->done;
    return rc;
}

const curve group_curves[] = { { "group_go", group_go }, { "group_cancel", group_cancel }, { 0 } };
