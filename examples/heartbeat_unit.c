/* SPDX-License-Identifier: MIT */
/*
 * Book, chapter 5: Heartbeats, one at the beginning of each unit of work.
 *
 * The channel of pulses has room for one, so that a pulse is there even if nobody was listening at
 * that instant. When both are ready an ordered select takes the pulse first; a plain one would
 * choose, and might find that two pulses had become one.
 *
 * Prints "pulse" and "results 0", up to "pulse" and "results 9".
 */
#include <stdio.h>

#include <runnel.h>

static int work(rn_heart heart, rn_sender(int) results)
{
    int rc = 0;
    for (int i = 0; i < 10 && rc == 0; i++) {
        rn_heart_beat(&heart);
        rc = rn_send(results, i);
    }
    rn_close(results);
    return rc;
}
RN_TASK(work, rn_heart, rn_sender(int));

static int chapter(rn_group *g, void *unused)
{
    (void)unused;
    enum { PULSE, RESULT };
    rn_heart heart;
    rn_receiver(rn_unit) pulse = rn_heart_start(&heart, g, 0); /* no intervals */
    rn_chan(int) results = rn_make(g, int, 0);
    rn_go(g, work, heart, rn_tx(results));
    for (;;) {
        int n;
        bool ok = false;
        switch (rn_select_ordered([PULSE] = RN_DONE(pulse), [RESULT] = RN_RECV(results, &n, &ok))) {
        case PULSE: printf("pulse\n"); break;
        default:
            if (!ok)
                return 0;
            printf("results %d\n", n);
            rn_sleep(RN_SECOND / 10); /* not listening when the next unit begins */
        }
    }
}

int main(void)
{
    return rn_run(chapter, NULL) == 0 ? 0 : 1;
}
