/* SPDX-License-Identifier: MIT */
/*
 * A part of rest.c: patterns for which the pool of channel headers is too small by one, by two and
 * so on. A slab has 64, so elsewhere only who comes first asks for memory for them; here, where it
 * is refused from then on at that site alone, each channel of a pattern is refused in its turn.
 */
#include <runnel.h>

#include <errno.h>
#include <stdio.h>

#include "rest.h"

enum { HEADERS = 64 };

static int count_to(rn_sender(int) out, int n)
{
    int rc = 0;
    for (int i = 1; i <= n && rc == 0; i++)
        rc = rn_send(out, i);
    rn_close(out);
    return rc;
}
RN_TASK(count_to, rn_sender(int), int);

static int add(rn_receiver(int) in, long *sum)
{
    int v, rc;
    while ((rc = rn_recv(in, &v)) == 0)
        *sum += v;
    return rc == -EPIPE ? 0 : rc;
}
RN_TASK(add, rn_receiver(int), long *);

static int twice(int v)
{
    return 2 * v;
}
RN_STAGE(twice, int, int);

static int plus(int a, int b)
{
    return a + b;
}
RN_ZIP(plus, int, int, int);

static int broadcast(rn_group *h, long *sums)
{
    rn_chan(int) in = rn_make(h, int, 0);
    if (!in)
        return -ENOMEM;
    rn_broadcast(int) b = rn_broadcast_new(h, in);
    int rc = rn_go(h, add, rn_subscribe(h, b, 1, RN_SLOW_WAIT), &sums[0]);
    if (rc == 0)
        rc = rn_go(h, add, rn_subscribe(h, b, 0, RN_SLOW_WAIT), &sums[1]);
    return rc ? rc : rn_go(h, count_to, rn_tx(in), 3);
}

static int pipeline(rn_group *h, long *sums)
{
    rn_receiver(int) doubled = rn_parallel_map(h, rn_generator(h, int, 1, 2, 3), 2, twice);
    rn_receiver(int) added = rn_zip(h, rn_generator(h, int, 1, 2, 3), rn_buffer(h, doubled, 2),
                                    plus);
    return rn_go(h, add, added, &sums[2]);
}

static int in_group(int (*use)(rn_group *h, long *sums), long *sums)
{
    rn_group *h = rn_group_new(NULL);
    if (!h)
        return -ENOMEM;
    int rc = use(h, sums), ended = rn_group_wait(h);
    rn_group_close(h);
    return rc ? rc : ended;
}

int rest_scarce(rn_group *g, void *unused)
{
    (void)g, (void)unused;
    long sums[3] = { 0 };
    rn_group *holders[HEADERS] = { NULL };
    int first = 0;
    for (int i = 0; i < HEADERS; i++) {
        int rc = in_group(broadcast, sums);
        first = first ? first : rc;
        rc = in_group(pipeline, sums);
        first = first ? first : rc;
        holders[i] = rn_group_new(NULL);
        if (!holders[i] || !rn_make(holders[i], int, 0))
            first = first ? first : -ENOMEM;
    }
    for (int i = 0; i < HEADERS; i++)
        rn_group_close(holders[i]);
    if (first == 0)
        printf("%ld %ld %ld\n", sums[0], sums[1], sums[2]);
    return first;
}
