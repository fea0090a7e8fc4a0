/* SPDX-License-Identifier: MIT */
/* The mutex as other files of sync use it. */
#ifndef RNI_SYNC_MUTEX_H
#define RNI_SYNC_MUTEX_H

#include <runnel/sync.h>

/* Unlocks without visiting the scheduler: the caller may stand in a queue already. */
void rni_mutex_release(rn_mutex *m, const char *site);

#endif
