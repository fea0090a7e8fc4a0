/* SPDX-License-Identifier: MIT */
/*
 * spawn: what does it cost to start a fiber that does nothing and to see it end?
 *
 * In batches, because the stacks of a million fibers at once make it much slower; of small stacks;
 * and from a pool where one thread runs them all (the pool has no lock).
 */
#include "bench.h"

#include <vector>

template <typename Stacks> static std::int64_t spawn_on(Stacks stacks, std::int64_t n)
{
    constexpr std::int64_t batch = 100;
    std::vector<fibers::fiber> started;
    started.reserve(batch);
    std::int64_t ended = 0;
    for (std::int64_t left = n; left > 0; left -= batch) {
        for (std::int64_t i = 0; i < batch && i < left; i++)
            started.emplace_back(std::allocator_arg, stacks, [] {});
        for (fibers::fiber &fiber : started) {
            fiber.join();
            ended++;
        }
        started.clear();
    }
    return ended;
}

std::int64_t spawn(std::int64_t n, std::size_t)
{
    constexpr std::size_t size = 16384;
    return workers == 1 ? spawn_on(fibers::pooled_fixedsize_stack(size), n)
                        : spawn_on(fibers::fixedsize_stack(size), n);
}
