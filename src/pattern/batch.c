/* SPDX-License-Identifier: MIT */
/*
 * Batches: the elements of a channel by the handful. The task collects into an array that grows as
 * it fills, and gives it away with the batch.
 */
#include <string.h>

#include <runnel/task.h>

#include "pattern/station.h"

enum { FIRST_ROOM = 16 };

void rn_batch_free(rn_batch *b)
{
    rni_items_drop(b->drop, b->items, b->size, b->count);
    rni_os_free(b->items);
    b->items = NULL;
    b->count = 0;
}

void rni_batch_drop(void *element)
{
    rn_batch_free(element);
}

void *rn_batch_at(const rn_batch *b, size_t size, size_t i, const char *site)
{
    if (size != b->size)
        rni_panic(site, "a batch of elements of %zu bytes read as one of %zu", b->size, size);
    if (i >= b->count)
        rni_panic(site, "element %zu of a batch of %zu", i, b->count);
    return rni_item(b->items, size, i);
}

/* Makes room for one element more. */
static bool grow(rni_station *s, rn_batch *b, size_t *room)
{
    size_t most = s->step->n > 1 ? (size_t)s->step->n : 1;
    if (b->count < *room)
        return true;
    size_t more = *room ? 2 * *room : FIRST_ROOM;
    if (more > most)
        more = most;
    void *items = rni_items_new(s->in_size, more);
    if (!items)
        return false;
    if (b->count)
        memcpy(items, b->items, b->count * s->in_size);
    rni_os_free(b->items);
    b->items = items;
    *room = more;
    return true;
}

/* Collects a batch. 0 if it is complete; else why it ends, which may be behind some elements. */
static int collect(rni_station *s, rn_batch *b)
{
    size_t room = 0;
    int64_t ns = s->step->ns, deadline = RN_FOREVER;
    do {
        if (!grow(s, b, &room))
            return -ENOMEM;
        void *item = rni_item(b->items, s->in_size, b->count);
        int rc = b->count ? rn_channel_recv_until(s->in, item, deadline, s->site)
                          : rn_channel_recv(s->in, item, s->site);
        if (rc)
            return rc == -ETIMEDOUT ? 0 : rc;
        if (b->count++ == 0 && __builtin_add_overflow(rn_now(), ns, &deadline))
            deadline = ns < 0 ? 0 : RN_FOREVER;
    } while (b->count < (size_t)s->step->n);
    return 0;
}

static int batch_work(rni_station *s, size_t i)
{
    int rc = 0;
    (void)i;
    while (rc == 0) {
        rn_batch b = { .size = s->in_size, .drop = s->in_drop };
        rc = collect(s, &b);
        int sent = b.count ? rn_channel_send(s->out, &b, s->site) : -EAGAIN;
        if (sent != 0)
            rn_batch_free(&b);
        if (rc == 0)
            rc = sent;
    }
    return rc;
}

const rni_station_ops rni_batch_station = { .work = batch_work };
