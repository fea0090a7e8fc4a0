/* SPDX-License-Identifier: MIT */
/*
 * n tasks with stacks of one class that all wait on one channel: how many bytes of memory does each
 * take (task_bytes), and how long does it take to wake them all by closing the channel, until the
 * last has ended (wake_ns, for each)? What parked and parked_small measure.
 */
#ifndef BENCH_PARKED_H
#define BENCH_PARKED_H

#include <stdatomic.h>
#include <unistd.h>

#include "bench.h"
#include "resident.h"

typedef struct crowd {
    rn_waitgroup waiting;
    _Atomic int64_t woken; /* how many saw the channel close */
} crowd;

static int stand(crowd *c, rn_receiver(rn_unit) gate)
{
    rn_waitgroup_done(&c->waiting);
    if (rn_wait(gate) == -EPIPE)
        atomic_fetch_add_explicit(&c->woken, 1, memory_order_relaxed);
    return 0;
}
RN_TASK(stand, crowd *, rn_receiver(rn_unit));

static int park(int64_t n, rn_stack_class stack, int64_t *check)
{
    crowd c = { 0 };
    const rn_attr attr = { .stack = stack };
    rn_group *g = rn_group_new(NULL);
    if (!g)
        return -ENOMEM;
    rn_chan(rn_unit) gate = rn_make(g, rn_unit, 0);
    int rc = gate ? 0 : -ENOMEM;
    int64_t before = resident_bytes();
    rn_waitgroup_add(&c.waiting, (int)n);
    for (int64_t i = 0; rc == 0 && i < n; i++)
        rc = rn_go_with(g, &attr, stand, &c, rn_rx(gate));
    if (rc == 0)
        rc = rn_waitgroup_wait(&c.waiting);
    bench_report("task_bytes", (double)(resident_bytes() - before) / (double)n);
    int64_t start = rn_now();
    if (rc == 0) {
        rn_close(gate);
        rc = rn_group_wait(g);
    }
    bench_report("wake_ns", (double)(rn_now() - start) / (double)n);
    rn_group_close(g);
    *check = c.woken;
    return rc;
}

#endif
