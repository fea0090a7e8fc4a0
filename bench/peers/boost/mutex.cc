/* SPDX-License-Identifier: MIT */
/* mutex: what does it cost to lock a mutex, count and unlock it, when eight fibers do? */
#include "bench.h"

#include <mutex>
#include <vector>

std::int64_t mutex(std::int64_t n, std::size_t)
{
    constexpr int side = 8;
    fibers::mutex lock;
    std::int64_t count = 0;
    std::vector<fibers::fiber> started;
    for (int i = 0; i < side; i++)
        started.emplace_back([&lock, &count, n] {
            for (std::int64_t j = 0; j < n / side; j++) {
                std::lock_guard<fibers::mutex> guard(lock);
                count++;
            }
        });
    for (fibers::fiber &fiber : started)
        fiber.join();
    return count;
}
