/* SPDX-License-Identifier: MIT */
/*
 * The end of a group: the counter, its waiters, and the free.
 *
 * go            enter_group; task_ended with leave_last (scope/group.c), called by end
 *               (core/dispatch.c)
 * wait_drained  wait_drained, for rn_group_wait_at and rn_group_close_at
 * owner         opens the group, starts tasks and waits in any order, then closes it
 *
 * Memory: sequentially consistent: the counter only changes by read-modify-write, the rest is under
 * the lock of the lot's bucket, which stays valid for ever.
 * Bounds: two tasks (more with -DTASKS=3), which the owner or the other task start; the owner waits
 * up to twice before it closes; another thread may wait once, from before the close.
 * Asserted: nobody touches the group after it is freed; when the owner's wait returns, no task
 * runs; a wait has one ender. No lost wake-up: everybody reaches his end.
 * Not modelled: cancellation, child groups, channels, references to the context, failed starts.
 *
 * Good:
 * Bad: -DBUG=1    the decrement that reaches zero comes before the bucket's lock: a task that is
 *                 then overtaken by a start, an end and the close reads a freed group
 * Bad: -DBUG=2    and it does not look whether a task has been added since
 * Bad: -DBUG=3    a start does not take `drained` back
 * Bad: -DBUG=4    a waiter looks at `drained` before it has the bucket
 * Bad: -DBUG=5    the first waiter's decrement that reaches zero does not set `drained`
 * Bad: -DBUG=6    the last task touches the group after it has let the bucket go
 * Bad: -DBUG=7    a waiter that was woken reads the result from the group
 */
#ifndef BUG
#define BUG 0
#endif
#ifndef TASKS
#define TASKS 2
#endif
#define WAITS 2
#define OWNER 0
#define OTHER 1

byte live = 1; /* the extra one */
bool waited, drained;
bool bucket; /* its lock */
bool queued[2], ready[2];

/* What the model knows. */
bool freed;
byte started, running, waits;
bool other_in; /* the other thread waits, or will not */

#define TOUCH assert(!freed)

inline enter()
{
    atomic { !bucket -> bucket = true }
}

/* Under the lock, which it lets go. Only the waiters' own records are touched after. */
inline wake_all()
{
    atomic {
        drained = true;
        woken[0] = queued[0];
        woken[1] = queued[1];
        queued[0] = false;
        queued[1] = false
    };
    bucket = false;
#if BUG == 6
    TOUCH;
#endif
    atomic {
        if
        :: woken[0] -> woken[0] = false; assert(!ready[0]); ready[0] = true
        :: else
        fi
    };
    atomic {
        if
        :: woken[1] -> woken[1] = false; assert(!ready[1]); ready[1] = true
        :: else
        fi
    }
}

inline task_ended()
{
#if BUG == 1 || BUG == 2
    atomic { TOUCH; live--; left = live };
    if
    :: left == 0 ->
        enter();
        TOUCH;
        if
        :: live == 0 || BUG == 2 -> wake_all()
        :: else -> bucket = false
        fi
    :: else
    fi
#else
    /* One is taken off without the lock as long as others are left. */
    if
    :: atomic { live > 1 -> TOUCH; live-- }
    :: live == 1 ->
        atomic { enter(); TOUCH; live--; left = live };
        if
        :: left == 0 -> wake_all()
        :: else -> bucket = false
        fi
    fi
#endif
}

inline go()
{
    if
    :: atomic { live > 0 -> TOUCH; live++; running++; started++ }
    :: live == 0 ->
        atomic {
            enter();
            TOUCH;
            live++;
            running++;
            started++;
            drained = drained && BUG == 3
        };
        bucket = false
    fi;
    run task()
}

inline wait_drained(me)
{
#if BUG == 4
    seen = drained;
#endif
    atomic { enter(); TOUCH };
    if
    :: !waited ->
        atomic { waited = true; live--; left = live };
        if
        :: left == 0 && BUG != 5 -> drained = true
        :: else
        fi
    :: else
    fi;
#if BUG != 4
    seen = drained;
#endif
    atomic {
        queued[me] = !seen;
        bucket = false;
        other_in = other_in || me == OTHER
    };
    atomic { seen || ready[me] -> ready[me] = false; seen = false };
#if BUG == 7
    TOUCH
#else
    skip
#endif
}

proctype task()
{
    byte left;
    bool woken[2];
    if
    :: atomic { started < TASKS -> skip }; go()
    :: true
    fi;
    running--;
    task_ended()
}

active proctype owner()
{
    byte left;
    bool seen;
    do
    :: started < TASKS -> go()
    :: waits < WAITS ->
        waits++;
        wait_drained(OWNER);
        assert(running == 0)
    :: true -> break
    od;
    other_in; /* nobody may begin to wait for a group that is being closed */
    wait_drained(OWNER);
    assert(running == 0);
    freed = true
}

active proctype other()
{
    byte left;
    bool seen;
    if
    :: wait_drained(OTHER)
    :: other_in = true
    fi
}
