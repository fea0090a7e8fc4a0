/* SPDX-License-Identifier: MIT */
/*
 * Chapter: Best practices for constructing pipelines.
 *
 * Every stage is a task between two channels, closes what it sends on, and can be stopped at each
 * send by closing `done`. The pipeline is the chapter's, multiply(add(ints, 1), 2); the book has
 * multiply(add(multiply(ints, 2), 1), 2), which is pipeline_group.c, where the group does the work
 * of `done`.
 *
 * The list is passed by value, so that the generator has its own copy of it: an array literal would
 * be gone when generator() returns.
 *
 * Prints 4, 6, 8 and 10, one a line.
 */
#include <stdio.h>

#include <runnel.h>

typedef struct list {
    size_t n;
    int values[8];
} list;

enum { DONE, SENT };

static int generate(rn_receiver(rn_unit) done, rn_sender(int) int_stream, list integers)
{
    int got = SENT;
    for (size_t i = 0; got == SENT && i < integers.n; i++)
        got = rn_select([DONE] = RN_DONE(done), [SENT] = RN_SEND(int_stream, integers.values[i]));
    rn_close(int_stream);
    return got < 0 ? got : 0;
}
RN_TASK(generate, rn_receiver(rn_unit), rn_sender(int), list);

static rn_receiver(int) generator(rn_group *g, rn_receiver(rn_unit) done, list integers)
{
    rn_chan(int) int_stream = rn_make(g, int, 0);
    rn_go(g, generate, done, rn_tx(int_stream), integers);
    return rn_rx(int_stream);
}

static int multiply_all(rn_receiver(rn_unit) done, rn_receiver(int) int_stream,
                        rn_sender(int) multiplied_stream, int multiplier)
{
    int got = SENT;
    for (int i; got == SENT && rn_recv(int_stream, &i) == 0;)
        got = rn_select([DONE] = RN_DONE(done), [SENT] = RN_SEND(multiplied_stream,
                                                                 i * multiplier));
    rn_close(multiplied_stream);
    return got < 0 ? got : 0;
}
RN_TASK(multiply_all, rn_receiver(rn_unit), rn_receiver(int), rn_sender(int), int);

static rn_receiver(int) multiply(rn_group *g, rn_receiver(rn_unit) done,
                                 rn_receiver(int) int_stream, int multiplier)
{
    rn_chan(int) multiplied_stream = rn_make(g, int, 0);
    rn_go(g, multiply_all, done, int_stream, rn_tx(multiplied_stream), multiplier);
    return rn_rx(multiplied_stream);
}

static int add_all(rn_receiver(rn_unit) done, rn_receiver(int) int_stream,
                   rn_sender(int) added_stream, int additive)
{
    int got = SENT;
    for (int i; got == SENT && rn_recv(int_stream, &i) == 0;)
        got = rn_select([DONE] = RN_DONE(done), [SENT] = RN_SEND(added_stream, i + additive));
    rn_close(added_stream);
    return got < 0 ? got : 0;
}
RN_TASK(add_all, rn_receiver(rn_unit), rn_receiver(int), rn_sender(int), int);

static rn_receiver(int) add(rn_group *g, rn_receiver(rn_unit) done, rn_receiver(int) int_stream,
                            int additive)
{
    rn_chan(int) added_stream = rn_make(g, int, 0);
    rn_go(g, add_all, done, int_stream, rn_tx(added_stream), additive);
    return rn_rx(added_stream);
}

static int chapter(rn_group *g, void *unused)
{
    (void)unused;
    rn_chan(rn_unit) done_channel = rn_make(g, rn_unit, 0);
    rn_receiver(rn_unit) done = rn_rx(done_channel);
    rn_receiver(int) int_stream = generator(g, done, (list){ 4, { 1, 2, 3, 4 } });
    rn_receiver(int) pipeline = multiply(g, done, add(g, done, int_stream, 1), 2);
    for (int i; rn_recv(pipeline, &i) == 0;)
        printf("%d\n", i);
    rn_close(done_channel);
    return 0;
}

int main(void)
{
    return rn_run(chapter, NULL) == 0 ? 0 : 1;
}
