/* SPDX-License-Identifier: MIT */
/* mpmc: what does an item cost from four producers to four consumers that share one channel? */
#include "bench.h"

enum { SIDE = 4 };

static int produce(rn_sender(int64_t) items, int64_t from, int64_t to)
{
    int rc = 0;
    for (int64_t i = from; rc == 0 && i < to; i++)
        rc = rn_send(items, i);
    return rc;
}
RN_TASK(produce, rn_sender(int64_t), int64_t, int64_t);

static int consume(rn_receiver(int64_t) items, int64_t *result)
{
    int64_t sum = 0;
    for (int64_t v; rn_recv(items, &v) == 0;)
        sum += v;
    *result = sum;
    return 0;
}
RN_TASK(consume, rn_receiver(int64_t), int64_t *);

static int mpmc(int64_t n, size_t capacity, int64_t *check)
{
    int64_t sums[SIDE] = { 0 };
    rn_group *consumers = rn_group_new(NULL);
    rn_group *producers = consumers ? rn_group_new(rn_group_ctx(consumers)) : NULL;
    if (!producers) {
        rn_group_close(consumers);
        return -ENOMEM;
    }
    rn_chan(int64_t) items = rn_make(consumers, int64_t, capacity);
    int rc = items ? 0 : -ENOMEM;
    for (int i = 0; rc == 0 && i < SIDE; i++) {
        rc = rn_go(consumers, consume, rn_rx(items), &sums[i]);
        if (rc == 0)
            rc = rn_go(producers, produce, rn_tx(items), n / SIDE * i, n / SIDE * (i + 1));
    }
    if (rc == 0)
        rc = rn_group_wait(producers);
    if (rc == 0) {
        rn_close(items);
        rc = rn_group_wait(consumers);
    }
    rn_group_close(producers);
    rn_group_close(consumers);
    *check = 0;
    for (int i = 0; i < SIDE; i++)
        *check += sums[i];
    return rc;
}

int main(int argc, char **argv)
{
    return bench_main(argc, argv,
                      (bench){ .name = "mpmc", .run = mpmc, .n = 4000000, .capacity = 100 });
}
