/* SPDX-License-Identifier: MIT */
/*
 * Zip: one element of each of two channels makes one. It takes from a first; when b then ends, the
 * element of a is dropped.
 */
#include "pattern/stage.h"

typedef struct zip {
    rn_channel *a, *b, *out; /* a and b are kept while the task runs */
    rn_step step;
    void *item_a, *item_b, *result;
    const char *site;
} zip;

static void zip_free(zip *z)
{
    rn_channel_unref(z->a);
    rn_channel_unref(z->b);
    rni_step_free(&z->step);
    rni_os_free(z->item_a);
    rni_os_free(z->item_b);
    rni_os_free(z->result);
    rni_os_free(z);
}

static int end(zip *z, int rc)
{
    rn_channel *out = z->out;
    zip_free(z);
    rni_channel_close_once(out);
    return rni_stage_result(rc);
}

static int zip_task(void *arg)
{
    zip *z = *(zip **)arg;
    const rn_function *fn = z->step.fn;
    int rc;
    while ((rc = rn_channel_recv(z->a, z->item_a, z->site)) == 0) {
        rc = rn_channel_recv(z->b, z->item_b, z->site);
        if (rc) {
            rni_items_drop(z->a->drop, z->item_a, fn->a_size, 1);
            break;
        }
        fn->call(z->result, z->item_a, z->item_b, z->step.captured);
        rc = rn_channel_send(z->out, z->result, z->site);
        if (rc) {
            rni_items_drop(z->step.drop, z->result, fn->result_size, 1);
            break;
        }
    }
    return end(z, rc);
}

rn_channel *rn_zip_start(rn_group *g, rn_channel *a, rn_channel *b, const rn_step *step,
                         const char *site)
{
    const rn_function *fn = step->fn;
    if (!g)
        rni_panic(site, "a stage needs a group");
    rni_stage_check(a, fn->a_size, site);
    rni_stage_check(b, fn->b_size, site);
    zip *z = rni_os_alloc(sizeof *z);
    if (!z)
        return rni_stage_failed(g);
    rn_channel_ref(z->a = a);
    rn_channel_ref(z->b = b);
    z->site = site;
    z->item_a = rni_items_new(fn->a_size, 1);
    z->item_b = rni_items_new(fn->b_size, 1);
    z->result = rni_items_new(fn->result_size, 1);
    bool ok = rni_step_copy(&z->step, step) && z->item_a && z->item_b && z->result;
    rn_channel *out = ok ? rni_stage_out(g, fn->result_size, 0, step->drop, site) : NULL;
    if (!out) {
        zip_free(z);
        return rni_stage_failed(g);
    }
    z->out = out;
    if (rn_group_go(g, zip_task, &z, sizeof z, &rni_in_background, fn->name, site) != 0)
        end(z, 0);
    return out;
}
