/* SPDX-License-Identifier: MIT */
/* kit: once */
/*
 * A context between two threads that do two things to it at the same moment, again and again. They
 * are plain threads, because two tasks need not run in parallel. On a busy machine a round takes a
 * time slice, so the rounds end after a while.
 */
#include <runnel.h>

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

#include "kit/kit.h"
#include "scope/context.h"

static rn_unit unit;

enum { ROUNDS = 20000, CHILDREN = 100, OVER = ROUNDS + 1 };

static const int64_t time_limit = RN_SECOND;

/* What the two of a round share. */
typedef struct duel {
    rn_ctx *ctx;
    rn_receiver(rn_unit) done;
    int round;
    rn_channel *asked[2]; /* what each was told */
    rn_ctx *made[CHILDREN];
} duel;

typedef struct opponent {
    duel *d;
    void (*move)(duel *d);
    _Atomic(int) begun, here, ended; /* rounds */
} opponent;

/* Gives the CPU away if the other seems to need it. */
static void spin(int *spins)
{
    if (++*spins > 2000)
        sched_yield();
}

static void wait_until(_Atomic(int) *rounds, int n)
{
    for (int spins = 0; atomic_load_explicit(rounds, memory_order_acquire) < n;)
        spin(&spins);
}

static void *play(void *arg)
{
    opponent *o = arg;
    for (int round = 1; round <= ROUNDS; round++) {
        wait_until(&o->begun, round);
        if (atomic_load_explicit(&o->begun, memory_order_relaxed) == OVER)
            break;
        atomic_store_explicit(&o->here, round, memory_order_release);
        o->move(o->d);
        atomic_store_explicit(&o->ended, round, memory_order_release);
    }
    return NULL;
}

/* Each round: prepare, then mine and theirs at once, then judge. */
static void run_duel(void (*prepare)(duel *d), void (*mine)(duel *d), void (*theirs)(duel *d),
                     void (*judge)(duel *d))
{
    static duel d;
    opponent o = { .d = &d, .move = theirs };
    pthread_t thread;
    int64_t begun = rn_now();
    CHECK_EQ(pthread_create(&thread, NULL, play, &o), 0);
    for (int round = 1; round <= ROUNDS && rn_now() - begun < time_limit; round++) {
        d.ctx = rn_ctx_with_cancel(rn_ctx_background());
        d.round = round;
        if (prepare)
            prepare(&d);
        atomic_store_explicit(&o.begun, round, memory_order_release);
        wait_until(&o.here, round); /* it has its CPU */
        mine(&d);
        wait_until(&o.ended, round);
        if (judge)
            judge(&d);
        CHECK(rni_list_empty(&d.ctx->children));
        CHECK_EQ(atomic_load(&d.ctx->refs), 1);
        rn_ctx_unref(d.ctx);
    }
    atomic_store_explicit(&o.begun, OVER, memory_order_release);
    CHECK_EQ(pthread_join(thread, NULL), 0);
}

/* The moment in which the other begins varies. */
static void hesitate(const duel *d)
{
    for (volatile int i = 0; i < d->round % 64 * 8; i++)
        ;
}

static void cancel(duel *d)
{
    hesitate(d);
    rn_ctx_cancel(d->ctx, -EXDEV);
}

/* ---- err and done ---- */

static void have_children(duel *d)
{
    for (int i = 0; i < CHILDREN; i++)
        d->made[i] = rn_ctx_with_cancel(d->ctx);
    d->done = d->round % 2 ? rn_ctx_done(d->ctx) : NULL;
}

static void poll_err(duel *d)
{
    for (int spins = 0; rn_ctx_err(d->ctx) == 0;)
        spin(&spins);
    CHECK_EQ(rn_try_recv(d->done ? d->done : rn_ctx_done(d->ctx), &unit), -EPIPE);
    CHECK_EQ(rn_ctx_cause(d->ctx), -EXDEV);
}

static void poll_cause(duel *d)
{
    int cause, spins = 0;
    while ((cause = rn_ctx_cause(d->ctx)) == 0)
        spin(&spins);
    CHECK_EQ(cause, -EXDEV);
}

static void let_children_go(duel *d)
{
    for (int i = 0; i < CHILDREN; i++) {
        CHECK_EQ(rn_ctx_cause(d->made[i]), -EXDEV);
        rn_ctx_unref(d->made[i]);
    }
}

TEST(context_err_polled_by_a_thread_implies_closed_done)
{
    run_duel(have_children, cancel, poll_err, let_children_go);
}

TEST(context_cause_polled_by_a_thread_is_never_half_set)
{
    run_duel(NULL, cancel, poll_cause, NULL);
}

/* ---- making children and done meanwhile ---- */

static void make_children(duel *d)
{
    for (int i = 0; i < CHILDREN; i++)
        d->made[i] = i % 2 ? rn_ctx_with_cancel(d->ctx) : rn_ctx_with_timeout(d->ctx, RN_HOUR);
}

static void cancel_late(duel *d)
{
    for (volatile int i = 0; i < d->round % 256 * 64; i++)
        ;
    rn_ctx_cancel(d->ctx, -EXDEV);
}

TEST(context_cancelled_by_a_thread_spares_no_child_made_meanwhile)
{
    run_duel(NULL, cancel_late, make_children, let_children_go);
}

static void ask(duel *d)
{
    hesitate(d);
    d->asked[0] = rn_ctx_done_channel(d->ctx);
}

static void ask_too(duel *d)
{
    d->asked[1] = rn_ctx_done_channel(d->ctx);
}

static void compare(duel *d)
{
    CHECK(d->asked[0] != NULL && d->asked[0] == d->asked[1]);
    CHECK(d->asked[0] == rn_ctx_done_channel(d->ctx));
}

TEST(context_asked_by_two_threads_at_once_has_one_done)
{
    run_duel(NULL, ask, ask_too, compare);
}

static void cancel_then_see(duel *d)
{
    hesitate(d);
    rn_ctx_cancel(d->ctx, -EXDEV);
    CHECK_EQ(rn_try_recv(rn_ctx_done(d->ctx), &unit), -EPIPE);
}

static void wait_for_done(duel *d)
{
    CHECK_EQ(rn_wait(rn_ctx_done(d->ctx)), -EPIPE);
}

TEST(context_done_asked_for_during_the_cancel_is_closed)
{
    run_duel(NULL, cancel_then_see, wait_for_done, NULL);
}

/* ---- two cancels ---- */

static void cancel_all(duel *d)
{
    for (int i = 0; i < CHILDREN; i++)
        rn_ctx_cancel(d->made[i], -EXDEV);
}

TEST(context_and_its_children_are_cancelled_at_once_by_two_threads)
{
    run_duel(have_children, cancel, cancel_all, let_children_go);
}

static void give_all_back(duel *d)
{
    for (int i = 0; i < CHILDREN; i++)
        rn_ctx_unref(d->made[i]);
}

TEST(context_whose_children_are_given_back_during_the_cancel_is_sound)
{
    run_duel(have_children, cancel, give_all_back, NULL);
}
