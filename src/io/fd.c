/* SPDX-License-Identifier: MIT */
/* Waiting for one file descriptor. core/descriptor.h tells how; sync/select_fd.c waits for more. */
#include <runnel/io.h>

#include "core/descriptor.h"
#include "core/poll.h"
#include "io/net.h"

_Static_assert((int)RN_READABLE == (int)RNI_OS_READ && (int)RN_WRITABLE == (int)RNI_OS_WRITE,
               "passed on as they are");

/* What fd is ready for; waits up to timeout_ns on the thread. */
static int poll_once(int fd, unsigned events, int64_t timeout_ns)
{
    rni_os_fd p = { .fd = fd, .events = events };
    int rc = rni_os_poll(&p, 1, timeout_ns);
    return rc < 0 ? rc : p.ready;
}

static int foreign_wait(int fd, unsigned events, int64_t deadline)
{
    if (rni_descriptor_is_simulated(fd)) {
        int rc = rni_descriptor_look(fd, events);
        return rc ? rc : -EOPNOTSUPP;
    }
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
static int enqueue(rni_task *t, rni_descriptor *d, int fd, unsigned events)
{
    t->waiter.task = t;
    t->waiter.elem = NULL;
    t->waiter.flags = RNI_WAITER_EVENTS(events);
    rni_wait_announce(t, &d->lock);
    rni_lock_take(&d->lock);
    int rc;
    if (!rni_wait_refused(t, &rc))
        rc = rni_descriptor_watch(d, fd, &t->waiter);
    rni_unlock(&d->lock);
    return rc;
}

/* looked: whether the caller has just seen, by a call that would have waited, that fd is not ready.
 * If it has become so since, the poller says so as soon as it is armed. */
static int wait_for(int fd, unsigned events, int64_t deadline_ns, bool looked, const char *site)
{
    rni_task *t = rni_current();
    if (t->foreign)
        return foreign_wait(fd, events, deadline_ns);
    bool outside = !rni_descriptor_is_simulated(fd);
    int rc = looked && outside ? 0 : rni_descriptor_look(fd, events);
    if (rc != 0)
        return rni_spend(t, rc);
    if (deadline_ns != RN_FOREVER && rni_now() >= deadline_ns)
        return rni_spend(t, -ETIMEDOUT);
    rni_descriptor *d = rni_descriptor_of(fd);
    if (!d)
        return -ENOMEM;
    if (outside && (rc = rni_poll_open()) != 0)
        return rc;
    rni_wait_prepare(t);
    rni_deadline_start(t, deadline_ns, -ETIMEDOUT);
    if (outside)
        rni_poll_count(1);
    rc = enqueue(t, d, fd, events);
    if (rc == 0)
        rc = rni_park(t, RNI_WHY_IO, (void *)(intptr_t)fd, site);
    if (outside)
        rni_poll_count(-1);
    rni_deadline_stop(t);
    return rc;
}

int rn_fd_wait_at(int fd, unsigned events, int64_t deadline_ns, const char *site)
{
    int rc = rni_refused_at_entry(rni_current());
    if (rc)
        return rc;
    events &= RN_READABLE | RN_WRITABLE;
    if (events == 0)
        return -EINVAL;
    if (fd < 0)
        return -EBADF;
    return wait_for(fd, events, deadline_ns, false, site);
}

int rni_fd_wait_more(int fd, unsigned events, int64_t deadline_ns, const char *site)
{
    int rc = rni_refused_at_entry(rni_current());
    return rc ? rc : wait_for(fd, events, deadline_ns, true, site);
}
