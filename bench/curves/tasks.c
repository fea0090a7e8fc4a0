/* SPDX-License-Identifier: MIT */
/* Tasks: n of them yield in turn; a token goes round a ring of n. */
#include "curves.h"

enum { YIELDS = 16 }; /* of each task: its wake-up and its end count as one more */

typedef struct crowd {
    rn_waitgroup waiting;
    _Atomic int64_t yields;
} crowd;

static int yielder(crowd *c, rn_receiver(rn_unit) gate)
{
    rn_waitgroup_done(&c->waiting);
    if (rn_wait(gate) != -EPIPE)
        return -ECANCELED;
    int64_t yields = 0;
    while (yields < YIELDS && rn_yield() == 0)
        yields++;
    atomic_fetch_add_explicit(&c->yields, yields, memory_order_relaxed);
    return 0;
}
RN_TASK(yielder, crowd *, rn_receiver(rn_unit));

static int yield_once(curve_point *p, crowd *c)
{
    rn_group *g = rn_group_new(NULL);
    rn_chan(rn_unit) gate = g ? rn_make(g, rn_unit, 0) : NULL;
    int rc = gate ? 0 : -ENOMEM;
    rn_waitgroup_add(&c->waiting, (int)p->n);
    for (int64_t i = 0; rc == 0 && i < p->n; i++)
        rc = rn_go(g, yielder, c, rn_rx(gate));
    if (rc == 0)
        rc = rn_waitgroup_wait(&c->waiting);
    if (rc == 0) {
        int64_t start = curve_now();
        rn_close(gate);
        rc = rn_group_wait(g);
        p->ns += curve_now() - start;
    }
    rn_group_close(g);
    return rc;
}

/* One yield, with n tasks that do nothing else. */
static int task_yield(curve_point *p)
{
    crowd c = { 0 };
    int rc = 0;
    for (; rc == 0 && p->done < p->ops; p->done += p->n * YIELDS)
        rc = yield_once(p, &c);
    p->check = c.yields;
    p->expected = p->done;
    return rc;
}

static int member(int64_t number, rn_receiver(int64_t) in, rn_sender(int64_t) out,
                  rn_sender(int64_t) last)
{
    int rc = 0;
    for (int64_t left; rc == 0 && rn_recv(in, &left) == 0;)
        rc = left > 0 ? rn_send(out, left - 1) : rn_send(last, number);
    return rc;
}
RN_TASK(member, int64_t, rn_receiver(int64_t), rn_sender(int64_t), rn_sender(int64_t));

/* One hop of a token, from one waiting task to the next; n is 2 at least. */
static int task_hop(curve_point *p)
{
    rn_group *g = rn_group_new(NULL);
    rn_chan(int64_t) start = g ? rn_make(g, int64_t, 0) : NULL, in = start;
    rn_chan(int64_t) last = g ? rn_make(g, int64_t, 0) : NULL;
    int rc = start && last ? 0 : -ENOMEM;
    for (int64_t i = 0; rc == 0 && i < p->n; i++) {
        rn_chan(int64_t) out = i + 1 < p->n ? rn_make(g, int64_t, 0) : start;
        rc = out ? rn_go(g, member, i, rn_rx(in), rn_tx(out), rn_tx(last)) : -ENOMEM;
        in = out;
    }
    /* One round makes sure that all of them wait. */
    int64_t hops = p->n, holder;
    for (int round = 0; rc == 0 && round < 2; round++, hops = curve_rounds(p) * p->n + p->n / 2) {
        int64_t from = curve_now();
        rc = rn_send(start, hops);
        if (rc == 0)
            rc = rn_recv(last, &holder);
        p->ns = curve_now() - from;
        p->done = hops;
        p->check = holder;
    }
    p->expected = p->n / 2;
    rn_group_close(g);
    return rc;
}

const curve task_curves[] = { { "task_yield", task_yield }, { "task_hop", task_hop }, { 0 } };
