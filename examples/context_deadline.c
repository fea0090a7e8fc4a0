/* SPDX-License-Identifier: MIT */
/*
 * Chapter: The context package (only a heading in the notes; the program is the book's), with a
 * look at the deadline.
 *
 * As context_timeout.c, but locale knows that it needs a minute. It asks its context for the
 * deadline and fails at once when that is too near, instead of working for a second in vain.
 *
 * Prints, without any delay, "cannot print greeting: context deadline exceeded" and "cannot print
 * farewell: context canceled".
 */
#include <stdio.h>

#include <runnel.h>

/* In Go's words. */
static const char *reason(int rc)
{
    return rc == -ETIMEDOUT   ? "context deadline exceeded"
           : rc == -ECANCELED ? "context canceled"
                              : rn_strerror(rc);
}

static int locale(rn_ctx *ctx)
{
    enum { DONE, LATER };
    int64_t deadline;
    if (rn_ctx_deadline(ctx, &deadline) && deadline - (rn_now() + RN_MINUTE) <= 0)
        return -ETIMEDOUT;
    if (rn_select([DONE] = RN_DONE(rn_ctx_done(ctx)), [LATER] = RN_AFTER(RN_MINUTE)) != LATER)
        return rn_ctx_cause(ctx);
    return 0; /* EN/US */
}

static int gen_greeting(rn_ctx *parent, const char **out)
{
    rn_ctx *ctx = rn_ctx_with_timeout(parent, RN_SECOND);
    if (!ctx)
        return -ENOMEM;
    *out = "hello";
    int rc = locale(ctx);
    rn_ctx_unref(ctx);
    return rc;
}

static int gen_farewell(rn_ctx *ctx, const char **out)
{
    *out = "goodbye";
    return locale(ctx);
}

static int print_greeting(rn_ctx *ctx)
{
    const char *greeting;
    int rc = gen_greeting(ctx, &greeting);
    if (rc != 0) {
        printf("cannot print greeting: %s\n", reason(rc));
        rn_ctx_cancel(ctx, 0);
        return 0;
    }
    printf("%s world!\n", greeting);
    return 0;
}
RN_TASK(print_greeting, rn_ctx *);

static int print_farewell(rn_ctx *ctx)
{
    const char *farewell;
    int rc = gen_farewell(ctx, &farewell);
    if (rc != 0)
        printf("cannot print farewell: %s\n", reason(rc));
    else
        printf("%s world!\n", farewell);
    return 0;
}
RN_TASK(print_farewell, rn_ctx *);

static int chapter(rn_group *g, void *unused)
{
    (void)g, (void)unused;
    rn_ctx *ctx = rn_ctx_with_cancel(rn_ctx_background());
    if (!ctx)
        return -ENOMEM;
    rn_group *printers = rn_group_new(NULL);
    rn_go(printers, print_greeting, ctx);
    rn_go(printers, print_farewell, ctx);
    int rc = rn_group_wait(printers);
    rn_group_close(printers);
    rn_ctx_unref(ctx);
    return rc;
}

int main(void)
{
    return rn_run(chapter, NULL) == 0 ? 0 : 1;
}
