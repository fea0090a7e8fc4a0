/* SPDX-License-Identifier: MIT */
/* expect-first: rn_go_needs_RN_TASK_line_of_log_it */
#include <runnel.h>

static int log_it(int n)
{
    return n;
}
#ifdef GOOD
RN_TASK(log_it, int);
#endif

rn_ctx_func *f(rn_group *g, rn_ctx *ctx);

rn_ctx_func *f(rn_group *g, rn_ctx *ctx)
{
    return rn_ctx_after_func(ctx, g, log_it, 1);
}
