/* SPDX-License-Identifier: MIT */
/* The tasks that look at targets: they take jobs, block helper threads, send results. */
#ifndef APP_FETCHER_H
#define APP_FETCHER_H

#include "options.h"
#include "target.h"

#include <runnel.h>

typedef result *result_ptr;

/* What all fetchers share. Immutable but for the semaphore. */
typedef struct fetch_env {
    const options *o;
    rn_ctx *ctx;          /* once it is cancelled, requests and parsers stop */
    rn_semaphore parsers; /* pages parsed at once: a tree takes memory */
} fetch_env;

/* Starts n fetchers in g. They end when jobs is closed. Returns 0 or a negative errno value. */
int fetchers_start(rn_group *g, unsigned n, rn_receiver(job) jobs, rn_sender(result_ptr) results,
                   fetch_env *env);

#endif
