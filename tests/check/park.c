/* SPDX-License-Identifier: MIT */
/*
 * Park and ready: a wait has exactly one end, whoever may end it (a peer, a cancellation, a
 * deadline), and no end is lost, wherever the waiting task is when it comes.
 */
#include <errno.h>

#include "wait.h"

enum { TIMED_OUT = -ETIMEDOUT };

typedef struct state {
    _Atomic(int) ends; /* claims that were won */
    bool given;        /* under the bucket's lock: what the task waits for has come */
    bool taken;        /* the task was in the queue when it came */
    int result;
    int told; /* by the canceller, before it cancels */
} state;

static void begin(void *p)
{
    (void)p;
    model_begin();
    model_tasks[0].timeout_result = TIMED_OUT;
    begin_wait();
}

/* ---- one object ---- */

static void waits(void *p)
{
    state *s = p;
    s->result = wait_for(&s->given);
}

static void gives(void *p)
{
    state *s = p;
    give(&s->given, &s->taken);
}

static void cancels(void *p)
{
    (void)p;
    model_cancel();
}

static void tells_and_cancels(void *p)
{
    ((state *)p)->told = 1;
    model_cancel();
}

/* What came before the cancellation comes before the refusal. */
static void waits_and_is_told(void *p)
{
    state *s = p;
    s->result = rni_refused_at_entry(rni_current());
    if (s->result == 0)
        waits(p);
    if (s->result == -ECANCELED)
        RN_CHECK_ASSERT(s->told == 1);
}

/* A cancellation does not end this one. */
static void waits_shielded(void *p)
{
    state *s = p;
    rni_task *t = rni_current();
    rni_shield_on(t);
    waits(p);
    RN_CHECK_ASSERT(s->result == 0 && s->given);
    rni_shield_off(t);
}

static void times_out(void *p)
{
    (void)p;
    model_time_out(0);
}

/* A result of 0 means that it was given; what was taken for the task has not been refused. */
static void one_end(void *p)
{
    state *s = p;
    RN_CHECK_ASSERT(s->result == 0 || s->result == -ECANCELED || s->result == TIMED_OUT);
    RN_CHECK_ASSERT(s->result != 0 || s->given);
    RN_CHECK_ASSERT(!s->taken || s->result == 0);
    RN_CHECK_ASSERT(bucket->waiters.head == NULL && bucket->lock.held == 0);
}

static void aborted(void *p)
{
    state *s = p;
    RN_CHECK_ASSERT(s->result == -ECANCELED || s->result == TIMED_OUT);
    one_end(p);
}

/* ---- several: a claim ---- */

static void opens_claim(void *p)
{
    state *s = p;
    rni_task *t = rni_current();
    int rc = 0;
    rni_wait_prepare(t);
    rni_claim_open(t);
    atomic_store_explicit(&s->ends, 1, memory_order_release); /* the peers may claim now */
    if (rni_wait_refused(t, &rc) && rni_claim(t))
        s->result = rc;
    else
        s->result = rni_park(t, RNI_WHY_SELECT, NULL, "");
}

/* Two waits, whose enders write the result in the task's record. */
static void opens_two_claims(void *p)
{
    state *s = p;
    rni_task *t = rni_current();
    int rc = 0;
    rni_wait_prepare(t);
    for (int wait = 1; wait <= 2; wait++) {
        rni_claim_open(t);
        atomic_store_explicit(&s->ends, wait, memory_order_release);
        if (!(rni_wait_refused(t, &rc) && rni_claim(t)))
            rc = rni_park(t, RNI_WHY_SELECT, NULL, "");
        s->result += rc;
    }
}

static void claims_first(void *p)
{
    state *s = p;
    if (atomic_load_explicit(&s->ends, memory_order_acquire) == 1 && rni_claim(&model_tasks[0]))
        rni_ready(&model_tasks[0], 1);
}

static void claimed_twice(void *p)
{
    int result = ((state *)p)->result;
    RN_CHECK_ASSERT(result == 1 - ECANCELED || result == -2 * ECANCELED);
}

static void claims(void *p);

/* A select under a shield. */
static void opens_claim_shielded(void *p)
{
    state *s = p;
    rni_task *t = rni_current();
    rni_wait_prepare(t);
    rni_shield_on(t);
    opens_claim(p);
    RN_CHECK_ASSERT(s->result == 7);
    rni_shield_off(t);
}

static void claims_at_last(void *p)
{
    state *s = p;
    while (atomic_load_explicit(&s->ends, memory_order_acquire) != 1)
        rn_check_spin();
    claims(p);
}

static void claims(void *p)
{
    state *s = p;
    if (atomic_load_explicit(&s->ends, memory_order_acquire) == 1 && rni_claim(&model_tasks[0])) {
        s->taken = true; /* plain: the claim orders it before the task's next step */
        rni_ready(&model_tasks[0], 7);
    }
}

static void claimed_once(void *p)
{
    state *s = p;
    RN_CHECK_ASSERT(s->result == 7 ? s->taken : !s->taken);
    RN_CHECK_ASSERT(s->result == 7 || s->result == -ECANCELED || s->result == TIMED_OUT);
    RN_CHECK_ASSERT(!(model_tasks[0].claim & RNI_CLAIM_WAITING));
}

static const model_run runs[] = {
    { MODEL("park-ready", begin, one_end, waits, gives) },
    { MODEL("park-cancel", begin, aborted, waits, cancels) },
    { MODEL("park-deadline", begin, aborted, waits, times_out) },
    { MODEL("park-ready-cancel", begin, one_end, waits, gives, cancels),
      .options = { .preemptions = 1 } },
    { MODEL("park-ready-deadline", begin, one_end, waits, gives, times_out),
      .options = { .preemptions = 1 } },
    { MODEL("park-cancel-deadline", begin, aborted, waits, cancels, times_out),
      .options = { .preemptions = 1 } },
    { MODEL("park-told", begin, aborted, waits_and_is_told, tells_and_cancels) },
    { MODEL("park-shielded", begin, one_end, waits_shielded, gives, cancels),
      .options = { .preemptions = 1 } },
    { MODEL("claim-twice", begin, claimed_twice, opens_two_claims, claims_first, cancels) },
    { MODEL("claim-shielded", begin, claimed_once, opens_claim_shielded, claims_at_last, cancels) },
    { MODEL("claim-cancel", begin, claimed_once, opens_claim, claims, cancels) },
    { MODEL("claim-deadline", begin, claimed_once, opens_claim, claims, times_out) },
    { MODEL("claim-cancel-deadline", begin, claimed_once, opens_claim, cancels, times_out) },
};

int main(int argc, char **argv)
{
    return model_main(runs, sizeof runs / sizeof runs[0], argc, argv);
}
