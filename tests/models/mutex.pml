/* SPDX-License-Identifier: MIT */
/*
 * The mutex and its waiters in the parking lot.
 *
 * task       rn_mutex_lock_at, lock_slow; rni_mutex_release, unlock_slow, hand_over (sync/mutex.c);
 *            rni_lot_enter, rni_lot_wait, rni_lot_first, rni_lot_take (sync/lot.c)
 * canceller  abort_wait (core/park.c); how it finds the bucket is in park.pml
 *
 * Memory: sequentially consistent. The state only changes by read-modify-write, the rest is under
 * the bucket's lock; what nobody else can see in between is one step.
 * Bounds: three tasks, of which one locks and unlocks twice, and one may be cancelled; a PATIENCE of
 * 1, so that a task that has lost once is handed the lock. (-DROUNDS=3 has one round more for each,
 * and needs a minute and 3 GB.)
 * Asserted: one holder at a time; a wait has one ender; the mutex is not touched after its last
 * user has let it go (whoever then holds the memory may free it). No lost wake-up: everybody
 * reaches his end.
 * Not modelled: other objects in the bucket, rn_mutex_try_lock, memory orders.
 *
 * Good:
 * Bad: -DBUG=1    a woken waiter takes the mutex as locked, not as contended
 * Bad: -DBUG=2    the mutex is handed over without a look whether it is free
 * Bad: -DBUG=3    handed over, it is locked but not contended
 * Bad: -DBUG=4    a waiter sets the state before it has the bucket
 * Bad: -DBUG=5    a failed hand-over leaves the state alone
 * Bad: -DBUG=6    unlock sets the state after it has looked for waiters
 * Bad: -DBUG=7    a cancelled waiter is not asked for under the bucket's lock
 */
#ifndef BUG
#define BUG 0
#endif
#define TASKS 3
#ifndef ROUNDS
#define ROUNDS 2
#endif
#define PATIENCE 1
#define CANCELLED_TASK 0
#define NOBODY TASKS

#define UNLOCKED 0
#define LOCKED 1
#define CONTENDED 2

mtype = { none, ok, handed_over, ecanceled };

byte state = UNLOCKED;
bool bucket; /* its lock */
chan lot = [TASKS] of { byte };
byte lost_before[TASKS]; /* waiter.index */
mtype ready_with[TASKS] = none;
bool waiting[TASKS];
bool cancelled;

/* What the model knows. */
byte holders, users = TASKS;

inline enter()
{
    atomic { !bucket -> bucket = true }
}

inline swap(new)
{
    atomic {
        assert(users > 0);
        old = state;
        state = new
    }
}

inline ready(id, rc)
{
    atomic {
        assert(waiting[id] && ready_with[id] == none);
        ready_with[id] = rc
    }
}

/* rc: ok or ecanceled. */
inline lock_slow()
{
    lost = 0;
    do
    :: true ->
#if BUG == 4
        swap(CONTENDED);
        enter();
#elif BUG == 1
        enter();
        swap((lost > 0 && state == UNLOCKED -> LOCKED : CONTENDED));
#else
        atomic { enter(); swap(CONTENDED) };
#endif
        if
        :: old == UNLOCKED ->
            bucket = false;
            rc = ok;
            break
        :: else
        fi;
        atomic {
            bucket = false;
            if
            :: me == CANCELLED_TASK && cancelled ->
                rc = ecanceled;
                break
            :: else
            fi;
            lost_before[me] = lost;
            lot!me;
            waiting[me] = true
        };
        atomic {
            ready_with[me] != none -> /* resumed */
            rc = ready_with[me];
            ready_with[me] = none;
            waiting[me] = false
        };
        if
        :: rc == ecanceled -> break
        :: rc == handed_over -> rc = ok; break
        :: rc == ok -> lost = (lost < PATIENCE -> lost + 1 : lost)
        fi
    od
}

inline unlock_slow()
{
    atomic {
        enter();
        rc = ok;
        if
        :: lot?<first>
        :: empty(lot) -> first = NOBODY
        fi
    };
    if
    :: first == NOBODY
    :: first != NOBODY && lost_before[first] < PATIENCE -> lot?_
    :: first != NOBODY && lost_before[first] >= PATIENCE ->
#if BUG == 3
        swap((state == UNLOCKED -> LOCKED : CONTENDED));
#elif BUG == 5
        swap((state == UNLOCKED -> CONTENDED : state));
#else
        swap(CONTENDED);
#endif
        if
        :: old == UNLOCKED || BUG == 2 -> lot?_; rc = handed_over
        :: else -> first = NOBODY
        fi
    fi;
    bucket = false;
    if
    :: first != NOBODY -> ready(first, rc)
    :: else
    fi;
    first = 0
}

proctype task(byte me)
{
    byte old, lost, first, round;
    mtype rc;
    atomic { round = (me == 1 -> 0 : 1) };
    do
    :: round == ROUNDS -> break
    :: round < ROUNDS ->
        round++;
        if
        :: me == CANCELLED_TASK && cancelled -> rc = ecanceled /* rni_refused_at_entry */
        :: !(me == CANCELLED_TASK && cancelled) ->
            if
            :: atomic { state == UNLOCKED -> assert(users > 0); state = LOCKED }; rc = ok
            :: state != UNLOCKED -> lock_slow()
            fi
        fi;
        if
        :: rc == ecanceled ->
            users--;
            break
        :: else
        fi;
        atomic { rc = none; assert(holders == 0); holders++ };
#if BUG == 6
        if
        :: state == CONTENDED -> unlock_slow()
        :: else
        fi;
#endif
        atomic {
            swap(UNLOCKED);
            holders--;
            if
            :: round == ROUNDS -> users--
            :: else
            fi
        };
#if BUG != 6
        if
        :: old == CONTENDED -> unlock_slow()
        :: else
        fi
#endif
    od
}

proctype canceller()
{
    bool won;
    cancelled = true;
#if BUG != 7
    enter();
#endif
    won = lot??[CANCELLED_TASK];
    if
    :: won -> atomic { if :: lot??CANCELLED_TASK :: else fi }
    :: else
    fi;
#if BUG != 7
    bucket = false;
#endif
    if
    :: won -> ready(CANCELLED_TASK, ecanceled)
    :: else
    fi
}

init {
    atomic {
        run task(0);
        run task(1);
        run task(2);
        if
        :: run canceller()
        :: true
        fi
    }
}
