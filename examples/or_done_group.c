/* SPDX-License-Identifier: MIT */
/*
 * Chapter: The or-done-channel; as a call of the library.
 *
 * rn_or_done takes any receivers: `done` is a timer here, and the numbers come from another group
 * than the one whose loop is to be stopped. Within one group it is not needed at all: when the
 * group is cancelled, rn_recv returns -ECANCELED and the loop ends.
 *
 * Prints "1", "2", "3", one a line, and "done after 1.0s".
 */
#include <stdio.h>

#include <runnel.h>

static int count(rn_sender(int) numbers)
{
    int rc = 0;
    for (int i = 1; rc == 0; i++)
        if ((rc = rn_sleep(300 * RN_MILLISECOND)) == 0)
            rc = rn_send(numbers, i);
    rn_close(numbers);
    return rc;
}
RN_TASK(count, rn_sender(int));

static int chapter(rn_group *g, void *unused)
{
    (void)unused;
    int64_t start = rn_now();
    rn_group *counters = rn_group_new(NULL);
    rn_chan(int) numbers = rn_make(counters, int, 0);
    rn_go(counters, count, rn_tx(numbers));

    rn_receiver(int) until_done = rn_or_done(g, rn_after(g, RN_SECOND), numbers);
    for (int num; rn_recv(until_done, &num) == 0;)
        printf("%d\n", num);
    printf("done after %.1fs\n", (double)(rn_now() - start) / RN_SECOND);
    return rn_group_close(counters);
}

int main(void)
{
    return rn_run(chapter, NULL) == 0 ? 0 : 1;
}
