/* SPDX-License-Identifier: MIT */
/*
 * Chapter: The bridge-channel (only a heading in the notes; the program is the book's).
 *
 * A channel of channels becomes one channel: all of the first, then all of the second, and so on.
 * gen_vals sends ten channels, each with one value in its buffer, and closes each before it sends
 * it: a closed channel still delivers what it holds. `done` is nil, which is fine: its case is
 * never ready.
 *
 * Prints "0 1 2 3 4 5 6 7 8 9 " without a newline.
 */
#include <stdio.h>

#include <runnel.h>

enum { DONE, VALUE, SENT = VALUE };

typedef rn_receiver(int) stream;

static int flatten(rn_receiver(rn_unit) done, rn_receiver(stream) chan_stream,
                   rn_sender(int) val_stream)
{
    stream inner;
    int v, got = SENT;
    bool ok;
    for (;;) {
        got = rn_select([DONE] = RN_DONE(done), [VALUE] = RN_RECV(chan_stream, &inner, &ok));
        if (got != VALUE || !ok)
            break;
        for (;;) { /* the book has or_done here */
            got = rn_select([DONE] = RN_DONE(done), [VALUE] = RN_RECV(inner, &v, &ok));
            if (got != VALUE || !ok)
                break;
            got = rn_select([DONE] = RN_DONE(done), [SENT] = RN_SEND(val_stream, v));
            if (got != SENT)
                break;
        }
    }
    rn_close(val_stream);
    return got < 0 ? got : 0;
}
RN_TASK(flatten, rn_receiver(rn_unit), rn_receiver(stream), rn_sender(int));

static stream bridge(rn_group *g, rn_receiver(rn_unit) done, rn_receiver(stream) chan_stream)
{
    rn_chan(int) val_stream = rn_make(g, int, 0);
    rn_go(g, flatten, done, chan_stream, rn_tx(val_stream));
    return rn_rx(val_stream);
}

static int send_streams(rn_group *g, rn_sender(stream) chan_stream)
{
    int rc = 0;
    for (int i = 0; rc == 0 && i < 10; i++) {
        rn_chan(int) c = rn_make(g, int, 1);
        rc = c ? rn_send(c, i) : -ENOMEM;
        if (c)
            rn_close(c);
        if (rc == 0)
            rc = rn_send(chan_stream, rn_rx(c));
    }
    rn_close(chan_stream);
    return rc;
}
RN_TASK(send_streams, rn_group *, rn_sender(stream));

static rn_receiver(stream) gen_vals(rn_group *g)
{
    rn_chan(stream) chan_stream = rn_make(g, stream, 0);
    rn_go(g, send_streams, g, rn_tx(chan_stream));
    return rn_rx(chan_stream);
}

static int chapter(rn_group *g, void *unused)
{
    (void)unused;
    stream vals = bridge(g, NULL, gen_vals(g));
    for (int v; rn_recv(vals, &v) == 0;)
        printf("%d ", v);
    return 0;
}

int main(void)
{
    return rn_run(chapter, NULL) == 0 ? 0 : 1;
}
