/* SPDX-License-Identifier: MIT */
/*
 * Chapter: The for-select loop, looping until stopped; the variation with a short select.
 *
 * Every turn looks whether it should stop, then works. The chapter's `case <-done:` is empty and
 * nobody closes `done`, so its program would spin for ever; here the case leaves the loop, as the
 * text says, and another task closes `done` after a while. That task needs a turn to do so, also
 * when there is one worker: rn_select lets others run now and then. (for_select_starving.c has the
 * loop as it is written in the chapter.)
 *
 * Prints "Achieved N cycles of work before signalled to stop." for some N.
 */
#include <stdio.h>

#include <runnel.h>

static int stop_later(rn_sender(rn_unit) done)
{
    rn_sleep(RN_SECOND);
    rn_close(done);
    return 0;
}
RN_TASK(stop_later, rn_sender(rn_unit));

static int chapter(rn_group *g, void *unused)
{
    (void)unused;
    rn_chan(rn_unit) done = rn_make(g, rn_unit, 0);
    rn_go(g, stop_later, rn_tx(done));

    long cycles = 0;
    for (;;) {
        enum { DONE, GO_ON };
        if (rn_select([DONE] = RN_DONE(done), [GO_ON] = RN_DEFAULT) != GO_ON)
            break;

        cycles++; /* do non-preemptable work */
    }
    printf("Achieved %ld cycles of work before signalled to stop.\n", cycles);
    return 0;
}

int main(void)
{
    return rn_run(chapter, NULL) == 0 ? 0 : 1;
}
