/* SPDX-License-Identifier: MIT */
/* buffered: what does an item cost from one producer to one consumer when the channel buffers
 * capacity items? */
#include "transfer.h"

std::int64_t buffered(std::int64_t n, std::size_t capacity)
{
    /* A power of two is asked for, and one place of it stays empty. */
    std::size_t places = 2;
    while (places <= capacity)
        places *= 2;
    fibers::buffered_channel<std::int64_t> items(places);
    return transfer(items, n);
}
