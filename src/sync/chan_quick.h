/* SPDX-License-Identifier: MIT */
/* What chan_quick.c leaves to chan.c. */
#ifndef RNI_SYNC_CHAN_QUICK_H
#define RNI_SYNC_CHAN_QUICK_H

#include "sync/chan.h"

/* The whole of rn_channel_send and rn_channel_recv. */
int rni_chan_send_slowly(rn_channel *c, const void *elem, const char *site);
int rni_chan_recv_slowly(rn_channel *c, void *dst, const char *site);
/* The rest of them for t, which has announced that it waits and holds c's lock. seen: what
 * rni_lock_take_and_ask said. */
int rni_chan_send_held(rni_task *t, rn_channel *c, const void *elem, const char *site, bool seen);
int rni_chan_recv_held(rni_task *t, rn_channel *c, void *dst, const char *site, bool seen);
/* Queues t in q, one of c's, and parks it; c's lock is held and let go. If c is measured, the wait
 * has been. */
int rni_chan_wait(rni_task *t, rn_channel *c, rni_queue *q, void *elem, rni_why why,
                  const char *site);

#endif
