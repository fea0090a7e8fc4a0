/* SPDX-License-Identifier: MIT */
/*
 * Chapter: The for-select loop, sending iteration variables out on a channel.
 *
 * Each turn of the loop sends its value or learns that it should stop. The chapter's program has
 * nobody who receives, and nobody who closes `done`: as written it can only deadlock, which is
 * for_select_send_deadlock.c. Here the loop is a task, and the chapter's main receives.
 *
 * Prints a, b and c, one a line.
 */
#include <stdio.h>

#include <runnel.h>

static int send_all(rn_receiver(rn_unit) done, rn_sender(const char *) string_stream)
{
    static const char *const strings[] = { "a", "b", "c" };
    enum { DONE, SENT };
    int got = SENT;
    for (int i = 0; got == SENT && i < 3; i++)
        got = rn_select([DONE] = RN_DONE(done), [SENT] = RN_SEND(string_stream, strings[i]));
    rn_close(string_stream);
    return got < 0 ? got : 0; /* negative: the group was cancelled */
}
RN_TASK(send_all, rn_receiver(rn_unit), rn_sender(const char *));

static int chapter(rn_group *g, void *unused)
{
    (void)unused;
    rn_chan(rn_unit) done = rn_make(g, rn_unit, 0);
    rn_chan(const char *) string_stream = rn_make(g, const char *, 0);
    rn_go(g, send_all, rn_rx(done), rn_tx(string_stream));

    for (const char *s; rn_recv(string_stream, &s) == 0;)
        puts(s);
    rn_close(done);
    return 0;
}

int main(void)
{
    return rn_run(chapter, NULL) == 0 ? 0 : 1;
}
