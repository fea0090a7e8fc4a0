/* SPDX-License-Identifier: MIT */
/*
 * Waiting for several things: the claim.
 *
 * selecting_task  select_or_wait, wait_for_any, enqueue_all, dequeue_all (sync/select.c),
 *                 rni_claim_open, rni_claim, rni_deadline_start, rni_deadline_stop (core/park.c)
 * abort           abort_wait (core/park.c), its first half
 * canceller       group_cancelled (scope/group.c) with rni_owner_abort_all
 * timer           rni_timers_run (core/timer.c) with deadline_passed
 * sender          next_waiter, rni_waiter_won, rni_chan_send_locked (sync/chan.c), rni_ready
 *
 * Memory: one-entry store buffers (tso.inc) for the claim, the flags and shields. Taking a lock
 * drains the buffer; what the locks protect, and the locks, are sequentially consistent.
 * Bounds: one task that selects twice. The first select receives from A and B and is ended by any
 * non-empty set of a sender on A, a sender on B, a cancellation and a deadline. The second is
 * shielded, receives from C alone, and only C's sender may end it. Buffers are large.
 * Asserted: a wait has one ender; the second select gets C's element; no element is lost or
 * doubled; nobody touches a record after its select has returned. No lost wake-up, no lost abort:
 * everybody reaches his end.
 * Not modelled: sends in a select, closing, two cases of one channel, several waiters in a queue,
 * reordering beyond store buffers.
 *
 * Good:
 * Bad: -DBUG=1    a claim is loaded and stored, without compare-and-swap
 * Bad: -DBUG=2    the claim has no sequence number
 * Bad: -DBUG=3    the claim is opened without a fence
 * Bad: -DBUG=4    the records left in other queues are not taken out
 * Bad: -DBUG=5    the task does not look at the flags after it has enqueued
 * Bad: -DBUG=6    a refused task returns without winning its own claim
 * Bad: -DBUG=7    the abort does not look at shields
 */
#ifndef BUG
#define BUG 0
#endif
#define CPUS 4
#define DEPTH 1

#define CLAIM 1 /* 2 * sequence number + WAITING */
#define SHIELDS 2
#define CANCELLED 3
#define TIMED_OUT 4
#define VARS 5
#include "tso.inc"

#define WAITING 1
#if BUG == 2
#define STEP 0
#else
#define STEP 2
#endif
#define A 0
#define B 1
#define C 2

mtype = { idle, armed, firing };
#define NONE 0 /* results: 1 + index of the channel, or */
#define ECANCELED 4
#define ETIMEDOUT 5

bool lock[3];
bool queued[3];
byte elements[3];
bool comes[3], cancel_comes, deadline_comes, drawn;
mtype timer_state = idle;

/* What the model knows. */
byte select_number = 1;
bool waiting;
bool valid[3]; /* the case with the record is still there */
byte ready_with = NONE, sent, received;

inline ready(rc)
{
    atomic {
        assert(waiting && ready_with == NONE);
        ready_with = rc
    }
}

/* rni_claim, and the same in abort_wait; `c` has been loaded. */
inline compare_and_swap(won)
{
#if BUG == 1
    DRAINED && mem[CLAIM] == c;
    won = true;
    exchange(CLAIM, c - WAITING)
#else
    atomic {
        DRAINED;
        won = mem[CLAIM] == c;
        if
        :: won -> mem[CLAIM] = c - WAITING
        :: else
        fi
    }
#endif
}

inline lock_taken(ch)
{
    atomic {
        DRAINED && !lock[ch];
        lock[ch] = true
    }
}

/* Opens the claim, enqueues in the locked channels from..to, and waits. */
inline wait_for_any(from, to, shielded)
{
    waiting = true; /* from the exchange on; nobody can tell the difference */
#if BUG == 3
    c = LD(CLAIM) + STEP + WAITING;
    st(CLAIM, c);
#else
    exchange(CLAIM, mem[CLAIM] + STEP + WAITING);
#endif
    d_step {
        i = from;
        do
        :: i <= to -> queued[i] = true; valid[i] = true; i++
        :: else -> break
        od;
        i = 0
    };
    rc = NONE;
    won = false;
#if BUG != 5
    if
    :: !shielded && LD(CANCELLED) -> rc = ECANCELED
    :: !(!shielded && LD(CANCELLED)) && LD(TIMED_OUT) -> rc = ETIMEDOUT
    :: !(!shielded && LD(CANCELLED)) && !LD(TIMED_OUT)
    fi;
#endif
    if
    :: rc != NONE ->
#if BUG == 6
        won = true;
        exchange(CLAIM, mem[CLAIM] - mem[CLAIM] % 2);
#else
        c = LD(CLAIM);
        if
        :: c % 2 == WAITING -> compare_and_swap(won)
        :: else
        fi;
#endif
        if
        :: won -> waiting = false
        :: else
        fi
    :: else
    fi;
    d_step {
        lock[from] = false;
        lock[to] = false
    };
    if
    :: !won ->
        atomic {
            ready_with != NONE -> /* resumed */
            rc = ready_with;
            ready_with = NONE;
            waiting = false
        }
    :: else
    fi;
#if BUG != 4
    i = from;
    do
    :: i <= to -> lock_taken(i); queued[i] = false; lock[i] = false; i++
    :: else -> break
    od;
#endif
    atomic {
        i = 0;
        c = 0;
        valid[from] = false;
        valid[to] = false;
        if
        :: rc <= 1 + C -> received++
        :: else
        fi
    }
}

inline timer_stop()
{
    if
    :: timer_state == idle
    :: atomic { DRAINED && timer_state == armed -> timer_state = idle }
    :: DRAINED && timer_state == firing -> timer_state == idle
    fi
}

active proctype selecting_task()
{
    byte me = 0, rc, c, i;
    bool won;
    drawn;
    if
    :: LD(CANCELLED) -> goto second /* rni_refused_at_entry */
    :: !LD(CANCELLED)
    fi;
    lock_taken(A);
    lock_taken(B);
    if
    :: elements[A] > 0 -> elements[A]--; received++; d_step { lock[A] = false; lock[B] = false }
    :: elements[B] > 0 -> elements[B]--; received++; d_step { lock[A] = false; lock[B] = false }
    :: elements[A] == 0 && elements[B] == 0 ->
        if
        :: deadline_comes ->
            st(TIMED_OUT, 0);
            atomic { DRAINED -> timer_state = armed }
        :: else
        fi;
        wait_for_any(A, B, false);
        if
        :: deadline_comes ->
            timer_stop();
            st(TIMED_OUT, 0)
        :: else
        fi
    fi;
second:
    select_number = 2;
    st(SHIELDS, 1);
    lock_taken(C);
    if
    :: elements[C] > 0 -> elements[C]--; received++; lock[C] = false
    :: else ->
        wait_for_any(C, C, true);
        assert(rc == 1 + C)
    fi;
    st(SHIELDS, 0);
    select_number = 3
}

inline abort(rc, cancel)
{
    c = LD(CLAIM);
    won = false;
    if
    :: c % 2 == WAITING ->
        if
        :: cancel && BUG != 7 && LD(SHIELDS)
        :: !(cancel && BUG != 7 && LD(SHIELDS)) -> compare_and_swap(won)
        fi;
        if
        :: won -> ready(rc)
        :: else
        fi
    :: else
    fi
}

active proctype canceller()
{
    byte me = 1, c;
    bool won;
    drawn;
    if
    :: cancel_comes ->
        exchange(CANCELLED, 1);
        abort(ECANCELED, true)
    :: else
    fi
}

active proctype timer()
{
    byte me = 2, c;
    bool won;
    drawn;
    if
    :: deadline_comes ->
        if
        :: atomic { timer_state == armed -> timer_state = firing };
           exchange(TIMED_OUT, 1);
           abort(ETIMEDOUT, false);
           timer_state = idle
        :: select_number >= 2 && timer_state == idle
        fi
    :: else
    fi
}

/* Its only stores are under the lock or with compare-and-swap: CPU 3's buffer stays empty. */
proctype sender(byte ch)
{
    byte me = 3, c;
    bool won;
    atomic {
        !lock[ch] -> lock[ch] = true;
        if
        :: queued[ch] ->
            assert(valid[ch]);
            queued[ch] = false;
            c = mem[CLAIM]
        :: else
        fi
    };
    if
    :: c != 0 ->
        if
        :: c % 2 == WAITING ->
#if BUG == 1
            mem[CLAIM] == c;
            won = true;
            mem[CLAIM] = c - WAITING
#else
            compare_and_swap(won)
#endif
        :: else
        fi
    :: else
    fi;
    if
    :: won ->
        assert(valid[ch]); /* copies the element */
        atomic { sent++; lock[ch] = false };
        ready(1 + ch)
    :: else -> atomic { elements[ch]++; sent++; lock[ch] = false }
    fi
}

init {
    atomic {
        if
        :: comes[A] = true
        :: comes[A] = false
        fi;
        if
        :: comes[B] = true
        :: comes[B] = false
        fi;
        if
        :: cancel_comes = true
        :: cancel_comes = false
        fi;
        if
        :: deadline_comes = true
        :: !comes[A] && !comes[B] && !cancel_comes -> deadline_comes = true
        :: comes[A] || comes[B] || cancel_comes -> deadline_comes = false
        fi;
        if
        :: comes[A] -> run sender(A)
        :: else
        fi;
        if
        :: comes[B] -> run sender(B)
        :: else
        fi;
        run sender(C);
        drawn = true
    };
    select_number == 3 && sent == 1 + comes[A] + comes[B];
    assert(received + elements[A] + elements[B] + elements[C] == sent)
}
