/* SPDX-License-Identifier: MIT */
/*
 * One worker of runnel, the model's first thread, which idles with the real files: for the programs
 * about its sleep. It has a queue; whatever it picks from there is what is handed back.
 */
#ifndef CHECK_WORKER_H
#define CHECK_WORKER_H

#include "seam.h"

#include "core/idle.c"
#include "core/queue.c"
#include "core/verdict.c"

static rni_worker worker;
static void *report_frame[5]; /* where the worker goes on after a report, which does not return */

/* After model_begin: the only worker of a runtime in which nothing has happened. */
static void begin_worker(void)
{
    memset(&rni_rt, 0, sizeof rni_rt);
    rni_rt.workers = &worker;
    rni_rt.count = rni_rt.active = 1;
    rni_list_init(&rni_rt.idle_list);
    memset(&worker, 0, sizeof worker);
    RN_CHECK_ASSERT(rni_runq_init(&worker.queue, true) == 0);
    rni_timers_init(&worker.timers);
}

/* At the end: frees what the worker and the queues have. */
static void end_worker(void)
{
    rni_os_free(rni_rt.inject);
    rni_os_free(worker.inbox);
    rni_runq_fini(&worker.queue);
}

rni_worker *rni_worker_self(void)
{
    return rn_check_self() == 1 ? &worker : NULL;
}

rni_runnable rni_pick(rni_worker *w)
{
    (void)rni_collect(w);
    rni_runq_enter(&w->queue);
    rni_runnable r = rni_runq_next(&w->queue);
    rni_runq_leave(&w->queue);
    return r;
}

#endif
