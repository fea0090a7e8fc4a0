/* SPDX-License-Identifier: MIT */
/*
 * Chapter: Prevent goroutine leaks, the first leak.
 *
 * do_work ranges over the nil channel and waits for ever. In Go the goroutine stays until the
 * process ends, and nobody is told. runnel differs twice: when rn_run's function returns, the tasks
 * that still wait are reported, with the line they wait at and the line that started them; then
 * they are cancelled, so that rn_recv returns -ECANCELED and do_work can let go of what it holds.
 * What the chapter defers ("doWork exited.") belongs to the end of the strings, which never comes.
 *
 * Prints "Done." and never "doWork exited.". On stderr: one task leaked, do_work, in [chan receive
 * (nil chan)]; then the line that do_work writes because it was told to stop.
 */
#include <stdio.h>

#include <runnel.h>

static int do_work(rn_receiver(const char *) strings, rn_sender(rn_unit) completed)
{
    int rc;
    for (const char *s; (rc = rn_recv(strings, &s)) == 0;)
        puts(s); /* do something interesting */
    rn_close(completed);
    if (rc == -ECANCELED) {
        fprintf(stderr, "do_work: %s\n", rn_strerror(rc));
        return rc;
    }
    printf("doWork exited.\n");
    return 0;
}
RN_TASK(do_work, rn_receiver(const char *), rn_sender(rn_unit));

static rn_receiver(rn_unit) start_work(rn_group *g, rn_receiver(const char *) strings)
{
    rn_chan(rn_unit) completed = rn_make(g, rn_unit, 0);
    rn_go(g, do_work, strings, rn_tx(completed));
    return rn_rx(completed);
}

static int chapter(rn_group *g, void *unused)
{
    (void)unused;
    start_work(g, NULL);
    rn_sleep(RN_SECOND); /* perhaps more work is done here */
    printf("Done.\n");
    return 0;
}

int main(void)
{
    return rn_run(chapter, NULL) == 0 ? 0 : 1;
}
