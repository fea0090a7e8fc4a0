/* SPDX-License-Identifier: MIT */
/*
 * Copying for the scheduler: memmove, except under TSan, which intercepts memmove even where it
 * should not look (src/core/san.h).
 */
#ifndef RNI_BASE_COPY_H
#define RNI_BASE_COPY_H

#include <string.h>

#if defined(RUNNEL_SANITIZE_THREAD)
/* Copies upwards: dst may overlap src only if it lies below. */
static inline void rni_copy(void *dst, const void *src, size_t bytes)
{
    volatile char *to = dst;
    const char *from = src;
    for (size_t i = 0; i < bytes; i++)
        to[i] = from[i];
}
#else
static inline void rni_copy(void *dst, const void *src, size_t bytes)
{
    memmove(dst, src, bytes);
}
#endif

#endif
