/* SPDX-License-Identifier: MIT */
/*
 * The verdict "all tasks are asleep for good", against those who may still wake one.
 *
 * doze          doze (core/idle.c) with rni_ask (core/verdict.c)
 * collect       rni_collect (core/dispatch.c); run_task, what a task may then do
 * helper        helper (core/blocking.c); foreign thread_ended (core/foreign.c)
 * wake_one      rni_wake_one; outside_gone rni_outside_gone (core/idle.c)
 *
 * Memory: two-entry store buffers (tso.inc) for inject_full, idle_count, signal and the locks; the
 * counts of helpers and foreign threads only change by read-modify-write. The count of live tasks
 * is sequentially consistent.
 * Bounds: two tasks, one in a blocking call, one that a foreign thread may make ready before it
 * ends; one worker, or two and only one of the helper and the foreign thread. A task that runs
 * ends, parks for good, or, with one worker, makes another blocking call, once. (-DFULL has two
 * workers and all of that: a minute and 3 GB.)
 * Asserted: a verdict is only given when no task can ever run; and workers may sleep for ever only
 * with a verdict, or when no task is left. No sleep has a limit here: with several workers the
 * limit of RELIEF_NS would hide a verdict that was missed, with one it would not.
 * Not modelled: timers, descriptors, inboxes, stealing, stopping, and that a verdict is put off
 * while there are threads that the library does not know (rni_strangers).
 *
 * Good:
 * Bad: -DBUG=1    no fence between idle_count and the counts of those outside: doze has stored the
 *                 one, in its buffer, and asks; the helper drops to zero, sees somebody awake, and
 *                 does not wake the worker, which sleeps for ever without a verdict
 * Bad: -DBUG=2    no look again when the last one outside has gone
 * Bad: -DBUG=3    a helper stops counting before it has queued its task
 * Bad: -DBUG=4    rni_ask does not look at inject_full
 * Bad: -DBUG=5    an ending foreign thread lets nobody look again
 */
#ifndef BUG
#define BUG 0
#endif
#define CPUS 4
#define DEPTH 2

#define SIGNAL 1 /* and 2, one for each worker */
#define IDLE_COUNT 3
#define INJECT_FULL 4
#define IDLE_LOCK 5
#define INJECT_LOCK 6
#define HELPERS_BUSY 7
#define FOREIGN 8
#define VARS 9
#include "tso.inc"

#define OVER (reported || live == 0)

byte workers;
bool idle[2];  /* idle_lock */
byte injected; /* inject_lock */
byte calls, calls_left;
byte live = 2;
bool reported;
byte can_run; /* the tasks that run or that someone will make ready */

/* As in idle.pml, a critical section that only reads what its lock protects is one step. */
inline leave_idle_list(w)
{
    count = LD(IDLE_COUNT) - 1;
    st(IDLE_COUNT, count);
    count = 0;
    idle[w] = false
}

inline send_off(w)
{
    atomic {
        leave_idle_list(w);
        st(IDLE_LOCK, 0)
    };
    st(SIGNAL + w, 1)
}

inline wake_one()
{
    fence();
    if
    :: LD(IDLE_COUNT) == 0
    :: LD(IDLE_COUNT) != 0 ->
        atomic {
            take(IDLE_LOCK);
            if
            :: idle[0] -> send_off(0)
            :: idle[1] -> send_off(1)
            :: !idle[0] && !idle[1] -> st(IDLE_LOCK, 0)
            fi
        }
    fi
}

inline outside_gone()
{
    fence();
    if
    :: LD(IDLE_COUNT) == workers -> wake_one()
    :: LD(IDLE_COUNT) != workers
    fi
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

inline run_task()
{
    if
    :: atomic { can_run--; live-- }
    :: can_run--
    :: atomic { calls_left > 0 && DRAINED -> calls_left--; mem[HELPERS_BUSY]++ };
       calls++
    fi
}

inline collect()
{
    got = false;
    if
    :: LD(INJECT_FULL) ->
        atomic {
            take(INJECT_LOCK);
            if
            :: injected > 0 -> injected--; got = true
            :: else
            fi;
            more = injected > 0;
            if
            :: !more -> st(INJECT_FULL, 0)
            :: else
            fi;
            st(INJECT_LOCK, 0)
        };
        if
        :: more -> more = false; wake_one()
        :: !more
        fi;
        if
        :: got -> run_task()
        :: !got
        fi
    :: !LD(INJECT_FULL)
    fi
}

/* Under idle_lock. */
inline all_asleep()
{
    dead = !LD(FOREIGN);
    dead = dead && !LD(HELPERS_BUSY);
#if BUG != 4
    dead = dead && !LD(INJECT_FULL);
#endif
    dead = dead && live > 0
}

inline doze()
{
    exchange(SIGNAL + me, 0); /* a store, drained by what follows */
    atomic {
        take(IDLE_LOCK);
        idle[me] = true;
        count = LD(IDLE_COUNT) + 1;
        st(IDLE_COUNT, count);
        alone = count == workers;
        count = 0
    };
    if
    :: alone ->
#if BUG != 1
        fence();
#endif
        all_asleep();
        alone = false
    :: !alone
    fi;
    st(IDLE_LOCK, 0);
    if
    :: dead ->
        atomic {
            assert(can_run == 0 && injected == 0);
            reported = true;
            dead = false
        }
    :: !dead
    fi;
    fence();
end_futex:
    LD(INJECT_FULL) || LD(SIGNAL + me) || OVER;
    atomic {
        take(IDLE_LOCK);
        if
        :: idle[me] -> leave_idle_list(me)
        :: else
        fi;
        st(IDLE_LOCK, 0)
    }
}

proctype worker(byte me)
{
    byte count;
    bool got, more, alone, dead;
    do
    :: OVER -> break
    :: !OVER ->
        collect();
        if
        :: !got -> doze()
        :: got
        fi
    od
}

inline stop_counting()
{
    atomic {
        DRAINED;
        mem[HELPERS_BUSY]--;
        last = mem[HELPERS_BUSY] == 0
    }
}

active proctype helper()
{
    byte me = 2, count;
    bool last;
end:
    do
    :: calls > 0 ->
        calls--;
#if BUG == 3
        stop_counting();
        inject();
#else
        inject();
        stop_counting();
#endif
        if
        :: last && BUG != 2 -> outside_gone()
        :: !(last && BUG != 2)
        fi;
        last = false
    od
}

proctype foreign(bool sends)
{
    byte me = 3, count;
    if
    :: sends -> inject()
    :: !sends
    fi;
    exchange(FOREIGN, 0);
#if BUG != 2 && BUG != 5
    outside_gone()
#endif
}

init {
    bool one_only; /* of the helper and the foreign thread */
    atomic {
        if
        :: workers = 2; run worker(0); run worker(1); one_only = true
        :: workers = 1; run worker(0); calls_left = 1
        fi;
#ifdef FULL
        one_only = false;
        calls_left = 1;
#endif
        if
        :: can_run++;
            calls = 1;
            mem[HELPERS_BUSY] = 1
        :: one_only
        fi;
        if
        :: !one_only || can_run == 0 ->
            mem[FOREIGN] = 1;
            if
            :: can_run++; run foreign(true)
            :: run foreign(false)
            fi
        :: else
        fi
    };
    OVER
}
