/* SPDX-License-Identifier: MIT */
/* The mutex as other files of sync use it. */
#ifndef RNI_SYNC_MUTEX_H
#define RNI_SYNC_MUTEX_H

#include <runnel/sync.h>

/* Unlocks without visiting the scheduler: the caller may stand in a queue already. */
void rni_mutex_release(rn_mutex *m, const char *site);

/*
 * Waiters stand in the lot under an address inside the mutex that is no object's own. An unlocker
 * that is slow to come here may find the memory in other use, by a semaphore, say, and must not
 * take that one's waiters; those of another mutex it may, since they look again, and while one of
 * them waits that mutex is there to be handed over.
 */
static inline const void *rni_mutex_key(const rn_mutex *m)
{
    return (const char *)m + 1;
}

#endif
