/* SPDX-License-Identifier: MIT */
/* For-each: the end of a pipeline, in the task that calls it. */
#include "pattern/stage.h"

int rn_for_each_at(rn_channel *in, const rn_step *step, const char *site)
{
    const rn_function *fn = step->fn;
    rni_stage_check(in, fn->a_size, site);
    void *item = rni_items_new(fn->a_size, 1);
    if (!item)
        return -ENOMEM;
    int rc, result = 0;
    while (result == 0 && (rc = rn_channel_recv(in, item, site)) == 0)
        fn->call(&result, item, NULL, step->captured);
    rni_os_free(item);
    return result ? result : rc == -EPIPE ? 0 : rc;
}
