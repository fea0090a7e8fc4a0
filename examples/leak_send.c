/* SPDX-License-Identifier: MIT */
/*
 * Chapter: Prevent goroutine leaks, the blocked producer.
 *
 * main takes three numbers and goes its way; the producer waits for ever to send the next. As in
 * leak_receive.c, runnel reports that and then cancels the task. The chapter's loop is `for i := 1;
 * i < 3`, which takes two numbers under the heading "3 random ints:"; this one takes the three that
 * the heading and the text speak of.
 *
 * Prints "3 random ints:" and three numbered ones, never "newRandStream closure exited.". On
 * stderr: one task leaked, rand_stream, in [chan send]; then what it writes because it was told to
 * stop.
 */
#include <stdio.h>
#include <stdlib.h>

#include <runnel.h>

static int rand_stream(rn_sender(int) stream)
{
    int rc;
    do
        rc = rn_send(stream, rand());
    while (rc == 0);
    rn_close(stream);
    if (rc == -ECANCELED) {
        fprintf(stderr, "rand_stream: %s\n", rn_strerror(rc));
        return rc;
    }
    printf("newRandStream closure exited.\n");
    return 0;
}
RN_TASK(rand_stream, rn_sender(int));

static rn_receiver(int) new_rand_stream(rn_group *g)
{
    rn_chan(int) stream = rn_make(g, int, 0);
    rn_go(g, rand_stream, rn_tx(stream));
    return rn_rx(stream);
}

static int chapter(rn_group *g, void *unused)
{
    (void)unused;
    rn_receiver(int) stream = new_rand_stream(g);
    printf("3 random ints:\n");
    for (int i = 1, n; i <= 3 && rn_recv(stream, &n) == 0; i++)
        printf("%d: %d\n", i, n);
    return 0;
}

int main(void)
{
    return rn_run(chapter, NULL) == 0 ? 0 : 1;
}
