/* SPDX-License-Identifier: MIT */
/* The producer of the benchmarks that pass numbers on. */
#ifndef BENCH_PRODUCE_H
#define BENCH_PRODUCE_H

#include "bench.h"

static int produce(rn_sender(int64_t) items, int64_t n)
{
    int rc = 0;
    for (int64_t i = 0; rc == 0 && i < n; i++)
        rc = rn_send(items, i);
    rn_close(items);
    return rc;
}
RN_TASK(produce, rn_sender(int64_t), int64_t);

#endif
