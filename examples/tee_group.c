/* SPDX-License-Identifier: MIT */
/*
 * Chapter: The tee-channel; as a call of the library.
 *
 * rn_tee has any number of outputs. It refuses elements that own something unless it is told how to
 * copy one (rn_tee_copy).
 *
 * Prints "out1: 1, out2: 1", then the same with 2, 1 and 2.
 */
#include <stdio.h>

#include <runnel.h>

static int chapter(rn_group *g, void *unused)
{
    (void)g, (void)unused;
    rn_group *stages = rn_group_new(NULL);
    rn_receiver(int) outs[2];
    int rc = rn_tee(stages, rn_take(stages, rn_repeat(stages, int, 1, 2), 4), outs, 2);
    for (int v1, v2; rc == 0 && rn_recv(outs[0], &v1) == 0 && rn_recv(outs[1], &v2) == 0;)
        printf("out1: %d, out2: %d\n", v1, v2);
    rn_group_close(stages);
    return rc;
}

int main(void)
{
    return rn_run(chapter, NULL) == 0 ? 0 : 1;
}
