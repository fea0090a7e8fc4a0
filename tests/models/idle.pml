/* SPDX-License-Identifier: MIT */
/*
 * Sleeping workers and those who bring them work.
 *
 * worker         rni_idle, rni_pick, rni_collect (core/dispatch.c), doze with poller_enter and
 *                poll_events
 * wake_one       rni_wake_one, rouse
 * wake_worker    rni_wake_worker
 * inject, pin    rni_queue_anywhere and rni_queue_for (core/dispatch.c), by foreign threads
 *
 * Memory: two-entry store buffers (tso.inc) for all that is read outside its lock: inject_full,
 * inbox_full, idle_count, signal, and for the locks. A futex wait and the poller's wait
 * end when the word, or the event, is there.
 * Bounds: one worker and two foreign threads with a task each, or two workers and one thread with
 * two tasks; a task may be pinned to worker 0. One worker may sleep in the poller. A worker takes
 * one injected task at a time. (-DFULL has two workers and two threads: 15 s and 1.5 GB.)
 * Asserted: workers may sleep for ever only when everything that was queued has been run. No sleep
 * has a limit here, so that a missed wake-up is not made good by one.
 * Not modelled: the watcher and its kicks, which are a matter of speed; timers; descriptors;
 * stealing; stopping, which is a pinned task for each worker as far as this goes.
 *
 * Good:
 * Bad: -DBUG=1    rni_wake_one has no fence
 * Bad: -DBUG=2    doze has no fence
 * Bad: -DBUG=3    doze does not look at inject_full after it has become visible
 * Bad: -DBUG=4    inject_full is cleared outside inject_lock
 * Bad: -DBUG=5    a worker in the poller is woken by its futex alone
 * Bad: -DBUG=6    doze does not look at inbox_full
 */
#ifndef BUG
#define BUG 0
#endif
#define CPUS 4
#define DEPTH 2

#define SIGNAL 1 /* and 2, one for each worker */
#define IDLE_COUNT 3
#define INJECT_FULL 4
#define INBOX_FULL 5
#define IDLE_LOCK 6
#define INJECT_LOCK 7
#define INBOX_LOCK 8
#define VARS 9
#include "tso.inc"

#define NOBODY 2
#define ALL 2 /* tasks */

bool idle[2], polling[2]; /* idle_lock */
byte injected, inbox;     /* their locks */
bool poller, io_waits;    /* somebody is in the poller; somebody may go there */
bool poller_event;        /* rni_os_poller_wake: stays until it is read */
byte ran;

/*
 * A critical section that reads nothing but what its lock protects is one step, its stores
 * included: they leave the buffer later, one by one.
 */
inline leave_idle_list(w)
{
    count = LD(IDLE_COUNT) - 1;
    st(IDLE_COUNT, count);
    count = 0;
    idle[w] = false
}

/* Takes w off the idle list, lets the lock go and rouses it. */
inline send_off(w)
{
    atomic {
        leave_idle_list(w);
        in_poller = polling[w];
        st(IDLE_LOCK, 0)
    };
    st(SIGNAL + w, 1);
    atomic {
        if
        :: in_poller && BUG != 5 -> poller_event = true
        :: else
        fi;
        in_poller = false
    }
}

inline wake_one()
{
#if BUG != 1
    fence();
#endif
    if
    :: LD(IDLE_COUNT) == 0
    :: LD(IDLE_COUNT) != 0 ->
        atomic {
            take(IDLE_LOCK);
            if
            :: idle[0] && (!polling[0] || !(idle[1] && !polling[1])) -> send_off(0)
            :: idle[1] && (!polling[1] || !(idle[0] && !polling[0])) -> send_off(1)
            :: !idle[0] && !idle[1] -> st(IDLE_LOCK, 0)
            fi
        }
    fi
}

inline wake_worker(w)
{
    fence();
    atomic {
        take(IDLE_LOCK);
        if
        :: idle[w] -> send_off(w)
        :: else -> st(IDLE_LOCK, 0)
        fi
    }
}

/* rni_collect; `got` says whether something was run. */
inline collect()
{
    got = false;
    if
    :: me == 0 && LD(INBOX_FULL) ->
        atomic {
            take(INBOX_LOCK);
            got = inbox > 0;
            ran = ran + inbox;
            inbox = 0;
            st(INBOX_FULL, 0);
            st(INBOX_LOCK, 0)
        }
    :: !(me == 0 && LD(INBOX_FULL))
    fi;
    if
    :: LD(INJECT_FULL) ->
        atomic {
            take(INJECT_LOCK);
            if
            :: injected > 0 -> injected--; ran++; got = true
            :: else
            fi;
            more = injected > 0;
#if BUG != 4
            if
            :: !more -> st(INJECT_FULL, 0)
            :: else
            fi;
#endif
            st(INJECT_LOCK, 0)
        };
        if
        :: !more ->
#if BUG == 4
            st(INJECT_FULL, 0)
#else
            skip
#endif
        :: more -> more = false; wake_one()
        fi
    :: !LD(INJECT_FULL)
    fi
}

inline doze()
{
    exchange(SIGNAL + me, 0); /* a store, drained by what follows */
    atomic {
        take(IDLE_LOCK);
        idle[me] = true;
        count = LD(IDLE_COUNT) + 1;
        st(IDLE_COUNT, count);
        count = 0;
        if
        :: io_waits && !poller -> DRAINED; poller = true; polling[me] = true
        :: else
        fi;
        st(IDLE_LOCK, 0)
    };
#if BUG != 2
    fence();
#endif
    if
    :: BUG != 3 && LD(INJECT_FULL) -> work = true
    :: !(BUG != 3 && LD(INJECT_FULL)) -> work = BUG != 6 && me == 0 && LD(INBOX_FULL)
    fi;
    if
    :: polling[me] ->
end_poller:
        atomic { work || poller_event -> poller_event = false };
        poller = false
    :: else ->
end_futex:
        work || LD(SIGNAL + me)
    fi;
    work = false;
    atomic {
        take(IDLE_LOCK);
        if
        :: idle[me] -> leave_idle_list(me)
        :: else
        fi;
        polling[me] = false;
        st(IDLE_LOCK, 0)
    }
}

proctype worker(byte me)
{
    byte count;
    bool got, more, work, in_poller;
    do
    :: collect();
       if
       :: !got -> doze()
       :: got
       fi
    od
}

inline inject()
{
    atomic {
        take(INJECT_LOCK);
        injected++;
        st(INJECT_FULL, 1);
        st(INJECT_LOCK, 0)
    };
    wake_one()
}

inline pin()
{
    atomic {
        take(INBOX_LOCK);
        inbox++;
        st(INBOX_FULL, 1);
        st(INBOX_LOCK, 0)
    };
    wake_worker(0)
}

proctype thread(byte me; bool pins, once)
{
    byte count;
    bool in_poller;
    if
    :: pins -> pin()
    :: else -> inject()
    fi;
    if
    :: once
    :: else -> inject()
    fi
}

init {
    atomic {
        if
        :: io_waits = true
        :: io_waits = false
        fi;
        run worker(0);
#ifdef FULL
        run worker(1);
        if
        :: run thread(2, false, true); run thread(3, false, true)
        :: run thread(2, false, true); run thread(3, true, true)
        :: run thread(2, false, false)
        fi
#else
        if
        :: run thread(2, false, true); run thread(3, false, true)
        :: run thread(2, false, true); run thread(3, true, true)
        :: run worker(1); run thread(2, false, false)
        :: run worker(1); run thread(2, true, false)
        fi
#endif
    };
    ran == ALL
}
