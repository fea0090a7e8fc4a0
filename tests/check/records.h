/* SPDX-License-Identifier: MIT */
/*
 * The records of foreign threads, with the real file: what is thread-local there is one for each of
 * the model's threads here.
 */
#ifndef CHECK_RECORDS_H
#define CHECK_RECORDS_H

#include "seam.h"

#include <pthread.h>

#include "core/descriptor.h"
#include "core/records.h"
#include "core/worker.h"

static rni_task *own_records[RN_CHECK_THREADS + 1];
static rni_task **own_record(void)
{
    return &own_records[rn_check_self()];
}
#pragma GCC diagnostic ignored "-Wstrict-prototypes"
#define __thread
#define self (*own_record())
#include "core/foreign.c"
#undef __thread
#undef self

/* After model_begin: no thread has a record. */
static void begin_records(void)
{
    memset(own_records, 0, sizeof own_records);
    pool_lock = (rni_lock){ 0 };
    free_records = NULL;
    atomic_store_explicit(&made, NULL, memory_order_relaxed);
}

/* Only the first call of a process comes here. */
int pthread_setspecific(pthread_key_t key, const void *value)
{
    (void)key;
    (void)value;
    return 0;
}

#endif
