/* SPDX-License-Identifier: MIT */
/*
 * Throttle: a token bucket between two channels.
 *
 * A value pays its token when it has been taken, not when it is offered, so a consumer that pauses
 * meets no burst larger than the bucket. It waits for the token when it has been received, so the
 * end of the input is seen without one.
 */
#include "pattern/station.h"

typedef struct throttle {
    int64_t every;  /* ns a token; 0: no limit */
    uint64_t burst; /* tokens in the full bucket */
    uint64_t tokens;
    int64_t since; /* when the bucket had these tokens and nothing more */
    void *item;
} throttle;

static void throttle_end(void *state)
{
    throttle *t = state;
    if (!t)
        return;
    rni_os_free(t->item);
    rni_os_free(t);
}

static bool throttle_make(rni_station *s)
{
    throttle *t = s->state = rni_os_alloc(sizeof *t);
    if (!t)
        return false;
    t->every = s->step->ns > 0 ? s->step->ns : 0;
    t->burst = t->tokens = s->step->n > 1 ? (uint64_t)s->step->n : 1;
    t->since = rni_now();
    t->item = rni_items_new(s->in_size, 1);
    return t->item;
}

static void refill(throttle *t, int64_t now)
{
    uint64_t n = (uint64_t)((now - t->since) / t->every);
    if (n >= t->burst - t->tokens) {
        t->tokens = t->burst;
        t->since = now;
    } else {
        t->tokens += n;
        t->since += (int64_t)n * t->every;
    }
}

/* Waits until there is a token. 0; -ECANCELED; -EPIPE. */
static int wait_for_token(throttle *t, const rni_station *s)
{
    int rc = 0;
    refill(t, rni_now());
    while (rc == 0 && t->tokens == 0) {
        rc = rni_station_sleep(s, t->every - (rni_now() - t->since));
        refill(t, rni_now());
    }
    return rc;
}

static int throttle_work(rni_station *s, size_t i)
{
    throttle *t = s->state;
    int rc;
    (void)i;
    while ((rc = rn_channel_recv(s->in, t->item, s->site)) == 0) {
        rc = t->every ? wait_for_token(t, s) : 0;
        if (rc == 0)
            rc = rn_channel_send(s->out, t->item, s->site);
        if (rc) {
            rni_items_drop(s->in_drop, t->item, s->in_size, 1);
            break;
        }
        if (t->every) {
            refill(t, rni_now());
            t->tokens--;
        }
    }
    return rc;
}

const rni_station_ops rni_throttle_station = { throttle_make, throttle_work, throttle_end };
