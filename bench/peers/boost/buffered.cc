/* SPDX-License-Identifier: MIT */
/* buffered: what does an item cost from one producer to one consumer when the channel buffers
 * capacity items? */
#include "transfer.h"

std::int64_t buffered(std::int64_t n, std::size_t capacity)
{
    fibers::buffered_channel<std::int64_t> items(places_for(capacity));
    return transfer(items, n);
}
