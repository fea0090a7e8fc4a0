/* SPDX-License-Identifier: MIT */
/* unbuffered: what does an item cost from one producer to one consumer without a buffer? */
#include "transfer.h"

std::int64_t unbuffered(std::int64_t n, std::size_t)
{
    fibers::unbuffered_channel<std::int64_t> items;
    return transfer(items, n);
}
