/* SPDX-License-Identifier: MIT */
/* mpmc: what does an item cost from four producers to four consumers that share one channel? */
#include "transfer.h"

#include <vector>

namespace
{

constexpr std::int64_t side = 4;

template <typename Channel> std::int64_t share(Channel &items, std::int64_t n)
{
    std::int64_t sums[side] = {};
    std::vector<fibers::fiber> producers, consumers;
    for (std::int64_t i = 0; i < side; i++) {
        consumers.emplace_back([&items, &sum = sums[i]] {
            for (std::int64_t v : items)
                sum += v;
        });
        producers.emplace_back([&items, i, n] {
            for (std::int64_t v = n / side * i; v < n / side * (i + 1); v++)
                items.push(v);
        });
    }
    for (fibers::fiber &fiber : producers)
        fiber.join();
    items.close();
    for (fibers::fiber &fiber : consumers)
        fiber.join();
    return sums[0] + sums[1] + sums[2] + sums[3];
}

} // namespace

std::int64_t mpmc(std::int64_t n, std::size_t capacity)
{
    if (capacity == 0) {
        fibers::unbuffered_channel<std::int64_t> items;
        return share(items, n);
    }
    fibers::buffered_channel<std::int64_t> items(places_for(capacity));
    return share(items, n);
}
