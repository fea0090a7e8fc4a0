/* SPDX-License-Identifier: MIT */
/* mutex: what does it cost to lock a mutex, count and unlock it, when eight tasks do? */
#include "bench.h"

enum { TASKS = 8 };

typedef struct counter {
    rn_mutex lock;
    int64_t count;
} counter;

static int count(counter *c, int64_t n)
{
    for (int64_t i = 0; i < n; i++) {
        int rc = rn_mutex_lock(&c->lock);
        if (rc)
            return rc;
        c->count++;
        rn_mutex_unlock(&c->lock);
    }
    return 0;
}
RN_TASK(count, counter *, int64_t);

static int mutex(int64_t n, size_t capacity, int64_t *check)
{
    (void)capacity;
    counter c = { 0 };
    rn_group *g = rn_group_new(NULL);
    if (!g)
        return -ENOMEM;
    for (int i = 0; i < TASKS; i++)
        rn_go(g, count, &c, n / TASKS); /* If one cannot be started, the group fails. */
    int rc = rn_group_wait(g);
    rn_group_close(g);
    *check = c.count;
    return rc;
}

int main(int argc, char **argv)
{
    return bench_main(argc, argv, (bench){ .name = "mutex", .run = mutex, .n = 10000000 });
}
