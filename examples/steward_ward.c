/* SPDX-License-Identifier: MIT */
/*
 * Book, chapter 5: Healing unhealthy goroutines; a ward with parameters and results.
 *
 * The ward sends a list of integers again and again, and gives up at a negative one. It beats while
 * it waits for a reader, so that a slow reader is not its fault. Its parameters are the arguments
 * of rn_steward, where the book needs a closure; and the channel of results is one of them, and
 * outlives each ward, where the book bridges a new channel for each.
 *
 * Prints "Received: 1" and "Received: 2" three times, "negative value: -1" about when each 2 is
 * received, and "steward: ward unhealthy; restarting" between the rounds.
 */
#include <stdio.h>

#include <runnel.h>

enum { SENT, BEAT };

static int send_beating(rn_heart *heart, rn_sender(int) ints, int value)
{
    for (;;)
        switch (rn_select([SENT] = RN_SEND(ints, value), [BEAT] = RN_AFTER(rn_heart_due(heart)))) {
        case SENT: return 0;
        case BEAT: rn_heart_beat(heart); break;
        default: return -ECANCELED;
        }
}

static int ward(rn_heart *heart, rn_sender(int) ints, const int *list, int n)
{
    for (int i = 0;; i = (i + 1) % n) {
        if (list[i] < 0) {
            printf("negative value: %d\n", list[i]);
            return -EINVAL;
        }
        int rc = send_beating(heart, ints, list[i]);
        if (rc != 0)
            return rc;
    }
}
RN_TASK(ward, rn_heart *, rn_sender(int), const int *, int);

static int chapter(rn_group *g, void *unused)
{
    (void)unused;
    enum { RESTART, VALUE };
    static const int list[] = { 1, 2, -1, 3, 4, 5 };
    rn_group *work = rn_group_new(NULL);
    rn_chan(int) ints = rn_make(g, int, 0);
    rn_receiver(int) restarts = rn_steward(work, RN_MILLISECOND, ward, rn_tx(ints), list, 6);
    bool watched = true;
    for (int received = 0, seen = 0; received < 6 && watched;) {
        int v;
        switch (
            rn_select_ordered([RESTART] = RN_RECV(restarts, &v, &watched), [VALUE] = RN_RECV(
                                                                               ints, &v, NULL))) {
        case RESTART:
            if (v > seen)
                printf("steward: ward unhealthy; restarting\n");
            seen = v;
            break;
        default: printf("Received: %d\n", v); received++;
        }
    }
    return rn_group_close(work);
}

int main(void)
{
    return rn_run(chapter, NULL) == 0 ? 0 : 1;
}
