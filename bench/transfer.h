/* SPDX-License-Identifier: MIT */
/* One producer hands n items to one consumer: what unbuffered and buffered measure. */
#ifndef BENCH_TRANSFER_H
#define BENCH_TRANSFER_H

#include "produce.h"

static int transfer(int64_t n, size_t capacity, int64_t *check)
{
    rn_group *g = rn_group_new(NULL);
    if (!g)
        return -ENOMEM;
    rn_chan(int64_t) items = rn_make(g, int64_t, capacity);
    int rc = items ? rn_go(g, produce, rn_tx(items), n) : -ENOMEM;
    int64_t sum = 0;
    if (rc == 0) {
        for (int64_t v; rn_recv(items, &v) == 0;)
            sum += v;
        rc = rn_group_wait(g);
    }
    rn_group_close(g);
    *check = sum;
    return rc;
}

#endif
