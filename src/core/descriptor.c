/* SPDX-License-Identifier: MIT */
/* The table of descriptors; descriptor.h has the rules. */
#include "core/descriptor.h"
#include "core/worker.h"

enum { BLOCK = 256, BLOCKS = 4096 };

static _Atomic(rni_descriptor *) table[BLOCKS]; /* release store, acquire load */

rni_descriptor *rni_descriptor_of(int fd)
{
    unsigned block = (unsigned)fd / BLOCK;
    if (block >= BLOCKS)
        return NULL;
    rni_descriptor *d = atomic_load_explicit(&table[block], memory_order_acquire);
    if (!d) {
        rni_descriptor *fresh = rni_os_alloc(BLOCK * sizeof *fresh);
        if (!fresh)
            return NULL;
        if (atomic_compare_exchange_strong_explicit(&table[block], &d, fresh, memory_order_acq_rel,
                                                    memory_order_acquire))
            d = fresh;
        else
            rni_os_free(fresh);
    }
    return &d[(unsigned)fd % BLOCK];
}

static unsigned events_of(const rni_waiter *w)
{
    return (unsigned)w->flags >> 8;
}

/* Arms fd for everything that its queue waits for; the lock is held. */
static int arm(rni_descriptor *d, int fd)
{
    unsigned events = 0;
    for (rni_waiter *w = d->waiters.head; w; w = w->next)
        events |= events_of(w);
    d->armings = (d->armings + 1) & INT32_MAX; /* keeps the key clear of RNI_OS_KEY_WAKE */
    return rni_os_poller_arm(fd, events, (uint64_t)d->armings << 32 | (uint32_t)fd);
}

int rni_descriptor_watch(rni_descriptor *d, int fd, rni_waiter *w)
{
    rni_enqueue(&d->waiters, &d->lock, w);
    int rc = arm(d, fd);
    if (rc != 0)
        rni_dequeue(w);
    return rc;
}

/* Takes the waiters whose wait the events end, as a list; the lock is held. */
static rni_waiter *take_ready(rni_descriptor *d, unsigned events)
{
    rni_waiter *ready = NULL, **end = &ready, *next;
    for (rni_waiter *w = d->waiters.head; w; w = next) {
        next = w->next;
        unsigned got = events_of(w) & events;
        if (got == 0 || !rni_waiter_won(w))
            continue;
        if (w->elem)
            *(unsigned *)w->elem = got;
        if (!(w->flags & RNI_WAITER_CLAIM))
            w->index = got;
        *end = w;
        end = &w->next;
    }
    *end = NULL;
    return ready;
}

void rni_descriptor_ready(uint64_t key, unsigned events)
{
    int fd = (int)(uint32_t)key;
    rni_descriptor *d = rni_descriptor_of(fd);
    rni_waiter *ready = NULL;
    rni_lock_take(&d->lock);
    if (d->armings == (uint32_t)(key >> 32)) { /* else: of one that had this number before */
        ready = take_ready(d, events);
        if (d->waiters.head)
            arm(d, fd);
    }
    rni_unlock(&d->lock);
    while (ready) {
        rni_waiter *w = ready;
        ready = w->next;
        rni_ready(w->task, (int)w->index);
    }
}
