/* SPDX-License-Identifier: MIT */
/*
 * The thread of a worker must not end while it is one: pthread_exit in a task would take the worker
 * with it, and with the last of them the process, with status 0, or leave it waiting for ever. The
 * destructor of a thread-specific value notices it.
 */
#include <pthread.h>

#include "core/park.h"
#include "core/worker.h"

static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_key_t key;

static void worker_ended(void *worker)
{
    (void)worker;
    rni_panic(NULL, "a task has ended its thread (pthread_exit, or pthread_cancel of a worker)");
}

static void make_key(void)
{
    if (pthread_key_create(&key, worker_ended) != 0)
        rni_panic(NULL, "no thread-specific key is left to notice the end of threads");
}

void rni_worker_may_end(rni_worker *w, bool yes)
{
    pthread_once(&once, make_key);
    if (pthread_setspecific(key, yes ? NULL : w) != 0)
        rni_panic(NULL, "out of memory for a worker's record");
}
