/* SPDX-License-Identifier: MIT */
/*
 * The readers-writer lock. All of its state changes under its bucket's lock (lot.h). Waiters are
 * admitted in order of arrival, as many readers at a time as stand before the next writer; the lock
 * is theirs when they are made ready. A waiting writer holds off new readers.
 */
#include <runnel/sync.h>

#include "core/sim.h"
#include "sync/lot.h"

enum { READER = 0, WRITER = 1 };

/* The tasks admitted in one go, linked through their wait records, which stay until they run. */
static rni_waiter *admit(rni_bucket *b, rn_rwmutex *m)
{
    rni_waiter *admitted = NULL, **end = &admitted, *w;
    while (!m->writer_ && (w = rni_lot_first(b, m)) != NULL) {
        if (rni_lot_index(w) == WRITER) {
            if (m->readers_ > 0)
                break;
            m->writer_ = true;
            m->writers_waiting_--;
        } else {
            m->readers_++;
        }
        end = rni_lot_append(end, w);
    }
    return admitted;
}

static void leave_and_ready(rni_bucket *b, rni_waiter *admitted)
{
    rni_lot_leave(b);
    rni_ready_all(admitted, 0);
}

int rn_rwmutex_lock_at(rn_rwmutex *m, const char *site)
{
    rni_task *t = rni_current();
    int rc = rni_refused_at_entry(t);
    if (rc)
        return rc;
    rni_wait_prepare(t);
    rni_bucket *b = rni_lot_enter(t, m);
    if (!m->writer_ && m->readers_ == 0) {
        m->writer_ = true;
        rni_lot_leave(b);
        rni_sim_step(t);
        return 0;
    }
    m->writers_waiting_++;
    rc = rni_lot_wait(t, b, m, WRITER, RNI_WHY_WLOCK, site);
    if (rc != 0) { /* readers that queued behind this writer may go now */
        b = rni_lot_enter(NULL, m);
        m->writers_waiting_--;
        leave_and_ready(b, admit(b, m));
    }
    return rc;
}

void rn_rwmutex_unlock_at(rn_rwmutex *m, const char *site)
{
    rni_bucket *b = rni_lot_enter(NULL, m);
    if (!m->writer_) {
        rni_lot_leave(b);
        rni_panic(site, "unlock of unlocked rwmutex");
    }
    m->writer_ = false;
    leave_and_ready(b, admit(b, m));
    rni_spend(rni_current(), 0);
}

int rn_rwmutex_rlock_at(rn_rwmutex *m, const char *site)
{
    rni_task *t = rni_current();
    int rc = rni_refused_at_entry(t);
    if (rc)
        return rc;
    rni_wait_prepare(t);
    rni_bucket *b = rni_lot_enter(t, m);
    if (m->writer_ || m->writers_waiting_ > 0)
        return rni_lot_wait(t, b, m, READER, RNI_WHY_RLOCK, site);
    m->readers_++;
    rni_lot_leave(b);
    rni_sim_step(t);
    return 0;
}

void rn_rwmutex_runlock_at(rn_rwmutex *m, const char *site)
{
    rni_bucket *b = rni_lot_enter(NULL, m);
    if (m->readers_ == 0) {
        rni_lot_leave(b);
        rni_panic(site, "runlock of an rwmutex that no reader holds");
    }
    m->readers_--;
    leave_and_ready(b, admit(b, m));
    rni_spend(rni_current(), 0);
}
