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
 * how long it stays; so `inside` holds a note of each request from when it is accepted until it is
 * done. On the real clock a sleep of 10 us is longer than that: lambda is less and W is more, but L
 * stays.
 *
 * The law is about a long run: who is still inside when the measurement ends counts for L, but not
 * yet for W. One that ended at a given time would often end in some stall of a busy machine, with
 * ten inside that have been there for long. So it goes on until those inside are as many as when it
 * began, and about as old: then they make no difference.
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

/* Takes ns for each request. */
static int stage(rn_receiver(int) in, int64_t ns, rn_sender(int) out)
{
    int rc = 0;
    for (int i; rc == 0 && (rc = rn_recv(in, &i)) == 0;) {
        rc = rn_sleep(ns);
        if (rc == 0)
            rc = rn_send(out, i);
    }
    return rc;
}
RN_TASK(stage, rn_receiver(int), int64_t, rn_sender(int));

typedef struct plant {
    rn_chan(int) queue, inside, second, third, done;
} plant;

/* What has been measured half a step, at which nothing happens, after n more requests are done. */
static int look(const plant *p, int n, int64_t ns, rn_channel_stats *all, rn_channel_stats *queued)
{
    int rc = 0;
    for (int request; rc == 0 && n > 0; n--) {
        rc = rn_recv(p->done, &request);
        if (rc == 0)
            rc = rn_recv(p->inside, &request);
    }
    if (rc == 0)
        rc = rn_sleep(ns / 2);
    rn_measured(p->inside, all);
    rn_measured(p->queue, queued);
    return rc;
}

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

/* The time that those inside have been there, in sum: it has not become residence yet. */
static int64_t ages(const rn_channel_stats *s)
{
    return s->occupancy_ns - s->residence_ns;
}

/* Whether those inside at the ends make no difference: less than 1 %. */
static bool ends_match(const rn_channel_stats *a, const rn_channel_stats *b)
{
    int64_t difference = ages(b) > ages(a) ? ages(b) - ages(a) : ages(a) - ages(b);
    return a->occupancy == b->occupancy && difference <= (b->occupancy_ns - a->occupancy_ns) / 100;
}

static int measure(const char *of, int places, int64_t ns, int requests)
{
    rn_channel_stats all[2], queued[2];
    rn_group *g = rn_group_new(NULL);
    plant p = { rn_make(g, int, places), rn_make(g, int, 100), rn_make(g, int, 0),
                rn_make(g, int, 0), rn_make(g, int, 0) };
    int rc = rn_measure(p.queue);
    if (rc == 0)
        rc = rn_measure(p.inside);
    rn_go(g, stage, rn_rx(p.queue), ns, rn_tx(p.second));
    rn_go(g, stage, rn_rx(p.second), ns, rn_tx(p.third));
    rn_go(g, stage, rn_rx(p.third), ns, rn_tx(p.done));
    rn_go(g, source, rn_tx(p.queue), rn_tx(p.inside));
    int full = places + 3;
    if (rc == 0)
        rc = look(&p, 2 * full, ns, &all[0], &queued[0]);
    if (rc == 0)
        rc = look(&p, requests, ns, &all[1], &queued[1]);
    while (rc == 0 && !ends_match(&all[0], &all[1]))
        rc = look(&p, full, ns, &all[1], &queued[1]);
    if (rc == 0)
        print(of, &all[0], &all[1]);
    if (rc == 0 && places > 0)
        print("  of these in the queue", &queued[0], &queued[1]);
    rn_group_close(g);
    return rc;
}

static int chapter(rn_group *g, void *unused)
{
    (void)g, (void)unused;
    int rc = measure("stages of 1/3 s, no queue", 0, RN_SECOND / 3, 9);
    if (rc == 0)
        rc = measure("stages of 10 us, queue 7", 7, 10 * RN_MICROSECOND, 1000);
    return rc;
}

int main(void)
{
    return rn_run(chapter, NULL) == 0 ? 0 : 1;
}
