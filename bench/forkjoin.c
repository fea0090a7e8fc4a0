/* SPDX-License-Identifier: MIT */
/*
 * forkjoin: what does fib cost when each call that is not a leaf starts a task for one half, calls
 * the other itself and waits for the task's result?
 *
 * n is the number of calls; the program takes the largest fib that needs no more. The result comes
 * over a channel; the same with a wait group, in either language, was slower.
 */
#include "bench.h"

static int fib(rn_group *g, int k, int64_t *result);

static int fib_task(rn_group *g, int k, rn_sender(int64_t) out)
{
    int64_t result = 0;
    int rc = fib(g, k, &result);
    return rc ? rc : rn_send(out, result);
}
RN_TASK(fib_task, rn_group *, int, rn_sender(int64_t));

static int fib(rn_group *g, int k, int64_t *result)
{
    *result = k;
    if (k < 2)
        return 0;
    rn_chan(int64_t) half = rn_make(g, int64_t, 1);
    if (!half)
        return -ENOMEM;
    int64_t a, b;
    int rc = rn_go(g, fib_task, g, k - 1, rn_tx(half));
    if (rc == 0)
        rc = fib(g, k - 2, &a);
    if (rc == 0)
        rc = rn_recv(half, &b);
    if (rc)
        return rc; /* the task may still use the channel, which its group will free */
    rn_free(half);
    *result = a + b;
    return 0;
}

static int forkjoin(int64_t n, size_t capacity, int64_t *check)
{
    (void)capacity;
    int k = 1;
    for (int64_t a = 1, b = 1, next; (next = a + b + 1) <= n; k++) {
        a = b;
        b = next;
    }
    rn_group *g = rn_group_new(NULL);
    if (!g)
        return -ENOMEM;
    rn_chan(int64_t) result = rn_make(g, int64_t, 1);
    int rc = result ? rn_go(g, fib_task, g, k, rn_tx(result)) : -ENOMEM;
    if (rc == 0)
        rc = rn_group_wait(g);
    if (rc == 0)
        rc = rn_recv(result, check);
    rn_group_close(g);
    return rc;
}

int main(int argc, char **argv)
{
    return bench_main(argc, argv, (bench){ .name = "forkjoin", .run = forkjoin, .n = 635621 });
}
