/* SPDX-License-Identifier: MIT */
/*
 * skynet: what does a tree of a million tasks cost, ten children to a node, when each node makes a
 * channel, sums what its children send and sends the sum up?
 *
 * The benchmark, unbuffered channels included, is github.com/atemerev/skynet's. All nodes share one
 * group, which frees the channels at the end; that counts.
 */
#include "bench.h"

static int node(rn_group *g, rn_sender(int64_t) up, int64_t first, int64_t size);
RN_TASK(node, rn_group *, rn_sender(int64_t), int64_t, int64_t);

static int node(rn_group *g, rn_sender(int64_t) up, int64_t first, int64_t size)
{
    if (size == 1)
        return rn_send(up, first);
    rn_chan(int64_t) children = rn_make(g, int64_t, 0);
    if (!children)
        return -ENOMEM;
    int64_t part = size / 10;
    for (int i = 0; i < 10; i++)
        rn_go_with(g, &bench_many, node, g, rn_tx(children), first + i * part, part);
    int64_t sum = 0;
    for (int i = 0; i < 10; i++) {
        int64_t v;
        int rc = rn_recv(children, &v);
        if (rc)
            return rc;
        sum += v;
    }
    return rn_send(up, sum);
}

static int skynet(int64_t n, size_t capacity, int64_t *check)
{
    (void)capacity;
    rn_group *g = rn_group_new(NULL);
    if (!g)
        return -ENOMEM;
    rn_chan(int64_t) root = rn_make(g, int64_t, 0);
    int rc = root ? rn_go_with(g, &bench_many, node, g, rn_tx(root), 0, n) : -ENOMEM;
    if (rc == 0)
        rc = rn_recv(root, check);
    if (rc == 0)
        rc = rn_group_wait(g);
    rn_group_close(g);
    return rc;
}

int main(int argc, char **argv)
{
    return bench_main(argc, argv,
                      (bench){ .name = "skynet" BENCH_SUFFIX, .run = skynet, .n = 1000000 });
}
