/* SPDX-License-Identifier: MIT */
/*
 * Stations: steps that are more than a function of one element, and so have tasks and a loop of
 * their own within a run (run.c): batch, zip, parallel maps, throttle.
 *
 * The run makes a station with its channels, starts its tasks, and ends it when the last of them
 * has returned. What a station has received and not passed on it drops. Only its own tasks touch
 * the state.
 */
#ifndef RNI_PATTERN_STATION_H
#define RNI_PATTERN_STATION_H

#include "pattern/stage.h"

typedef struct rni_station {
    const rn_step *step; /* the run's copy */
    rn_channel *in, *out;
    size_t in_size, out_size;
    void (*in_drop)(void *), (*out_drop)(void *);
    rn_channel *stop; /* closed when what comes out is not needed any more; or NULL */
    const char *site;
    void *state;
} rni_station;

typedef struct rni_station_ops {
    /* Sets the state up for rni_station_tasks() tasks. False: no memory; end is called then, too.
     * NULL: there is none. */
    bool (*make)(rni_station *s);
    /* Task number i, until the input ends (-EPIPE), the output is closed (-EPIPE), the group is
     * cancelled (-ECANCELED) or another error, which it returns. */
    int (*work)(rni_station *s, size_t i);
    void (*end)(void *state); /* frees it; NULL is ignored */
} rni_station_ops;

/* NULL if steps of this kind are no stations. */
const rni_station_ops *rni_station_of(rn_step_kind kind);
size_t rni_station_tasks(const rn_step *step);

extern const rni_station_ops rni_batch_station, rni_zip_station, rni_pool_station,
    rni_throttle_station;

/* Receives from a channel that is not the station's input; -EPIPE also when the run is stopped. */
int rni_station_recv(const rni_station *s, rn_channel *c, void *element);
/* 0 after ns nanoseconds; -EPIPE when the run is stopped before; -ECANCELED. */
int rni_station_sleep(const rni_station *s, int64_t ns);

/* The drop function of a channel of batches. */
void rni_batch_drop(void *element);

#endif
