/* SPDX-License-Identifier: MIT */
/*
 * Chapter: The for-select loop, looping until stopped; the loop exactly as it stands there.
 *
 * `case <-done:` does nothing and nobody closes `done`: the loop polls for ever. Here such a loop
 * runs on every worker there is, and shows two things. A task that only polls does not starve the
 * others: main sleeps ten times and gets its turn each time. And who starts a task can stop it,
 * even one that ignores `done`: its group is closed, every select in it then returns -ECANCELED,
 * and that is the one line the C program has that Go's has not.
 *
 * Prints the two lines of the last printf calls.
 */
#include <stdio.h>

#include <runnel.h>

static int loop(rn_receiver(rn_unit) done)
{
    for (;;) {
        enum { DONE, GO_ON };
        switch (rn_select([DONE] = RN_DONE(done), [GO_ON] = RN_DEFAULT)) {
        case DONE:
        case GO_ON: break;
        default: return -ECANCELED;
        }
        /* do non-preemptable work */
    }
}
RN_TASK(loop, rn_receiver(rn_unit));

static int chapter(rn_group *g, void *unused)
{
    (void)unused;
    rn_chan(rn_unit) done = rn_make(g, rn_unit, 0);
    rn_group *loops = rn_group_new(NULL);
    for (unsigned i = 0; i < rn_worker_count(); i++)
        rn_go(loops, loop, rn_rx(done));

    int turns = 0;
    while (turns < 10 && rn_sleep(5 * RN_MILLISECOND) == 0)
        turns++;
    printf("main had %d turns while every worker was polling.\n", turns);
    rn_group_close(loops);
    printf("The loops were stopped by their group.\n");
    return 0;
}

int main(void)
{
    return rn_run(chapter, NULL) == 0 ? 0 : 1;
}
