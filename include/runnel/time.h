/* SPDX-License-Identifier: MIT */
/*
 * Timers and tickers, as in Go since 1.23.
 *
 *     rn_select(RN_RECV(c, &v, NULL), RN_AFTER(RN_SECOND));      a timeout needs no timer
 *     rn_receiver(int64_t) later = rn_after(g, RN_SECOND);       a channel that delivers once
 *     rn_timer *t = rn_timer_new(g, RN_SECOND);                  one that can be stopped and reset
 *     rn_ticker *every = rn_ticker_new(g, RN_SECOND);            one that delivers again and again
 *
 * What a timer's channel delivers is the instant it was due, on rn_now's clock. After a stop or a
 * reset has returned, nothing of the old setting can be received any more. The channel is never
 * closed by the timer, and its rn_len and rn_cap are 0.
 *
 * Timers belong to a group, which frees them when it closes; freeing one earlier is optional. Any
 * task and any thread may call; none of these calls waits. Durations are nanoseconds; nothing fires
 * early, and RN_FOREVER never fires. A NULL group or timer is a programming error, but for the
 * free calls.
 */
#ifndef RUNNEL_TIME_H
#define RUNNEL_TIME_H

#include <runnel/base.h>
#include <runnel/chan.h>

RN_EXTERN_C_BEGIN

/* Opaque; each belongs to a group, which fails with -ENOMEM when memory is short for one. */
typedef struct rn_timer rn_timer;
typedef struct rn_ticker rn_ticker;

/* A timer that delivers once after ns nanoseconds (at once if ns <= 0). NULL when memory is short
 * or the group is being closed. */
#define rn_timer_new(g, ns) rn_timer_new_at((g), (ns), RN_HERE)
RN_API RN_MUST_CHECK rn_timer *rn_timer_new_at(rn_group *g, int64_t ns, const char *site);

/*
 * The untyped form of rn_timer_go: a timer without a channel that starts a task of the group when
 * it is due, as rn_group_go would; once the group is cancelled it starts nothing. args are copied
 * now. Stopping it does not wait for the task.
 */
RN_API RN_MUST_CHECK rn_timer *rn_timer_start_task(rn_group *g, int64_t ns,
                                                   int (*entry)(void *args), const void *args,
                                                   size_t size, const char *name, const char *site);

/*
 * Stops the timer. Returns true if that prevented it from firing: a value that nobody has received
 * yet counts as prevented, and is taken back. False if it had fired or had been stopped.
 */
RN_API bool rn_timer_stop(rn_timer *t);

/* Sets the timer anew, to ns from now, whatever it did before. Returns what rn_timer_stop would
 * have. */
RN_API bool rn_timer_reset(rn_timer *t, int64_t ns);

/* Stops the timer and frees it with its channel. NULL is fine. */
RN_API void rn_timer_free(rn_timer *t);

/* A ticker that delivers every period_ns nanoseconds. A slow receiver misses ticks: at most one is
 * kept. NULL if period_ns <= 0, when memory is short, or if the group is being closed. */
#define rn_ticker_new(g, period_ns) rn_ticker_new_at((g), (period_ns), RN_HERE)
RN_API RN_MUST_CHECK rn_ticker *rn_ticker_new_at(rn_group *g, int64_t period_ns, const char *site);

/* No more ticks until it is reset. */
RN_API void rn_ticker_stop(rn_ticker *t);

/* The next tick comes period_ns from now. Returns 0, or -EINVAL if period_ns <= 0. */
RN_API int rn_ticker_reset(rn_ticker *t, int64_t period_ns);

/* Stops the ticker and frees it with its channel. NULL is fine. */
RN_API void rn_ticker_free(rn_ticker *t);

/* The untyped forms of the channels below. The channel of a timer that starts a task is nil. */
RN_API rn_channel *rn_timer_channel(rn_timer *t);
RN_API rn_channel *rn_ticker_channel(rn_ticker *t);
RN_API rn_channel *rn_after_channel(rn_group *g, int64_t ns, const char *site);
RN_API rn_channel *rn_tick_channel(rn_group *g, int64_t period_ns, const char *site);

RN_EXTERN_C_END

#ifndef __cplusplus

#define rn_timer_chan(t) ((rn_receiver(int64_t))rn_timer_channel(t))
#define rn_ticker_chan(t) ((rn_receiver(int64_t))rn_ticker_channel(t))

/* The channel of a new timer or ticker that need not be stopped; rn_free frees it before its group
 * would. nil when it cannot be made, which includes rn_tick with a period <= 0. */
#define rn_after(g, ns) ((rn_receiver(int64_t))rn_after_channel((g), (ns), RN_HERE))
#define rn_tick(g, period_ns) ((rn_receiver(int64_t))rn_tick_channel((g), (period_ns), RN_HERE))

/* rn_timer_go(g, ns, f, args...): after ns nanoseconds, rn_go(g, f, args...). f needs its RN_TASK
 * line and at least one argument; the arguments are checked and copied now. */
#define rn_timer_go(g, ns, f, ...)                                                                 \
    (RN_HAS_TASK_LINE_(f), (void)sizeof(f(__VA_ARGS__)),                                           \
     rn_timer_start_task((g), (ns), f##_rn_entry, &(struct f##_rn_args){ __VA_ARGS__ },            \
                         sizeof(struct f##_rn_args), #f, RN_HERE))

#endif /* !__cplusplus */

#endif
