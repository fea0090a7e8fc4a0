/* SPDX-License-Identifier: MIT */
/*
 * Chapter: Queuing, as runnel writes it: rn_buffer is the queue.
 *
 * A flat-map's function sends what it makes, so that it can tell when it got rid of it.
 *
 * Prints the two lines "... short stage done after 9 s, pipeline after 13 s" and "3 s ... 13 s".
 */
#include <stdio.h>

#include <runnel.h>

static int hold(int v, rn_sender(int) out, int64_t delay, int64_t *finished)
{
    rn_sleep(delay);
    int rc = rn_send(out, v);
    *finished = rn_now();
    return rc;
}
RN_FLAT(hold, int, int, int64_t, int64_t *);

static void run_pipeline(rn_group *g, const char *title, int queue)
{
    int64_t start = rn_now(), short_end = 0, long_end = 0;
    rn_receiver(int) pipe = rn_generator(g, int, 0, 0, 0);
    pipe = rn_flat_map(g, pipe, hold, RN_SECOND, &short_end);
    if (queue > 0)
        pipe = rn_buffer(g, pipe, queue);
    pipe = rn_flat_map(g, pipe, hold, 4 * RN_SECOND, &long_end);
    for (int v; rn_recv(pipe, &v) == 0;)
        ;
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
