/* SPDX-License-Identifier: MIT */
/*
 * ring: what does a hop cost when one token goes round a ring of tasks, each of which waits for it
 * on an unbuffered channel of its own?
 *
 * The second number is the size of the ring. The token says how many hops are left, and who holds
 * it at 0 says its own number. One round makes sure that all tasks wait; only the hops after it are
 * timed (hop_ns), not the making of the ring.
 */
#include "bench.h"

static int member(int64_t number, rn_receiver(int64_t) in, rn_sender(int64_t) out,
                  rn_sender(int64_t) last)
{
    int rc = 0;
    for (int64_t left; rc == 0 && rn_recv(in, &left) == 0;)
        rc = left > 0 ? rn_send(out, left - 1) : rn_send(last, number);
    return rc;
}
RN_TASK(member, int64_t, rn_receiver(int64_t), rn_sender(int64_t), rn_sender(int64_t));

/* Sends a token that goes hops hops from the first task; *holder is the number of its last one. */
static int pass(rn_sender(int64_t) first, rn_receiver(int64_t) last, int64_t hops, int64_t *holder)
{
    int rc = rn_send(first, hops);
    return rc ? rc : rn_recv(last, holder);
}

static int ring(int64_t n, size_t size, int64_t *check)
{
    rn_group *g = rn_group_new(NULL);
    if (!g)
        return -ENOMEM;
    rn_chan(int64_t) first = rn_make(g, int64_t, 0), in = first;
    rn_chan(int64_t) last = rn_make(g, int64_t, 0);
    int rc = first && last ? 0 : -ENOMEM;
    for (size_t i = 0; rc == 0 && i < size; i++) {
        rn_chan(int64_t) out = i + 1 < size ? rn_make(g, int64_t, 0) : first;
        rc = out ? rn_go_with(g, &bench_many, member, (int64_t)i, rn_rx(in), rn_tx(out),
                              rn_tx(last))
                 : -ENOMEM;
        in = out;
    }
    int64_t holder;
    if (rc == 0)
        rc = pass(rn_tx(first), rn_rx(last), (int64_t)size, &holder);
    int64_t start = rn_now();
    if (rc == 0)
        rc = pass(rn_tx(first), rn_rx(last), n, check);
    bench_report("hop_ns", (double)(rn_now() - start) / (double)n);
    rn_group_close(g);
    return rc;
}

int main(int argc, char **argv)
{
    return bench_main(argc, argv,
                      (bench){ .name = "ring" BENCH_SUFFIX,
                               .run = ring,
                               .n = 4000000,
                               .capacity = 503,
                               .cold = true });
}
