/* SPDX-License-Identifier: MIT */
/*
 * Chapter: The context package; the same as context_timeout.c, as runnel writes it.
 *
 * A group carries a context, and a task that fails cancels its group: nothing is passed down, and
 * nothing is cancelled by hand. A plain rn_sleep is all that locale needs to be stoppable. What is
 * to be done within a second is a group below a context with that timeout. rn_group_close returns
 * why it was cancelled, with the first error as the cause.
 *
 * Prints, after a second, "cannot print greeting: deadline exceeded", "cannot print farewell:
 * cancelled" and "the printers: deadline exceeded after 1 s".
 */
#include <stdio.h>

#include <runnel.h>

static int locale(void)
{
    return rn_sleep(RN_MINUTE); /* EN/US */
}
RN_TASK(locale);

static int gen_greeting(const char **out)
{
    *out = "hello";
    rn_ctx *ctx = rn_ctx_with_timeout(rn_ctx_current(), RN_SECOND);
    rn_group *g = ctx ? rn_group_new(ctx) : NULL;
    rn_ctx_unref(ctx); /* the group keeps it */
    if (!g)
        return -ENOMEM;
    rn_go(g, locale);
    int rc = rn_group_wait(g);
    rn_group_close(g);
    return rc;
}

static int gen_farewell(const char **out)
{
    *out = "goodbye";
    return locale();
}

static int print(const char *what, int (*generate)(const char **out))
{
    const char *words;
    int rc = generate(&words);
    if (rc != 0)
        printf("cannot print %s: %s\n", what, rn_strerror(rc));
    else
        printf("%s world!\n", words);
    return rc;
}
RN_TASK(print, const char *, int (*)(const char **out));

static int chapter(rn_group *g, void *unused)
{
    (void)g, (void)unused;
    int64_t start = rn_now();
    rn_group *printers = rn_group_new(NULL);
    rn_go(printers, print, "greeting", gen_greeting);
    rn_go(printers, print, "farewell", gen_farewell);
    int rc = rn_group_wait(printers);
    rn_group_close(printers);
    printf("the printers: %s after %.0f s\n", rn_strerror(rc),
           (double)(rn_now() - start) / RN_SECOND);
    return 0;
}

int main(void)
{
    return rn_run(chapter, NULL) == 0 ? 0 : 1;
}
