/* SPDX-License-Identifier: MIT */
/* spawn: what does it cost to start a task that does nothing and to see it end? */
#include "bench.h"

static int nothing(void)
{
    return 0;
}
RN_TASK(nothing);

static int spawn(int64_t n, size_t capacity, int64_t *check)
{
    (void)capacity;
    rn_group *g = rn_group_new(NULL);
    if (!g)
        return -ENOMEM;
    rn_stats before, after;
    rn_stats_read(&before);
    for (int64_t i = 0; i < n; i++)
        rn_go(g, nothing); /* If one cannot be started, the group fails. */
    int rc = rn_group_wait(g);
    rn_stats_read(&after);
    rn_group_close(g);
    *check = (int64_t)(after.tasks_ended - before.tasks_ended);
    return rc;
}

int main(int argc, char **argv)
{
    return bench_main(argc, argv, (bench){ .name = "spawn", .run = spawn, .n = 1000000 });
}
