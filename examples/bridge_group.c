/* SPDX-License-Identifier: MIT */
/*
 * Chapter: The bridge-channel; as a call of the library.
 *
 * The ten channels are generators of one number each, made by a stage.
 *
 * Prints "0 1 2 3 4 5 6 7 8 9 " without a newline.
 */
#include <stdio.h>

#include <runnel.h>

typedef rn_receiver(int) stream;

static stream only(int v, rn_group *g)
{
    return rn_generator(g, int, v);
}
RN_STAGE(only, stream, int, rn_group *);

static int chapter(rn_group *g, void *unused)
{
    (void)unused;
    rn_receiver(int) digits = rn_generator(g, int, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9);
    rn_receiver(stream) chan_stream = rn_map(g, digits, only, g);
    stream vals = rn_bridge(g, chan_stream);
    for (int v; rn_recv(vals, &v) == 0;)
        printf("%d ", v);
    return 0;
}

int main(void)
{
    return rn_run(chapter, NULL) == 0 ? 0 : 1;
}
