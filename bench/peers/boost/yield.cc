/* SPDX-License-Identifier: MIT */
/* yield: what does one yield cost when there is another fiber, of other code, to run? */
#include "bench.h"

std::int64_t yield(std::int64_t n, std::size_t)
{
    std::int64_t a = 0, b = 0;
    fibers::fiber up([&a, n] {
        for (std::int64_t i = 0; i < n / 2; i++) {
            a += i;
            boost::this_fiber::yield();
        }
    });
    fibers::fiber down([&b, n] {
        for (std::int64_t i = n / 2; i > 0; i--) {
            b ^= i * i;
            boost::this_fiber::yield();
        }
    });
    up.join();
    down.join();
    return a + b;
}
