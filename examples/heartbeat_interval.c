/* SPDX-License-Identifier: MIT */
/*
 * Book, chapter 5: Heartbeats at intervals.
 *
 * The worker has a result every two seconds and beats every second: while it waits for work
 * (rn_heart_sleep), and while it waits for somebody to take the result (the select). So whoever
 * waits for it can tell "nothing to say" from "dead". A pulse never holds up the worker.
 *
 * The book stops after 10 s, when a pulse and a result are due; here it is half a second later, so
 * that the output is always the same.
 *
 * Prints " 1 s pulse", " 2 s pulse", " 2 s results 1" and so on, up to " 10 s results 5".
 */
#include <stdio.h>

#include <runnel.h>

enum { PULSE, RESULT, SILENCE };

static int send_result(rn_heart *heart, rn_sender(int) results, int value)
{
    for (;;)
        switch (rn_select([PULSE] = RN_AFTER(rn_heart_due(heart)), [RESULT] = RN_SEND(results,
                                                                                      value))) {
        case PULSE: rn_heart_beat(heart); break;
        case RESULT: return 0;
        default: return -ECANCELED;
        }
}

static int work(rn_heart heart, rn_sender(int) results)
{
    for (int n = 1; rn_heart_sleep(&heart, 2 * RN_SECOND) == 0; n++)
        if (send_result(&heart, results, n) != 0)
            break;
    rn_heart_stop(&heart);
    rn_close(results);
    return 0;
}
RN_TASK(work, rn_heart, rn_sender(int));

static void watch(rn_receiver(rn_unit) pulse, rn_receiver(int) results)
{
    int64_t start = rn_now();
    for (;;) {
        int n;
        rn_unit beat;
        bool ok = false;
        int got =
            rn_select([PULSE] = RN_RECV(pulse, &beat, &ok), [RESULT] = RN_RECV(results, &n, &ok),
                      [SILENCE] = RN_AFTER(2 * RN_SECOND));
        int seconds = (int)((rn_now() - start) / RN_SECOND);
        if (got == SILENCE)
            printf("%2d s worker goroutine is not healthy!\n", seconds);
        if (!ok)
            return;
        if (got == PULSE)
            printf("%2d s pulse\n", seconds);
        else
            printf("%2d s results %d\n", seconds, n);
    }
}

static int chapter(rn_group *g, void *unused)
{
    (void)unused;
    rn_ctx *limit = rn_ctx_with_timeout(rn_group_ctx(g), 21 * RN_SECOND / 2);
    if (!limit)
        return -ENOMEM;
    rn_group *workers = rn_group_new(limit);
    rn_heart heart;
    rn_receiver(rn_unit) pulse = rn_heart_start(&heart, workers, RN_SECOND);
    rn_chan(int) results = rn_make(workers, int, 0);
    rn_go(workers, work, heart, rn_tx(results));
    watch(pulse, rn_rx(results));
    int rc = rn_group_close(workers);
    rn_ctx_unref(limit);
    return rc == -ETIMEDOUT ? 0 : rc;
}

int main(void)
{
    return rn_run(chapter, NULL) == 0 ? 0 : 1;
}
