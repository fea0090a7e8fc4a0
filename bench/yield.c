/* SPDX-License-Identifier: MIT */
/* yield: what does one rn_yield cost when there is another task, of other code, to run? */
#include "bench.h"

static int up(int64_t n, int64_t *result)
{
    int64_t sum = 0;
    for (int64_t i = 0; i < n; i++) {
        sum += i;
        rn_yield();
    }
    *result = sum;
    return 0;
}
RN_TASK(up, int64_t, int64_t *);

static int down(int64_t n, int64_t *result)
{
    int64_t sum = 0;
    for (int64_t i = n; i > 0; i--) {
        sum ^= i * i;
        rn_yield();
    }
    *result = sum;
    return 0;
}
RN_TASK(down, int64_t, int64_t *);

static int yield(int64_t n, size_t capacity, int64_t *check)
{
    (void)capacity;
    int64_t a = 0, b = 0;
    rn_group *g = rn_group_new(NULL);
    if (!g)
        return -ENOMEM;
    rn_go(g, up, n / 2, &a);
    rn_go(g, down, n / 2, &b);
    int rc = rn_group_wait(g);
    rn_group_close(g);
    *check = a + b;
    return rc;
}

int main(int argc, char **argv)
{
    return bench_main(argc, argv, (bench){ .name = "yield", .run = yield, .n = 2000000 });
}
