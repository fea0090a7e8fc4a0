/* SPDX-License-Identifier: MIT */
/*
 * A data race between two tasks that TSan must report: both change a counter, and nothing orders
 * them. They wait for a moment in between, so that each has a stack of its own.
 */
#include <runnel.h>

static int counter;

static int change(void)
{
    for (int i = 0; i < 100; i++) {
        counter++;
        rn_sleep(10 * RN_MICROSECOND);
    }
    return 0;
}
RN_TASK(change);

static int start(rn_group *g, void *arg)
{
    (void)g;
    (void)arg;
    rn_group *two = rn_group_new(NULL);
    rn_go(two, change);
    rn_go(two, change);
    int rc = rn_group_wait(two);
    rn_group_close(two);
    return rc;
}

int main(void)
{
    return rn_run(start, NULL);
}
