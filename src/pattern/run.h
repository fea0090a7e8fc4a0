/* SPDX-License-Identifier: MIT */
/* The records of a run of a chain: run.c makes them, run_task.c does the work. */
#ifndef RNI_PATTERN_RUN_H
#define RNI_PATTERN_RUN_H

#include "pattern/credits.h"
#include "pattern/station.h"

typedef struct rni_run_link {
    rn_step step;
    size_t in_size, out_size;
    void (*in_drop)(void *), (*out_drop)(void *);
    int64_t left;  /* TAKE, SKIP; the part's task */
    void *results; /* MAP: room for a part's batch; the part's task */
} rni_run_link;

typedef struct rni_run_part {
    struct rni_run *run;
    size_t from, to; /* its links; fixed */
    rn_channel *in, *out;
    void *items;                /* room for batch elements */
    size_t batch;               /* fixed */
    bool paced;                 /* by how soon it is done with a batch; fixed */
    size_t now;                 /* of batch; the part's task */
    int64_t last;               /* when it had last sent; the same */
    int rc;                     /* of a flat-map's function */
    rn_channel *stop;           /* or NULL; fixed */
    const rni_station_ops *ops; /* of a station, or NULL; fixed */
    rni_station station;
    _Atomic(size_t) tasks; /* of a station, that have not ended */
} rni_run_part;

typedef struct rni_run {
    _Atomic(size_t) refs;
    rn_group *group;
    const char *site;
    size_t n_links, n_parts;
    size_t flat, takes; /* the first flat-map or batch, the end of the last take; fixed */
    rni_run_part *parts;
    rni_credits credits;
    rni_run_link links[];
} rni_run;

/* Starts the tasks of a run that is complete; it is freed with the last of them. */
void rni_run_start(rni_run *r);
/* Frees a run that has not been started. */
void rni_run_free(rni_run *r);

#endif
