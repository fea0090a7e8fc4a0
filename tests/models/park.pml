/* SPDX-License-Identifier: MIT */
/*
 * Waiting for one object: announce, lock, enqueue, refused?, against a peer, a cancellation and a
 * deadline.
 *
 * waiting_task  rni_chan_send_held and rni_chan_wait (sync/chan.c), rni_lot_queue (sync/lot.c),
 *               rni_park, rni_deadline_start and rni_deadline_stop (core/park.c), rni_shield_on,
 *               end (core/dispatch.c)
 * abort         abort_wait (core/park.c)
 * canceller     group_cancelled (scope/group.c) with rni_owner_abort_all
 * timer         rni_timers_run (core/timer.c) with deadline_passed
 * peer          next_waiter, rni_chan_send_locked (sync/chan.c), rni_ready
 *
 * Memory: two-entry store buffers (tso.inc) for what is read without the lock that protects it:
 * announced, waiter.lock, the flags, shields, and the locks themselves. The queues are only touched
 * under their lock.
 * Bounds: one task that waits twice. The first wait, on A, is ended by any non-empty set of a peer,
 * a cancellation and a deadline. The second is shielded, on A or B, and only a peer may end it.
 * Then the task ends and its record is free.
 * Asserted: a wait has one ender; the second ends with its peer's result; nobody touches the record
 * after it is free. No lost wake-up, no lost abort: everybody reaches his end.
 * Not modelled: several waiters in a queue, foreign threads, first listing of a task (it is listed
 * from the start), pinning, how a context is saved (arch/switch.h), reordering beyond store
 * buffers.
 *
 * Good:
 * Bad: -DBUG=1    the task reads the flags while the announcement is in its store buffer
 * Bad: -DBUG=2    the task does not look at the flags after it has enqueued
 * Bad: -DBUG=3    the deadline's flag is set without a fence
 * Bad: -DBUG=4    the abort does not ask whether waiter.lock is the lock it holds
 * Bad: -DBUG=5    the abort does not look at shields under the lock
 * Bad: -DBUG=6    rni_timer_stop does not wait for a timer that fires
 * Bad: -DBUG=7    the task is not taken off its owner's list under the list's lock
 */
#ifndef BUG
#define BUG 0
#endif
#define CPUS 5
#define DEPTH 2

#define ANNOUNCED 1
#define WLOCK 2 /* waiter.lock */
#define SHIELDS 3
#define CANCELLED 4
#define TIMED_OUT 5
#define A 6 /* the objects' locks */
#define B 7
#define LIST 8 /* owner->lock */
#define VARS 9
#include "tso.inc"

mtype = { none, ok, ecanceled, etimedout, idle, armed, firing };

bool queued[VARS]; /* the task's record stands in the object's queue */
byte elements[VARS];
bool peer_comes, cancel_comes, deadline_comes;
bool drawn; /* the three are settled */
bool listed = true;
mtype timer_state = idle;

/* What the model knows. */
byte wait_number = 1;
byte second; /* the object of the second wait */
bool waiting, freed;
mtype ready_with = none;

#define TOUCH assert(!freed)

inline unlock(l)
{
    st(l, 0)
}

inline ready(rc)
{
    atomic {
        TOUCH;
        assert(waiting && ready_with == none);
        ready_with = rc
    }
}

/* One waiting operation of the task; `shielded` is what its pointer `cancelled` says. */
inline wait_for(object, shielded)
{
    st(ANNOUNCED, object);
#if BUG == 1
    atomic { mem[object] == 0 -> mem[object] = 1 }
#else
    take(object);
#endif
    if
    :: elements[object] > 0 -> elements[object]--; unlock(object); rc = ok
    :: else ->
        st(WLOCK, object);
        atomic { queued[object] = true; waiting = true };
        rc = none;
#if BUG != 2
        if
        :: !shielded && LD(CANCELLED) -> rc = ecanceled
        :: !(!shielded && LD(CANCELLED)) && LD(TIMED_OUT) -> rc = etimedout
        :: !(!shielded && LD(CANCELLED)) && !LD(TIMED_OUT)
        fi;
#endif
        if
        :: rc != none ->
            assert(queued[object]);
            atomic { queued[object] = false; waiting = false };
            st(WLOCK, 0);
            unlock(object)
        :: else ->
            unlock(object);
            atomic {
                ready_with != none -> /* resumed */
                rc = ready_with;
                ready_with = none;
                waiting = false
            }
        fi
    fi
}

inline timer_stop()
{
    if
    :: timer_state == idle
    :: atomic { DRAINED && timer_state == armed -> timer_state = idle }
    :: DRAINED && timer_state == firing ->
#if BUG != 6
        timer_state == idle
#else
        skip
#endif
    fi
}

active proctype waiting_task()
{
    byte me = 0;
    mtype rc;
    drawn;
    if
    :: deadline_comes ->
        st(TIMED_OUT, 0);
        atomic { DRAINED -> timer_state = armed }
    :: else
    fi;
    if
    :: LD(CANCELLED) /* rni_refused_at_entry */
    :: !LD(CANCELLED) -> wait_for(A, false)
    fi;
    if
    :: deadline_comes ->
        timer_stop();
        st(TIMED_OUT, 0)
    :: else
    fi;
    wait_number = 2;
    st(SHIELDS, 1);
    wait_for(second, true);
    assert(rc == ok);
    st(SHIELDS, 0);
#if BUG != 7
    take(LIST);
#endif
    listed = false;
    unlock(LIST);
    DRAINED;
    freed = true
}

inline abort(rc, cancel)
{
    atomic { TOUCH; l = LD(ANNOUNCED) };
    if
    :: l != 0 ->
        take(l);
        atomic {
            TOUCH;
            won = BUG == 4 || LD(WLOCK) == l;
            won = won && !(cancel && BUG != 5 && LD(SHIELDS))
        };
        if
        :: won ->
            queued[l] = false;
            st(WLOCK, 0)
        :: else
        fi;
        unlock(l);
        if
        :: won -> ready(rc)
        :: else
        fi
    :: else
    fi
}

active proctype canceller()
{
    byte me = 1, l;
    bool won;
    drawn;
    if
    :: cancel_comes ->
        exchange(CANCELLED, 1);
        take(LIST);
        if
        :: listed -> abort(ecanceled, true)
        :: else
        fi;
        unlock(LIST)
    :: else
    fi
}

active proctype timer()
{
    byte me = 2, l;
    bool won;
    drawn;
    if
    :: deadline_comes ->
        if
        :: atomic { timer_state == armed -> timer_state = firing };
#if BUG == 3
           st(TIMED_OUT, 1);
#else
           exchange(TIMED_OUT, 1);
#endif
           abort(etimedout, false);
           atomic { DRAINED -> TOUCH; timer_state = idle }
        :: wait_number == 2 && timer_state == idle
        fi
    :: else
    fi
}

/* Brings one element. */
inline send(object)
{
    take(object);
    if
    :: queued[object] ->
        queued[object] = false;
        st(WLOCK, 0);
        unlock(object);
        ready(ok)
    :: else ->
        elements[object]++;
        unlock(object)
    fi
}

active proctype first_peer()
{
    byte me = 3;
    drawn;
    if
    :: peer_comes -> send(A)
    :: else
    fi
}

active proctype second_peer()
{
    byte me = 4;
    wait_number == 2;
    send(second)
}

init {
    atomic {
        if
        :: second = A
        :: second = B
        fi;
        if
        :: peer_comes = true
        :: cancel_comes = true
        :: deadline_comes = true
        :: peer_comes = true; cancel_comes = true
        :: peer_comes = true; deadline_comes = true
        :: cancel_comes = true; deadline_comes = true
        :: peer_comes = true; cancel_comes = true; deadline_comes = true
        fi;
        drawn = true
    }
}
