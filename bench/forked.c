/* SPDX-License-Identifier: MIT */
/*
 * forked: what does fib cost when each call that is not a leaf forks one half, calls the other
 * itself and joins? The peers start a task for the half, as in forkjoin.
 *
 * n is the number of calls; the program takes the largest fib that needs no more.
 */
#include "bench.h"

static int64_t fib(int k);
RN_FORK(fib, int64_t, int);

static int64_t fib(int k)
{
    if (k < 2)
        return k;
    rn_forked(fib) half;
    rn_fork(fib, &half, k - 1);
    int64_t b = fib(k - 2);
    return rn_join(fib, &half) + b;
}

static int forked(int64_t n, size_t capacity, int64_t *check)
{
    (void)capacity;
    int k = 1;
    for (int64_t a = 1, b = 1, next; (next = a + b + 1) <= n; k++) {
        a = b;
        b = next;
    }
    *check = fib(k);
    return 0;
}

int main(int argc, char **argv)
{
    return bench_main(argc, argv, (bench){ .name = "forked", .run = forked, .n = 635621 });
}
