/* SPDX-License-Identifier: MIT */
/*
 * Chapter: The context package (only a heading in the notes; the program is the book's), values.
 *
 * What belongs to a request travels with its context. The book's first version has strings as keys,
 * which two packages may choose alike. Here a key is an address: two strings with the same letters
 * are two keys, and the only mistake left is to let somebody else have the address. context_keys.c
 * prevents that.
 *
 * What to store: what crosses processes and interfaces, does not change, has a simple type, is data
 * rather than behaviour, and decorates what is done rather than deciding it.
 *
 * Prints "handling response for jane (abc123)".
 */
#include <stdio.h>

#include <runnel.h>

static const char user_id[] = "userID", auth_token[] = "authToken";

static void handle_response(rn_ctx *ctx)
{
    printf("handling response for %s (%s)\n", (char *)rn_ctx_value(ctx, user_id),
           (char *)rn_ctx_value(ctx, auth_token));
}

static int process_request(char *user, char *token)
{
    int rc = -ENOMEM;
    rn_ctx *ctx = rn_ctx_with_value(rn_ctx_background(), user_id, user);
    rn_ctx *both = ctx ? rn_ctx_with_value(ctx, auth_token, token) : NULL;
    if (both) {
        handle_response(both);
        rc = 0;
    }
    rn_ctx_unref(both);
    rn_ctx_unref(ctx);
    return rc;
}

static int chapter(rn_group *g, void *unused)
{
    (void)g, (void)unused;
    char user[] = "jane", token[] = "abc123";
    return process_request(user, token);
}

int main(void)
{
    return rn_run(chapter, NULL) == 0 ? 0 : 1;
}
