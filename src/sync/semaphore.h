/* SPDX-License-Identifier: MIT */
/* The semaphore as other rooms use it. */
#ifndef RNI_SYNC_SEMAPHORE_H
#define RNI_SYNC_SEMAPHORE_H

#include <runnel/sync.h>

/* Takes a permit even if there is none; it is missing until one more has been released. */
void rni_semaphore_overdraw(rn_semaphore *s);
/* Sets the number of permits that are to be had now, and serves those who wait. */
void rni_semaphore_set(rn_semaphore *s, int64_t n);

#endif
