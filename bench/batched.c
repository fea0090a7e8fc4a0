/* SPDX-License-Identifier: MIT */
/*
 * batched: what does an item cost in the chapter's pipeline repeat -> take -> toString when the
 * library runs its stages on up to 64 values at a time?
 */
#include "chapter_stages.h"

static int batched(int64_t n, size_t capacity, int64_t *check)
{
    (void)capacity;
    rn_group *g = rn_group_new(NULL);
    if (!g)
        return -ENOMEM;
    int rc = pipeline(g, rn_compose(rn_any, rn_stage_take(g, rn_any, n), rn_stage_to_string(g)),
                      RN_BATCHED, check);
    int closed = rn_group_close(g);
    return rc ? rc : closed;
}

int main(int argc, char **argv)
{
    return bench_main(argc, argv, (bench){ .name = "batched", .run = batched, .n = 1000000 });
}
