/* SPDX-License-Identifier: MIT */
/* fanout: what does an item cost that one of four workers takes from a channel and sends on to
 * another, where all results meet? Both channels are unbuffered. */
#include "produce.h"

enum { FAN = 4 };

static int work(rn_receiver(int64_t) items, rn_sender(int64_t) results)
{
    int rc = 0;
    for (int64_t v; rc == 0 && rn_recv(items, &v) == 0;)
        rc = rn_send(results, 2 * v);
    return rc;
}
RN_TASK(work, rn_receiver(int64_t), rn_sender(int64_t));

static int close_after(rn_group *workers, rn_sender(int64_t) results)
{
    int rc = rn_group_wait(workers);
    rn_close(results);
    return rc;
}
RN_TASK(close_after, rn_group *, rn_sender(int64_t));

static int fanout(int64_t n, size_t capacity, int64_t *check)
{
    rn_group *g = rn_group_new(NULL);
    rn_group *workers = g ? rn_group_new(rn_group_ctx(g)) : NULL;
    if (!workers) {
        rn_group_close(g);
        return -ENOMEM;
    }
    rn_chan(int64_t) items = rn_make(g, int64_t, capacity);
    rn_chan(int64_t) results = rn_make(g, int64_t, capacity);
    int rc = items && results ? rn_go(g, produce, rn_tx(items), n) : -ENOMEM;
    for (int i = 0; rc == 0 && i < FAN; i++)
        rc = rn_go(workers, work, rn_rx(items), rn_tx(results));
    if (rc == 0)
        rc = rn_go(g, close_after, workers, rn_tx(results));
    int64_t sum = 0;
    if (rc == 0) {
        for (int64_t v; rn_recv(results, &v) == 0;)
            sum += v;
        rc = rn_group_wait(g);
    }
    rn_group_close(workers);
    rn_group_close(g);
    *check = sum;
    return rc;
}

int main(int argc, char **argv)
{
    return bench_main(argc, argv, (bench){ .name = "fanout", .run = fanout, .n = 1500000 });
}
