/* SPDX-License-Identifier: MIT */
/*
 * contexts: what does it cost to make n children of a context, each with a task that waits for its
 * end (make_ns, for each), and to cancel them all by their parent until the last task has ended
 * (cancel_ns)?
 */
#include <stdatomic.h>

#include "bench.h"

typedef struct family {
    rn_waitgroup waiting;
    _Atomic int64_t cancelled; /* sum of the numbers of the children that saw their end */
} family;

/* Gives back the reference to its context. */
static int child(family *f, rn_ctx *ctx, int64_t number)
{
    rn_waitgroup_done(&f->waiting);
    rn_wait(rn_ctx_done(ctx));
    if (rn_ctx_err(ctx) == -ECANCELED)
        atomic_fetch_add_explicit(&f->cancelled, number, memory_order_relaxed);
    rn_ctx_unref(ctx);
    return 0;
}
RN_TASK(child, family *, rn_ctx *, int64_t);

static int contexts(int64_t n, size_t capacity, int64_t *check)
{
    (void)capacity;
    family f = { 0 };
    rn_group *g = rn_group_new(NULL);
    rn_ctx *parent = g ? rn_ctx_with_cancel(rn_group_ctx(g)) : NULL;
    int rc = parent ? 0 : -ENOMEM;
    int64_t start = rn_now();
    rn_waitgroup_add(&f.waiting, (int)n);
    for (int64_t i = 0; rc == 0 && i < n; i++) {
        rn_ctx *ctx = rn_ctx_with_cancel(parent);
        rc = ctx ? rn_go_with(g, &bench_many, child, &f, ctx, i) : -ENOMEM;
        if (rc)
            rn_ctx_unref(ctx);
    }
    if (rc == 0)
        rc = rn_waitgroup_wait(&f.waiting);
    int64_t made = rn_now();
    if (rc == 0) {
        rn_ctx_cancel(parent, 0);
        rc = rn_group_wait(g);
    }
    bench_report("make_ns", (double)(made - start) / (double)n);
    bench_report("cancel_ns", (double)(rn_now() - made) / (double)n);
    rn_group_close(g);
    rn_ctx_unref(parent);
    *check = f.cancelled;
    return rc;
}

int main(int argc, char **argv)
{
    return bench_main(argc, argv,
                      (bench){ .name = "contexts" BENCH_SUFFIX, .run = contexts, .n = 200000 });
}
