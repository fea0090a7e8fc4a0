/* SPDX-License-Identifier: MIT */
/* Measured channels; measure.h tells what is noted. */
#include <errno.h>

#include "sync/measure.h"

/* Brings the area up to now; the lock is held. */
static int64_t advance(rn_channel *c)
{
    struct rni_measure *m = c->measure;
    int64_t now = rni_now();
    m->area += (rni_wide)(now - m->at) * (rni_wide)c->count;
    m->at = now;
    return now;
}

static size_t slot(const rn_channel *c, size_t i)
{
    return (c->head + i) % c->cap;
}

void rni_measure_pushed(rn_channel *c, size_t n)
{
    struct rni_measure *m = c->measure;
    int64_t now = advance(c);
    for (size_t i = 0; i < n; i++)
        m->stamps[slot(c, c->count + i)] = now;
    m->stats.arrivals += n;
    if (c->count + n > m->stats.most)
        m->stats.most = c->count + n;
}

void rni_measure_popped(rn_channel *c, size_t n)
{
    struct rni_measure *m = c->measure;
    int64_t now = advance(c);
    for (size_t i = 0; i < n; i++)
        m->resided += now - m->stamps[slot(c, i)];
    m->stats.departures += n;
}

void rni_measure_passed(rn_channel *c)
{
    c->measure->stats.arrivals++;
    c->measure->stats.departures++;
}

void rni_measure_waits(rni_task *t)
{
    int64_t now = rni_now();
    rni_wait_since(t, now);
}

void rni_measure_served(rn_channel *c, const rni_task *t, bool sender)
{
    rn_channel_stats *s = &c->measure->stats;
    int64_t waited = rni_now() - atomic_load_explicit(&t->since, memory_order_relaxed);
    if (sender) {
        s->send_waits++;
        s->send_blocked_ns += waited;
    } else {
        s->recv_waits++;
        s->recv_blocked_ns += waited;
    }
}

int rn_channel_measure(rn_channel *c)
{
    if (!c || c == &rni_no_channel)
        return -EINVAL;
    size_t bytes;
    if (__builtin_mul_overflow(c->cap, sizeof(int64_t), &bytes) ||
        bytes > PTRDIFF_MAX - sizeof(struct rni_measure))
        return -ENOMEM;
    struct rni_measure *m = rni_os_alloc(sizeof *m + bytes);
    if (!m)
        return -ENOMEM;
    rni_lock_take(&c->lock);
    int64_t now = rni_now();
    m->began = m->at = now;
    for (size_t i = 0; i < c->count; i++)
        m->stamps[slot(c, i)] = now;
    m->stats.arrivals = m->stats.most = c->count;
    struct rni_measure *before = c->measure;
    c->measure = m;
    c->measured = true;
    rni_unlock(&c->lock);
    rni_os_free(before);
    return 0;
}

bool rn_channel_stats_read(rn_channel *c, rn_channel_stats *out)
{
    *out = (rn_channel_stats){ 0 };
    RNI_WROTE(out, sizeof *out);
    if (!c)
        return false;
    rni_lock_take(&c->lock);
    struct rni_measure *m = c->measure;
    if (m) {
        int64_t now = advance(c);
        *out = m->stats;
        out->measured_ns = now - m->began;
        out->occupancy = c->count;
        out->occupancy_ns = m->area < INT64_MAX ? (int64_t)m->area : INT64_MAX;
        out->residence_ns = m->resided < INT64_MAX ? (int64_t)m->resided : INT64_MAX;
    }
    rni_unlock(&c->lock);
    return m != NULL;
}
