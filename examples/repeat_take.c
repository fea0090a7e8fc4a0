/* SPDX-License-Identifier: MIT */
/*
 * Chapter: Some handy generators, repeat and take.
 *
 * An infinite generator and a stage that takes the first so many values of it. The chapter's
 * streams carry interface{}; these carry int, which C checks.
 *
 * In Go, `case takeStream <- <-valueStream:` receives when the select is entered, not when the case
 * is chosen, so take cannot be stopped while its source is silent and may take one value that it
 * never sends. Here the receive stands where it happens; and it does end when the group is
 * cancelled.
 *
 * Prints "1 " ten times, without a newline.
 */
#include <stdio.h>

#include <runnel.h>

typedef struct list {
    size_t n;
    int values[8];
} list;

enum { DONE, SENT };

static int repeat_all(rn_receiver(rn_unit) done, rn_sender(int) value_stream, list values)
{
    int got = SENT;
    while (got == SENT)
        for (size_t i = 0; got == SENT && i < values.n; i++)
            got = rn_select([DONE] = RN_DONE(done), [SENT] = RN_SEND(value_stream,
                                                                     values.values[i]));
    rn_close(value_stream);
    return got < 0 ? got : 0;
}
RN_TASK(repeat_all, rn_receiver(rn_unit), rn_sender(int), list);

static rn_receiver(int) repeat(rn_group *g, rn_receiver(rn_unit) done, list values)
{
    rn_chan(int) value_stream = rn_make(g, int, 0);
    rn_go(g, repeat_all, done, rn_tx(value_stream), values);
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
    rn_chan(rn_unit) done_channel = rn_make(g, rn_unit, 0);
    rn_receiver(rn_unit) done = rn_rx(done_channel);
    rn_receiver(int) ones = take(g, done, repeat(g, done, (list){ 1, { 1 } }), 10);
    for (int num; rn_recv(ones, &num) == 0;)
        printf("%d ", num);
    rn_close(done_channel); /* repeat is waiting to send the eleventh */
    return 0;
}

int main(void)
{
    return rn_run(chapter, NULL) == 0 ? 0 : 1;
}
