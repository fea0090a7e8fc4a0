/* SPDX-License-Identifier: MIT */
/* Channels of numbers, which most rows are about. */
#include "costs.h"

static int count_to(rn_sender(int) out, int n)
{
    int rc = 0;
    for (int i = 0; rc == 0 && i < n; i++)
        rc = rn_send(out, i);
    rn_close(out);
    return rc;
}
RN_TASK(count_to, rn_sender(int), int);

rn_receiver(int) numbers(rn_group *g, int n, size_t cap)
{
    rn_chan(int) c = rn_make(g, int, cap);
    rn_go(g, count_to, rn_tx(c), n);
    return rn_rx(c);
}

int drain(rn_receiver(int) in)
{
    int v = 0;
    while (rn_recv(in, &v) == 0)
        ;
    return 0;
}

int64_t time_to_drain(rn_receiver(int) in)
{
    int64_t start = rn_now();
    drain(in);
    return rn_now() - start;
}

int64_t channel_0(rn_group *g, int n)
{
    return time_to_drain(numbers(g, n, 0));
}

int64_t channel_16(rn_group *g, int n)
{
    return time_to_drain(numbers(g, n, 16));
}

int64_t channel_64(rn_group *g, int n)
{
    return time_to_drain(numbers(g, n, 64));
}

int64_t channel_256(rn_group *g, int n)
{
    return time_to_drain(numbers(g, n, 256));
}
