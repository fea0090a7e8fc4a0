/* SPDX-License-Identifier: MIT */
/*
 * The poller's life: it is opened by the first wait for a descriptor and closed when the runtime
 * stops, so that a program that does no I/O has no descriptors of runnel's.
 */
#ifndef RNI_CORE_POLL_H
#define RNI_CORE_POLL_H

#include <stdint.h>

/* Opens the poller if needed. 0 or a negative errno value. */
int rni_poll_open(void);
/* Tells idle workers that there is (+1), or no longer is (-1), something to wait for. The +1 comes
 * before the descriptor is armed, the -1 after its task has been made ready. */
void rni_poll_count(int change);
void rni_poll_stop(void);

#endif
