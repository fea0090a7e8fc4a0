/* SPDX-License-Identifier: MIT */
/* Opening and closing the poller; idle.c waits in it. */
#include "core/poll.h"
#include "core/worker.h"

static rni_lock open_lock;    /* held over two system calls, once per run */
static _Atomic(bool) is_open; /* changed under open_lock */

int rni_poll_open(void)
{
    /* acquire; partner: the store below. A poller is closed only when no task is left. */
    if (atomic_load_explicit(&is_open, memory_order_acquire))
        return 0;
    int rc = 0;
    rni_lock_take(&open_lock);
    if (!atomic_load_explicit(&is_open, memory_order_relaxed)) {
        rc = rni_os_poller_open();
        atomic_store_explicit(&is_open, rc == 0, memory_order_release);
    }
    rni_unlock(&open_lock);
    return rc;
}

void rni_poll_count(int change)
{
    atomic_fetch_add_explicit(&rni_rt.io_waiters, (uint32_t)change, memory_order_seq_cst);
}

void rni_poll_stop(void)
{
    rni_lock_take(&open_lock);
    if (atomic_load_explicit(&is_open, memory_order_relaxed)) {
        /* acquire; partner: rouse in idle.c. No worker sleeps any more, so none is added. */
        while (atomic_load_explicit(&rni_rt.poller_users, memory_order_acquire) != 0)
            rni_os_thread_yield();
        rni_os_poller_close();
        atomic_store_explicit(&is_open, false, memory_order_relaxed);
    }
    rni_unlock(&open_lock);
}
