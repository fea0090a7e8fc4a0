/* SPDX-License-Identifier: MIT */
/*
 * Chapter: Queuing, Little's law: L = lambda W (the book has it in prose only).
 *
 * In a system that is stable, the mean number of things in it is the rate at which they arrive
 * times the mean time that they stay, whatever their order and whatever the queue does. Here three
 * requests come at once every three seconds, and each takes the server 0.8 s, so that some have to
 * wait. The queue's channel is measured while it works, and the law holds for it.
 *
 * Then the book's question: a pipeline of three stages takes 0.1 ms for a request (the book says 1
 * ms in one place); how long must a queue be so that 100,000 requests a second can be served?
 *
 * Prints "L = 0.81 ..., lambda = 1.01 ..., W = 0.80 s, lambda W = 0.81" and "... a queue of 7".
 */
#include <stdio.h>

#include <runnel.h>

enum { BURSTS = 20, BURST = 3, STAGES = 3 };

static int arrive(rn_sender(int) queue)
{
    int rc = 0;
    for (int i = 0; rc == 0 && i < BURSTS * BURST; i++) {
        if (i > 0 && i % BURST == 0)
            rn_sleep(3 * RN_SECOND);
        rc = rn_send(queue, i);
    }
    rn_close(queue);
    return rc;
}
RN_TASK(arrive, rn_sender(int));

static int chapter(rn_group *g, void *unused)
{
    (void)unused;
    rn_chan(int) queue = rn_make(g, int, BURST);
    rn_channel_stats s;
    int rc = rn_measure(queue);
    rn_go(g, arrive, rn_tx(queue));
    for (int request; rc == 0 && rn_recv(queue, &request) == 0;)
        rc = rn_sleep(8 * RN_SECOND / 10); /* the server */
    if (!rn_measured(queue, &s))
        return -ENOMEM;

    double seconds = (double)s.measured_ns / RN_SECOND;
    double length = (double)s.occupancy_ns / RN_SECOND / seconds;
    double rate = (double)s.arrivals / seconds;
    double stay = (double)s.residence_ns / RN_SECOND / (double)s.departures;
    printf("L = %.2f requests, lambda = %.2f a second, W = %.2f s, lambda W = %.2f\n", length, rate,
           stay, rate * stay);

    double in_pipeline = 100 * 1000 * 0.0001;
    printf(
        "100,000 requests a second, 0.1 ms each: L = %.0f; %d are in the stages, a queue of %.0f\n",
        in_pipeline, STAGES, in_pipeline - STAGES);
    return 0;
}

int main(void)
{
    return rn_run(chapter, NULL) == 0 ? 0 : 1;
}
