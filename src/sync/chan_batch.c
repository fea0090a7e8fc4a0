/* SPDX-License-Identifier: MIT */
/*
 * Batches: as many elements as the buffer allows under one lock. A batch behaves like that many
 * single operations by one task, except that other tasks of the same kind do not come in between
 * while the lock is held.
 *
 * Unlike a single operation a batch may look at the channel again after others have run: its peers
 * may have freed the channel by then, or closed the group that owns it. Such a batch keeps the
 * channel; one that is done under the first lock is not slowed down by that.
 */
#include "base/copy.h"
#include "sync/measure.h"

/* Copies up to n elements into the buffer, in at most two pieces. No receiver waits. */
static size_t fill(rn_channel *c, const char *from, size_t n)
{
    size_t room = c->cap - c->count, done = 0;
    if (n > room)
        n = room;
    RNI_MEASURE(c, rni_measure_pushed(c, n));
    while (c->size && done < n) {
        size_t at = c->head + c->count + done;
        at = at >= c->cap ? at - c->cap : at;
        size_t piece = c->cap - at < n - done ? c->cap - at : n - done;
        rni_copy(c->ring + at * c->size, from + done * c->size, piece * c->size);
        done += piece;
    }
    rni_chan_set_count(c, c->count + n);
    return n;
}

static size_t drain(rn_channel *c, char *to, size_t n)
{
    size_t done = 0;
    if (n > c->count)
        n = c->count;
    RNI_MEASURE(c, rni_measure_popped(c, n));
    while (c->size && done < n) {
        size_t at = c->head + done;
        at = at >= c->cap ? at - c->cap : at;
        size_t piece = c->cap - at < n - done ? c->cap - at : n - done;
        rni_copy(to + done * c->size, c->ring + at * c->size, piece * c->size);
        done += piece;
    }
    RNI_RECEIVED(c, to, n * c->size);
    c->head += n;
    if (c->head >= c->cap)
        c->head -= c->cap;
    rni_chan_set_count(c, c->count - n);
    return n;
}

/* Before others may run and c is looked at again. */
static void keep(rn_channel *c, bool *kept)
{
    if (!*kept)
        rni_channel_keep(c);
    *kept = true;
}

int rn_channel_send_n(rn_channel *c, const void *elems, size_t n, size_t *sent, const char *site)
{
    const char *from = elems;
    size_t done = 0;
    bool kept = false;
    int rc = n ? rni_refused_at_entry(rni_current()) : 0;
    while (rc == 0 && done < n) {
        if (c) {
            rni_lock_take(&c->lock);
            if (!c->closed && !c->receivers.head)
                done += fill(c, from + done * c->size, n - done);
            if (n - done > 1)
                keep(c, &kept);
            rni_unlock(&c->lock);
            if (done == n)
                break;
        }
        /* A receiver waits, or the buffer is full, or the channel is closed or nil. */
        rc = rn_channel_send(c, c ? from + done * c->size : NULL, site);
        done += rc == 0;
    }
    if (kept)
        rni_channel_unkeep(c);
    if (sent)
        *sent = done;
    RNI_WROTE(sent, sizeof *sent);
    return rc == 0 ? rni_spend(rni_current(), 0) : rc;
}

/* What is there after the first element; c is kept. */
static size_t recv_more(rn_channel *c, char *to, size_t n)
{
    size_t done = 0;
    while (done < n) {
        rni_lock_take(&c->lock);
        if (!c->senders.head)
            done += drain(c, to + done * c->size, n - done);
        bool more = c->senders.head != NULL;
        rni_unlock(&c->lock);
        /* Waiting senders are served one by one, to keep the order. */
        if (!more || done == n || rn_channel_try_recv(c, to + done * c->size) != 0)
            break;
        done++;
    }
    return done;
}

int rn_channel_recv_n(rn_channel *c, void *dst, size_t n, size_t *got, const char *site)
{
    size_t done = 0;
    bool kept = false;
    int rc = n ? rni_refused_at_entry(rni_current()) : 0;
    if (rc == 0 && n && c) {
        rni_lock_take(&c->lock);
        if (!c->senders.head)
            done = drain(c, dst, n);
        if (done == 0 && n > 1)
            keep(c, &kept);
        rni_unlock(&c->lock);
    }
    if (rc == 0 && n && done == 0) {
        size_t size = kept ? c->size : 0;
        rc = rn_channel_recv(c, dst, site);
        if (rc == 0)
            done = kept ? 1 + recv_more(c, (char *)dst + size, n - 1) : 1;
    } else if (rc == 0) {
        rc = rni_spend(rni_current(), 0);
    }
    if (kept)
        rni_channel_unkeep(c);
    if (got)
        *got = done;
    RNI_WROTE(got, sizeof *got);
    return rc;
}
