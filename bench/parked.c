/* SPDX-License-Identifier: MIT */
/* parked: what does a waiting task with a stack of one class take, and what does waking
 * it? */
#include "parked.h"

static int parked(int64_t n, size_t capacity, int64_t *check)
{
    (void)capacity;
    return park(n, BENCH_STACK, check);
}

int main(int argc, char **argv)
{
    return bench_main(
        argc, argv,
        (bench){ .name = "parked" BENCH_SUFFIX, .run = parked, .n = 1000000, .cold = true });
}
