/* SPDX-License-Identifier: MIT */
/*
 * forkjoin: what does fib cost when each call that is not a leaf starts a fiber for one half, calls
 * the other itself and waits for the fiber?
 *
 * n is the number of calls; the program takes the largest fib that needs no more. launch::dispatch
 * runs the fiber at once, so that few are alive.
 */
#include "bench.h"

namespace
{

template <typename Stacks> std::int64_t fib(Stacks &stack, int k)
{
    if (k < 2)
        return k;
    std::int64_t half = 0;
    fibers::fiber fiber(fibers::launch::dispatch, std::allocator_arg, stack,
                        [&stack, &half, k] { half = fib(stack, k - 1); });
    std::int64_t other = fib(stack, k - 2);
    fiber.join();
    return half + other;
}

} // namespace

std::int64_t forkjoin(std::int64_t n, std::size_t)
{
    int k = 1;
    for (std::int64_t a = 1, b = 1; a + b + 1 <= n; k++) {
        std::int64_t next = a + b + 1;
        a = b;
        b = next;
    }
    if (workers == 1) {
        fibers::pooled_fixedsize_stack stack(16384); /* without a lock, so for one thread only */
        return fib(stack, k);
    }
    fibers::fixedsize_stack stack(16384);
    return fib(stack, k);
}
