/* SPDX-License-Identifier: MIT */
/* A user's program, built by a CMake project that is not runnel's (run.sh). */
#include <runnel.h>

#include <stdio.h>

static int half(rn_sender(int) out, int n)
{
    return rn_send(out, n / 2);
}
RN_TASK(half, rn_sender(int), int);

static int run(rn_group *g, void *unused)
{
    int v;
    (void)unused;
    rn_chan(int) out = rn_make(g, int, 0);
    rn_go(g, half, rn_tx(out), 84);
    if (rn_recv(out, &v) != 0)
        return 1;
    return printf("half is %d\n", v) < 0;
}

int main(void)
{
    return rn_run(run, NULL);
}
