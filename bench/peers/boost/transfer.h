/* SPDX-License-Identifier: MIT */
/* One producer hands n items to one consumer: what unbuffered and buffered measure. And how large
 * a buffered channel is asked for. */
#ifndef BENCH_BOOST_TRANSFER_H
#define BENCH_BOOST_TRANSFER_H

#include "bench.h"

/* What a buffered_channel is asked for to hold capacity items: a power of two, one place of which
 * stays empty. */
inline std::size_t places_for(std::size_t capacity)
{
    std::size_t places = 2;
    while (places <= capacity)
        places *= 2;
    return places;
}

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
