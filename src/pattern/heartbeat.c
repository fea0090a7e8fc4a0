/* SPDX-License-Identifier: MIT */
/*
 * Heartbeats. A pulse is an element in a channel with room for one: a second pulse that meets the
 * first there says nothing new and is dropped, so the worker never waits for its watcher.
 */
#include <runnel/scale.h>

#include "core/park.h"

rn_channel *rn_heart_channel(rn_heart *h, rn_group *g, int64_t every_ns, const char *site)
{
    h->pulse_ = rn_channel_new(g, 0, 1, 1, NULL, site);
    h->every_ns_ = every_ns > 0 ? every_ns : 0;
    h->due_ns_ = rni_add_ns(rni_now(), h->every_ns_);
    return h->pulse_;
}

void rn_heart_beat(rn_heart *h)
{
    int64_t now = rni_now();
    int seen = rn_channel_try_send(h->pulse_, NULL);
    (void)seen;
    if (h->every_ns_ && now >= h->due_ns_)
        h->due_ns_ = rni_add_ns(now - (now - h->due_ns_) % h->every_ns_, h->every_ns_);
}

int64_t rn_heart_due(const rn_heart *h)
{
    int64_t now = rni_now();
    if (h->every_ns_ == 0)
        return RN_FOREVER;
    return h->due_ns_ > now ? h->due_ns_ - now : 0;
}

int rn_heart_sleep_at(rn_heart *h, int64_t ns, const char *site)
{
    int64_t end = rni_add_ns(rni_now(), ns);
    for (;;) {
        int64_t now = rni_now(), due = rn_heart_due(h);
        int64_t left = end == INT64_MAX ? RN_FOREVER : end > now ? end - now : 0;
        int rc = rn_sleep_at(due < left ? due : left, site);
        if (rc)
            return rc;
        if (rn_heart_due(h) == 0)
            rn_heart_beat(h);
        if (end <= rni_now())
            return 0;
    }
}

void rn_heart_stop(rn_heart *h)
{
    if (h->pulse_)
        rn_channel_close(h->pulse_, RN_HERE);
    *h = (rn_heart){ 0 };
}
