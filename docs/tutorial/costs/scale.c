/* SPDX-License-Identifier: MIT */
/* The costs of the patterns for scale. */
#include "costs.h"

/* ---- patterns for scale ---- */

static int64_t heart_beat(rn_group *g, int n)
{
    rn_heart heart = { 0 };
    if (!rn_heart_start(&heart, g, 0))
        return 0;
    int64_t start = rn_now();
    for (int i = 0; i < n; i++)
        rn_heart_beat(&heart);
    return rn_now() - start;
}

static int answer(int k, int *out)
{
    *out = k;
    return 0;
}
RN_TASK(answer, int, int *);

static int64_t replicate(rn_group *g, int n)
{
    int64_t start = rn_now();
    for (int i = 0, v; i < n; i++)
        if (rn_replicate(g, 10, &v, answer) < 0)
            return 0;
    return rn_now() - start;
}

static int64_t limiter_allow(rn_group *g, int n)
{
    (void)g;
    rn_limiter limit = RN_LIMITER(1, 1, 1000);
    int64_t start = rn_now();
    for (int i = 0; i < n; i++)
        if (!rn_limiter_allow(&limit, 1))
            i--;
    return rn_now() - start;
}

static int64_t limiter_wait_3(rn_group *g, int n)
{
    (void)g;
    rn_limiter limits[3] = { RN_LIMITER(1, 1, 1000), RN_LIMITER(1, 1, 1000),
                             RN_LIMITER(1, 1, 1000) };
    rn_limiter *all[3] = { &limits[0], &limits[1], &limits[2] };
    int64_t start = rn_now();
    for (int i = 0; i < n; i++)
        if (rn_limiter_wait_all(all, 3, 1) != 0)
            return 0;
    return rn_now() - start;
}

static int finish(rn_heart *heart)
{
    rn_heart_beat(heart);
    return 0;
}
RN_TASK(finish, rn_heart *);

static int64_t steward(rn_group *g, int n)
{
    int64_t start = rn_now();
    for (int i = 0; i < n; i++) {
        rn_receiver(int) restarts = rn_steward(g, RN_HOUR, finish);
        for (int v; rn_recv(restarts, &v) == 0;)
            ;
    }
    return rn_now() - start;
}

const costs_row costs_scale[] = {
    { "heartbeats", "rn_heart_beat", heart_beat, MANY },
    { "replicated-requests", "rn_replicate of 10", replicate, SOME },
    { "rate-limiting", "rn_limiter_allow", limiter_allow, MANY },
    { "rate-limiting", "rn_limiter_wait_all of 3", limiter_wait_3, MANY },
    { "healing", "steward and ward, start to end", steward, SOME },
    { NULL, NULL, NULL, 0 },
};
