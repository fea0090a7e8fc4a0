/* SPDX-License-Identifier: MIT */
/* pingpong: what does a request and its reply cost over two unbuffered channels? */
#include "bench.h"

std::int64_t pingpong(std::int64_t n, std::size_t)
{
    fibers::unbuffered_channel<std::int64_t> ping, pong;
    fibers::fiber echo([&] {
        for (std::int64_t v : ping)
            pong.push(v);
    });
    std::int64_t sum = 0;
    for (std::int64_t i = 0; i < n; i++) {
        ping.push(i);
        sum += pong.value_pop();
    }
    ping.close();
    echo.join();
    return sum;
}
