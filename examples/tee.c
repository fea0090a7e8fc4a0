/* SPDX-License-Identifier: MIT */
/*
 * Chapter: The tee-channel (only a heading in the notes; the program is the book's).
 *
 * Each value goes to both outputs before the next is taken. The select runs twice for a value; the
 * output that took it is set to nil for the second time, and a nil channel's case is never ready.
 * Both are copies: the channels themselves are closed at the end.
 *
 * Prints "out1: 1, out2: 1", then the same with 2, 1 and 2.
 */
#include <stdio.h>

#include <runnel.h>

enum { DONE, SENT1, SENT2 };

static int copy_to_both(rn_receiver(rn_unit) done, rn_receiver(int) in, rn_sender(int) out1,
                        rn_sender(int) out2)
{
    int got = SENT1;
    for (int v; got > DONE && rn_recv(in, &v) == 0;) {
        rn_sender(int) first = out1, second = out2;
        for (int i = 0; got > DONE && i < 2; i++) {
            got = rn_select([DONE] = RN_DONE(done), [SENT1] = RN_SEND(first, v),
                            [SENT2] = RN_SEND(second, v));
            if (got == SENT1)
                first = NULL;
            else
                second = NULL;
        }
    }
    rn_close(out1);
    rn_close(out2);
    return got < 0 ? got : 0;
}
RN_TASK(copy_to_both, rn_receiver(rn_unit), rn_receiver(int), rn_sender(int), rn_sender(int));

typedef struct twins {
    rn_receiver(int) out1, out2;
} twins;

static twins tee(rn_group *g, rn_receiver(rn_unit) done, rn_receiver(int) in)
{
    rn_chan(int) out1 = rn_make(g, int, 0), out2 = rn_make(g, int, 0);
    rn_go(g, copy_to_both, done, in, rn_tx(out1), rn_tx(out2));
    return (twins){ rn_rx(out1), rn_rx(out2) };
}

/* The chapter's take(done, repeat(done, 1, 2), num); repeat_take.c has the two by themselves. */
static int repeat_some(rn_receiver(rn_unit) done, rn_sender(int) out, int num)
{
    enum { SENT = SENT1 };
    int got = SENT;
    for (int i = 0; got == SENT && i < num; i++)
        got = rn_select([DONE] = RN_DONE(done), [SENT] = RN_SEND(out, 1 + i % 2));
    rn_close(out);
    return got < 0 ? got : 0;
}
RN_TASK(repeat_some, rn_receiver(rn_unit), rn_sender(int), int);

static int chapter(rn_group *g, void *unused)
{
    (void)unused;
    rn_chan(rn_unit) done = rn_make(g, rn_unit, 0);
    rn_chan(int) ones_and_twos = rn_make(g, int, 0);
    rn_go(g, repeat_some, rn_rx(done), rn_tx(ones_and_twos), 4);

    twins t = tee(g, rn_rx(done), rn_rx(ones_and_twos));
    for (int val1, val2; rn_recv(t.out1, &val1) == 0 && rn_recv(t.out2, &val2) == 0;)
        printf("out1: %d, out2: %d\n", val1, val2);
    rn_close(done);
    return 0;
}

int main(void)
{
    return rn_run(chapter, NULL) == 0 ? 0 : 1;
}
