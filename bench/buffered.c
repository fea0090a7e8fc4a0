/* SPDX-License-Identifier: MIT */
/* buffered: what does an item cost from one producer to one consumer when the channel buffers
 * capacity items? */
#include "transfer.h"

int main(int argc, char **argv)
{
    return bench_main(
        argc, argv, (bench){ .name = "buffered", .run = transfer, .n = 5000000, .capacity = 100 });
}
