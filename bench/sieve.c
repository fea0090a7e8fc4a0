/* SPDX-License-Identifier: MIT */
/*
 * sieve: what do n primes cost from the concurrent prime sieve: a growing chain of filters, one for
 * each prime, linked by unbuffered channels?
 *
 * The program is the one Go ships as an example. At the end the group stops the chain.
 */
#include "bench.h"

static int generate(rn_sender(int64_t) out)
{
    int rc = 0;
    for (int64_t i = 2; rc == 0; i++)
        rc = rn_send(out, i);
    return rc;
}
RN_TASK(generate, rn_sender(int64_t));

static int filter(rn_receiver(int64_t) in, rn_sender(int64_t) out, int64_t prime)
{
    int rc = 0;
    for (int64_t v; rc == 0 && (rc = rn_recv(in, &v)) == 0;)
        if (v % prime)
            rc = rn_send(out, v);
    return rc;
}
RN_TASK(filter, rn_receiver(int64_t), rn_sender(int64_t), int64_t);

static int sieve(int64_t n, size_t capacity, int64_t *check)
{
    (void)capacity;
    rn_group *g = rn_group_new(NULL);
    if (!g)
        return -ENOMEM;
    rn_chan(int64_t) in = rn_make(g, int64_t, 0);
    int rc = in ? rn_go(g, generate, rn_tx(in)) : -ENOMEM;
    int64_t sum = 0;
    for (int64_t i = 0, prime; rc == 0 && i < n; i++) {
        rc = rn_recv(in, &prime);
        if (rc)
            break;
        sum += prime;
        rn_chan(int64_t) out = rn_make(g, int64_t, 0);
        rc = out ? rn_go(g, filter, rn_rx(in), rn_tx(out), prime) : -ENOMEM;
        in = out;
    }
    rn_group_close(g);
    *check = sum;
    return rc;
}

int main(int argc, char **argv)
{
    return bench_main(argc, argv, (bench){ .name = "sieve", .run = sieve, .n = 2500 });
}
