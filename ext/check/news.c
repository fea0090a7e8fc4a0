/* SPDX-License-Identifier: MIT */
/*
 * News: what a thread waits for that is in a loop which changes nothing.
 *
 * A thread remembers which store of each location it has read last since it waited last (reads).
 * When it waits, that becomes what it awaits: it goes on when one of these locations has a newer
 * store (step.c), and reads something newer there then. A loop is either declared (rn_check_spin)
 * or noticed here.
 */
#include <string.h>

#include "engine.h"

/* A thread that waited for news reads something newer than before, if there is any, and after that
 * nothing older than what was newest when it waited the time before: stores become visible in the
 * end, or two waiting threads could exchange before the store that they wait for, for ever. */
unsigned rni_ck_news_bound(const rni_ck_location *l, rni_ck_thread *t, unsigned bound)
{
    for (unsigned i = 0; i < t->n_awaits; i++) {
        const rni_ck_await *a = &t->awaits[i];
        if (&rni_ck_locations[a->location] != l)
            continue;
        unsigned next = l->stores[a->store].position + 1u, floor = l->stores[a->floor].position;
        if (next < l->count && next > bound)
            bound = next;
        if (floor > bound)
            bound = floor;
        t->awaits[i] = t->awaits[--t->n_awaits];
        break;
    }
    return bound;
}

void rni_ck_await_news(rni_ck_thread *t)
{
    for (unsigned i = 0; i < t->n_reads; i++) {
        rni_ck_await *r = &t->reads[i];
        const rni_ck_location *l = &rni_ck_locations[r->location];
        r->floor = 0;
        for (unsigned j = 0; j < t->n_waited; j++) {
            if (t->waited[j].location == r->location)
                r->floor = t->waited[j].store;
        }
        t->awaits[i] = *r;
        r->store = l->order[l->count - 1];
    }
    memcpy(t->waited, t->reads, sizeof t->waited);
    t->n_awaits = t->n_waited = t->n_reads;
    t->n_reads = 0;
}

bool rni_ck_awaits(const rni_ck_thread *t, uintptr_t address)
{
    for (unsigned i = 0; i < t->n_awaits; i++) {
        if (rni_ck_locations[t->awaits[i].location].address == address)
            return true;
    }
    return false;
}

bool rni_ck_has_news(const rni_ck_thread *t)
{
    if (t->n_awaits == 0)
        return rni_ck_serial > t->spin_serial;
    for (unsigned i = 0; i < t->n_awaits; i++) {
        const rni_ck_location *l = &rni_ck_locations[t->awaits[i].location];
        if (l->stores[t->awaits[i].store].position + 1u < l->count)
            return true;
    }
    return false;
}

void rni_ck_news_read(rni_ck_thread *t, unsigned location, unsigned store)
{
    unsigned i = 0;
    while (i < t->n_reads && t->reads[i].location != location)
        i++;
    if (i == RNI_CK_AWAITS)
        memmove(t->reads, t->reads + 1, --i * sizeof t->reads[0]);
    if (i == t->n_reads)
        t->n_reads = i + 1;
    t->reads[i] = (rni_ck_await){ (uint16_t)location, (uint16_t)store, 0 };
}

/* A loop that reads the same store at the same place again and again waits for another one. */
void rni_ck_news_loop(rni_ck_thread *t, uintptr_t address, const void *pc)
{
    enum { LOOPS = 3 };
    if (t->last_pc != pc || rni_ck_locations[t->last_read.location].address != address) {
        t->repeated = 0;
        t->last_pc = NULL;
    } else if (t->repeated >= LOOPS) {
        rni_ck_spin(pc);
    }
}

void rni_ck_news_repeat(rni_ck_thread *t, const rni_ck_location *l, unsigned store, const void *pc)
{
    rni_ck_await read = { (uint16_t)(l - rni_ck_locations), (uint16_t)store, 0 };
    if (t->last_pc == pc && t->last_read.location == read.location &&
        t->last_read.store == read.store)
        t->repeated++;
    else
        t->repeated = 0;
    t->last_pc = pc;
    t->last_read = read;
}
