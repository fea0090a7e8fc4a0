/* SPDX-License-Identifier: MIT */
/*
 * Vector clocks and views.
 *
 * The ticks say what happened before what, for the race check; the view says which stores a thread
 * must not overlook (coherence). Both travel with every release and acquire. Only the views travel
 * with the order of sequentially consistent fences, which makes nothing happen before anything.
 *
 * A view names stores by identifier and compares them by their place in the modification order,
 * because a store may be put between two that are there already. Entries of locations that have
 * not been seen yet are 0, the first store of any location.
 */
#include <string.h>

#include "engine.h"

void rni_ck_clock_copy(rni_ck_clock *to, const rni_ck_clock *from)
{
    memcpy(to->tick, from->tick, sizeof to->tick);
    memcpy(to->view, from->view, rni_ck_location_count * sizeof to->view[0]);
}

void rni_ck_view_join(uint16_t *to, const uint16_t *from)
{
    for (unsigned i = 0; i < rni_ck_location_count; i++) {
        const rni_ck_store *stores = rni_ck_locations[i].stores;
        if (to[i] != from[i] && stores[to[i]].position < stores[from[i]].position)
            to[i] = from[i];
    }
}

void rni_ck_clock_join(rni_ck_clock *to, const rni_ck_clock *from)
{
    for (unsigned i = 0; i < rni_ck_thread_count; i++) {
        if (to->tick[i] < from->tick[i])
            to->tick[i] = from->tick[i];
    }
    rni_ck_view_join(to->view, from->view);
}
