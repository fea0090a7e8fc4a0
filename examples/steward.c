/* SPDX-License-Identifier: MIT */
/*
 * Book, chapter 5: Healing unhealthy goroutines; the steward and its ward.
 *
 * The ward never beats, so its steward ends it after four seconds and starts it again. rn_steward
 * does not start a ward before everything of the last one has ended; the book's steward only closes
 * a done channel, and can have two. What the steward tells its own watcher is the number of
 * restarts.
 *
 * Prints what happens at 0, 4, 8 and 9 seconds: the ward says hello and halts three times, "main:
 * halting steward and ward." comes before the last halt, and "Done" at the end.
 */
#include <stdio.h>

#include <runnel.h>

static int64_t start;

static void say(const char *text)
{
    printf("%d s %s\n", (int)((rn_now() - start) / RN_SECOND), text);
}

static int ward(rn_heart *heart)
{
    (void)heart;
    say("ward: Hello, I'm irresponsible!");
    int rc = rn_sleep(RN_FOREVER);
    say("ward: I am halting.");
    return rc;
}
RN_TASK(ward, rn_heart *);

static int chapter(rn_group *g, void *unused)
{
    (void)g, (void)unused;
    start = rn_now();
    int seen = 0;
    rn_group *work = rn_group_new(NULL);
    rn_receiver(int) restarts = rn_steward(work, 4 * RN_SECOND, ward);
    for (int n; rn_recv_until(restarts, &n, start + 9 * RN_SECOND) == 0; seen = n)
        if (n > seen)
            say("steward: ward unhealthy; restarting");
    say("main: halting steward and ward.");
    int rc = rn_group_close(work);
    say("Done");
    return rc;
}

int main(void)
{
    return rn_run(chapter, NULL) == 0 ? 0 : 1;
}
