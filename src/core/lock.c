/* SPDX-License-Identifier: MIT */
/* The contended half of the spin lock. */
#include "core/lock.h"

enum { SPINS_BEFORE_YIELD = 64 };

RNI_NOINLINE void rni_lock_slow(rni_lock *l)
{
    do {
        unsigned spins = 0;
        /* relaxed: only a hint; the exchange below synchronises */
        while (atomic_load_explicit(&l->held, memory_order_relaxed) != 0) {
            if (++spins < SPINS_BEFORE_YIELD)
                rni_cpu_relax();
            else
                rni_os_thread_yield();
        }
    } while (atomic_exchange_explicit(&l->held, 1, memory_order_seq_cst) != 0);
}

RNI_NOINLINE void rni_lock_slow_seen(rni_lock *l, uint32_t held)
{
    if (held)
        rni_lock_slow(l);
    RNI_EDGE_IN(l);
    RNI_EDGE_OUT(l);
}

bool rni_lock_try(rni_lock *l)
{
    for (unsigned tries = 0; tries < 1000; tries++) {
        if (atomic_exchange_explicit(&l->held, 1, memory_order_seq_cst) == 0)
            return true;
        rni_cpu_relax();
    }
    return false;
}
