/* SPDX-License-Identifier: MIT */
/*
 * Book, chapter 5: Timeouts and cancellation; a result that comes twice.
 *
 * The parent gives a worker two seconds for a job, then cancels it and starts another one. The
 * first worker is done after one second and hands its result in, but hangs before it ends: nothing
 * tells the parent that the result is out, and the second worker hands it in again. A cancelled
 * worker cannot be asked any more; so each asks its parent before it hands in, and the parent says
 * yes once.
 *
 * Prints "without asking: the results of workers 1 2" and "asking the parent: the results of
 * workers 1".
 */
#include <stdio.h>

#include <runnel.h>

typedef rn_sender(bool) answer; /* buffered: whoever answers never waits */

/* ask is the parent's; the worker closes it when it ends. */
static int worker(int number, bool asking, rn_sender(answer) ask, rn_sender(int) results)
{
    bool may = true;
    int rc = rn_sleep(RN_SECOND);
    if (rc == 0 && asking) {
        rn_chan(bool) reply = rn_make(rn_group_current(), bool, 1);
        rc = rn_send(ask, rn_tx(reply));
        if (rc == 0)
            rc = rn_recv(reply, &may);
    }
    if (rc == 0 && may)
        rc = rn_send(results, number);
    if (rc == 0 && number == 1)
        rc = rn_sleep(RN_FOREVER); /* hangs */
    rn_close(ask);
    return rc;
}
RN_TASK(worker, int, bool, rn_sender(answer), rn_sender(int));

static void do_job(bool asking, rn_sender(int) results)
{
    bool handed_in = false;
    int rc = -ETIMEDOUT;
    for (int number = 1; rc == -ETIMEDOUT; number++) {
        int64_t deadline = rn_now() + 2 * RN_SECOND;
        rn_group *life = rn_group_new(NULL);
        rn_chan(answer) ask = rn_make(life, answer, 0);
        rn_go(life, worker, number, asking, rn_tx(ask), results);
        for (answer reply; (rc = rn_recv_until(ask, &reply, deadline)) == 0; handed_in = true)
            if (rn_send(reply, !handed_in) != 0)
                break;
        rn_group_close(life);
    }
}

static int chapter(rn_group *g, void *unused)
{
    (void)unused;
    for (int asking = 0; asking < 2; asking++) {
        rn_chan(int) results = rn_make(g, int, 2);
        do_job(asking, rn_tx(results));
        rn_close(results);
        printf("%s: the results of workers", asking ? "asking the parent" : "without asking");
        for (int number; rn_recv(results, &number) == 0;)
            printf(" %d", number);
        printf("\n");
    }
    return 0;
}

int main(void)
{
    return rn_run(chapter, NULL) == 0 ? 0 : 1;
}
