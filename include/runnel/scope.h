/* SPDX-License-Identifier: MIT */
/*
 * Groups and contexts: who starts a task can stop it.
 *
 * Every task belongs to a group. A group is at once a done signal (cancel it and every waiting call
 * of its tasks returns -ECANCELED), a wait group (rn_group_wait) and the owner of the tasks,
 * channels and child groups made in it. The first task that returns an error cancels the others.
 *
 * Every group carries a context, and contexts form a tree: cancelling one cancels everything below
 * it before the call returns, and nothing above it.
 *
 * A cause is a negative status code: -ECANCELED for a cancel without a reason, -ETIMEDOUT for a
 * deadline, or what the caller gives.
 */
#ifndef RUNNEL_SCOPE_H
#define RUNNEL_SCOPE_H

#include <runnel/base.h>
#include <runnel/chan.h>

RN_EXTERN_C_BEGIN

/* ---- groups ---- */

/*
 * Opens a group under the context parent; NULL: under the calling task's group, or under the
 * background context on a foreign thread. A group opened in a task also becomes a child of the
 * task's group, whose rn_group_close closes it.
 * Returns the group, or NULL when memory is short. If the parent is cancelled, so is the group.
 * Never waits. The caller must rn_group_close it.
 */
#define rn_group_new(parent) rn_group_new_at((parent), RN_HERE)
RN_API RN_MUST_CHECK rn_group *rn_group_new_at(rn_ctx *parent, const char *site);

/*
 * Waits until every task of the group has ended. Returns the cause if the group was cancelled, be
 * it by the first task that failed (then its error) or by hand, whichever came first; else 0.
 * -EDEADLK at once in a task of the group itself or of a group below it. -ECANCELED if the caller
 * was cancelled first; the group goes on. May be called by several tasks and again. NULL is a
 * programming error.
 */
#define rn_group_wait(g) rn_group_wait_at((g), RN_HERE)
RN_API RN_MUST_CHECK int rn_group_wait_at(rn_group *g, const char *site);

/*
 * Cancels the group with a cause (0 means -ECANCELED) and everything below it. The first cause
 * stays. Any task, any thread; never waits; may be called again.
 */
RN_API void rn_group_cancel(rn_group *g, int cause);

/*
 * Cancels what still runs in the group, waits for it whatever happens to the caller, closes child
 * groups first, then frees the group, its tasks and its channels. Returns what rn_group_wait would
 * have returned before the cancel this call made. NULL is fine and returns 0. A task cannot close a
 * group that it runs in or below: -EDEADLK, and nothing is freed.
 */
#define rn_group_close(g) rn_group_close_at((g), RN_HERE)
RN_API int rn_group_close_at(rn_group *g, const char *site);

/*
 * At most n tasks of the group at once (0: none; negative: no limit, as at first): a start waits
 * for a place, and returns -ECANCELED if its caller or the group is cancelled meanwhile; rn_try_go
 * returns -EAGAIN instead. Tasks that timers and contexts start do not wait, but count; those in
 * the background (rn_attr), as stages and combinators are, do neither. Whoever waits for a place
 * when it is set gets one, if there is one now. Returns 0 or -ENOMEM. To set it while tasks run is
 * a programming error. Never waits.
 */
RN_API RN_MUST_CHECK int rn_group_limit(rn_group *g, int64_t n);

/*
 * A task that fails no longer cancels the others. rn_group_wait still returns the first error. To
 * ask for it while tasks run is a programming error.
 */
RN_API void rn_group_keep_going(rn_group *g);

/*
 * Stores up to n of the errors that the group's tasks have returned, the first first, and returns
 * how many there were. The first 1024 are noted (fewer if memory is short: what is not is left as
 * it was in errors), the others only counted. A task that returns -ECANCELED because the group was
 * cancelled has not failed by itself and is not among them. Any task, any thread; never waits.
 */
RN_API size_t rn_group_errors(rn_group *g, int *errors, size_t n);

/*
 * Calls fn(arg) when the group closes, after its tasks have ended and its child groups are closed,
 * before its channels go; the last deferred first. For what the group's tasks use: files, memory,
 * connections. fn runs in the task or thread that closes and may wait.
 * Returns 0; -ENOMEM; -ECANCELED if the group is being closed (fn is not called). Any task, any
 * thread; never waits.
 */
RN_API RN_MUST_CHECK int rn_group_defer(rn_group *g, void (*fn)(void *arg), void *arg);

/* The group's context; it lives as long as the group (rn_ctx_ref keeps it longer). */
RN_API rn_ctx *rn_group_ctx(rn_group *g);

/* The group of the calling task; NULL on a foreign thread. */
RN_API rn_group *rn_group_current(void);

/*
 * Between rn_shield and its rn_unshield the calling task's waiting calls ignore that its group is
 * cancelled, so that clean-up can talk to others. Calls nest. Keep it short or bounded by
 * deadlines: rn_group_close waits for it. An rn_unshield without its rn_shield is a programming
 * error. No effect on a foreign thread.
 */
RN_API void rn_shield(void);
RN_API void rn_unshield(void);

/* Whether the calling task is cancelled (0 or the cause); a shield hides it. Never waits; a loop
 * that asks lets others run now and then. */
RN_API int rn_cancelled(void);

/* ---- contexts ---- */

/*
 * Contexts are counted references: the makers return one reference, rn_ctx_unref gives it back, and
 * a child keeps its parent alive. Giving back the last reference to a context cancels nothing by
 * itself but makes it unreachable, so it is taken out of the tree. All calls are safe from any task
 * and any thread and never wait. A NULL context is a programming error, except where said.
 */

/* The root: never cancelled. A constant; ref and unref ignore it. rn_ctx_todo is the same, for
 * where it is not clear yet which context to use. */
RN_API rn_ctx *rn_ctx_background(void);
#define rn_ctx_todo() rn_ctx_background()

/* A child that rn_ctx_cancel can cancel. Returns NULL when memory is short. */
RN_API RN_MUST_CHECK rn_ctx *rn_ctx_with_cancel(rn_ctx *parent);

/* A child that is cancelled with -ETIMEDOUT at deadline_ns (on rn_now's clock) or after timeout_ns,
 * unless its parent's deadline is earlier. Deadlines pass while workers run: under rn_run, or once
 * a task has been started. Returns NULL when memory is short. */
RN_API RN_MUST_CHECK rn_ctx *rn_ctx_with_deadline(rn_ctx *parent, int64_t deadline_ns);
RN_API RN_MUST_CHECK rn_ctx *rn_ctx_with_timeout(rn_ctx *parent, int64_t timeout_ns);

/* The same, with a cause of the caller's for when the deadline passes. rn_ctx_err is -ETIMEDOUT
 * then all the same; a cancel before that sets its own cause. */
RN_API RN_MUST_CHECK rn_ctx *rn_ctx_with_deadline_cause(rn_ctx *parent, int64_t deadline_ns,
                                                        int cause);
RN_API RN_MUST_CHECK rn_ctx *rn_ctx_with_timeout_cause(rn_ctx *parent, int64_t timeout_ns,
                                                       int cause);

/* A child with parent's values that nothing cancels: it has no deadline, and its done is nil. To
 * cancel it by hand is a programming error; its own children can be cancelled. For what must go on
 * after a request is over. Returns NULL when memory is short. */
RN_API RN_MUST_CHECK rn_ctx *rn_ctx_without_cancel(rn_ctx *parent);

/*
 * A child that binds a value to a key. A key is an address, best of a static object that nobody
 * else can name, so that two modules never take each other's values:
 *
 *     static const char user_key;
 *     rn_ctx *c = rn_ctx_with_value(parent, &user_key, user);
 *     struct user *u = rn_ctx_value(c, &user_key);
 *
 * The value must live as long as the context, or be freed by drop with it. Bind what belongs to a
 * request and crosses interfaces, not what a function should be given as an argument. A NULL key is
 * a programming error; a NULL value hides one that is bound further up. Returns NULL when memory is
 * short (drop is not called).
 */
RN_API RN_MUST_CHECK rn_ctx *rn_ctx_with_value(rn_ctx *parent, const void *key, void *value);
RN_API RN_MUST_CHECK rn_ctx *rn_ctx_with_value_drop(rn_ctx *parent, const void *key, void *value,
                                                    void (*drop)(void *value));

/* The value bound to key nearest to ctx on the way up, or NULL. Cancelling loses no values. */
RN_API void *rn_ctx_value(rn_ctx *ctx, const void *key);

/*
 * Starts a task of group g once ctx is cancelled, at once if it is already: the untyped form of
 * rn_ctx_after_func. The task is started even though g is cancelled, too (then its waiting calls
 * return -ECANCELED; see rn_shield), but not after g's last task has ended while g is being closed.
 * The canceller does not wait for it. args are copied now; the record belongs to g.
 * Returns a handle for rn_ctx_func_stop; NULL when memory is short or g is being closed.
 */
typedef struct rn_ctx_func rn_ctx_func;
RN_API RN_MUST_CHECK rn_ctx_func *rn_ctx_start_after(rn_ctx *ctx, rn_group *g,
                                                     int (*entry)(void *args), const void *args,
                                                     size_t size, const char *name,
                                                     const char *site);

/* Returns true if this kept the task from being started; false if it has been started or stopped.
 * Does not wait for the task. */
RN_API bool rn_ctx_func_stop(rn_ctx_func *f);

/* Stops f and frees it before g would. NULL is fine. */
RN_API void rn_ctx_func_free(rn_ctx_func *f);

/*
 * A context of the user's own, as a parent for others. `done` is required, the rest may be NULL.
 * Each function gets `self`, and is called from any task or thread.
 *
 *     struct session { rn_receiver(rn_unit) over; ... };
 *     static rn_channel *session_done(void *self)
 *     {
 *         return rn_untyped(((struct session *)self)->over);
 *     }
 */
typedef struct rn_ctx_ops {
    rn_channel *(*done)(void *self); /* closed when it is cancelled, asked once; NULL: never */
    int (*err)(void *self);          /* then -ECANCELED (the default) or -ETIMEDOUT */
    int (*cause)(void *self);        /* then the cause (the default: err) */
    bool (*deadline)(void *self, int64_t *deadline_ns);
    void *(*value)(void *self, const void *key);
    /* Arranges for fn(arg) to be called once on cancel; true if it has. Spares the task that would
     * otherwise wait for done. After `release` fn must not be called. */
    bool (*after_func)(void *self, void (*fn)(void *arg), void *arg);
    void (*release)(void *self); /* the last reference has gone */
} rn_ctx_ops;

/* A child of the background context that is cancelled when the user's is (a moment later, by a task
 * or by after_func) and asks it for values. Returns NULL when memory is short (release is not
 * called). */
RN_API RN_MUST_CHECK rn_ctx *rn_ctx_custom(const rn_ctx_ops *ops, void *self);

/*
 * Cancels ctx and everything below it with a cause (0 or more means -ECANCELED). The first cause
 * stays. When it returns, all of them are cancelled for everybody to see; if another call was
 * cancelling ctx already, ctx itself is, and what is below it may take that call a moment longer.
 * The background context cannot be cancelled: a programming error.
 */
RN_API void rn_ctx_cancel(rn_ctx *ctx, int cause);

/* 0 while ctx is not cancelled; then -ETIMEDOUT if a deadline did it, else -ECANCELED. Never waits;
 * a loop that asks lets others run now and then. */
RN_API int rn_ctx_err(rn_ctx *ctx);

/* 0 while ctx is not cancelled; then the cause. */
RN_API int rn_ctx_cause(rn_ctx *ctx);

/* Stores the effective deadline and returns true, or returns false if there is none. */
RN_API bool rn_ctx_deadline(rn_ctx *ctx, int64_t *deadline_ns);

/* The context of the calling task's group; the background context on a foreign thread. No reference
 * is given. */
RN_API rn_ctx *rn_ctx_current(void);

/* Takes a reference and returns ctx; gives one back. NULL is fine. What the last reference frees
 * (a value by its drop, a custom context by its release) is freed by the task or thread that gave
 * it back; if that was the library, when a deadline passed or a task ended, by a task of its own,
 * which is in no group and may wait. rn_run waits for it. */
RN_API rn_ctx *rn_ctx_ref(rn_ctx *ctx);
RN_API void rn_ctx_unref(rn_ctx *ctx);

/* The untyped form of rn_ctx_done. */
RN_API rn_channel *rn_ctx_done_channel(rn_ctx *ctx);

RN_EXTERN_C_END

#ifndef __cplusplus
/* A channel that is closed when ctx is cancelled, for selects; nil if it never can be. It belongs
 * to ctx, and rn_ctx_err(ctx) != 0 implies that it is closed. If memory is short at the first call,
 * ctx is cancelled with -ENOMEM: who waits would else not learn of its end. */
#define rn_ctx_done(ctx) ((rn_receiver(rn_unit))rn_ctx_done_channel(ctx))

/* rn_ctx_after_func(ctx, g, f, args...): rn_go(g, f, args...) once ctx is cancelled. f needs its
 * RN_TASK line and at least one argument, which are checked and copied now. */
#define rn_ctx_after_func(ctx, g, f, ...)                                                          \
    (RN_HAS_TASK_LINE_(f), (void)sizeof(f(__VA_ARGS__)),                                           \
     rn_ctx_start_after((ctx), (g), f##_rn_entry, &(struct f##_rn_args){ __VA_ARGS__ },            \
                        sizeof(struct f##_rn_args), #f, RN_HERE))
#endif

#endif
