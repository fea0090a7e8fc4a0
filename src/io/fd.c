/* SPDX-License-Identifier: MIT */
/*
 * Waiting for file descriptors.
 *
 * Each descriptor number has an entry with a lock and a queue of waiters; entries are made on first
 * use and never freed, as the abort protocol wants (core/park.h). The poller reports a descriptor
 * once per arming (os.h), so every wait arms it anew for all that the queue waits for, under the
 * entry's lock, which makes "enqueue and arm" one step against rni_io_ready.
 *
 * A waiter's `index` holds the events it waits for. io_waiters (core/verdict.c) counts it from
 * before the arming until after it has been made ready.
 */
#define _GNU_SOURCE
#include <poll.h>

#include <runnel/io.h>

#include "core/hooks.h"
#include "core/park.h"
#include "core/poll.h"

enum { BLOCK = 256, BLOCKS = 4096 };

typedef struct entry {
    rni_lock lock;
    rni_queue waiters;
    uint32_t armings; /* counts them; part of the key, so that an old event is told from a new */
} entry;

static _Atomic(entry *) table[BLOCKS]; /* blocks of entries; release store, acquire load */

static entry *entry_of(int fd)
{
    unsigned block = (unsigned)fd / BLOCK;
    if (block >= BLOCKS)
        return NULL;
    entry *e = atomic_load_explicit(&table[block], memory_order_acquire);
    if (!e) {
        entry *fresh = rni_os_alloc(BLOCK * sizeof *fresh);
        if (!fresh)
            return NULL;
        if (atomic_compare_exchange_strong_explicit(&table[block], &e, fresh, memory_order_acq_rel,
                                                    memory_order_acquire))
            e = fresh;
        else
            rni_os_free(fresh);
    }
    return &e[(unsigned)fd % BLOCK];
}

static short poll_events_of(unsigned events)
{
    return (short)((events & RN_READABLE ? POLLIN | POLLRDHUP : 0) |
                   (events & RN_WRITABLE ? POLLOUT : 0));
}

/* What fd is ready for right now; waits up to timeout_ns on the thread (foreign threads only). */
static int poll_once(int fd, unsigned events, int64_t timeout_ns)
{
    int saved = rni_os_error();
    struct pollfd p = { .fd = fd, .events = poll_events_of(events) };
    struct timespec ts = { .tv_sec = timeout_ns / RN_SECOND, .tv_nsec = timeout_ns % RN_SECOND };
    int n = ppoll(&p, 1, timeout_ns < 0 ? NULL : &ts, NULL);
    int rc = n < 0 ? (rni_os_error() == EINTR ? 0 : -rni_os_error()) : 0;
    rni_os_set_error(saved);
    if (n <= 0)
        return rc;
    if (p.revents & POLLNVAL)
        return -EBADF;
    unsigned ready = 0;
    if (p.revents & (POLLIN | POLLRDHUP | POLLHUP | POLLERR))
        ready |= RN_READABLE;
    if (p.revents & (POLLOUT | POLLHUP | POLLERR))
        ready |= RN_WRITABLE;
    return (int)(ready & events ? ready & events : events);
}

/* Arms fd for everything that its queue waits for; the lock is held. */
static int arm(entry *e, int fd)
{
    unsigned events = 0;
    for (rni_waiter *w = e->waiters.head; w; w = w->next)
        events |= w->index;
    e->armings = (e->armings + 1) & INT32_MAX; /* keeps the key clear of RNI_OS_KEY_WAKE */
    return rni_os_poller_arm(fd, events, (uint64_t)e->armings << 32 | (uint32_t)fd);
}

void rni_io_ready(uint64_t key, unsigned events)
{
    int fd = (int)(uint32_t)key;
    entry *e = entry_of(fd);
    rni_waiter *ready = NULL, **end = &ready, *next;
    rni_lock_take(&e->lock);
    if (e->armings != (uint32_t)(key >> 32)) {
        rni_unlock(&e->lock); /* of a descriptor that had this number before */
        return;
    }
    for (rni_waiter *w = e->waiters.head; w; w = next) {
        next = w->next;
        if (!(w->index & events))
            continue;
        rni_dequeue(w);
        *end = w;
        end = &w->next;
    }
    *end = NULL;
    if (e->waiters.head)
        arm(e, fd);
    rni_unlock(&e->lock);
    while (ready) {
        next = ready->next;
        rni_ready(ready->task, (int)(ready->index & events));
        ready = next;
    }
}

static int foreign_wait(int fd, unsigned events, int64_t deadline)
{
    for (;;) {
        int64_t left = deadline == RN_FOREVER ? -1 : deadline - rni_now();
        if (deadline != RN_FOREVER && left < 0)
            left = 0;
        int rc = poll_once(fd, events, left);
        if (rc != 0)
            return rc;
        if (left == 0)
            return -ETIMEDOUT;
    }
}

/* Queues t and arms fd; 0, or why the wait must not go on. */
static int enqueue(rni_task *t, entry *e, int fd, unsigned events)
{
    t->waiter.task = t;
    t->waiter.index = events;
    t->waiter.flags = 0;
    rni_wait_announce(t, &e->lock);
    rni_lock_take(&e->lock);
    rni_enqueue(&e->waiters, &e->lock, &t->waiter);
    int rc;
    if (!rni_wait_refused(t, &rc))
        rc = arm(e, fd);
    if (rc != 0)
        rni_dequeue(&t->waiter);
    rni_unlock(&e->lock);
    return rc;
}

int rn_fd_wait_at(int fd, unsigned events, int64_t deadline_ns, const char *site)
{
    rni_task *t = rni_current();
    int rc = rni_refused_at_entry(t);
    if (rc)
        return rc;
    events &= RN_READABLE | RN_WRITABLE;
    if (events == 0)
        return -EINVAL;
    if (fd < 0)
        return -EBADF;
    if (t->foreign)
        return foreign_wait(fd, events, deadline_ns);
    rc = poll_once(fd, events, 0);
    if (rc != 0)
        return rni_spend(t, rc);
    if (deadline_ns != RN_FOREVER && rni_now() >= deadline_ns)
        return -ETIMEDOUT;
    entry *e = entry_of(fd);
    if (!e)
        return -ENOMEM;
    if ((rc = rni_poll_open()) != 0)
        return rc;
    rni_wait_prepare(t);
    rni_deadline_start(t, deadline_ns, -ETIMEDOUT);
    rni_poll_count(1);
    rc = enqueue(t, e, fd, events);
    if (rc == 0)
        rc = rni_park(t, RNI_WHY_IO, (void *)(intptr_t)fd, site);
    rni_poll_count(-1);
    rni_deadline_stop(t);
    return rc;
}
