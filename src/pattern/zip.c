/* SPDX-License-Identifier: MIT */
/*
 * Zip: one element of each of two channels makes one. It takes from its input first; when the other
 * channel then ends, that element is dropped.
 */
#include "pattern/station.h"

typedef struct zip {
    void *item_a, *item_b, *result;
} zip;

static void zip_end(void *state)
{
    zip *z = state;
    if (!z)
        return;
    rni_os_free(z->item_a);
    rni_os_free(z->item_b);
    rni_os_free(z->result);
    rni_os_free(z);
}

static bool zip_make(rni_station *s)
{
    const rn_function *fn = s->step->fn;
    rni_stage_check(s->step->other, fn->b_size, s->site);
    zip *z = s->state = rni_os_alloc(sizeof *z);
    if (!z)
        return false;
    z->item_a = rni_items_new(fn->a_size, 1);
    z->item_b = rni_items_new(fn->b_size, 1);
    z->result = rni_items_new(fn->result_size, 1);
    return z->item_a && z->item_b && z->result;
}

static int zip_work(rni_station *s, size_t i)
{
    zip *z = s->state;
    const rn_function *fn = s->step->fn;
    int rc;
    (void)i;
    while ((rc = rn_channel_recv(s->in, z->item_a, s->site)) == 0) {
        rc = rni_station_recv(s, s->step->other, z->item_b);
        if (rc) {
            rni_items_drop(s->in_drop, z->item_a, fn->a_size, 1);
            break;
        }
        fn->call(z->result, z->item_a, z->item_b, s->step->captured);
        rc = rn_channel_send(s->out, z->result, s->site);
        if (rc) {
            rni_items_drop(s->out_drop, z->result, fn->result_size, 1);
            break;
        }
    }
    return rc;
}

const rni_station_ops rni_zip_station = { zip_make, zip_work, zip_end };
