/* SPDX-License-Identifier: MIT */
/*
 * A worker's run queue: the owner's and the thieves' asymmetric exclusion.
 *
 * owner_enter, owner_leave   rni_runq_enter, rni_runq_enter_slow, rni_runq_leave (core/runq.h)
 * put, take_one              rni_queue_next with rni_ring_append; rni_runq_next
 * thief                      thief_enter and rni_runq_steal (core/runq.c)
 *
 * Memory: two-entry store buffers (tso.inc). The heavy fence drains each CPU's buffer, one after
 * the other, as membarrier interrupts them. All of the queue's words go through the buffers, so
 * that the release stores of `busy` and `thief` are what makes them visible.
 * Bounds: one owner that puts 3 tasks and takes in between, two thieves with two attempts each,
 * a ring of 4. A thief may lose patience at any moment.
 * Asserted: owner and thief are never inside together; no task is run twice; none is lost.
 * Not modelled: that there are three rings, growing one, pinned tasks, wrap-around, reordering
 * beyond store buffers (on Arm the acquire and release orders have to do the rest).
 *
 * Good:
 * Good: -DSYMMETRIC
 * Bad: -DBUG=1                the thief executes no heavy fence
 * Bad: -DBUG=1 -DSYMMETRIC    without membarrier, the owner executes no fence
 * Bad: -DBUG=2 -DSYMMETRIC    no full fence after having waited for a thief
 * Bad: -DBUG=3                having waited for a thief, the owner does not look again
 * Bad: -DBUG=4                the thief does not wait for the owner to leave
 */
#ifndef BUG
#define BUG 0
#endif
#define CPUS 3
#define DEPTH 2
#define TASKS 3
#define TRIES 2

#define BUSY 1
#define THIEF 2
#define LIFO 3
#define HEAD 4
#define TAIL 5
#define RING 6
#define VARS 10
#include "tso.inc"

bool owner_in, thief_in;
bool ran[TASKS + 1];
byte thieves_gone;

inline run_task(r)
{
    d_step {
        assert(r >= 1 && r <= TASKS && !ran[r]);
        ran[r] = true
    }
}

inline owner_enter()
{
    st(BUSY, 1);
#if defined(SYMMETRIC) && BUG != 1
    fence();
#endif
    if
    :: atomic { LD(THIEF) == 0 -> owner_in = true }
    :: LD(THIEF) != 0 ->
        do
        :: st(BUSY, 0);
           LD(THIEF) == 0;
#if BUG == 2
           st(BUSY, 1);
#else
           exchange(BUSY, 1);
#endif
           if
           :: atomic { (BUG == 3 || LD(THIEF) == 0) -> owner_in = true; break }
           :: BUG != 3 && LD(THIEF) != 0
           fi
        od
    fi;
    assert(!thief_in)
}

inline owner_leave()
{
    assert(!thief_in);
    owner_in = false;
    st(BUSY, 0)
}

inline put(r)
{
    owner_enter();
    old = LD(LIFO);
    st(LIFO, r);
    if
    :: old != 0 ->
        at = LD(TAIL);
        st(RING + at % 4, old);
        st(TAIL, at + 1)
    :: else
    fi;
    owner_leave()
}

/* The streak is any number. */
inline take_one()
{
    owner_enter();
    old = LD(LIFO);
    at = LD(HEAD);
    if
    :: old != 0 -> st(LIFO, 0)
    :: LD(TAIL) != at ->
        old = LD(RING + at % 4);
        st(HEAD, at + 1)
    :: old == 0 && LD(TAIL) == at
    fi;
    owner_leave();
    if
    :: old != 0 -> run_task(old)
    :: else
    fi
}

active proctype owner()
{
    byte me = 0, old, at, next = 1;
    do
    :: next <= TASKS -> put(next); next++
    :: next > 1 && next <= TASKS -> take_one()
    :: next > TASKS -> break
    od;
    thieves_gone == 2;
    do
    :: take_one();
       if
       :: old == 0 -> break
       :: else
       fi
    od;
    assert(ran[1] && ran[2] && ran[3])
}

proctype thief(byte me)
{
    byte tries, head, want, got[2], n;
    do
    :: tries == TRIES -> break
    :: else ->
        tries++;
        if
        :: atomic { DRAINED && mem[THIEF] == 0 -> mem[THIEF] = 1 }
        :: atomic { DRAINED && mem[THIEF] != 0 -> goto next }
        fi;
#ifdef SYMMETRIC
        fence();
#elif BUG != 1
        sb[0].n == 0;
        sb[3 - me].n == 0;
        fence();
#endif
        if
        :: atomic { (BUG == 4 || LD(BUSY) == 0) -> thief_in = true }
        :: LD(BUSY) != 0 -> st(THIEF, 0); goto next
        fi;
        assert(!owner_in);
        head = LD(HEAD);
        want = (LD(TAIL) - head + 1) / 2;
        n = 0;
        do
        :: n < want ->
            got[n] = LD(RING + head % 4);
            head++;
            n++;
            st(HEAD, head)
        :: else -> break
        od;
        if
        :: n == 0 && LD(LIFO) != 0 -> got[0] = LD(LIFO); n = 1; st(LIFO, 0)
        :: else
        fi;
        assert(!owner_in);
        thief_in = false;
        st(THIEF, 0);
        do
        :: n > 0 -> n--; run_task(got[n]); got[n] = 0
        :: else -> break
        od;
next:
        head = 0;
        want = 0
    od;
    DRAINED; /* the thread ends */
    thieves_gone++
}

init {
    atomic {
        run thief(1);
        run thief(2)
    }
}
