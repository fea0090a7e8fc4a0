/* SPDX-License-Identifier: MIT */
/*
 * Chapter: The or-done-channel (only a heading in the notes; the function is the book's).
 *
 * Main reads a stream whose owner does not know main's `done`, and will not close the stream when
 * main is told to stop. Instead of a select around every receive, or_done wraps the stream once,
 * and the range loop is back. The inner select is there because the consumer may have gone, too.
 *
 * Here the stream has a value each 300 ms, and `done` is closed after a second.
 *
 * Prints "1", "2", "3", one a line, and "done after 1.0s".
 */
#include <stdio.h>

#include <runnel.h>

static int pass_on(rn_receiver(rn_unit) done, rn_receiver(int) c, rn_sender(int) val_stream)
{
    enum { DONE, VALUE, SENT = VALUE };
    int v, got;
    bool ok;
    do {
        got = rn_select([DONE] = RN_DONE(done), [VALUE] = RN_RECV(c, &v, &ok));
        if (got != VALUE || !ok)
            break;
        got = rn_select([DONE] = RN_DONE(done), [SENT] = RN_SEND(val_stream, v));
    } while (got == SENT);
    rn_close(val_stream);
    return got < 0 ? got : 0;
}
RN_TASK(pass_on, rn_receiver(rn_unit), rn_receiver(int), rn_sender(int));

static rn_receiver(int) or_done(rn_group *g, rn_receiver(rn_unit) done, rn_receiver(int) c)
{
    rn_chan(int) val_stream = rn_make(g, int, 0);
    rn_go(g, pass_on, done, c, rn_tx(val_stream));
    return rn_rx(val_stream);
}

static int count(rn_receiver(rn_unit) stop, rn_sender(int) numbers)
{
    enum { STOP, SENT };
    int got = SENT;
    for (int i = 1; got == SENT && rn_sleep(300 * RN_MILLISECOND) == 0; i++)
        got = rn_select([STOP] = RN_DONE(stop), [SENT] = RN_SEND(numbers, i));
    rn_close(numbers);
    return got < 0 ? got : 0;
}
RN_TASK(count, rn_receiver(rn_unit), rn_sender(int));

static int close_later(int64_t after, rn_sender(rn_unit) c)
{
    int rc = rn_sleep(after);
    rn_close(c);
    return rc;
}
RN_TASK(close_later, int64_t, rn_sender(rn_unit));

static int chapter(rn_group *g, void *unused)
{
    (void)unused;
    int64_t start = rn_now();
    rn_chan(rn_unit) done = rn_make(g, rn_unit, 0), stop = rn_make(g, rn_unit, 0);
    rn_chan(int) numbers = rn_make(g, int, 0);
    rn_go(g, count, rn_rx(stop), rn_tx(numbers));
    rn_go(g, close_later, RN_SECOND, rn_tx(done));

    rn_receiver(int) until_done = or_done(g, rn_rx(done), rn_rx(numbers));
    for (int num; rn_recv(until_done, &num) == 0;)
        printf("%d\n", num);
    printf("done after %.1fs\n", (double)(rn_now() - start) / RN_SECOND);
    rn_close(stop); /* the owner of the numbers ends when it is told so */
    return 0;
}

int main(void)
{
    return rn_run(chapter, NULL) == 0 ? 0 : 1;
}
