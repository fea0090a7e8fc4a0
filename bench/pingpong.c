/* SPDX-License-Identifier: MIT */
/* pingpong: what does a request and its reply cost over two unbuffered channels? */
#include "bench.h"

static int echo(rn_receiver(int64_t) ping, rn_sender(int64_t) pong)
{
    int rc = 0;
    for (int64_t v; rc == 0 && rn_recv(ping, &v) == 0;)
        rc = rn_send(pong, v);
    return rc;
}
RN_TASK(echo, rn_receiver(int64_t), rn_sender(int64_t));

static int pingpong(int64_t n, size_t capacity, int64_t *check)
{
    (void)capacity;
    rn_group *g = rn_group_new(NULL);
    if (!g)
        return -ENOMEM;
    rn_chan(int64_t) ping = rn_make(g, int64_t, 0);
    rn_chan(int64_t) pong = rn_make(g, int64_t, 0);
    int rc = ping && pong ? 0 : -ENOMEM;
    if (rc == 0)
        rc = rn_go(g, echo, rn_rx(ping), rn_tx(pong));
    int64_t sum = 0;
    for (int64_t i = 0, v; rc == 0 && i < n; i++) {
        rc = rn_send(ping, i);
        if (rc == 0)
            rc = rn_recv(pong, &v);
        if (rc == 0)
            sum += v;
    }
    if (rc == 0) {
        rn_close(ping);
        rc = rn_group_wait(g);
    }
    rn_group_close(g);
    *check = sum;
    return rc;
}

int main(int argc, char **argv)
{
    return bench_main(argc, argv, (bench){ .name = "pingpong", .run = pingpong, .n = 1000000 });
}
