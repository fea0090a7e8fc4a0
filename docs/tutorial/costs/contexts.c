/* SPDX-License-Identifier: MIT */
/* The costs of contexts and timeouts. */
#include "costs.h"

/* ---- contexts and timeouts ---- */

static int64_t ctx_cancel(rn_group *g, int n)
{
    int64_t start = rn_now();
    for (int i = 0; i < n; i++) {
        rn_ctx *ctx = rn_ctx_with_cancel(rn_group_ctx(g));
        if (!ctx)
            return 0;
        rn_ctx_cancel(ctx, 0);
        rn_ctx_unref(ctx);
    }
    return rn_now() - start;
}

static int64_t ctx_timeout(rn_group *g, int n)
{
    int64_t start = rn_now();
    for (int i = 0; i < n; i++) {
        rn_ctx *ctx = rn_ctx_with_timeout(rn_group_ctx(g), RN_HOUR);
        if (!ctx)
            return 0;
        rn_ctx_cancel(ctx, 0);
        rn_ctx_unref(ctx);
    }
    return rn_now() - start;
}

static int64_t ctx_err(rn_group *g, int n)
{
    int64_t start = rn_now();
    for (int i = 0; i < n; i++)
        if (rn_ctx_err(rn_group_ctx(g)) != 0)
            return 0;
    return rn_now() - start;
}

static int64_t value_at(rn_group *g, int n, int depth)
{
    static const char keys[10];
    rn_ctx *ctx = rn_ctx_ref(rn_group_ctx(g));
    for (int i = 0; ctx && i < depth; i++) {
        rn_ctx *below = rn_ctx_with_value(ctx, &keys[i], ctx);
        rn_ctx_unref(ctx);
        ctx = below;
    }
    if (!ctx)
        return 0;
    int64_t start = rn_now(), found = 0;
    for (int i = 0; i < n; i++)
        found += rn_ctx_value(ctx, &keys[0]) != NULL;
    int64_t took = rn_now() - start;
    rn_ctx_unref(ctx);
    return found == n ? took : 0;
}

static int64_t value_1(rn_group *g, int n)
{
    return value_at(g, n, 1);
}

static int64_t value_10(rn_group *g, int n)
{
    return value_at(g, n, 10);
}

static int64_t group_empty(rn_group *g, int n)
{
    int64_t start = rn_now();
    for (int i = 0; i < n; i++)
        rn_group_close(rn_group_new(rn_group_ctx(g)));
    return rn_now() - start;
}

static int64_t recv_until(rn_group *g, int n)
{
    rn_receiver(int) in = numbers(g, n, 0);
    int64_t start = rn_now();
    for (int v; rn_recv_until(in, &v, start + RN_HOUR) == 0;)
        ;
    return rn_now() - start;
}

static int64_t select_after(rn_group *g, int n)
{
    rn_receiver(int) in = numbers(g, n, 0);
    bool ok = true;
    int64_t start = rn_now();
    for (int v; ok && rn_select(RN_RECV(in, &v, &ok), RN_AFTER(RN_HOUR)) == 0;)
        ;
    return rn_now() - start;
}

const costs_row costs_contexts[] = {
    { "context", "with_cancel, cancel, unref", ctx_cancel, MANY },
    { "context", "rn_ctx_err", ctx_err, MANY },
    { "context", "value bound here", value_1, MANY },
    { "context", "value bound 10 levels up", value_10, MANY },
    { "context", "group new and close", group_empty, MANY },
    { "timeouts", "rn_recv", channel_0, MANY },
    { "timeouts", "rn_recv_until", recv_until, MANY },
    { "timeouts", "select with RN_AFTER", select_after, MANY },
    { "timeouts", "with_timeout, cancel, unref", ctx_timeout, MANY },
    { NULL, NULL, NULL, 0 },
};
