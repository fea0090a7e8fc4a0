/* SPDX-License-Identifier: MIT */
/* Parts of rest.c: the patterns that no example shows. */
#include <runnel.h>

#include <errno.h>
#include <stdio.h>

#include "rest.h"

static int square(int v)
{
    return v * v;
}
RN_STAGE(square, int, int);

static int sum_of_two(int a, int b)
{
    return a + b;
}
RN_ZIP(sum_of_two, int, int, int);

static int add_up(rn_receiver(int) in, long *sum)
{
    int v, rc;
    while ((rc = rn_recv(in, &v)) == 0)
        *sum += v;
    return rc == -EPIPE ? 0 : rc;
}
RN_TASK(add_up, rn_receiver(int), long *);

int rest_stages(rn_group *g, void *unused)
{
    (void)unused;
    long sums[4] = { 0 };
    rn_receiver(int) squares = rn_parallel_map(g, rn_generator(g, int, 1, 2, 3, 4, 5, 6, 7, 8), 2,
                                               square);
    rn_receiver(int) slow = rn_throttle(g, rn_generator(g, int, 1, 2, 3), RN_MICROSECOND, 1);
    rn_receiver(int) pairs = rn_zip(g, rn_generator(g, int, 1, 2, 3),
                                    rn_generator(g, int, 10, 20, 30), sum_of_two);
    rn_receiver(int) ordered = rn_ordered_map(g, rn_buffer(g, rn_generator(g, int, 1, 2, 3), 2), 2,
                                              square);
    int rc = add_up(squares, &sums[0]);
    if (rc == 0)
        rc = add_up(slow, &sums[1]);
    if (rc == 0)
        rc = add_up(pairs, &sums[2]);
    if (rc == 0)
        rc = add_up(ordered, &sums[3]);
    if (rc == 0)
        printf("%ld %ld %ld %ld\n", sums[0], sums[1], sums[2], sums[3]);
    return rc;
}

static int count_up(rn_sender(int) out, int n)
{
    int rc = 0;
    for (int i = 1; i <= n && rc == 0; i++)
        rc = rn_send(out, i);
    rn_close(out);
    return rc;
}
RN_TASK(count_up, rn_sender(int), int);

int rest_broadcasts(rn_group *g, void *unused)
{
    (void)unused;
    long sums[6] = { 0 };
    rn_group *h = rn_group_new(NULL);
    rn_chan(int) in = rn_make(g, int, 0);
    if (!h || !in)
        return -ENOMEM;
    rn_broadcast(int) b = rn_broadcast_new(h, in);
    int rc = 0;
    for (int i = 0; i < 6 && rc == 0; i++)
        rc = rn_go(h, add_up, rn_subscribe(h, b, (size_t)i, RN_SLOW_WAIT), &sums[i]);
    if (rc == 0)
        rc = rn_go(h, count_up, rn_tx(in), 10);
    int ended = rn_group_wait(h);
    rn_group_close(h);
    rc = rc ? rc : ended;
    if (rc == 0)
        printf("%ld %ld\n", sums[0], sums[5]);
    return rc;
}

static int answer(void *arg, void *result)
{
    *(int *)result = *(int *)arg;
    return rn_sleep(RN_MILLISECOND);
}

int rest_scale(rn_group *g, void *unused)
{
    (void)g, (void)unused;
    static rn_flight flight;
    rn_limiter first = RN_LIMITER(1000, RN_MILLISECOND, 1), second = RN_LIMITER(1000, RN_SECOND, 9),
               third = first, fourth = first, fifth = first;
    rn_limiter *all[] = { &first, &second, &third, &fourth, &fifth,
                          &first, &second, &third, &fourth, &fifth };
    int question = 42, result = 0;
    int rc = rn_flight_do(&flight, "key", answer, &question, &result, NULL);
    if (rc == 0)
        rc = rn_limiter_wait_all(all, 10, 1);
    if (rc == 0)
        printf("%d\n", result);
    return rc;
}
