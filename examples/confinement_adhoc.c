/* SPDX-License-Identifier: MIT */
/*
 * Chapter: Confinement, ad hoc.
 *
 * Both functions can see `data`; by convention only loop_data touches it. What the other one needs
 * comes through the channel. The producer closes the channel, and that ends the range loop.
 *
 * Prints 0 four times, one a line.
 */
#include <stdio.h>

#include <runnel.h>

static int loop_data(const int *data, size_t n, rn_sender(int) handle_data)
{
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < n; i++)
        rc = rn_send(handle_data, data[i]);
    rn_close(handle_data);
    return rc;
}
RN_TASK(loop_data, const int *, size_t, rn_sender(int));

static int chapter(rn_group *g, void *unused)
{
    (void)unused;
    int data[4] = { 0 }; /* outlives loop_data's use of it: the range below ends after its close */
    rn_chan(int) handle_data = rn_make(g, int, 0);
    rn_go(g, loop_data, data, 4, rn_tx(handle_data));

    for (int num; rn_recv(handle_data, &num) == 0;)
        printf("%d\n", num);
    return 0;
}

int main(void)
{
    return rn_run(chapter, NULL) == 0 ? 0 : 1;
}
