/* SPDX-License-Identifier: MIT */
/*
 * The seam for time and choice: every clock reading, every random number and every decision that
 * the semantics leave open comes through here or virtual.c, so that a virtual clock and a seeded
 * scheduler can take the place of the real ones.
 */
#include "core/park.h"
#include "core/sim.h"
#include "core/worker.h"

int64_t rn_now(void)
{
    return rni_now();
}

/* A foreign thread's generator; its seed need not be good. */
static __thread rni_rand foreign_rand;

uint32_t rni_choose(uint32_t n)
{
    if (n == 1)
        return 0;
    if (rni_unlikely(rni_sim_on()))
        return rni_sim_choose(n);
    rni_worker *w = rni_worker_self();
    if (rni_likely(w != NULL))
        return rni_rand_below(&w->rand, n);
    if (foreign_rand.x == 0)
        rni_rand_seed(&foreign_rand, rni_os_entropy());
    return rni_rand_below(&foreign_rand, n);
}
