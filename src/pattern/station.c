/* SPDX-License-Identifier: MIT */
/* Which steps are stations. station.h has the invariants. */
#include <runnel/select.h>
#include <runnel/task.h>

#include "pattern/station.h"

const rni_station_ops *rni_station_of(rn_step_kind kind)
{
    switch (kind) {
    case RN_STEP_ZIP: return &rni_zip_station;
    case RN_STEP_PARALLEL:
    case RN_STEP_ORDERED: return &rni_pool_station;
    case RN_STEP_BATCH: return &rni_batch_station;
    case RN_STEP_THROTTLE: return &rni_throttle_station;
    default: return NULL;
    }
}

size_t rni_station_tasks(const rn_step *step)
{
    bool pool = step->kind == RN_STEP_PARALLEL || step->kind == RN_STEP_ORDERED;
    return pool && step->n > 1 ? (size_t)step->n : 1;
}

int rni_station_recv(const rni_station *s, rn_channel *c, void *element)
{
    enum { STOP, VALUE };
    rn_case k[] = { [STOP] = { .op = RN_OP_RECV, .ch = s->stop },
                    [VALUE] = { .op = RN_OP_RECV, .ch = c, .elem = element } };
    if (!s->stop)
        return rn_channel_recv(c, element, s->site);
    int chosen = rn_select_ordered_at(k, 2, s->site);
    return chosen < 0 ? chosen : chosen == VALUE ? k[VALUE].status : -EPIPE;
}

int rni_station_sleep(const rni_station *s, int64_t ns)
{
    enum { STOP, TIME };
    rn_case k[] = {
        [STOP] = { .op = RN_OP_RECV, .ch = s->stop }, [TIME] = { .op = RN_OP_AFTER, .ns = ns }
    };
    if (!s->stop)
        return rn_sleep_at(ns, s->site);
    int chosen = rn_select_ordered_at(k, 2, s->site);
    return chosen < 0 ? chosen : chosen == TIME ? 0 : -EPIPE;
}
