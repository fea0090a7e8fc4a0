/* SPDX-License-Identifier: MIT */
/*
 * The seat: which worker the calling thread is, and which task runs there. A task may continue on
 * another thread after every switch, so no compiler may keep what these return, or the address of
 * the thread's own variable, across one: on x86-64 the inline forms (park.h, worker.h) read it
 * relative to a segment, everywhere else these are called.
 */
#include "core/foreign.h"
#include "core/park.h"
#include "core/worker.h"

#if defined(RNI_SEAT_IN_LINE)
__attribute__((used)) /* by users' assembly */
#else
static
#endif
__thread rni_seat *rni_seat_tls;

RNI_NOINLINE rni_worker *rni_worker_self(void)
{
    rni_seat *seat = rni_seat_tls;
    __asm__ volatile("" : "+r"(seat) : : "memory"); /* not const nor pure: the thread may change */
    return (rni_worker *)(void *)seat;
}

RNI_NOINLINE void rni_worker_set_self(rni_worker *w)
{
    rni_seat_tls = w ? &w->seat : NULL;
    __asm__ volatile("" ::: "memory");
}

RNI_NOINLINE rni_task *rni_current(void)
{
    rni_seat *seat = rni_seat_tls;
    __asm__ volatile("" : "+r"(seat) : : "memory");
    return rni_likely(seat != NULL) ? seat->current : rni_foreign_self();
}

int rni_spend_here(int rc)
{
    rni_worker *w = rni_worker_self();
    return w && w->seat.current && atomic_load_explicit(&w->callbacks, memory_order_relaxed) == 0
               ? rni_spend(w->seat.current, rc)
               : rc;
}
