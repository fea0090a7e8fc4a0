/* SPDX-License-Identifier: MIT */
/*
 * Chapter: Error handling; not in the notes: a consumer that is not in the group that fails.
 *
 * The first error of a group ends the waits of its own tasks. Who reads their results from outside,
 * as main does here, is in another group, and waits for results that nobody will send. Two cures:
 * the consumer also waits for the end of the group's context, or somebody closes the channel when
 * the group has ended. With neither the program ends with the report of a deadlock, or hangs, if
 * anything else still goes on.
 *
 * Prints "1", "4" and "the workers failed: Input/output error", twice.
 */
#include <stdio.h>

#include <runnel.h>

static int work(rn_sender(int) results)
{
    int rc = 0;
    for (int n = 1; rc == 0 && n <= 2; n++)
        rc = rn_send(results, n * n);
    return rc != 0 ? rc : -EIO; /* the third cannot be had */
}
RN_TASK(work, rn_sender(int));

/* Reads `wanted` results, or fewer if the workers fail. */
static void read_some(rn_group *workers, rn_receiver(int) results, int wanted)
{
    enum { RESULT, FAILED };
    rn_receiver(rn_unit) failed = rn_ctx_done(rn_group_ctx(workers));
    int v;
    while (wanted-- > 0 &&
           rn_select([RESULT] = RN_RECV(results, &v, NULL), [FAILED] = RN_DONE(failed)) == RESULT)
        printf("%d\n", v);
}

/* Closes the results when the workers have ended, well or not. */
static int close_behind(rn_group *workers, rn_sender(int) results)
{
    (void)!rn_group_wait(workers); /* main asks for the error */
    rn_close(results);
    return 0;
}
RN_TASK(close_behind, rn_group *, rn_sender(int));

static void read_all(rn_receiver(int) results)
{
    for (int v; rn_recv(results, &v) == 0;)
        printf("%d\n", v);
}

static int chapter(rn_group *g, void *unused)
{
    (void)unused;
    for (int way = 0; way < 2; way++) {
        rn_group *workers = rn_group_new(NULL);
        rn_chan(int) results = rn_make(g, int, 0);
        rn_go(workers, work, rn_tx(results));
        if (way == 0) {
            read_some(workers, rn_rx(results), 3);
        } else {
            rn_go(g, close_behind, workers, rn_tx(results));
            read_all(rn_rx(results));
        }
        int rc = rn_group_wait(workers);
        printf("the workers failed: %s\n", rn_strerror(rc));
        rn_group_close(workers);
    }
    return 0;
}

int main(void)
{
    return rn_run(chapter, NULL) == 0 ? 0 : 1;
}
