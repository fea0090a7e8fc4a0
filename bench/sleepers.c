/* SPDX-License-Identifier: MIT */
/*
 * sleepers: n tasks are started that sleep, one for almost nothing, one for a second, the others
 * for times evenly spread between: how much later than after that second is the last one done
 * (late_ms)? Starting them counts, and so does their end.
 */
#include <stdatomic.h>

#include "bench.h"

static int nap(int64_t ns, _Atomic int64_t *slept)
{
    int64_t start = rn_now();
    int rc = rn_sleep(ns);
    if (rc == 0 && rn_now() - start >= ns)
        atomic_fetch_add_explicit(slept, ns, memory_order_relaxed);
    return rc;
}
RN_TASK(nap, int64_t, _Atomic int64_t *);

static int sleepers(int64_t n, size_t capacity, int64_t *check)
{
    (void)capacity;
    _Atomic int64_t slept = 0; /* the sum of the times of those that slept so long */
    rn_group *g = rn_group_new(NULL);
    if (!g)
        return -ENOMEM;
    int64_t start = rn_now();
    for (int64_t i = 1; i <= n; i++)
        rn_go_with(g, &bench_many, nap, RN_SECOND / n * i,
                   &slept); /* If one cannot be started, the group fails. */
    int rc = rn_group_wait(g);
    bench_report("late_ms", (double)(rn_now() - start - RN_SECOND) / RN_MILLISECOND);
    rn_group_close(g);
    *check = slept;
    return rc;
}

int main(int argc, char **argv)
{
    return bench_main(
        argc, argv,
        (bench){ .name = "sleepers" BENCH_SUFFIX, .run = sleepers, .n = 1000000, .cold = true });
}
