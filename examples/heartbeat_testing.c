/* SPDX-License-Identifier: MIT */
/*
 * Book, chapter 5: Heartbeats; a test that does not guess how long things take.
 *
 * do_work needs two seconds before it can begin, which its test cannot know. A test with a timeout
 * of one second per number fails although nothing is wrong, and one with a longer timeout is slow
 * when something is. Waiting for the first pulse needs no timeout: after it the numbers come.
 *
 * Prints "by time: deadline exceeded after 1 s, 0 of 5 numbers" and
 * "by heartbeat: passed after 2 s, 5 of 5 numbers".
 */
#include <stdio.h>

#include <runnel.h>

static const int numbers[] = { 0, 1, 2, 3, 5 };

enum { N = sizeof numbers / sizeof *numbers };

static int do_work(rn_heart heart, rn_sender(int) results)
{
    int rc = rn_sleep(2 * RN_SECOND); /* processor load, disks, networks, goblins */
    for (int i = 0; i < N && rc == 0; i++) {
        rn_heart_beat(&heart);
        rc = rn_send(results, numbers[i]);
    }
    rn_close(results);
    return rc;
}
RN_TASK(do_work, rn_heart, rn_sender(int));

/* Receives until a number is wrong, late or missing; returns how many were right. */
static int count(rn_receiver(int) results, int64_t timeout, int *rc)
{
    int i = 0;
    for (int n; i < N; i++) {
        *rc = rn_recv_until(results, &n, timeout == RN_FOREVER ? RN_FOREVER : rn_now() + timeout);
        if (*rc != 0 || n != numbers[i])
            break;
    }
    return i;
}

static void test(const char *name, bool by_heartbeat)
{
    int64_t start = rn_now();
    int rc = 0;
    rn_group *work = rn_group_new(NULL);
    rn_heart heart;
    rn_receiver(rn_unit) pulse = rn_heart_start(&heart, work, 0);
    rn_chan(int) results = rn_make(work, int, 0);
    rn_go(work, do_work, heart, rn_tx(results));
    if (by_heartbeat)
        rn_wait(pulse);
    int right = count(rn_rx(results), by_heartbeat ? RN_FOREVER : RN_SECOND, &rc);
    printf("%s: %s after %d s, %d of %d numbers\n", name, rc == 0 ? "passed" : rn_strerror(rc),
           (int)((rn_now() - start) / RN_SECOND), right, N);
    rn_group_close(work);
}

static int chapter(rn_group *g, void *unused)
{
    (void)g, (void)unused;
    test("by time", false);
    test("by heartbeat", true);
    return 0;
}

int main(void)
{
    return rn_run(chapter, NULL) == 0 ? 0 : 1;
}
