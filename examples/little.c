/* SPDX-License-Identifier: MIT */
/*
 * Chapter: Queuing; Little's law, L = lambda W, on a live pipeline.
 *
 * L is the mean number of requests inside, lambda the rate at which they come, W the mean time that
 * each is inside. Three stages that hold one request each, and W = 1 s, serve 3 requests a second.
 * For 100,000 a second at W = 0.1 ms there must be L = 10 inside; three are in the stages, so the
 * queue at the entrance needs room for 7.
 *
 * The source is always faster than the stages. rn_measure counts what passes through a channel and
 * how long it stays; so `inside`, on which nobody ever waits, holds a note of each request from
 * when it is accepted until it is done. On the real clock a sleep of 10 us is longer than that:
 * lambda is less and W is more, but L stays.
 *
 * Prints L, lambda, W and lambda W of both, and of the queue alone.
 */
#include <stdio.h>

#include <runnel.h>

static int source(rn_sender(int) queue, rn_sender(int) inside)
{
    int rc = 0;
    for (int i = 0; rc == 0; i++) {
        rc = rn_send(queue, i);
        if (rc == 0)
            rc = rn_send(inside, i);
    }
    return rc;
}
RN_TASK(source, rn_sender(int), rn_sender(int));

/* Takes ns for each request; the last stage has no `out`, but takes the note away. */
static int stage(rn_receiver(int) in, int64_t ns, rn_sender(int) out, rn_receiver(int) inside)
{
    int rc = 0;
    for (int i; rc == 0 && (rc = rn_recv(in, &i)) == 0;) {
        rc = rn_sleep(ns);
        if (rc == 0)
            rc = out ? rn_send(out, i) : rn_recv(inside, &i);
    }
    return rc;
}
RN_TASK(stage, rn_receiver(int), int64_t, rn_sender(int), rn_receiver(int));

static void print(const char *of, const rn_channel_stats *a, const rn_channel_stats *b)
{
    double time = (double)(b->measured_ns - a->measured_ns) / RN_SECOND;
    double l = (double)(b->occupancy_ns - a->occupancy_ns) / RN_SECOND / time;
    double lambda = (double)(b->arrivals - a->arrivals) / time;
    double departed = (double)(b->departures - a->departures);
    double w = (double)(b->residence_ns - a->residence_ns) / RN_SECOND / departed;
    printf("%-26s L = %5.2f  lambda = %8.1f/s  W = %.6f s  lambda W = %5.2f\n", of, l, lambda, w,
           lambda * w);
}

static void measure(const char *of, size_t places, int64_t ns, int requests)
{
    rn_channel_stats all[2], queued[2];
    rn_group *work = rn_group_new(NULL);
    rn_chan(int) queue = rn_make(work, int, places), inside = rn_make(work, int, 100);
    rn_chan(int) second = rn_make(work, int, 0), third = rn_make(work, int, 0);
    if (rn_measure(queue) == 0 && rn_measure(inside) == 0) {
        rn_go(work, stage, rn_rx(queue), ns, rn_tx(second), NULL);
        rn_go(work, stage, rn_rx(second), ns, rn_tx(third), NULL);
        rn_go(work, stage, rn_rx(third), ns, NULL, rn_rx(inside));
        rn_go(work, source, rn_tx(queue), rn_tx(inside));
        rn_sleep(20 * ns + ns / 2); /* until the queue is full; nothing happens at this instant */
        for (int i = 0; i < 2; i++) {
            rn_measured(inside, &all[i]);
            rn_measured(queue, &queued[i]);
            if (i == 0)
                rn_sleep(requests * ns);
        }
        print(of, &all[0], &all[1]);
        if (places > 0)
            print("  of these in the queue", &queued[0], &queued[1]);
    }
    rn_group_close(work);
}

static int chapter(rn_group *g, void *unused)
{
    (void)g, (void)unused;
    measure("stages of 1/3 s, no queue", 0, RN_SECOND / 3, 9);
    measure("stages of 10 us, queue 7", 7, 10 * RN_MICROSECOND, 1000);
    return 0;
}

int main(void)
{
    return rn_run(chapter, NULL) == 0 ? 0 : 1;
}
