/* SPDX-License-Identifier: MIT */
/*
 * The channel of a timer. It buffers one value, the instant at which the timer was due.
 *
 * A timer fires on some worker, which may be a moment late. Who receives in between must not be
 * told that nothing is there, as if the instant had not come; so the channel knows it (`due`), and
 * a receiver that finds the buffer empty looks at the clock. Then the firing finds that `due` is
 * MAX, or a ticker's next instant, and delivers nothing. `due` changes under the channel's lock
 * only.
 *
 * (As Go does since 1.23, where a timer in a channel fires in the receive.)
 */
#include <string.h>

#include "sync/chan.h"
#include "sync/measure.h"

void rni_channel_time(rn_channel *c, void (*freed)(void *timer), void *timer)
{
    c->timer_freed = freed;
    c->timer = timer;
}

void rni_channel_untime(rn_channel *c)
{
    c->timer = NULL;
}

void rni_channel_set_due(rn_channel *c, int64_t when, int64_t period)
{
    rni_lock_take(&c->lock);
    c->due = when;
    c->period = period;
    rni_unlock(&c->lock);
}

/* Takes what is due at `now`: the instant. Further ones that are past are lost. */
static int64_t take_due(rn_channel *c, int64_t now)
{
    int64_t due = c->due;
    if (c->period)
        c->due = rni_add_ns(due + (now - due) / c->period * c->period, c->period);
    else
        c->due = INT64_MAX;
    return due;
}

int64_t rni_channel_fire(rn_channel *c)
{
    int64_t now = rni_now();
    rni_lock_take(&c->lock);
    int64_t due = c->due <= now ? take_due(c, now) : INT64_MAX, next = c->due;
    if (due == INT64_MAX || c->closed || !rni_chan_send_locked(c, &due))
        rni_unlock(&c->lock);
    return next;
}

bool rni_channel_disarm(rn_channel *c)
{
    rni_lock_take(&c->lock);
    bool any = c->count > 0 || c->due != INT64_MAX;
    RNI_MEASURE(c, rni_measure_popped(c, c->count));
    rni_chan_set_count(c, 0);
    c->due = INT64_MAX;
    rni_unlock(&c->lock);
    return any;
}

bool rni_chan_is_due(const rn_channel *c)
{
    return c->count == 0 && !c->closed && !c->receivers.head && c->due != INT64_MAX &&
           c->due <= rni_now();
}

void rni_chan_fire_early(rn_channel *c)
{
    int64_t due = take_due(c, rni_now());
    RNI_MEASURE(c, rni_measure_pushed(c, 1));
    memcpy(rni_chan_slot(c, 0), &due, sizeof due);
    rni_chan_set_count(c, 1);
}
