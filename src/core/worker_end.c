/* SPDX-License-Identifier: MIT */
/*
 * The thread of a worker must not end while it is one: pthread_exit in a task would take the worker
 * with it, and with the last of them the process, with status 0, or leave it waiting for ever. The
 * destructor of a thread-specific value notices it. Where there is none to be had, nobody does:
 * that is no reason not to work.
 */
#include <pthread.h>

#include "core/park.h"
#include "core/worker.h"

static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_key_t key;
static bool watched;

static void worker_ended(void *worker)
{
    const rni_worker *w = worker;
    if (w->thread_id != rni_os_thread_id())
        return; /* it has left, but the value could not be cleared */
    rni_panic(NULL, "a task has ended its thread (pthread_exit, or pthread_cancel of a worker)");
}

static void make_key(void)
{
    watched = pthread_key_create(&key, worker_ended) == 0;
}

void rni_worker_may_end(rni_worker *w, bool yes)
{
    pthread_once(&once, make_key);
    if (watched)
        (void)pthread_setspecific(key, yes ? NULL : w);
}
