/* SPDX-License-Identifier: MIT */
/*
 * A program that takes rn_len for a synchronisation: it sees that a value has been sent and reads
 * what the sender wrote before, without receiving. TSan must report it.
 */
#include <runnel.h>

static int written;

static int write_and_send(rn_sender(int) out)
{
    rn_sleep(RN_MILLISECOND);
    written = 1;
    return rn_send(out, 1);
}
RN_TASK(write_and_send, rn_sender(int));

static int start(rn_group *g, void *arg)
{
    (void)arg;
    rn_chan(int) c = rn_make(g, int, 1);
    rn_go(g, write_and_send, rn_tx(c));
    while (rn_len(c) == 0)
        rn_yield();
    return written - 1;
}

int main(void)
{
    return rn_run(start, NULL);
}
