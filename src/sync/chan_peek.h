/* SPDX-License-Identifier: MIT */
/*
 * What the tests of channels need to see and a program cannot: who waits. A test that says "while a
 * sender waits" then does not depend on sleeping long enough.
 */
#ifndef RNI_SYNC_CHAN_PEEK_H
#define RNI_SYNC_CHAN_PEEK_H

#include <runnel.h>

#include "sync/chan.h"

/* To programs rn_channel is incomplete, so a handle's element may have any alignment. Here it is
 * complete, and clang warns about each cast from and to a handle. */
#pragma GCC diagnostic ignored "-Wcast-align"

static inline size_t waiting(rn_channel *c, bool senders)
{
    size_t n = 0;
    rni_lock_take(&c->lock);
    for (rni_waiter *w = senders ? c->senders.head : c->receivers.head; w; w = w->next)
        n++;
    rni_unlock(&c->lock);
    return n;
}

static inline void await(rn_channel *c, bool senders, size_t n)
{
    while (waiting(c, senders) < n)
        for (size_t i = 0; i <= n / 8; i++) /* the more there are, the longer it takes to count */
            (void)rn_yield();
}

/* Let others run until at least n wait on c. */
static inline void await_senders(rn_channel *c, size_t n)
{
    await(c, true, n);
}

static inline void await_receivers(rn_channel *c, size_t n)
{
    await(c, false, n);
}

#define RAW(c) ((rn_channel *)(c))

#endif
