/* SPDX-License-Identifier: MIT */
/*
 * Chapter: Prevent goroutine leaks, the first leak mended with a `done` channel.
 *
 * The strings are still nil, but do_work also waits for `done`, which a third task closes. Because
 * do_work closes `completed` before it prints, main may print "Done." first or last; in Go it may
 * even end the process before do_work prints at all. Here the line always comes, because rn_run
 * returns only when every task has ended.
 *
 * Prints "Canceling doWork goroutine ...", then "Done." and "doWork exited." in either order.
 */
#include <stdio.h>

#include <runnel.h>

static int do_work(rn_receiver(rn_unit) done, rn_receiver(const char *) strings,
                   rn_sender(rn_unit) completed)
{
    enum { STRING, DONE };
    const char *s;
    int got;
    while ((got = rn_select([STRING] = RN_RECV(strings, &s, NULL), [DONE] = RN_DONE(done))) ==
           STRING)
        puts(s); /* do something interesting */
    rn_close(completed);
    printf("doWork exited.\n");
    return got < 0 ? got : 0;
}
RN_TASK(do_work, rn_receiver(rn_unit), rn_receiver(const char *), rn_sender(rn_unit));

static rn_receiver(rn_unit) start_work(rn_group *g, rn_receiver(rn_unit) done,
                                       rn_receiver(const char *) strings)
{
    rn_chan(rn_unit) completed = rn_make(g, rn_unit, 0);
    rn_go(g, do_work, done, strings, rn_tx(completed));
    return rn_rx(completed);
}

static int cancel_later(rn_sender(rn_unit) done)
{
    rn_sleep(RN_SECOND);
    printf("Canceling doWork goroutine ...\n");
    rn_close(done);
    return 0;
}
RN_TASK(cancel_later, rn_sender(rn_unit));

static int chapter(rn_group *g, void *unused)
{
    (void)unused;
    rn_chan(rn_unit) done = rn_make(g, rn_unit, 0);
    rn_receiver(rn_unit) terminated = start_work(g, rn_rx(done), NULL);
    rn_go(g, cancel_later, rn_tx(done));
    rn_wait(terminated);
    /* Perhaps more work is done here. */
    printf("Done.\n");
    return 0;
}

int main(void)
{
    return rn_run(chapter, NULL) == 0 ? 0 : 1;
}
