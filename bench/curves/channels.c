/* SPDX-License-Identifier: MIT */
/* Channels: n of them are alive, and are used one after the other; n are made and freed. */
#include "curves.h"

/* A send and a receive on the next of n buffered channels. */
static int channel_use(curve_point *p)
{
    int rc = 0;
    rn_group *g = rn_group_new(NULL);
    rn_chan(int64_t) *all = calloc((size_t)p->n, sizeof *all);
    if (!g || !all)
        rc = -ENOMEM;
    for (int64_t i = 0; rc == 0 && i < p->n; i++) {
        all[i] = rn_make(g, int64_t, 1);
        rc = all[i] ? 0 : -ENOMEM;
    }
    int64_t sum = 0, v, rounds = curve_rounds(p), start = curve_now();
    for (int64_t round = 0; rc == 0 && round < rounds; round++)
        for (int64_t i = 0; rc == 0 && i < p->n; i++) {
            rc = rn_send(all[i], i);
            if (rc == 0)
                rc = rn_recv(all[i], &v);
            sum += v;
        }
    p->ns = curve_now() - start;
    p->done = rounds * p->n;
    p->check = sum;
    p->expected = rounds * (p->n * (p->n - 1) / 2);
    free(all);
    rn_group_close(g);
    return rc;
}

/* Making a channel in a group that has up to n, and freeing it with the group. */
static int channel_life(curve_point *p)
{
    int rc = 0;
    int64_t made = 0, start = curve_now();
    for (; rc == 0 && p->done < p->ops; p->done += p->n) {
        rn_group *g = rn_group_new(NULL);
        rc = g ? 0 : -ENOMEM;
        for (int64_t i = 0; rc == 0 && i < p->n; i++) {
            rn_chan(int64_t) c = rn_make(g, int64_t, 1);
            made += (int64_t)rn_cap(c);
            rc = c ? 0 : -ENOMEM;
        }
        rn_group_close(g);
    }
    p->ns = curve_now() - start;
    p->check = made;
    p->expected = p->done;
    return rc;
}

const curve channel_curves[] = { { "channel_use", channel_use },
                                 { "channel_life", channel_life },
                                 { 0 } };
