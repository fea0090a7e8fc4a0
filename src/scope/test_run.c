/* SPDX-License-Identifier: MIT */
/* rn_test_run: rn_run between the start and the stop of the virtual clock (core/virtual.c). */
#include <errno.h>

#include <runnel/task.h>
#include <runnel/test.h>

#include "core/park.h"
#include "core/runtime.h"
#include "scope/test_run.h"

/* The runtime is this run's own from the flag to its end, unless a thread starts a task meanwhile;
 * then it goes on afterwards, and the clock with it becomes the real one. */
static _Atomic(bool) in_test_run;

bool rni_test_begin(uint64_t seed)
{
    bool no = false;
    if (!rni_current()->foreign)
        return false;
    if (!atomic_compare_exchange_strong_explicit(&in_test_run, &no, true, memory_order_acq_rel,
                                                 memory_order_relaxed))
        return false;
    if (rni_runtime_rest()) {
        rni_virtual_start(RN_TEST_START, seed);
        return true;
    }
    atomic_store_explicit(&in_test_run, false, memory_order_release);
    return false;
}

void rni_test_end(void)
{
    rni_virtual_stop();
    atomic_store_explicit(&in_test_run, false, memory_order_release);
}

int rn_test_run(int (*fn)(rn_group *g, void *arg), void *arg, const rn_test_options *options)
{
    if (!rni_test_begin(options ? options->seed : 0))
        return -EBUSY;
    int rc = rn_run(fn, arg);
    rni_test_end();
    return rc;
}
