/* SPDX-License-Identifier: MIT */
/*
 * fused: what does an item cost in the chapter's pipeline repeat -> take -> toString when the
 * library may run its stages in one task? The buffer at the end lets the consumer receive many.
 */
#include "chapter_stages.h"

static int fused(int64_t n, size_t capacity, int64_t *check)
{
    (void)capacity;
    rn_group *g = rn_group_new(NULL);
    if (!g)
        return -ENOMEM;
    int rc = pipeline(g,
                      rn_compose(rn_any, rn_stage_take(g, rn_any, n), rn_stage_to_string(g),
                                 rn_stage_buffer(g, const char *, MANY)),
                      RN_FUSED, check);
    int closed = rn_group_close(g);
    return rc ? rc : closed;
}

int main(int argc, char **argv)
{
    return bench_main(argc, argv, (bench){ .name = "fused", .run = fused, .n = 1000000 });
}
