/* SPDX-License-Identifier: MIT */
/*
 * Chapter: The for-select loop, looping until stopped; the variation with the work in `default`.
 *
 * The same as for_select_poll.c, with the same correction of the chapter's empty `case <-done:`.
 * The switch is C's own, so `return` in a case leaves the function and `break` the switch.
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

    for (long cycles = 0;;) {
        enum { DONE, WORK };
        switch (rn_select([DONE] = RN_DONE(done), [WORK] = RN_DEFAULT)) {
        case DONE:
            printf("Achieved %ld cycles of work before signalled to stop.\n", cycles);
            return 0;
        case WORK: cycles++; break; /* do non-preemptable work */
        default: return -ECANCELED;
        }
    }
}

int main(void)
{
    return rn_run(chapter, NULL) == 0 ? 0 : 1;
}
