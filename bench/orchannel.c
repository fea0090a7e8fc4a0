/* SPDX-License-Identifier: MIT */
/*
 * orchannel: what does it cost to make an or-channel of so many (the second number) done channels,
 * and to learn from it that one of them was closed?
 *
 * One operation makes the done channels, joins them, yields, so that the or-channel's task waits
 * for them all, closes one (each time another), waits for the or-channel and ends all it has
 * started. The sum of the numbers of the closed ones is the check; an or-channel that closes before
 * adds nothing.
 */
#include "bench.h"

static int one(rn_chan(rn_unit) *done, rn_receiver(rn_unit) *ends, size_t width, size_t closing,
               int64_t *sum)
{
    rn_group *g = rn_group_new(NULL);
    if (!g)
        return -ENOMEM;
    for (size_t i = 0; i < width; i++) {
        done[i] = rn_make(g, rn_unit, 0);
        ends[i] = rn_rx(done[i]);
    }
    rn_receiver(rn_unit) any = rn_or_n(g, ends, width);
    rn_unit unused;
    int rc = any ? rn_yield() : -ENOMEM;
    bool early = rc || rn_try_recv(any, &unused) != -EAGAIN;
    if (rc == 0) {
        rn_close(done[closing]);
        rn_wait(any);
        *sum += early ? 0 : (int64_t)closing;
        rc = rn_group_wait(g);
    }
    rn_group_close(g);
    return rc;
}

static int orchannel(int64_t n, size_t width, int64_t *check)
{
    int64_t sum = 0;
    rn_chan(rn_unit) *done = malloc(width * sizeof *done);
    rn_receiver(rn_unit) *ends = malloc(width * sizeof *ends);
    int rc = done && ends ? 0 : -ENOMEM;
    for (int64_t i = 0; rc == 0 && i < n; i++)
        rc = one(done, ends, width, (size_t)(i * 7) % width, &sum);
    free(ends);
    free(done);
    *check = sum;
    return rc;
}

int main(int argc, char **argv)
{
    return bench_main(
        argc, argv, (bench){ .name = "orchannel", .run = orchannel, .n = 1000, .capacity = 1000 });
}
