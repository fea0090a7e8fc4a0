/* SPDX-License-Identifier: MIT */
/*
 * The patterns for scale of the book "Concurrency in Go", chapter 5: rate limits, replicated
 * requests, heartbeats, a steward that heals its ward; and calls that are shared (singleflight).
 *
 * Durations are nanoseconds. Any task and any thread may call unless a line says otherwise.
 */
#ifndef RUNNEL_SCALE_H
#define RUNNEL_SCALE_H

#include <runnel/base.h>
#include <runnel/chan.h>
#include <runnel/select.h>
#include <runnel/task.h>

RN_EXTERN_C_BEGIN

/* ---- rate limits ---- */

/*
 * A token bucket, as in Go's golang.org/x/time/rate: it holds up to `burst` tokens, is full at
 * first, and gets n tokens every per_ns nanoseconds, evenly; an event costs tokens. A value that is
 * ready to use when initialised, holds no resources and must not be copied while in use:
 *
 *     static rn_limiter api = RN_LIMITER(10, RN_MINUTE, 3);     10 a minute, 3 at once
 *
 * per_ns = 0 is no limit at all, whatever the burst; n = 0 admits the burst and nothing after it.
 * Arithmetic is exact: no rounding of rates, so 3 a second is 3 a second.
 */
typedef struct rn_limiter {
    unsigned lock_;
    int64_t n_, per_ns_, burst_;
    int64_t spent_, part_; /* whole tokens missing from the bucket, less part_ / per_ns_ of one */
    int64_t since_;        /* the time of these */
    int64_t last_;         /* when the latest reservation may act */
} rn_limiter;

/* The initialiser of a limiter: n tokens every per_ns nanoseconds, at most burst at once. (Without
 * designators, which C++ has only since 2020.) */
#define RN_LIMITER(n, per_ns, burst)                                                               \
    {                                                                                              \
        0, (n), (per_ns), (burst), 0, 0, 0, 0                                                      \
    }

/* Tokens that were taken in advance. */
typedef struct rn_reservation {
    rn_limiter *limiter;
    int64_t tokens;
    int64_t at_ns; /* the time, on rn_now's clock, from which the holder may act */
} rn_reservation;

/* Sets a new rate and burst; what has been spent stays spent. Never waits. */
RN_API void rn_limiter_set(rn_limiter *l, int64_t n, int64_t per_ns, int64_t burst);

/* Takes that many tokens if they are there now. Returns whether they were. Never waits. */
RN_API RN_MUST_CHECK bool rn_limiter_allow(rn_limiter *l, int64_t tokens);

/*
 * Takes that many tokens in advance and says in r->at_ns from when they may be used. Returns 0;
 * -ERANGE if they will never be there: more than the burst, or more than is left at rate 0. Never
 * waits.
 */
RN_API RN_MUST_CHECK int rn_limiter_reserve(rn_limiter *l, int64_t tokens, rn_reservation *r);

/*
 * Gives a reservation back, so far as others have not been put off because of it: what was reserved
 * after it has paid for its place. Does nothing once its time has passed, or a second time. Never
 * waits.
 */
RN_API void rn_reservation_cancel(rn_reservation *r);

/*
 * Waits until that many tokens are there, and takes them; waiters are served in order. Returns 0;
 * -ERANGE as above; -ETIMEDOUT at once if the tokens would come after the deadline (deadline_ns, or
 * that of the calling task's context, if that is earlier); -ECANCELED. On an error no token is
 * taken.
 */
#define rn_limiter_wait(l, tokens) rn_limiter_wait_until((l), (tokens), RN_FOREVER)
#define rn_limiter_wait_until(l, tokens, deadline_ns)                                              \
    rn_limiter_wait_one_((l), (tokens), (deadline_ns), RN_HERE)

/*
 * The book's multi-limiter: waits until all count limiters have admitted the event; on an error it
 * gives back what it took, but for what reservations made meanwhile had to wait. Returns as
 * rn_limiter_wait_until.
 */
#define rn_limiter_wait_all(limiters, count, tokens)                                               \
    rn_limiter_wait_at((limiters), (count), (tokens), RN_FOREVER, RN_HERE)
RN_API RN_MUST_CHECK int rn_limiter_wait_at(rn_limiter *const *limiters, size_t count,
                                            int64_t tokens, int64_t deadline_ns, const char *site);

/* A function, because C++ has no compound literals to take the address of. */
RN_MUST_CHECK static inline int rn_limiter_wait_one_(rn_limiter *l, int64_t tokens,
                                                     int64_t deadline_ns, const char *site)
{
    return rn_limiter_wait_at(&l, 1, tokens, deadline_ns, site);
}

/* The one of count limiters with the lowest rate, which is the rate of all of them together; NULL
 * of none. */
RN_API rn_limiter *rn_limiter_strictest(rn_limiter *const *limiters, size_t count);

/* ---- replicated requests ---- */

/*
 * The untyped form of rn_replicate: starts count tasks entry(args), each with a copy of args in
 * which the int at 0 is its number and the pointer at result_offset shows where its result goes.
 * size and align are those of a result.
 */
RN_API RN_MUST_CHECK int rn_replicate_at(rn_group *g, size_t count, void *result, size_t size,
                                         size_t align, void (*drop)(void *result),
                                         int (*entry)(void *args), const void *args,
                                         size_t args_size, size_t result_offset, const char *name,
                                         const char *site);

/* ---- heartbeats ---- */

/*
 * The pulse of a worker, for whoever watches it. Belongs to the worker's task: only one may beat,
 * and not after the group has closed. Zeroed, it beats into nothing.
 */
typedef struct rn_heart {
    rn_channel *pulse_;
    int64_t every_ns_, due_ns_;
} rn_heart;

/* The untyped form of rn_heart_start. */
RN_API RN_MUST_CHECK rn_channel *rn_heart_channel(rn_heart *h, rn_group *g, int64_t every_ns,
                                                  const char *site);

/*
 * A pulse, now; never waits. The channel keeps one, so none is lost that nobody was waiting for,
 * and a watcher that does not look does not hold up the worker.
 */
RN_API void rn_heart_beat(rn_heart *h);

/* Nanoseconds until the next interval pulse is due: a case of a select that beats,
 * [BEAT] = RN_AFTER(rn_heart_due(&h)). Never waits. */
RN_API int64_t rn_heart_due(const rn_heart *h);

/* As rn_sleep, but beats at every interval. */
#define rn_heart_sleep(h, ns) rn_heart_sleep_at((h), (ns), RN_HERE)
RN_API int rn_heart_sleep_at(rn_heart *h, int64_t ns, const char *site);

/* No more pulses: closes the channel. The worker calls it when it ends. */
RN_API void rn_heart_stop(rn_heart *h);

/* ---- healing ---- */

/*
 * The untyped form of rn_steward: the ward is entry(args), with a copy of args for each start, in
 * which the pointer to its heart comes first. Returns a channel of int.
 */
RN_API RN_MUST_CHECK rn_channel *rn_steward_start(rn_group *g, int64_t timeout_ns,
                                                  int (*entry)(void *args), const void *args,
                                                  size_t args_size, const char *name,
                                                  const char *site);

/* ---- shared calls ---- */

/*
 * Makes concurrent calls for one key into one (Go's singleflight). Ready to use when zeroed; needs
 * no destruction when no call is under way.
 */
typedef struct rn_flight {
    unsigned lock_;
    void *calls_[64];
} rn_flight;

/*
 * rn_flight_do(flight, key, fn, arg, &result): calls fn(arg, &result), unless such a call is under
 * way for an equal key; then waits for that one, and returns what it returned, with a copy of its
 * result. The key is copied. If the task that made the call is cancelled and the call returns
 * -ECANCELED, one of those who wait makes the call again: nobody fails because another was
 * cancelled. A fn that asks for its own key waits for itself.
 *
 * *shared (may be NULL) tells whether more than one caller got this result, those not counted that
 * waited for it and were cancelled. If false, what the result points to is the caller's alone, to
 * change or to free; if true, it is shared, too, and nobody is told who is the last to use it: let
 * it count its users, or leave it to an owner that stays. Returns fn's result; -ECANCELED if the
 * caller itself was cancelled before there was one; -ENOMEM. All calls for one key must have
 * results of one size.
 */
RN_API RN_MUST_CHECK int rn_flight_call(rn_flight *flight, const char *key,
                                        int (*fn)(void *arg, void *result), void *arg, void *result,
                                        size_t size, bool *shared, const char *site);

/* Lets the next call for key be made anew, even if one is under way. Never waits. */
RN_API void rn_flight_forget(rn_flight *flight, const char *key);

RN_EXTERN_C_END

#ifndef __cplusplus

/*
 * rn_replicate(g, count, &result, f, args...): runs count replicas of f and returns the number of
 * the one that first succeeded, with its result; the others are cancelled and have ended by then.
 *
 *     static int ask(int k, reply *r, const char *question) { ... return 0; }
 *     RN_TASK(ask, int, reply *, const char *);
 *     int who = rn_replicate(g, 10, &r, ask, "...");
 *
 * A replica succeeds if it returns 0, or a positive number, which says no more, as of every task.
 * One that fails does not end the others. Returns the number; if all have failed, the first error;
 * -EINVAL for none; -ENOMEM; -ECANCELED if the caller, or g, was cancelled before there was a
 * result. Waits. The replicas are tasks of a group under g, and also end with the caller's.
 * rn_replicate_drop names a function that is called for the results of replicas that came second.
 */
#define rn_replicate(g, count, result, ...) rn_replicate_drop(g, count, result, NULL, __VA_ARGS__)
#define rn_replicate_drop(g, count, result, drop, ...)                                             \
    RN_PASTE_(RN_REPLICATE_, RN_ANY_ARGS_(__VA_ARGS__))(g, count, result, drop, __VA_ARGS__)
#define RN_REPLICATE_0_(g, count, result, drop, f)                                                 \
    (RN_HAS_TASK_LINE_(f), (void)sizeof(f(0, (result))),                                           \
     RN_REPLICATE_AS_(g, count, result, drop, f, (&(struct f##_rn_args){ 0, (result) })))
#define RN_REPLICATE_N_(g, count, result, drop, f, ...)                                            \
    (RN_HAS_TASK_LINE_(f), (void)sizeof(f(0, (result), __VA_ARGS__)),                              \
     RN_REPLICATE_AS_(g, count, result, drop, f,                                                   \
                      (&(struct f##_rn_args){ 0, (result), __VA_ARGS__ })))
#define RN_REPLICATE_AS_(g, count, result, drop, f, args)                                          \
    ((void)sizeof(struct {                                                                         \
         _Static_assert(_Generic(((struct f##_rn_args *)0)->a, int : 1, default : 0),              \
                        "runnel: a replica takes its number, an int, first");                      \
         _Static_assert(                                                                           \
             _Generic(((struct f##_rn_args *)0)->b, __typeof__(&*(result)) : 1, default : 0),      \
             "runnel: a replica takes a pointer to its result second");                            \
         int x;                                                                                    \
     }),                                                                                           \
     rn_replicate_at((g), (count), (result), sizeof(*(result)), _Alignof(__typeof__(*(result))),   \
                     (drop), f##_rn_entry, args, sizeof(struct f##_rn_args),                       \
                     offsetof(struct f##_rn_args, b), #f, RN_HERE))

/*
 * rn_heart_start(&heart, g, every_ns): makes the channel of a heart in g and returns its receiver.
 * With every_ns > 0 there are interval pulses, which say that the worker is alive; rn_heart_beat is
 * also the pulse for a unit of work. nil without memory, or if g is being closed.
 */
#define rn_heart_start(h, g, every_ns)                                                             \
    ((rn_receiver(rn_unit))rn_heart_channel((h), (g), (every_ns), RN_HERE))

/*
 * rn_steward(g, timeout_ns, ward, args...): keeps a ward alive. The ward is a function with a heart
 * and a group of its own, in which the steward starts it:
 *
 *     static int ward(rn_heart *heart, rn_sender(int) out) { ... rn_heart_beat(heart) ... }
 *     RN_TASK(ward, rn_heart *, rn_sender(int));
 *     rn_receiver(int) restarts = rn_steward(g, 4 * RN_SECOND, ward, rn_tx(out));
 *
 * Its heart has an interval of half the timeout. If no pulse comes for timeout_ns, the ward's group
 * is closed, and when everything in it has ended the ward is started again: there are never two. A
 * ward that cannot be cancelled because it never waits therefore stops its steward, whose own
 * pulses then cease. A ward that returns 0 or more has finished, and so has the steward; one that
 * returns an error sends no more pulses, and is started again when the time is up.
 *
 * The receiver is the steward's pulse, so that stewards can be watched, too: every timeout_ns / 2,
 * and with each restart, it carries the number of restarts so far; the latest is kept, and nobody
 * waits for a reader. It is closed when the steward ends: with its ward, or with g; from the start
 * if memory is short, when g fails, or if g is being closed. Never waits. A timeout of 0 or less is
 * a programming error.
 */
#define rn_steward(g, timeout_ns, ...)                                                             \
    RN_PASTE_(RN_STEWARD_, RN_ANY_ARGS_(__VA_ARGS__))(g, timeout_ns, __VA_ARGS__)
#define RN_STEWARD_0_(g, timeout_ns, f)                                                            \
    (RN_HAS_TASK_LINE_(f), (void)sizeof(f((rn_heart *)0)),                                         \
     RN_STEWARD_AS_(g, timeout_ns, f, (&(struct f##_rn_args){ 0 })))
#define RN_STEWARD_N_(g, timeout_ns, f, ...)                                                       \
    (RN_HAS_TASK_LINE_(f), (void)sizeof(f((rn_heart *)0, __VA_ARGS__)),                            \
     RN_STEWARD_AS_(g, timeout_ns, f, (&(struct f##_rn_args){ 0, __VA_ARGS__ })))
#define RN_STEWARD_AS_(g, timeout_ns, f, args)                                                     \
    ((void)sizeof(struct {                                                                         \
         _Static_assert(_Generic(((struct f##_rn_args *)0)->a, rn_heart * : 1, default : 0),       \
                        "runnel: a ward takes its heart, an rn_heart *, first");                   \
         int x;                                                                                    \
     }),                                                                                           \
     (rn_receiver(int))rn_steward_start((g), (timeout_ns), f##_rn_entry, args,                     \
                                        sizeof(struct f##_rn_args), #f, RN_HERE))

#define rn_flight_do(flight, key, fn, arg, result, shared)                                         \
    rn_flight_call((flight), (key), (fn), (arg), (result), sizeof(*(result)), (shared), RN_HERE)

/* 0_ or N_: whether a function is followed by arguments, of which there are 48 at most, counted as
 * in rn_go. */
#define RN_ANY_ARGS_(...)                                                                          \
    RN_ANY_ARGS_PICK_(__VA_ARGS__, N_, N_, N_, N_, N_, N_, N_, N_, N_, N_, N_, N_, N_, N_, N_, N_, \
                      N_, N_, N_, N_, N_, N_, N_, N_, N_, N_, N_, N_, N_, N_, N_, N_, N_, N_, N_,  \
                      N_, N_, N_, N_, N_, N_, N_, N_, N_, N_, N_, N_, N_, 0_, ~)
#define RN_ANY_ARGS_PICK_(f, a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12, a13, a14, a15, \
                          a16, a17, a18, a19, a20, a21, a22, a23, a24, a25, a26, a27, a28, a29,    \
                          a30, a31, a32, a33, a34, a35, a36, a37, a38, a39, a40, a41, a42, a43,    \
                          a44, a45, a46, a47, n, ...)                                              \
    n
#define RN_PASTE_(a, b) RN_PASTE_NOW_(a, b)
#define RN_PASTE_NOW_(a, b) a##b

#endif /* !__cplusplus */

#endif
