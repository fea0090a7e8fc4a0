/* SPDX-License-Identifier: MIT */
/*
 * A small random generator for choices that only have to be fair: xorshift64* (S. Vigna, "An
 * experimental exploration of Marsaglia's xorshift generators, scrambled", 2016). Each owner seeds
 * its own; no locks.
 */
#ifndef RNI_BASE_RAND_H
#define RNI_BASE_RAND_H

#include <stdint.h>

typedef struct rni_rand {
    uint64_t x; /* never 0 */
} rni_rand;

static inline void rni_rand_seed(rni_rand *r, uint64_t seed)
{
    r->x = seed * UINT64_C(0x9e3779b97f4a7c15) + UINT64_C(0xd1b54a32d192ed03);
    if (r->x == 0)
        r->x = 1;
}

static inline uint32_t rni_rand_next(rni_rand *r)
{
    r->x ^= r->x >> 12;
    r->x ^= r->x << 25;
    r->x ^= r->x >> 27;
    return (uint32_t)((r->x * UINT64_C(0x2545f4914f6cdd1d)) >> 32);
}

/* Uniform in [0, n), n > 0; the bias of the multiply is below 2^-32 * n. */
static inline uint32_t rni_rand_below(rni_rand *r, uint32_t n)
{
    return (uint32_t)(((uint64_t)rni_rand_next(r) * n) >> 32);
}

#endif
