/* SPDX-License-Identifier: MIT */
/*
 * Chapter: Best practices for constructing pipelines; the book's pipeline, as runnel writes it.
 *
 * There is no `done`: the stages belong to a group, every rn_send and rn_recv of theirs returns
 * -ECANCELED once the group is cancelled, and closing the group waits until they have gone. So the
 * stages shrink to a plain loop, and none can be written that cannot be stopped. Stages are values:
 * `stage` builds any that maps a number to a number.
 *
 * Prints 6, 10, 14 and 18, one a line.
 */
#include <stdio.h>

#include <runnel.h>

typedef struct list {
    size_t n;
    int values[8];
} list;

static int generate(rn_sender(int) out, list integers)
{
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < integers.n; i++)
        rc = rn_send(out, integers.values[i]);
    rn_close(out);
    return rc;
}
RN_TASK(generate, rn_sender(int), list);

static rn_receiver(int) generator(rn_group *g, list integers)
{
    rn_chan(int) out = rn_make(g, int, 0);
    rn_go(g, generate, rn_tx(out), integers);
    return rn_rx(out);
}

typedef int (*operation)(int value, int operand);

static int apply(rn_receiver(int) in, rn_sender(int) out, operation op, int operand)
{
    int rc = 0;
    for (int v; rc == 0 && rn_recv(in, &v) == 0;)
        rc = rn_send(out, op(v, operand));
    rn_close(out);
    return rc;
}
RN_TASK(apply, rn_receiver(int), rn_sender(int), operation, int);

static rn_receiver(int) stage(rn_group *g, rn_receiver(int) in, operation op, int operand)
{
    rn_chan(int) out = rn_make(g, int, 0);
    rn_go(g, apply, in, rn_tx(out), op, operand);
    return rn_rx(out);
}

static int multiply(int value, int multiplier)
{
    return value * multiplier;
}

static int add(int value, int additive)
{
    return value + additive;
}

static int chapter(rn_group *g, void *unused)
{
    (void)unused;
    rn_receiver(int) ints = generator(g, (list){ 4, { 1, 2, 3, 4 } });
    rn_receiver(int) pipeline = stage(g, stage(g, stage(g, ints, multiply, 2), add, 1), multiply,
                                      2);
    for (int v; rn_recv(pipeline, &v) == 0;)
        printf("%d\n", v);
    return 0;
}

int main(void)
{
    return rn_run(chapter, NULL) == 0 ? 0 : 1;
}
