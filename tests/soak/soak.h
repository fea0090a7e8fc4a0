/* SPDX-License-Identifier: MIT */
/*
 * What the loads of the soak share (soak.c). A load is a function that does its work once, in a
 * group of its own, and has checked its own sums when it returns.
 *
 * The books: every value that a load gives away is entered as sent, and later as received or as
 * dropped. When no load runs, the sums must be equal, to the last value.
 */
#ifndef SOAK_SOAK_H
#define SOAK_SOAK_H

#include <stdint.h>

#include <runnel.h>

/* Ends the process: a soak that has found something must not go on. */
#define SOAK_CHECK(property) ((property) ? (void)0 : soak_failed(RN_HERE, #property))
__attribute__((noreturn)) void soak_failed(const char *site, const char *property);

typedef struct soak_load {
    const char *name;
    /* Starts what it needs in g, which the caller closes, and waits for it. `seed` is another each
     * time. */
    void (*once)(rn_group *g, uint64_t seed);
    int64_t pause_ns; /* between two times: for what uses up something, as ports */
} soak_load;

/* The loads of each file; the last has no name. */
extern const soak_load soak_channels[], soak_scopes[], soak_locks[], soak_outside[];

/* The books; n values whose sum is `sum`. Any task, any thread. */
void soak_sent(uint64_t n, uint64_t sum);
void soak_received(uint64_t n, uint64_t sum);
void soak_dropped(uint64_t n, uint64_t sum);

/* Another number each time; *seed must not be 0. */
static inline uint32_t soak_random(uint64_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return (uint32_t)(*seed >> 32);
}

#endif
