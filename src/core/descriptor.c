/* SPDX-License-Identifier: MIT */
/* The table of descriptors; descriptor.h has the rules. */
#include "core/descriptor.h"
#include "core/worker.h"

enum { BLOCK = 256, BLOCKS = 4096, SIMULATED = 1 << 16 };

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

static void ready_all(rni_waiter *ready)
{
    while (ready) {
        rni_waiter *w = ready;
        ready = w->next;
        rni_ready(w->task, (int)w->index);
    }
}

/* Arms fd for everything that its queue waits for; the lock is held. */
static int arm(rni_descriptor *d, int fd)
{
    if (d->simulated) {
        ready_all(take_ready(d, d->simulated)); /* it may have become so since it was looked at */
        return 0;
    }
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

void rni_descriptor_ready(uint64_t key, unsigned events)
{
    int fd = (int)(uint32_t)key;
    rni_descriptor *d = rni_descriptor_of(fd);
    rni_waiter *ready = NULL;
    RNI_ASSERT(d); /* it was armed */
    rni_lock_take(&d->lock);
    if (d->armings == (uint32_t)(key >> 32)) { /* else: of one that had this number before */
        ready = take_ready(d, events);
        if (d->waiters.head)
            arm(d, fd);
    }
    rni_unlock(&d->lock);
    ready_all(ready);
}

/* ---- simulated ---- */

static _Atomic(bool) any_simulated; /* ever; stays set */

/* What fd is said to be, if it is simulated; else 0. */
static unsigned simulated(int fd)
{
    if (rni_likely(!atomic_load_explicit(&any_simulated, memory_order_relaxed)))
        return 0;
    rni_descriptor *d = rni_descriptor_of(fd);
    if (!d)
        return 0;
    rni_lock_take(&d->lock);
    unsigned said = d->simulated;
    rni_unlock(&d->lock);
    return said;
}

bool rni_descriptor_is_simulated(int fd)
{
    return simulated(fd) != 0;
}

int rni_descriptor_look(int fd, unsigned events)
{
    unsigned said = simulated(fd);
    if (rni_unlikely(said != 0))
        return (int)(said & events);
    rni_os_fd p = { .fd = fd, .events = events };
    int rc = rni_os_poll(&p, 1, 0);
    return rc < 0 ? rc : p.ready;
}

static void set_simulated(int fd, unsigned said)
{
    rni_descriptor *d = rni_descriptor_of(fd);
    RNI_ASSERT(d); /* it has been there before */
    rni_lock_take(&d->lock);
    d->simulated = said;
    rni_waiter *ready = take_ready(d, said);
    rni_unlock(&d->lock);
    ready_all(ready);
}

int rni_descriptor_simulate(int fd)
{
    if (!rni_descriptor_of(fd))
        return -ENOMEM;
    atomic_store_explicit(&any_simulated, true, memory_order_relaxed);
    set_simulated(fd, SIMULATED);
    return 0;
}

void rni_descriptor_forget(int fd)
{
    set_simulated(fd, 0);
}

void rni_descriptor_say(int fd, unsigned events)
{
    set_simulated(fd, SIMULATED | events);
}
