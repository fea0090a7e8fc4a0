/* SPDX-License-Identifier: MIT */
/*
 * The parking lot; lot.h tells what it is for. The number of buckets is fixed, so that a bucket's
 * lock stays where it is. A search passes all that wait in a bucket, each of them in a page of its
 * own: with too few buckets that becomes dear where very many objects are waited for at once, with
 * too many a bucket is less often in a cache. Record 2 has the figures.
 */
#include "sync/lot.h"

enum { BITS = 15, BUCKETS = 1 << BITS };

/* Two in a cache line: neighbours are seldom in use at the same time, and the table is half as
 * large. */
static struct {
    _Alignas(32) rni_bucket b;
} buckets[BUCKETS];

rni_bucket *rni_lot_enter(rni_task *t, const void *object)
{
    uint64_t h = (uint64_t)(uintptr_t)object;
    h ^= h >> 12; /* or the product is uneven over objects that are a power of two apart */
    h *= UINT64_C(0x9e3779b97f4a7c15);
    rni_bucket *b = &buckets[h >> (64 - BITS)].b;
    if (t)
        rni_wait_announce(t, &b->lock);
    rni_lock_take(&b->lock);
    return b;
}

int rni_lot_queue(rni_task *t, rni_bucket *b, const void *object, unsigned index)
{
    rni_waiter *w = &t->waiter;
    w->task = t;
    w->elem = (void *)(uintptr_t)object;
    w->index = index;
    w->flags = 0;
    rni_enqueue(&b->waiters, &b->lock, w);
    int rc = 0;
    if (rni_unlikely(rni_wait_refused(t, &rc)))
        rni_dequeue(w);
    return rc;
}

int rni_lot_wait(rni_task *t, rni_bucket *b, const void *object, unsigned index, rni_why why,
                 const char *site)
{
    int rc = rni_lot_queue(t, b, object, index);
    rni_unlock(&b->lock);
    return rni_unlikely(rc) ? rc : rni_park(t, why, object, site);
}

RNI_UNSEEN rni_waiter *rni_lot_first(rni_bucket *b, const void *object)
{
    for (rni_waiter *w = b->waiters.head; w; w = w->next)
        if (w->elem == object)
            return w;
    return NULL;
}

rni_task *rni_lot_take(rni_waiter *w)
{
    rni_task *t = w->task;
    rni_dequeue(w);
    return t;
}

rni_waiter **rni_lot_append(rni_waiter **end, rni_waiter *w)
{
    rni_dequeue(w);
    w->next = NULL;
    *end = w;
    return &w->next;
}

RNI_UNSEEN rni_waiter *rni_lot_take_all(rni_bucket *b, const void *object)
{
    rni_waiter *taken = NULL, **end = &taken, *next;
    for (rni_waiter *w = b->waiters.head; w; w = next) {
        next = w->next;
        if (w->elem == object)
            end = rni_lot_append(end, w);
    }
    return taken;
}
