/* SPDX-License-Identifier: MIT */
/*
 * The steps of one execution.
 *
 * A thread that comes to a visible operation announces it (rni_ck_visible) and whose turn it is is
 * decided there; when it is the thread's own again, it executes the operation and goes on to its
 * next. So at each decision it is known what every thread would do next, which the reduction needs.
 *
 * Reduction (only depth first, without a bound on preemptions): sleep sets. After a thread's next
 * operation has been explored from some point, it sleeps in the alternatives to it, until an
 * operation comes that its own does not commute with. Under C11 operations commute more often than
 * they would among interleavings, because a load may read an old store and a store may be put
 * before one that is there already: whatever a read does before a store, it can also do after it.
 * So a store wakes a read, but only for this and later stores (new_only), and nothing wakes a
 * store. Nor does it matter which of two seq_cst operations is executed first (order.c).
 * tests/reduction.c compares what is found with and without it.
 *
 * Spinning. A thread that has said (or has been noticed to be in) a loop that waits is out of the
 * choice until one of the locations it has read has a newer store. If it comes back for
 * the third time without the others having had a turn since the last, they are waited for, too:
 * without such fairness depth first would follow one waiting thread for ever.
 *
 * Rejected: dynamic partial order reduction with race reversal (better, but twice the code, and
 * awaiting threads and stale reads complicate it); restoring snapshots instead of executing from
 * the start (the model's memory is the program's).
 */
#undef _FORTIFY_SOURCE
#include <string.h>

#include "engine.h"

jmp_buf rni_ck_controller;
bool rni_ck_starting, rni_ck_reducing;
unsigned rni_ck_steps;

static unsigned sleeping; /* threads whose next operation need not be explored here */
static unsigned preemptions, round_robin;

void rni_ck_step_reset(void)
{
    sleeping = preemptions = rni_ck_steps = 0;
    round_robin = 1;
}

static unsigned bit(const rni_ck_thread *t)
{
    return 1u << t->index;
}

static bool is_read(int kind)
{
    return kind == RNI_CK_LOAD || kind == RNI_CK_RMW;
}

enum { COMMUTE, NEW_ONLY, CONFLICT };

/* What t's next operation, executed now, means for u's, which has been explored before it. */
static int relation(const rni_ck_thread *t, const rni_ck_thread *u)
{
    const rni_ck_operation *e = &t->pending, *p = &u->pending;
    int a = e->kind, b = p->kind;
    if (a == RNI_CK_FENCE_ALL || b == RNI_CK_FENCE_ALL) {
        bool same = a == b && e->address == p->address;
        bool mine = a == RNI_CK_FENCE_ALL && e->address == (uintptr_t)u->index;
        bool its = b == RNI_CK_FENCE_ALL && p->address == (uintptr_t)t->index;
        return same || mine || its ? CONFLICT : COMMUTE;
    }
    if (a == RNI_CK_HEAP || b == RNI_CK_HEAP)
        return a == b ? CONFLICT : COMMUTE;
    if (a >= RNI_CK_BEGIN || b >= RNI_CK_BEGIN)
        return a >= RNI_CK_BEGIN && b >= RNI_CK_BEGIN && a != b ? CONFLICT : COMMUTE;
    if (e->address != p->address)
        return COMMUTE;
    if (a == RNI_CK_SLEEP || a == RNI_CK_WAKE || b == RNI_CK_SLEEP || b == RNI_CK_WAKE)
        return CONFLICT;
    if (rni_ck_options.memory == RN_CHECK_SC)
        return a == RNI_CK_LOAD && b == RNI_CK_LOAD ? COMMUTE : CONFLICT;
    /* A read after a wait may not read what it could have read before the store. */
    if (b != RNI_CK_LOAD && rni_ck_awaits(t, e->address))
        return CONFLICT;
    return a != RNI_CK_LOAD && is_read(b) ? NEW_ONLY : COMMUTE;
}

static void wake_sleepers(const rni_ck_thread *chosen)
{
    for (unsigned i = 1; i < rni_ck_thread_count; i++) {
        rni_ck_thread *u = &rni_ck_threads[i];
        if (u == chosen || u->state == RNI_CK_DONE || !((sleeping & bit(u)) || u->new_only))
            continue;
        switch (relation(chosen, u)) {
        case CONFLICT: u->new_only = 0; break;
        case NEW_ONLY:
            if (sleeping & bit(u))
                u->new_only = rni_ck_serial + 1;
            break;
        default: continue;
        }
        sleeping &= ~bit(u);
    }
}

/* Whether no thread that t must let go first could. */
static bool is_fair(const rni_ck_thread *t)
{
    for (unsigned i = 1; i < rni_ck_thread_count; i++) {
        const rni_ck_thread *u = &rni_ck_threads[i];
        if ((t->waits_for & bit(u)) && u->state == RNI_CK_READY && u->steps == t->seen_steps[i])
            return false;
    }
    return true;
}

static bool is_enabled(const rni_ck_thread *t)
{
    return t->state == RNI_CK_READY ||
           (t->state == RNI_CK_SPINS && rni_ck_has_news(t) && is_fair(t));
}

/* With nobody else able to go on: a spinning thread, in turn; its loop may end by itself. */
static rni_ck_thread *any_spinner(void)
{
    bool asleep = false;
    for (unsigned i = 0; i < rni_ck_thread_count; i++) {
        rni_ck_thread *t = &rni_ck_threads[(round_robin + i) % rni_ck_thread_count];
        asleep |= t->state == RNI_CK_SLEEPS;
        if (t->index == 0 || t->state != RNI_CK_SPINS)
            continue;
        round_robin = (unsigned)t->index + 1;
        return t;
    }
    if (asleep)
        rni_ck_fail("deadlock: every thread that has not ended sleeps");
    return NULL;
}

/* Chooses who takes the next step; NULL if all threads have ended. */
rni_ck_thread *rni_ck_next_thread(void)
{
    rni_ck_thread *candidates[RNI_CK_THREADS], *current = rni_ck_current;
    bool goes_on = current->index != 0 && current->state == RNI_CK_READY;
    bool bounded = rni_ck_options.preemptions != 0;
    unsigned bound = rni_ck_options.preemptions > 0 ? (unsigned)rni_ck_options.preemptions : 0;
    unsigned n = 0, enabled = 0;
    for (unsigned i = 0; i < rni_ck_thread_count; i++) {
        rni_ck_thread *t = i == 0 ? current : &rni_ck_threads[i];
        if (t->index == 0 || (i != 0 && t == current) || !is_enabled(t))
            continue;
        enabled++;
        if ((sleeping & bit(t)) || (bounded && goes_on && preemptions >= bound && t != current))
            continue;
        candidates[n++] = t;
    }
    rni_ck_thread *chosen;
    if (enabled == 0) {
        chosen = any_spinner();
        if (!chosen)
            return NULL;
    } else if (n == 0) {
        rni_ck_prune();
    } else {
        unsigned taken = rni_ck_choose_thread(candidates, n);
        chosen = candidates[taken];
        for (unsigned i = 0; rni_ck_reducing && i < taken; i++)
            sleeping |= bit(candidates[i]);
    }
    if (goes_on && chosen != current)
        preemptions++;
    if (++rni_ck_steps > (rni_ck_options.max_steps ? rni_ck_options.max_steps : 10000))
        rni_ck_fail(
            "livelock: the threads take more than %u steps without coming to an end (a loop "
            "that waits, and is more than one load, calls rn_check_spin)",
            rni_ck_steps - 1);
    if (rni_ck_reducing)
        wake_sleepers(chosen);
    if (!is_read(chosen->pending.kind))
        chosen->new_only = 0;
    chosen->state = RNI_CK_READY;
    chosen->steps++;
    return chosen;
}

/* Leaves the calling thread to whoever is next, until that is the caller. */
void rni_ck_let_next_run(void)
{
    rni_ck_thread *t = rni_ck_current, *next = rni_ck_next_thread();
    if (next == t)
        return;
    if (!next)
        _longjmp(rni_ck_controller, RNI_CK_ENDED);
    rni_ck_current = next;
    rni_ck_switch(&t->context, &next->context);
}

void rni_ck_visible(rni_ck_operation op, const void *pc)
{
    (void)pc;
    rni_ck_thread *t = rni_ck_current;
    if (t->index == 0)
        return;
    t->pending = op;
    if (rni_ck_starting) {
        if (_setjmp(t->context) == 0)
            _longjmp(rni_ck_controller, RNI_CK_STARTED);
        return;
    }
    rni_ck_let_next_run();
}

void rni_ck_thread_main(void)
{
    rni_ck_thread *t = rni_ck_current;
    rni_ck_user = 1;
    t->function(rni_ck_state);
    rni_ck_user = 0;
    t->state = RNI_CK_DONE;
    if (rni_ck_starting)
        _longjmp(rni_ck_controller, RNI_CK_STARTED);
    rni_ck_thread *next = rni_ck_next_thread();
    if (!next)
        _longjmp(rni_ck_controller, RNI_CK_ENDED);
    rni_ck_current = next;
    _longjmp(next->context, 1);
}

/* In loops that give up after two rounds the round decides, and fairness, which depends on more
 * than what a thread has seen, would make the reduction miss results. */
enum { FAIR_AFTER = 2 };

void rni_ck_spin(const void *pc)
{
    (void)pc;
    rni_ck_thread *t = rni_ck_current;
    if (t->index == 0)
        return;
    t->waits_for = 0;
    for (unsigned i = 1; i < rni_ck_thread_count; i++) {
        const rni_ck_thread *u = &rni_ck_threads[i];
        if (u != t && t->spins >= FAIR_AFTER && u->state == RNI_CK_READY &&
            u->steps == t->seen_steps[i])
            t->waits_for |= bit(u);
        t->seen_steps[i] = u->steps;
    }
    t->spins++;
    t->spin_serial = rni_ck_serial;
    rni_ck_await_news(t);
    t->repeated = 0;
    t->last_pc = NULL;
    t->state = RNI_CK_SPINS;
}
