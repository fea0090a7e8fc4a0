/* SPDX-License-Identifier: MIT */
/*
 * Descriptors as cases of a select.
 *
 * They are looked at before the channels are locked, since that takes a system call each: one that
 * becomes ready later is found by the poller, for which they are armed (core/descriptor.h) after
 * the channels have been let go. That is no gap: the claim is open by then, and the poller reports
 * what was ready before it was armed. So a select that does not wait sees all channels at one
 * instant, and descriptors as of just before it.
 *
 * The wait record of a case's place, which stands in a channel's queue for the other kinds, stands
 * in the descriptor's here. A foreign thread waits for its descriptors itself
 * (rni_foreign_poll_begin).
 *
 * Rejected: locking descriptors along with the channels. Arming is a system call, and would be made
 * with every channel of the select locked.
 */
#include "core/poll.h"
#include "sync/select.h"

/* ---- looking ---- */

static int look(const rn_case *k)
{
    if (k->fd < 0)
        return -EBADF;
    unsigned events = k->events & (RNI_OS_READ | RNI_OS_WRITE);
    return events == 0 ? -EINVAL : rni_descriptor_look(k->fd, events);
}

/* The poller, if it is needed, and k's entry exist; 0 or a negative error. */
static int prepare(const rn_case *k)
{
    int rc = rni_descriptor_is_simulated(k->fd) ? 0 : rni_poll_open();
    return rc == 0 && !rni_descriptor_of(k->fd) ? -ENOMEM : rc;
}

static int prepare_thread(selection *s, rni_task *t)
{
    rni_poll_set *set = &s->set;
    for (size_t i = 0; i < s->n; i++)
        if (s->cases[i].op == RN_OP_FD && rni_descriptor_is_simulated(s->cases[i].fd))
            return -EOPNOTSUPP;
    set->fds = rni_os_alloc((s->fds + 1) * sizeof *set->fds);
    if (!set->fds)
        return -ENOMEM;
    for (size_t i = 0; i < s->n; i++)
        if (s->cases[i].op == RN_OP_FD)
            set->fds[set->n++] = (rni_os_fd){ .fd = s->cases[i].fd, .events = s->cases[i].events };
    int rc = rni_foreign_poll_begin(t, set);
    if (rc != 0) {
        rni_os_free(set->fds);
        set->fds = NULL;
    }
    return rc;
}

void rni_select_look(selection *s, rni_task *t, bool wait)
{
    rn_case *last = NULL;
    for (size_t i = 0; i < s->n; i++) {
        rn_case *k = &s->cases[i];
        if (k->op != RN_OP_FD)
            continue;
        k->status = look(k);
        if (k->status == 0 && wait && !t->foreign)
            k->status = prepare(k);
        wait &= k->status == 0;
        last = k;
    }
    RNI_ASSERT(last); /* it is called for selects with descriptors */
    if (wait && t->foreign)
        last->status = prepare_thread(s, t);
}

int rni_select_took_fd(const selection *s, rn_case *k)
{
    if (k->status < 0)
        return k->status;
    if (k->ready)
        *k->ready = (unsigned)k->status;
    return (int)(k - s->cases);
}

void rni_select_done(selection *s, rni_task *t)
{
    for (size_t i = 0; i < s->n; i++)
        if (s->cases[i].op == RN_OP_FD && s->cases[i].status > 0)
            s->cases[i].status = 0;
    if (s->set.fds) {
        rni_foreign_poll_end(t);
        rni_os_free(s->set.fds);
    }
}

/* ---- waiting ---- */

/* Puts every descriptor's case into its queue. 0, or an error that has ended the wait. */
static int watch_all(const selection *s, rni_task *t)
{
    for (size_t i = 0; i < s->n; i++) {
        rn_case *k = &s->cases[i];
        if (k->op != RN_OP_FD)
            continue;
        rni_waiter *w = &s->places[i].waiter;
        w->task = t;
        w->elem = k->ready;
        w->index = (unsigned)i;
        w->flags = RNI_WAITER_CLAIM | RNI_WAITER_EVENTS(k->events);
        rni_descriptor *d = rni_descriptor_of(k->fd);
        rni_lock_take(&d->lock);
        int rc = rni_descriptor_watch(d, k->fd, w);
        rni_unlock(&d->lock);
        if (rc != 0)
            return rni_claim(t) ? (k->status = rc) : 0;
    }
    return 0;
}

static void unwatch_all(const selection *s)
{
    for (size_t i = 0; i < s->n; i++) {
        const rn_case *k = &s->cases[i];
        if (k->op != RN_OP_FD)
            continue;
        rni_waiter *w = &s->places[i].waiter;
        rni_descriptor *d = rni_descriptor_of(k->fd);
        rni_lock_take(&d->lock);
        if (w->lock == (void *)&d->lock)
            rni_dequeue(w);
        rni_unlock(&d->lock);
    }
}

/* The descriptor whose index among all of s's has ended the wait. */
static int took_nth(const selection *s, size_t which)
{
    rn_case *k = s->cases;
    for (size_t n = 0;; k++)
        if (k->op == RN_OP_FD && n++ == which)
            break;
    k->status = s->set.fds[which].ready;
    return rni_select_took_fd(s, k);
}

/* Whether something outside the library may end the wait. */
static bool waits_outside(const selection *s)
{
    for (size_t i = 0; i < s->n; i++)
        if (s->cases[i].op == RN_OP_FD && !rni_descriptor_is_simulated(s->cases[i].fd))
            return true;
    return false;
}

int rni_select_park(selection *s, rni_task *t, const char *site)
{
    const void *what = s->list ? s->list->ch : NULL;
    if (t->foreign) {
        int rc = rni_park(t, RNI_WHY_SELECT_IO, what, site);
        return s->set.which < s->set.n ? took_nth(s, s->set.which) : rc;
    }
    bool outside = waits_outside(s);
    if (outside)
        rni_poll_count(1);
    int rc = watch_all(s, t);
    if (rc == 0)
        rc = rni_park(t, RNI_WHY_SELECT_IO, what, site);
    unwatch_all(s);
    if (outside)
        rni_poll_count(-1);
    return rc;
}
