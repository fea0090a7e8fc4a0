/* SPDX-License-Identifier: MIT */
/*
 * Chapter: The context package (only a heading in the notes; the program is the book's), keys that
 * nobody else has.
 *
 * In Go a package gives its keys a type of its own: keys of equal value and different type differ,
 * which the book shows with a map. In C it is the address of a static object: equal contents, two
 * keys. Nobody outside the file can name it, so the functions that do are the only way to the
 * value, and give it its type back.
 *
 * Prints "map[foo(1):1 bar(1):2]" and "handling response for jane (auth: abc123)".
 */
#include <stdio.h>

#include <runnel.h>

static const int foo = 1, bar = 1;

static void print_map(rn_ctx *ctx)
{
    int *of_foo = rn_ctx_value(ctx, &foo), *of_bar = rn_ctx_value(ctx, &bar);
    printf("map[foo(%d):%d bar(%d):%d]\n", foo, *of_foo, bar, *of_bar);
}

/* In a program of several files these two keys and the four functions are a file. */
static const char user_id_key, auth_token_key;

static rn_ctx *with_user_id(rn_ctx *ctx, char *id)
{
    return rn_ctx_with_value(ctx, &user_id_key, id);
}

static rn_ctx *with_auth_token(rn_ctx *ctx, char *token)
{
    return rn_ctx_with_value(ctx, &auth_token_key, token);
}

static const char *user_id(rn_ctx *ctx)
{
    return rn_ctx_value(ctx, &user_id_key);
}

static const char *auth_token(rn_ctx *ctx)
{
    return rn_ctx_value(ctx, &auth_token_key);
}

static void handle_response(rn_ctx *ctx)
{
    printf("handling response for %s (auth: %s)\n", user_id(ctx), auth_token(ctx));
}

static int chapter(rn_group *g, void *unused)
{
    (void)g, (void)unused;
    int one = 1, two = 2;
    char jane[] = "jane", token[] = "abc123";
    rn_ctx *a = rn_ctx_with_value(rn_ctx_background(), &foo, &one);
    rn_ctx *b = a ? rn_ctx_with_value(a, &bar, &two) : NULL;
    rn_ctx *c = b ? with_user_id(b, jane) : NULL;
    rn_ctx *d = c ? with_auth_token(c, token) : NULL;
    rn_ctx_unref(a); /* each keeps its parent */
    rn_ctx_unref(b);
    rn_ctx_unref(c);
    if (!d)
        return -ENOMEM;
    print_map(d);
    handle_response(d);
    rn_ctx_unref(d);
    return 0;
}

int main(void)
{
    return rn_run(chapter, NULL) == 0 ? 0 : 1;
}
