/* SPDX-License-Identifier: MIT */
/*
 * Throttle: a token bucket between two channels.
 *
 * A value pays its token when it has been taken, not when it is offered, so a consumer that pauses
 * meets no burst larger than the bucket. It waits for the token when it has been received, so the
 * end of the input is seen without one.
 */
#include "pattern/part.h"

typedef struct throttle {
    rni_part part;
    int64_t every; /* ns a token; 0: no limit */
    size_t burst;  /* tokens in the full bucket */
    size_t tokens;
    int64_t since; /* when the bucket had these tokens and nothing more */
} throttle;

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

/* Waits until there is a token. 0; -ECANCELED. */
static int wait_for_token(throttle *t)
{
    int rc = 0;
    refill(t, rni_now());
    while (rc == 0 && t->tokens == 0) {
        rc = rn_sleep_at(t->every - (rni_now() - t->since), t->part.site);
        refill(t, rni_now());
    }
    return rc;
}

static int pass_slowly(rni_part *p)
{
    throttle *t = RNI_CONTAINER(p, throttle, part);
    if (t->every == 0)
        rni_part_relay(p, p->outs[0]);
    while (rni_part_recv(p) == 0) {
        if (wait_for_token(t) != 0) {
            rni_part_drop(p, 0);
            break;
        }
        if (rni_part_send(p, p->outs[0]) != 0)
            break;
        refill(t, rni_now());
        t->tokens--;
    }
    return 0;
}

rn_channel *rn_channel_throttle(rn_group *g, rn_channel *in, int64_t every_ns, size_t burst,
                                size_t size, size_t align, const char *site)
{
    rni_element e = rni_element_of(in, size, align, site);
    rni_part_plan plan = {
        .name = "rn_throttle", .state = sizeof(throttle), .ins = 1, .outs = 1, .rooms = 1
    };
    rni_part *p = rni_part_new(g, &plan, &e, site);
    if (!p)
        return NULL;
    throttle *t = RNI_CONTAINER(p, throttle, part);
    t->every = every_ns > 0 ? every_ns : 0;
    t->burst = t->tokens = burst ? burst : 1;
    t->since = rni_now();
    rni_part_add(p, in);
    return rni_part_flow(p, g, pass_slowly);
}
