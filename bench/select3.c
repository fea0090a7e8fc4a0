/* SPDX-License-Identifier: MIT */
/* select3: what does an item cost when one consumer selects over three unbuffered channels, each
 * with a producer of its own? */
#include "bench.h"

static int feed(rn_sender(int64_t) out, int64_t from, int64_t to)
{
    int rc = 0;
    for (int64_t i = from; rc == 0 && i < to; i++)
        rc = rn_send(out, i);
    return rc;
}
RN_TASK(feed, rn_sender(int64_t), int64_t, int64_t);

/* Receives n values from any of the three and adds them up. */
static int consume(rn_receiver(int64_t) a, rn_receiver(int64_t) b, rn_receiver(int64_t) c,
                   int64_t n, int64_t *sum)
{
    enum { A, B, C };
    for (int64_t i = 0, v; i < n; i++) {
        int chosen = rn_select([A] = RN_RECV(a, &v, NULL), [B] = RN_RECV(b, &v, NULL),
                               [C] = RN_RECV(c, &v, NULL));
        if (chosen < 0)
            return chosen;
        *sum += v;
    }
    return 0;
}

static int select3(int64_t n, size_t capacity, int64_t *check)
{
    (void)capacity;
    rn_group *g = rn_group_new(NULL);
    if (!g)
        return -ENOMEM;
    rn_chan(int64_t) a = rn_make(g, int64_t, 0);
    rn_chan(int64_t) b = rn_make(g, int64_t, 0);
    rn_chan(int64_t) c = rn_make(g, int64_t, 0);
    int rc = a && b && c ? 0 : -ENOMEM;
    int64_t sum = 0, third = n / 3;
    if (rc == 0) {
        rn_go(g, feed, rn_tx(a), 0, third);
        rn_go(g, feed, rn_tx(b), third, 2 * third);
        rn_go(g, feed, rn_tx(c), 2 * third, n);
        rc = consume(rn_rx(a), rn_rx(b), rn_rx(c), n, &sum);
    }
    if (rc == 0)
        rc = rn_group_wait(g);
    rn_group_close(g);
    *check = sum;
    return rc;
}

int main(int argc, char **argv)
{
    return bench_main(argc, argv, (bench){ .name = "select3", .run = select3, .n = 999999 });
}
