/* SPDX-License-Identifier: MIT */
/* One producer hands n items to one consumer: what unbuffered and buffered measure. */
#ifndef BENCH_BOOST_TRANSFER_H
#define BENCH_BOOST_TRANSFER_H

#include "bench.h"

template <typename Channel> std::int64_t transfer(Channel &items, std::int64_t n)
{
    fibers::fiber producer([&] {
        for (std::int64_t i = 0; i < n; i++)
            items.push(i);
        items.close();
    });
    std::int64_t sum = 0;
    for (std::int64_t v : items)
        sum += v;
    producer.join();
    return sum;
}

#endif
