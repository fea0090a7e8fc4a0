/* SPDX-License-Identifier: MIT */
/*
 * Chapter: Confinement, lexical.
 *
 * chan_owner keeps the send end to itself and hands out a receive end; consumer gets nothing else,
 * so that it cannot send or close: `rn_send(results, 1)` in it does not compile ("runnel: send on a
 * receive-only channel"). Six values go through a buffer of five.
 *
 * Prints "Received: 0" to "Received: 5" and "Done receiving!".
 */
#include <stdio.h>

#include <runnel.h>

static int fill(rn_sender(int) results)
{
    int rc = 0;
    for (int i = 0; rc == 0 && i <= 5; i++)
        rc = rn_send(results, i);
    rn_close(results);
    return rc;
}
RN_TASK(fill, rn_sender(int));

static rn_receiver(int) chan_owner(rn_group *g)
{
    rn_chan(int) results = rn_make(g, int, 5);
    rn_go(g, fill, rn_tx(results));
    return rn_rx(results);
}

static void consumer(rn_receiver(int) results)
{
    for (int result; rn_recv(results, &result) == 0;)
        printf("Received: %d\n", result);
    printf("Done receiving!\n");
}

static int chapter(rn_group *g, void *unused)
{
    (void)unused;
    consumer(chan_owner(g));
    return 0;
}

int main(void)
{
    return rn_run(chapter, NULL) == 0 ? 0 : 1;
}
