/* SPDX-License-Identifier: MIT */
/* What a task may ask about its own cancellation, and hold off. */
#include <runnel/scope.h>

#include "core/park.h"

void rn_shield(void)
{
    rni_task *t = rni_current();
    if (!t->foreign)
        rni_shield_on(t);
}

void rn_unshield(void)
{
    rni_task *t = rni_current();
    if (t->foreign)
        return;
    if (atomic_load_explicit(&t->shields, memory_order_relaxed) == 0)
        rni_panic(NULL, "rn_unshield without rn_shield");
    rni_shield_off(t);
}

int rn_cancelled(void)
{
    rni_task *t = rni_current();
    rni_spend(t, 0);
    int cause = atomic_load_explicit(t->cancelled, memory_order_acquire);
    if (cause)
        RNI_EDGE_IN(t->cancelled);
    return cause;
}
