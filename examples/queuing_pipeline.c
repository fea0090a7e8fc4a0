/* SPDX-License-Identifier: MIT */
/*
 * Chapter: Queuing (only a heading in the notes; the program is the book's).
 *
 * Three values go through a stage that takes a second for each and one that takes four. A queue of
 * two between them does not make the pipeline faster, since the long stage never waits for values.
 * What it changes is how long the short stage is blocked: it has given its last value away after 3
 * seconds instead of 9. (The book's listing of the second pipeline gives `short` to the long stage
 * instead of `buffer`; its figures are for what is meant.)
 *
 * Prints the two lines "... short stage done after 9 s, pipeline after 13 s" and "3 s ... 13 s".
 */
#include <stdio.h>

#include <runnel.h>

enum { DONE, SENT };

typedef rn_receiver(rn_unit) done_channel;

/* The chapter's take(done, 3, repeat(done, 0)). */
static int send_zeros(done_channel done, rn_sender(int) out, int num)
{
    int got = SENT;
    for (int i = 0; got == SENT && i < num; i++)
        got = rn_select([DONE] = RN_DONE(done), [SENT] = RN_SEND(out, 0));
    rn_close(out);
    return got < 0 ? got : 0;
}
RN_TASK(send_zeros, done_channel, rn_sender(int), int);

static int hold(done_channel done, int64_t delay, rn_receiver(int) in, rn_sender(int) out,
                int64_t *finished)
{
    int got = SENT;
    for (int v; got == SENT && rn_recv(in, &v) == 0;) {
        rn_sleep(delay);
        got = rn_select([DONE] = RN_DONE(done), [SENT] = RN_SEND(out, v));
    }
    *finished = rn_now();
    rn_close(out);
    return got < 0 ? got : 0;
}
RN_TASK(hold, done_channel, int64_t, rn_receiver(int), rn_sender(int), int64_t *);

/* The chapter's sleep(done, delay, in). Stores at finished when it has sent its last value. */
static rn_receiver(int) sleep_stage(rn_group *g, done_channel done, int64_t delay,
                                    rn_receiver(int) in, int64_t *finished)
{
    rn_chan(int) out = rn_make(g, int, 0);
    rn_go(g, hold, done, delay, in, rn_tx(out), finished);
    return rn_rx(out);
}

static int fill(done_channel done, rn_receiver(int) in, rn_sender(int) out)
{
    int got = SENT;
    for (int v; got == SENT && rn_recv(in, &v) == 0;)
        got = rn_select([DONE] = RN_DONE(done), [SENT] = RN_SEND(out, v));
    rn_close(out);
    return got < 0 ? got : 0;
}
RN_TASK(fill, done_channel, rn_receiver(int), rn_sender(int));

static rn_receiver(int) buffer(rn_group *g, done_channel done, size_t n, rn_receiver(int) in)
{
    rn_chan(int) out = rn_make(g, int, n);
    rn_go(g, fill, done, in, rn_tx(out));
    return rn_rx(out);
}

static void run_pipeline(rn_group *g, const char *title, size_t queue)
{
    int64_t start = rn_now(), short_end = 0, long_end = 0;
    rn_chan(rn_unit) done = rn_make(g, rn_unit, 0);
    rn_chan(int) zeros = rn_make(g, int, 0);
    rn_go(g, send_zeros, rn_rx(done), rn_tx(zeros), 3);
    rn_receiver(int) pipe = sleep_stage(g, rn_rx(done), RN_SECOND, rn_rx(zeros), &short_end);
    if (queue > 0)
        pipe = buffer(g, rn_rx(done), queue, pipe);
    pipe = sleep_stage(g, rn_rx(done), 4 * RN_SECOND, pipe, &long_end);
    for (int v; rn_recv(pipe, &v) == 0;)
        ;
    rn_close(done);
    printf("%-14s short stage done after %.0f s, pipeline after %.0f s\n", title,
           (double)(short_end - start) / RN_SECOND, (double)(rn_now() - start) / RN_SECOND);
}

static int chapter(rn_group *g, void *unused)
{
    (void)unused;
    run_pipeline(g, "no queue:", 0);
    run_pipeline(g, "a queue of 2:", 2);
    return 0;
}

int main(void)
{
    return rn_run(chapter, NULL) == 0 ? 0 : 1;
}
