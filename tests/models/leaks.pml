/* SPDX-License-Identifier: MIT */
/*
 * The check of leaks: a world that is stopped between any two steps, and what is judged leaked then.
 *
 * waiter    rni_chan_wait (sync/chan.c), rni_park, rni_deadline_start and _stop (core/park.c)
 * peer      begin (core/dispatch.c), then rni_chan_send_locked with rni_waiter_won, rni_ready
 * starter   rni_start (core/start.c): moves the reference into a spawn record
 * canceller rn_ctx_cancel down to rni_owner_abort_all, by who holds the group
 * timer     rni_timers_run (core/timer.c) with deadline_passed
 * check     rni_suspect (obs/suspect.c), rni_nodes_make (obs/nodes.c), the marking (obs/reach.c)
 *
 * Two tasks wait on one channel. The only reference to it is in the starter's registers at first,
 * goes through a spawn record and, perhaps, through memory to the peer, which serves none, one or
 * both. The canceller holds the only reference to their group, and cancels it, or does not. The
 * first task may have a deadline. Who has begun to end a wait forgets its references before it makes
 * the task ready, as a compiler may have it.
 * Asserted: who was judged leaked is made ready by nobody, and was not running.
 * A lock's holder is stopped in the middle of its section, too, where links of the queue may have
 * been written in any order.
 * Memory: sequential. A stop is a visit to the kernel, after which every step that was made is seen.
 * Not modelled: how memory and registers are read, claims (their change is one step, as that of
 * waiter.lock is here), several channels.
 *
 * Bounds: one of three settings. The reference moves, through a spawn record, registers and memory;
 * or somebody may cancel the group; or the first task has a deadline.
 *
 * Good: -DMOVES
 * Good: -DCANCEL
 * Good: -DDEADLINE
 * Bad: -DMOVES -DBUG=1      who has been taken out of the queue is a suspect still
 * Bad: -DMOVES -DBUG=2      the queue is walked while its lock is held
 * Bad: -DCANCEL -DBUG=3     a cancellation that is under way is not looked at
 * Bad: -DCANCEL -DBUG=4     who holds the group is not a way out
 * Bad: -DDEADLINE -DBUG=5   a timer that fires is taken for idle
 * Bad: -DCANCEL -DBUG=6     a task that is about to park is a suspect
 * Bad: -DMOVES -DBUG=7      a spawn record counts only while it is queued
 */
#ifndef BUG
#define BUG 0
#endif

#define NONE 2
#define TASKS 2

mtype = { idle, armed, firing };

/* The channel. */
bool lock;
byte head = NONE, tail = NONE, next[TASKS] = NONE;

/* The tasks' records. */
bool queued[TASKS], parked[TASKS], saved[TASKS], ended[TASKS];
byte readied[TASKS];
bool cancelled, timed_out;
mtype timer_state = idle;

/* References. */
bool in_record, in_memory;
#ifdef CANCEL
bool has_group = true;
#else
bool has_group;
#endif
#ifdef MOVES
bool in_starter = true, in_peer;
#else
bool in_starter, in_peer = true;
#endif
bool starter_has_record, peer_has_record, record_queued;

bool leaked[TASKS];

inline take() { atomic { !lock -> lock = true } }

inline enqueue(i)
{
    next[i] = NONE;
    if /* two stores, in either order */
    :: tail == NONE ->
        if
        :: head = i; tail = i
        :: tail = i; head = i
        fi
    :: else ->
        if
        :: next[tail] = i; tail = i
        :: old = tail; tail = i; next[old] = i
        fi
    fi;
    queued[i] = true
}

inline dequeue(i)
{
    if
    :: head == i ->
        head = NONE; /* for a moment */
        if
        :: tail == i -> tail = NONE
        :: else -> head = next[i]
        fi
    :: else ->
        next[1 - i] = NONE;
        tail = 1 - i
    fi;
    queued[i] = false
}

inline ready(i)
{
    atomic {
        assert(!leaked[i]);
        readied[i]++;
        assert(readied[i] == 1)
    }
}

proctype waiter(byte i; bool deadline)
{
    byte old;
    if
    :: deadline -> timer_state = armed
    :: else
    fi;
    take();
    enqueue(i);
    if /* rni_wait_refused */
    :: cancelled || (deadline && timed_out) ->
        assert(!leaked[i]); /* it runs */
        dequeue(i);
        lock = false
    :: else ->
        lock = false;
        assert(!leaked[i]);
        parked[i] = true;
        saved[i] = true;
end_leaked: /* for ever, perhaps: that is what is looked for */
        readied[i] > 0;
        saved[i] = false;
        parked[i] = false
    fi;
    if
    :: deadline ->
        if
        :: atomic { timer_state == armed -> timer_state = idle }
        :: timer_state == idle
        fi
    :: else
    fi;
    ended[i] = true
}

inline abort(i)
{
    take();
    won = queued[i];
    if
    :: won -> dequeue(i)
    :: else
    fi;
    lock = false;
    if
    :: won -> ready(i)
    :: else
    fi
}

#ifdef MOVES
active proctype starter()
{
    atomic { starter_has_record = true; in_record = true }; /* two copies while it is filled */
    in_starter = false;
    record_queued = true;
    starter_has_record = false
}
#endif

active proctype peer()
{
    byte taken;
#ifdef MOVES
    atomic { record_queued -> peer_has_record = true };
    record_queued = false;
    in_peer = true; /* the function has read its arguments */
    peer_has_record = false;
    in_record = false; /* used again */
#endif
    do
#ifdef MOVES
    :: in_memory = true; in_peer = false; in_peer = true; in_memory = false
#endif
    :: true ->
        take();
        taken = head;
        if
        :: taken != NONE -> dequeue(taken)
        :: else
        fi;
        lock = false;
        if
        :: in_peer = false /* nothing more to do with it */
        :: true
        fi;
        if
        :: taken != NONE -> ready(taken)
        :: else
        fi;
        if
        :: !in_peer -> break
        :: else
        fi
    :: in_peer = false; break
    od
}

#ifdef CANCEL
active proctype canceller()
{
    bool won;
    if
    :: true ->
        cancelled = true;
        has_group = false;
        abort(0);
        abort(1)
    :: has_group = false
    fi
}
#endif

#ifdef DEADLINE
active proctype timer()
{
    bool won;
end_never:
    if
    :: atomic { timer_state == armed -> timer_state = firing };
       timed_out = true;
       abort(0);
       timer_state = idle
    :: ended[0]
    fi
}
#endif

#define STANDS(i) (BUG == 1 || queued[i])
#define PARKED(i) (BUG == 6 && queued[i] || parked[i] && saved[i])
#define LATE(i) (i == 0 && (timer_state == armed || \
                            BUG != 5 && (timer_state == firing || timed_out)))
#define SUSPECT(i) (PARKED(i) && !ended[i] && STANDS(i) && !LATE(i) && (BUG == 3 || !cancelled))
#define LIVE(i) (!ended[i] && !SUSPECT(i)) /* its stack holds the channel */
#define RECORD (in_record && (record_queued || BUG != 7 && (starter_has_record || peer_has_record)))
#define REACHED (in_starter || RECORD || in_peer || in_memory || LIVE(0) || LIVE(1))
#define IN_QUEUE(i) (head == i || head != NONE && next[head] == i)
#define WAY_OUT (BUG != 4 && has_group)

active proctype check()
{
    atomic {
        BUG == 2 || !lock;
        leaked[0] = SUSPECT(0) && !WAY_OUT && !(REACHED && IN_QUEUE(0));
        leaked[1] = SUSPECT(1) && !WAY_OUT && !(REACHED && IN_QUEUE(1))
    }
}

init
{
#ifdef DEADLINE
    atomic { run waiter(0, true); run waiter(1, false) }
#else
    atomic { run waiter(0, false); run waiter(1, false) }
#endif
}
