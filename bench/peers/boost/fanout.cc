/* SPDX-License-Identifier: MIT */
/* fanout: what does an item cost that one of four workers takes from a channel and sends on to
 * another, where all results meet? Both channels are unbuffered. */
#include "bench.h"

#include <vector>

std::int64_t fanout(std::int64_t n, std::size_t)
{
    fibers::unbuffered_channel<std::int64_t> items, results;
    fibers::fiber producer([&items, n] {
        for (std::int64_t i = 0; i < n; i++)
            items.push(i);
        items.close();
    });
    std::vector<fibers::fiber> crew;
    for (int i = 0; i < 4; i++)
        crew.emplace_back([&items, &results] {
            for (std::int64_t v : items)
                results.push(2 * v);
        });
    fibers::fiber closer([&crew, &results] {
        for (fibers::fiber &fiber : crew)
            fiber.join();
        results.close();
    });
    std::int64_t sum = 0;
    for (std::int64_t v : results)
        sum += v;
    closer.join();
    producer.join();
    return sum;
}
