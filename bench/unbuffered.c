/* SPDX-License-Identifier: MIT */
/* unbuffered: what does an item cost from one producer to one consumer without a buffer? */
#include "transfer.h"

int main(int argc, char **argv)
{
    return bench_main(argc, argv, (bench){ .name = "unbuffered", .run = transfer, .n = 2000000 });
}
