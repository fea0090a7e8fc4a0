/* SPDX-License-Identifier: MIT */
/* sieve: what do n primes cost from the concurrent prime sieve: a growing chain of filters, one for
 * each prime, linked by unbuffered channels? At the end the channels are closed, which ends the
 * chain. */
#include "bench.h"

#include <list>
#include <vector>

using filter_channel = fibers::unbuffered_channel<std::int64_t>;
using status = fibers::channel_op_status;

static void filter(filter_channel &in, filter_channel &out, std::int64_t prime)
{
    for (std::int64_t v : in)
        if (v % prime != 0 && out.push(v) != status::success)
            return;
}

std::int64_t sieve(std::int64_t n, std::size_t)
{
    std::list<filter_channel> links;
    links.emplace_back();
    std::vector<fibers::fiber> chain;
    chain.emplace_back([&first = links.front()] {
        for (std::int64_t i = 2; first.push(i) == status::success; i++)
            ;
    });
    std::int64_t sum = 0;
    for (std::int64_t i = 0; i < n; i++) {
        filter_channel &in = links.back();
        std::int64_t prime = in.value_pop();
        sum += prime;
        filter_channel &out = links.emplace_back();
        chain.emplace_back([&in, &out, prime] { filter(in, out, prime); });
    }
    for (filter_channel &each : links)
        each.close();
    for (fibers::fiber &fiber : chain)
        fiber.join();
    return sum;
}
