/* SPDX-License-Identifier: MIT */
/*
 * Chapter: Some handy generators, repeatFn. (The notes define it and do not call it; the book takes
 * ten random numbers from it, and so does this.)
 *
 * A generator that calls a function for each value. As in Go, the function is called when the
 * select is entered: when `done` is chosen, its result is lost.
 *
 * Prints ten numbers, one a line.
 */
#include <stdio.h>
#include <stdlib.h>

#include <runnel.h>

enum { DONE, SENT };

typedef int (*function)(void);

static int call_all(rn_receiver(rn_unit) done, rn_sender(int) value_stream, function fn)
{
    int got = SENT;
    while (got == SENT)
        got = rn_select([DONE] = RN_DONE(done), [SENT] = RN_SEND(value_stream, fn()));
    rn_close(value_stream);
    return got < 0 ? got : 0;
}
RN_TASK(call_all, rn_receiver(rn_unit), rn_sender(int), function);

static rn_receiver(int) repeat_fn(rn_group *g, rn_receiver(rn_unit) done, function fn)
{
    rn_chan(int) value_stream = rn_make(g, int, 0);
    rn_go(g, call_all, done, rn_tx(value_stream), fn);
    return rn_rx(value_stream);
}

static int take_some(rn_receiver(rn_unit) done, rn_receiver(int) value_stream,
                     rn_sender(int) take_stream, int num)
{
    int got = SENT;
    for (int i = 0, v; got == SENT && i < num && rn_recv(value_stream, &v) == 0; i++)
        got = rn_select([DONE] = RN_DONE(done), [SENT] = RN_SEND(take_stream, v));
    rn_close(take_stream);
    return got < 0 ? got : 0;
}
RN_TASK(take_some, rn_receiver(rn_unit), rn_receiver(int), rn_sender(int), int);

static rn_receiver(int) take(rn_group *g, rn_receiver(rn_unit) done, rn_receiver(int) value_stream,
                             int num)
{
    rn_chan(int) take_stream = rn_make(g, int, 0);
    rn_go(g, take_some, done, value_stream, rn_tx(take_stream), num);
    return rn_rx(take_stream);
}

static int chapter(rn_group *g, void *unused)
{
    (void)unused;
    rn_chan(rn_unit) done = rn_make(g, rn_unit, 0);
    rn_receiver(int) numbers = take(g, rn_rx(done), repeat_fn(g, rn_rx(done), rand), 10);
    for (int num; rn_recv(numbers, &num) == 0;)
        printf("%d\n", num);
    rn_close(done);
    return 0;
}

int main(void)
{
    return rn_run(chapter, NULL) == 0 ? 0 : 1;
}
