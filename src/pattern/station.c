/* SPDX-License-Identifier: MIT */
/* Which steps are stations. station.h has the invariants. */
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
