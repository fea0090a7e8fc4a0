/* SPDX-License-Identifier: MIT */
/* Signal masks belong to threads: a switch neither saves nor restores them. */
/* kit: once */
#include <runnel.h>

#include <pthread.h>
#include <signal.h>

#include "kit/kit.h"
#include "kit/run_with.h"

static bool blocked(void)
{
    sigset_t now;
    CHECK_EQ(pthread_sigmask(SIG_SETMASK, NULL, &now), 0);
    return sigismember(&now, SIGUSR2) == 1;
}

static void change(int how)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR2);
    CHECK_EQ(pthread_sigmask(how, &set, NULL), 0);
}

static int blocks(rn_sender(int) blocked_now, rn_receiver(int) go_on)
{
    int v;
    change(SIG_BLOCK);
    CHECK_EQ(rn_send(blocked_now, 1), 0);
    CHECK_EQ(rn_recv(go_on, &v), 0);
    CHECK(!blocked());
    return 0;
}
RN_TASK(blocks, rn_sender(int), rn_receiver(int));

static int on_one_thread(rn_group *g, void *arg)
{
    rn_chan(int) there = rn_make(g, int, 0), back = rn_make(g, int, 0);
    int v;
    (void)arg;
    CHECK(!blocked());
    CHECK_EQ(rn_go(g, blocks, rn_tx(there), rn_rx(back)), 0);
    CHECK_EQ(rn_recv(there, &v), 0);
    CHECK(blocked());
    change(SIG_UNBLOCK);
    CHECK_EQ(rn_send(back, 1), 0);
    CHECK_EQ(rn_yield(), 0);
    CHECK(!blocked());
    return 0;
}

WITH_WORKERS(1, signal_mask_stays_with_the_thread, on_one_thread)
