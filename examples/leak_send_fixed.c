/* SPDX-License-Identifier: MIT */
/*
 * Chapter: Prevent goroutine leaks, the blocked producer mended with a `done` channel.
 *
 * "If a goroutine is responsible for creating a goroutine, it is also responsible for ensuring it
 * can stop the goroutine." Three numbers are taken instead of the chapter's two: see leak_send.c.
 *
 * Prints "3 random ints:", three numbered ones, and "newRandStream closure exited.".
 */
#include <stdio.h>
#include <stdlib.h>

#include <runnel.h>

static int rand_stream(rn_receiver(rn_unit) done, rn_sender(int) stream)
{
    enum { SENT, DONE };
    int got;
    do
        got = rn_select([SENT] = RN_SEND(stream, rand()), [DONE] = RN_DONE(done));
    while (got == SENT);
    rn_close(stream);
    printf("newRandStream closure exited.\n");
    return got < 0 ? got : 0;
}
RN_TASK(rand_stream, rn_receiver(rn_unit), rn_sender(int));

static rn_receiver(int) new_rand_stream(rn_group *g, rn_receiver(rn_unit) done)
{
    rn_chan(int) stream = rn_make(g, int, 0);
    rn_go(g, rand_stream, done, rn_tx(stream));
    return rn_rx(stream);
}

static int chapter(rn_group *g, void *unused)
{
    (void)unused;
    rn_chan(rn_unit) done = rn_make(g, rn_unit, 0);
    rn_receiver(int) stream = new_rand_stream(g, rn_rx(done));
    printf("3 random ints:\n");
    for (int i = 1, n; i <= 3 && rn_recv(stream, &n) == 0; i++)
        printf("%d: %d\n", i, n);
    rn_close(done);
    rn_sleep(RN_SECOND); /* simulate ongoing work */
    return 0;
}

int main(void)
{
    return rn_run(chapter, NULL) == 0 ? 0 : 1;
}
