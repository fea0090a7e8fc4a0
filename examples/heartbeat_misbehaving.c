/* SPDX-License-Identifier: MIT */
/*
 * Book, chapter 5: Heartbeats at intervals; the worker that dies without a word.
 *
 * It leaves after two pulses and closes nothing, as a goroutine would that has panicked. Without a
 * heartbeat whoever waits for its results would wait for ever; so he knows after two intervals,
 * and the deadline for that has nothing to do with how long a result may take.
 *
 * Prints "1 s pulse", "2 s pulse" and "4 s worker goroutine is not healthy!".
 */
#include <stdio.h>

#include <runnel.h>

static int work(rn_heart heart, rn_sender(int) results)
{
    (void)results;
    return rn_heart_sleep(&heart, 2 * RN_SECOND);
}
RN_TASK(work, rn_heart, rn_sender(int));

static int chapter(rn_group *g, void *unused)
{
    (void)unused;
    enum { PULSE, RESULT, SILENCE };
    int64_t start = rn_now();
    rn_heart heart;
    rn_receiver(rn_unit) pulse = rn_heart_start(&heart, g, RN_SECOND);
    rn_chan(int) results = rn_make(g, int, 0);
    rn_go(g, work, heart, rn_tx(results));
    for (;;) {
        int got = rn_select([PULSE] = RN_DONE(pulse), [RESULT] = RN_DONE(results),
                            [SILENCE] = RN_AFTER(2 * RN_SECOND));
        int seconds = (int)((rn_now() - start) / RN_SECOND);
        if (got == SILENCE)
            printf("%d s worker goroutine is not healthy!\n", seconds);
        if (got != PULSE)
            return 0;
        printf("%d s pulse\n", seconds);
    }
}

int main(void)
{
    return rn_run(chapter, NULL) == 0 ? 0 : 1;
}
