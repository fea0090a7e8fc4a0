/* SPDX-License-Identifier: MIT */
/*
 * skynet: what does a tree of a million fibers cost, ten children to a node, when each node makes a
 * channel, sums what its children send and sends the sum up?
 *
 * After the form that Boost.Fiber measures itself with: a buffered channel with room for every
 * child, small stacks, and launch::dispatch, which runs a child at once, so that few are alive.
 */
#include "bench.h"

namespace
{

using channel = fibers::buffered_channel<std::int64_t>;
using stacks = fibers::fixedsize_stack;

void node(stacks &stack, channel &up, std::int64_t first, std::int64_t size)
{
    if (size == 1) {
        up.push(first);
        return;
    }
    channel children(16);
    std::int64_t part = size / 10;
    for (std::int64_t i = 0; i < 10; i++)
        fibers::fiber(fibers::launch::dispatch, std::allocator_arg, stack, node, std::ref(stack),
                      std::ref(children), first + i * part, part)
            .detach();
    std::int64_t sum = 0;
    for (int i = 0; i < 10; i++)
        sum += children.value_pop();
    up.push(sum);
}

} // namespace

std::int64_t skynet(std::int64_t n, std::size_t)
{
    stacks stack(3 * stacks::traits_type::page_size());
    channel root(2);
    fibers::fiber(fibers::launch::dispatch, std::allocator_arg, stack, node, std::ref(stack),
                  std::ref(root), 0, n)
        .detach();
    return root.value_pop();
}
