/* SPDX-License-Identifier: MIT */
/*
 * Copying for the scheduler: memmove, except under TSan, which intercepts memmove even where it
 * should not look (san.h).
 */
#ifndef RNI_BASE_COPY_H
#define RNI_BASE_COPY_H

#include <string.h>

#include "base/san.h"

/* Copies upwards: dst may overlap src only if it lies below. */
RNI_UNSEEN static inline void rni_copy_unseen(void *dst, const void *src, size_t bytes)
{
    volatile char *to = dst;
    const char *from = src;
    for (size_t i = 0; i < bytes; i++)
        to[i] = from[i];
}

static inline void rni_copy(void *dst, const void *src, size_t bytes)
{
    if (rni_san_is(RNI_SAN_THREAD))
        rni_copy_unseen(dst, src, bytes);
    else
        memmove(dst, src, bytes);
}

#endif
