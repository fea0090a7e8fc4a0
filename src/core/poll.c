/* SPDX-License-Identifier: MIT */
/* Opening and closing the poller; idle.c waits in it. */
#include "core/poll.h"
#include "core/worker.h"

static rni_lock open_lock; /* protects is_open; held over two system calls, once per run */
static bool is_open;

int rni_poll_open(void)
{
    int rc = 0;
    rni_lock_take(&open_lock);
    if (!is_open) {
        rc = rni_os_poller_open();
        is_open = rc == 0;
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
    if (is_open) {
        /* acquire; partner: rouse in idle.c. No worker sleeps any more, so none is added. */
        while (atomic_load_explicit(&rni_rt.poller_users, memory_order_acquire) != 0)
            rni_os_thread_yield();
        rni_os_poller_close();
        is_open = false;
    }
    rni_unlock(&open_lock);
}
