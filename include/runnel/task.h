/* SPDX-License-Identifier: MIT */
/*
 * Tasks: plain C functions that run concurrently on all cores and may wait.
 *
 *     static int multiply(rn_receiver(int) in, rn_sender(int) out, int k) { ... return 0; }
 *     RN_TASK(multiply, rn_receiver(int), rn_sender(int), int);
 *     ...
 *     rn_go(g, multiply, in, rn_tx(out), 2);
 *
 * The arguments are checked against the function, evaluated by the caller and copied before rn_go
 * returns. A task returns 0 or a negative error; the first error cancels its group (scope.h).
 */
#ifndef RUNNEL_TASK_H
#define RUNNEL_TASK_H

#include <runnel/base.h>

RN_EXTERN_C_BEGIN

/*
 * Runs fn(g, arg) as the first task of a new root group g, with workers to run it, and returns its
 * result; fn has a stack of 1 MiB. When fn returns, the root group is cancelled, joined and freed
 * before rn_run returns.
 * Returns fn's result; -ENOMEM if that is 0 but g failed with that: memory was short for a task, a
 * channel or a stage of it, or a task returned it; -ENOMEM or -EAGAIN when the workers cannot be
 * started.
 *
 * From main or another thread: waits. In a task: fn runs inline, on its stack, in a new group under
 * the caller's.
 * The number of workers is one per CPU this process may use; RUNNEL_WORKERS in the environment
 * overrides it (1 to 1024). If every task waits for another and nothing outside can wake one, the
 * process reports all of them and exits with status 2 (only when rn_run was called from main and
 * started the workers, which run already if threads have tasks, and no foreign thread is using the
 * library; while the process has threads that are not the library's, the report waits for them to
 * end).
 */
RN_API int rn_run(int (*fn)(rn_group *g, void *arg), void *arg);

/*
 * How large a stack a task gets. Only the pages it touches use memory.
 *
 * RN_STACK_TINY is for a great many tasks that mostly wait: one takes half the memory of the other
 * classes, whose stacks are whole pages. About 1,500 bytes are for the task's functions, runnel's
 * own calls among them, the deepest of which takes 950: no printf, no name resolution, no large
 * array; gcc's -fstack-usage and rn_stack_report tell what is used. Handlers of signals need
 * SA_ONSTACK. A select of more than four cases takes its records from the allocator, and returns
 * -ENOMEM without memory.
 *
 * Nothing guards a tiny stack, and one that overflows overwrites another task. runnel looks for
 * that when such a task ends and at some of its waits (not where another task can run at once), and
 * panics; it may be found late, or never.
 *
 * It is a small stack instead where 2 KiB cannot be enough: with a sanitizer, with the portable
 * switch, and in a program whose functions are bound at their first call, which takes kilobytes
 * (link with -Wl,-z,now, as pkg-config and CMake do, or set LD_BIND_NOW). Shared libraries that
 * such a task calls must be bound at their start, too; runnel does not look at them.
 */
typedef enum rn_stack_class {
    RN_STACK_DEFAULT = 0, /* RUNNEL_STACK in the environment, else 64 KiB: safe for ordinary C */
    RN_STACK_SMALL,       /* 16 KiB: own code that calls little else */
    RN_STACK_NORMAL,      /* 64 KiB */
    RN_STACK_LARGE,       /* 256 KiB */
    RN_STACK_HUGE,        /* 1 MiB */
    RN_STACK_TINY         /* 2 KiB without a guard, for very many tasks that mostly wait */
} rn_stack_class;

/* Settings of one task for rn_go_with. Zero means the default for each. */
typedef struct rn_attr {
    const char *name; /* shown in reports; must outlive the task; default: the function's name */
    rn_stack_class stack; /* see above */
    bool pin;             /* the task never leaves the worker that first runs it */
    bool background;      /* serves its group until that ends it: no leak, and needs no place */
    bool no_wait;         /* in a group with a limit: -EAGAIN instead of waiting for a place */
} rn_attr;

/*
 * The untyped start of a task, for bindings and for run-time lists of functions: copies size bytes
 * from args and calls entry with the address of the copy, which is aligned to 16 bytes, in a new
 * task of group g. attr may be NULL.
 *
 * Returns 0; -ECANCELED if g is cancelled (nothing is started); -ENOMEM (g fails too, so that
 * rn_group_wait reports it); -EINVAL for a stack class that does not exist. A task gets its stack
 * when it is to run: if there is no memory for it then, entry is not called and g fails with
 * -ENOMEM. A NULL group or entry is a programming error. Any task, any thread.
 *
 * Waits for nothing but a place in a group with a limit (rn_group_limit): -EAGAIN instead if attr
 * says no_wait, -ECANCELED if the caller is cancelled meanwhile. May let others run, for the sake
 * of loops that only start tasks.
 */
RN_API int rn_group_go(rn_group *g, int (*entry)(void *args), const void *args, size_t size,
                       const rn_attr *attr, const char *name, const char *site);

/*
 * Lets the other runnable tasks go first. Returns 0, or -ECANCELED in a cancelled task; one that is
 * cancelled while the others run learns of it by its next call. From a foreign thread it yields the
 * thread.
 */
RN_API int rn_yield(void);

/*
 * Waits for at least ns nanoseconds; at once if ns <= 0; for ever if ns is RN_FOREVER.
 * Returns 0, or -ECANCELED. Any task, any thread.
 */
#define rn_sleep(ns) rn_sleep_at((ns), RN_HERE)
RN_API int rn_sleep_at(int64_t ns, const char *site);

/* The monotonic clock in nanoseconds; only differences mean anything. Never waits. */
RN_API int64_t rn_now(void);

/*
 * Calls fn(arg) on a helper thread and waits for its result while the worker runs other tasks: for
 * calls that block the thread (getaddrinfo, fread, a database client). The number of helpers grows
 * with the need, up to 512, beyond which calls wait for one, and shrinks again. The call cannot be
 * interrupted: a cancelled task waits for it.
 *
 * Returns fn's result, without what fn leaves in errno; -ECANCELED in a task that was cancelled
 * before (fn is not called); -ENOMEM or -EAGAIN if no helper can be started. Any task; on a foreign
 * thread fn is called directly.
 */
#define rn_blocking(fn, arg) rn_blocking_at((fn), (arg), RN_HERE)
RN_API int rn_blocking_at(int (*fn)(void *arg), void *arg, const char *site);

/*
 * Keeps the calling task on the worker it is on, for libraries that tie their state to a thread,
 * until rn_unpin. Calls nest; an rn_unpin without its rn_pin is a programming error. The worker
 * goes on running other tasks. Any task; no effect on a foreign thread. Neither waits.
 *
 * A worker keeps its thread, but for the one whose thread called rn_run: if tasks that other
 * threads have started are still alive when that returns, it goes on in a new thread, and with it
 * the tasks that are pinned to it.
 */
RN_API void rn_pin(void);
RN_API void rn_unpin(void);

/* Names the calling task or thread in reports; the string must outlive it. Never waits. */
RN_API void rn_set_name(const char *name);

/* The name of the calling task, as given or else its function's; "main" in rn_run's first task,
 * "thread" on a foreign thread. Never waits. */
RN_API const char *rn_name(void);

/* The number of workers that rn_run starts (or has started). Any thread; never waits. */
RN_API unsigned rn_worker_count(void);

/* The number of tasks that have been started and have not ended. Any thread; never waits. */
RN_API size_t rn_task_count(void);

RN_EXTERN_C_END

#ifndef __cplusplus

/*
 * RN_TASK(f, types...); makes function f startable with rn_go. It names f's parameter types, up to
 * eight, and stands at file scope after f's declaration. The semicolon is required. A type that
 * must be aligned to more than 16 bytes cannot be passed by value.
 */
#define RN_TASK(...)                                                                               \
    RN_TASK_PICK_(__VA_ARGS__, X, X, X, X, X, X, X, X, 8, 7, 6, 5, 4, 3, 2, 1, 0, ~)(__VA_ARGS__)
#define RN_TASK_PICK_(f, a, b, c, d, e, g, h, i, j, k, l, m, o, p, q, r, n, ...) RN_TASK_##n##_
#define RN_TASK_X_(f, ...)                                                                         \
    _Static_assert(0, "runnel: RN_TASK takes a function of up to eight parameters")

/* How rn_group_go aligns its copy of the arguments. */
#define RN_ARGS_ALIGN_ 16

/* The constant is for the message of rn_go when there is none. */
#define RN_TASK_BODY_(f, fields, call)                                                             \
    enum { rn_go_needs_RN_TASK_line_of_##f = 1 };                                                  \
    struct f##_rn_args {                                                                           \
        fields                                                                                     \
    };                                                                                             \
    _Static_assert(_Alignof(struct f##_rn_args) <= RN_ARGS_ALIGN_,                                 \
                   "runnel: a parameter of a task is aligned to more than 16: pass a pointer");    \
    __attribute__((unused)) static int f##_rn_entry(void *rn_p_)                                   \
    {                                                                                              \
        struct f##_rn_args *rn_a_ = (struct f##_rn_args *)rn_p_;                                   \
        (void)rn_a_;                                                                               \
        return f call;                                                                             \
    }                                                                                              \
    struct f##_rn_args

#define RN_F_(T, n) __typeof__(T) n;
#define RN_TASK_0_(f) RN_TASK_BODY_(f, char none;, ())
#define RN_TASK_1_(f, A)                                                                           \
    _Static_assert(_Generic((__typeof__(A) *)0, void * : 0, default : 1),                          \
                   "runnel: a function without parameters has the line RN_TASK(function)");        \
    RN_TASK_BODY_(f, RN_F_(A, a), (rn_a_->a))
#define RN_TASK_2_(f, A, B) RN_TASK_BODY_(f, RN_F_(A, a) RN_F_(B, b), (rn_a_->a, rn_a_->b))
#define RN_TASK_3_(f, A, B, C)                                                                     \
    RN_TASK_BODY_(f, RN_F_(A, a) RN_F_(B, b) RN_F_(C, c), (rn_a_->a, rn_a_->b, rn_a_->c))
#define RN_TASK_4_(f, A, B, C, D)                                                                  \
    RN_TASK_BODY_(f, RN_F_(A, a) RN_F_(B, b) RN_F_(C, c) RN_F_(D, d),                              \
                  (rn_a_->a, rn_a_->b, rn_a_->c, rn_a_->d))
#define RN_TASK_5_(f, A, B, C, D, E)                                                               \
    RN_TASK_BODY_(f, RN_F_(A, a) RN_F_(B, b) RN_F_(C, c) RN_F_(D, d) RN_F_(E, e),                  \
                  (rn_a_->a, rn_a_->b, rn_a_->c, rn_a_->d, rn_a_->e))
#define RN_TASK_6_(f, A, B, C, D, E, F)                                                            \
    RN_TASK_BODY_(f, RN_F_(A, a) RN_F_(B, b) RN_F_(C, c) RN_F_(D, d) RN_F_(E, e) RN_F_(F, f_),     \
                  (rn_a_->a, rn_a_->b, rn_a_->c, rn_a_->d, rn_a_->e, rn_a_->f_))
#define RN_TASK_7_(f, A, B, C, D, E, F, G)                                                         \
    RN_TASK_BODY_(                                                                                 \
        f, RN_F_(A, a) RN_F_(B, b) RN_F_(C, c) RN_F_(D, d) RN_F_(E, e) RN_F_(F, f_) RN_F_(G, g),   \
        (rn_a_->a, rn_a_->b, rn_a_->c, rn_a_->d, rn_a_->e, rn_a_->f_, rn_a_->g))
#define RN_TASK_8_(f, A, B, C, D, E, F, G, H)                                                      \
    RN_TASK_BODY_(                                                                                 \
        f,                                                                                         \
        RN_F_(A, a) RN_F_(B, b) RN_F_(C, c) RN_F_(D, d) RN_F_(E, e) RN_F_(F, f_) RN_F_(G, g)       \
            RN_F_(H, h),                                                                           \
        (rn_a_->a, rn_a_->b, rn_a_->c, rn_a_->d, rn_a_->e, rn_a_->f_, rn_a_->g, rn_a_->h))

/*
 * rn_go(g, f, args...) starts f(args...) as a task of group g; f needs its RN_TASK line. Too few,
 * too many or wrong arguments do not compile. Returns as rn_group_go. rn_go_with(g, &attr, f,
 * args...) sets the name, the stack class or the pin. rn_try_go is rn_go, but returns -EAGAIN where
 * that would wait for a place in a group with a limit (rn_group_limit).
 */
#define rn_go(g, ...) rn_go_with(g, NULL, __VA_ARGS__)
#define rn_try_go(g, ...) rn_go_with(g, (&(const rn_attr){ .no_wait = true }), __VA_ARGS__)
#define rn_go_with(g, attr, ...)                                                                   \
    RN_GO_PICK_(__VA_ARGS__, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N,  \
                N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, 0, ~)   \
    (g, attr, __VA_ARGS__)
/* 0 or N: whether there are arguments. An initialiser among them counts with all its commas, hence
 * the 48 places. */
#define RN_GO_PICK_(f, a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12, a13, a14, a15, a16,  \
                    a17, a18, a19, a20, a21, a22, a23, a24, a25, a26, a27, a28, a29, a30, a31,     \
                    a32, a33, a34, a35, a36, a37, a38, a39, a40, a41, a42, a43, a44, a45, a46,     \
                    a47, n, ...)                                                                   \
    RN_GO_##n##_
#define RN_GO_0_(g, attr, f)                                                                       \
    (RN_CAN_GO_(g, f), (void)sizeof(f()),                                                          \
     rn_group_go((g), f##_rn_entry, NULL, 0, (attr), #f, RN_HERE))
#define RN_GO_N_(g, attr, f, ...)                                                                  \
    (RN_CAN_GO_(g, f), (void)sizeof(f(__VA_ARGS__)),                                               \
     rn_group_go((g), f##_rn_entry, &(struct f##_rn_args){ __VA_ARGS__ },                          \
                 sizeof(struct f##_rn_args), (attr), #f, RN_HERE))
#define RN_CAN_GO_(g, f)                                                                           \
    (void)sizeof(struct {                                                                          \
        _Static_assert(_Generic((g), rn_group * : 1, void * : 1, default : 0),                     \
                       "runnel: rn_go takes a group, then the function, then its arguments");      \
        int x[rn_go_needs_RN_TASK_line_of_##f];                                                    \
    })

#endif /* !__cplusplus */

#endif
