/* SPDX-License-Identifier: MIT */
/* parked_small: what does a waiting task with a stack of RN_STACK_SMALL take, and what does waking
 * it? */
#include "parked.h"

static int parked_small(int64_t n, size_t capacity, int64_t *check)
{
    (void)capacity;
    return park(n, RN_STACK_SMALL, check);
}

int main(int argc, char **argv)
{
    return bench_main(
        argc, argv,
        (bench){ .name = "parked_small", .run = parked_small, .n = 1000000, .cold = true });
}
