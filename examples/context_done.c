/* SPDX-License-Identifier: MIT */
/*
 * Chapter: The context package (only a heading in the notes; the program is the book's), before it:
 * with a `done` channel.
 *
 * Five functions pass `done` down; each can be stopped, but none can be told how long it may take,
 * or why it was stopped, and gen_greeting cannot stop locale by itself. context_timeout.c can.
 *
 * Prints "hello world!" and "goodbye world!", in either order, after a minute.
 */
#include <stdio.h>

#include <runnel.h>

static int locale(rn_receiver(rn_unit) done, const char **out)
{
    enum { DONE, LATER };
    if (rn_select([DONE] = RN_DONE(done), [LATER] = RN_AFTER(RN_MINUTE)) != LATER)
        return -ECANCELED;
    *out = "EN/US";
    return 0;
}

static int gen_greeting(rn_receiver(rn_unit) done, const char **out)
{
    int rc = locale(done, out);
    *out = "hello";
    return rc;
}

static int gen_farewell(rn_receiver(rn_unit) done, const char **out)
{
    int rc = locale(done, out);
    *out = "goodbye";
    return rc;
}

static int print_greeting(rn_receiver(rn_unit) done)
{
    const char *greeting;
    int rc = gen_greeting(done, &greeting);
    if (rc != 0)
        printf("cannot print greeting: %s\n", rn_strerror(rc));
    else
        printf("%s world!\n", greeting);
    return rc;
}
RN_TASK(print_greeting, rn_receiver(rn_unit));

static int print_farewell(rn_receiver(rn_unit) done)
{
    const char *farewell;
    int rc = gen_farewell(done, &farewell);
    if (rc != 0)
        printf("cannot print farewell: %s\n", rn_strerror(rc));
    else
        printf("%s world!\n", farewell);
    return rc;
}
RN_TASK(print_farewell, rn_receiver(rn_unit));

static int chapter(rn_group *g, void *unused)
{
    (void)g, (void)unused;
    rn_group *printers = rn_group_new(NULL);
    rn_chan(rn_unit) done = rn_make(printers, rn_unit, 0);
    rn_go(printers, print_greeting, rn_rx(done));
    rn_go(printers, print_farewell, rn_rx(done));
    int rc = rn_group_wait(printers);
    rn_close(done);
    rn_group_close(printers);
    return rc;
}

int main(void)
{
    return rn_run(chapter, NULL) == 0 ? 0 : 1;
}
