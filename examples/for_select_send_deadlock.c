/* SPDX-License-Identifier: MIT */
/*
 * Chapter: The for-select loop, sending iteration variables; the program exactly as it stands
 * there.
 *
 * Nobody receives from string_stream and nobody closes `done`, so the first select waits for ever.
 * Go says "fatal error: all goroutines are asleep - deadlock!"; runnel says which task waits where,
 * and exits with status 2 as well. for_select_send.c is the program that was meant.
 *
 * Prints nothing. On stderr: "runnel: all tasks are asleep - deadlock!" and the task in [select] at
 * the line of the rn_select below.
 */
#include <runnel.h>

static int chapter(rn_group *g, void *unused)
{
    (void)unused;
    static const char *const strings[] = { "a", "b", "c" };
    rn_chan(rn_unit) done = rn_make(g, rn_unit, 0);
    rn_chan(const char *) string_stream = rn_make(g, const char *, 0);
    for (int i = 0; i < 3; i++) {
        enum { DONE, SENT };
        switch (rn_select([DONE] = RN_DONE(done), [SENT] = RN_SEND(string_stream, strings[i]))) {
        case DONE: return 0;
        case SENT: break;
        default: return -ECANCELED;
        }
    }
    return 0;
}

int main(void)
{
    return rn_run(chapter, NULL) == 0 ? 0 : 1;
}
