/* SPDX-License-Identifier: MIT */
/*
 * Forked calls that another worker takes: the thief's side. runnel/fork.h has the other.
 *
 * Each task has a stack of the calls that it has forked and not joined; their records are in its
 * frames, linked both ways. The stack belongs to the task, not to a worker, so the task may wait
 * and go on elsewhere between a fork and its join. The owner pushes and pops at the newer end with
 * plain code; a thief takes the oldest.
 *
 * Counts. `depth` is how many there are (the owner's), `taken` how many of them, the oldest, have
 * been taken (the thieves', who exclude each other by its bit BUSY). Record n of the stack, from
 * 0, has n in its own depth. `last` is the newest that was taken, NULL if none; the next one to
 * take is its `next`, or `first`.
 *
 * Dekker's protocol, with the whole cost on the side that steals, as in the run queue (runq.h). To
 * pop record n the owner stores depth = n, then loads `taken`: no more than n, and the call is its
 * own. A thief that wants record n stores taken = n + 1 with BUSY, executes a heavy fence, then
 * loads depth: more than n, and the call is the thief's, since the owner's pop of any record n, of
 * this one or of a later one in its place, comes after the fence and sees `taken`. Else the thief
 * gives it back. An owner that sees too large a count waits until BUSY is gone and looks again.
 * Without the heavy fence the bit FENCED makes every count too large, so that the owner comes to
 * its slow path and executes a full fence there.
 * Memory orders: depth is stored with release; partner: the thief's loads, which so find the
 * record, its arguments and the task's shields and pin complete. `taken` without BUSY is stored
 * with release; partner: the owner's loads with acquire on its slow path, for `last`.
 *
 * Who joins a record that was taken resets `taken` and `last`, holding BUSY, and waits for the end:
 * `joiner` is 0, then the task that is parked, then DONE; the one who is second finds the other. A
 * task that parks here has nothing left to take: all older records were taken before.
 *
 * A record that was forked under a shield or a pin is joined under it, so a thief that finds none
 * after its fence has a record without. It runs as a task of the same owner, which is counted in
 * (the forking task is alive, so that cannot fail) and is in the background: its end is reported by
 * the one that joins it. A task's record is never unmapped, and its stack of forks is empty when
 * the task is gone, so a thief may look at one that has ended.
 *
 * Rejected: a stack per worker, as in Cilk and Lace (tasks migrate between fork and join); owners
 * that publish on request (who computes for long answers late); run queue entries for all forks
 * (ten times the price of a call).
 */
#ifndef RNI_CORE_FORK_H
#define RNI_CORE_FORK_H

#include "core/worker.h"

#define RNI_FORKS_BUSY UINT32_C(0x80000000)
#define RNI_FORKS_FENCED UINT32_C(0x40000000)
#define RNI_FORKS_COUNT UINT32_C(0x3fffffff)

/* Takes the oldest forked call of t, for a thread that does not run t; t may have ended. NULL if
 * there is none that may be taken. */
rn_fork_ *rni_fork_claim(rni_task *t);

/* Marks the call as over, for who joins it. The record may be gone when this returns. */
void rni_fork_done(rn_fork_ *r);

/* Whether the task that v runs seems to have calls to take. */
bool rni_fork_offered(const rni_worker *v);

/* Whether it has had some for so long that w, which is idle, should take one; s is what w saw of
 * v. `now` is rni_real_now. */
bool rni_fork_ripe(const rni_worker *w, rni_sighting *s, const rni_worker *v, int64_t now);

/* Takes one for w to run; 0 if that has failed. */
rni_runnable rni_fork_take(rni_worker *w, rni_worker *v);

#endif
