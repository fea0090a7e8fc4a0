/* SPDX-License-Identifier: MIT */
/*
 * Parallel maps: n workers call one function on the elements of a channel.
 *
 * Unordered, each worker receives and sends for itself. Ordered, a worker receives under `reading`
 * and draws a ticket, so that tickets are in the order of the elements, and sends when it is its
 * turn. Turns are semaphores, since each has one waiter: at most n tickets are out, so ticket
 * modulo n tells them apart. A worker that waits for its turn takes nothing, so no more than n
 * elements are ahead of the output. Who finds the output closed gives the turn on, for the others
 * to find the same; only a cancelled worker does not, and then all are cancelled.
 */
#include <runnel/sync.h>

#include "pattern/station.h"

typedef struct pool {
    size_t n;
    void *items, *results; /* one a worker */
    rn_semaphore *turns;   /* n of them; NULL: unordered */
    rn_mutex reading;
    size_t tickets; /* drawn; under reading */
} pool;

static void pool_end(void *state)
{
    pool *p = state;
    if (!p)
        return;
    rni_os_free(p->items);
    rni_os_free(p->results);
    rni_os_free(p->turns);
    rni_os_free(p);
}

static bool pool_make(rni_station *s)
{
    bool ordered = s->step->kind == RN_STEP_ORDERED;
    pool *p = s->state = rni_os_alloc(sizeof *p);
    if (!p)
        return false;
    p->n = rni_station_tasks(s->step);
    p->items = rni_items_new(s->in_size, p->n);
    p->results = rni_items_new(s->out_size, p->n);
    if (ordered)
        p->turns = rni_items_new(sizeof *p->turns, p->n);
    if (p->turns)
        p->turns[0] = (rn_semaphore)RN_SEMAPHORE_INIT(1);
    return p->items && p->results && (p->turns || !ordered);
}

static int receive(const rni_station *s, pool *p, void *item, size_t *ticket)
{
    if (!p->turns)
        return rn_channel_recv(s->in, item, s->site);
    int rc = rn_mutex_lock_at(&p->reading, s->site);
    if (rc)
        return rc;
    rc = rn_channel_recv(s->in, item, s->site);
    if (rc == 0)
        *ticket = p->tickets++;
    rn_mutex_unlock_at(&p->reading, s->site);
    return rc;
}

static int deliver(const rni_station *s, pool *p, void *result, size_t ticket)
{
    int rc = p->turns ? rn_semaphore_acquire_at(&p->turns[ticket % p->n], 1, s->site) : 0;
    bool my_turn = p->turns && rc == 0;
    if (rc == 0)
        rc = rn_channel_send(s->out, result, s->site);
    if (rc)
        rni_items_drop(s->out_drop, result, s->out_size, 1);
    if (my_turn)
        rn_semaphore_release(&p->turns[(ticket + 1) % p->n], 1);
    return rc;
}

static int pool_work(rni_station *s, size_t i)
{
    pool *p = s->state;
    void *item = rni_item(p->items, s->in_size, i);
    void *result = rni_item(p->results, s->out_size, i);
    size_t ticket = 0;
    int rc;
    while ((rc = receive(s, p, item, &ticket)) == 0) {
        s->step->fn->call(result, item, NULL, s->step->captured);
        rc = deliver(s, p, result, ticket);
        if (rc)
            break;
    }
    return rc;
}

const rni_station_ops rni_pool_station = { pool_make, pool_work, pool_end };
