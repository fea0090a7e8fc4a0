/* SPDX-License-Identifier: MIT */
/*
 * Fork and join: recursive functions that use all cores and cost little more than plain calls.
 *
 *     static int64_t fib(int k);
 *     RN_FORK(fib, int64_t, int);                       its result, then its parameters
 *
 *     static int64_t fib(int k)
 *     {
 *         if (k < 2)
 *             return k;
 *         rn_forked(fib) half;
 *         rn_fork(fib, &half, k - 1);                   whoever is idle may take it
 *         int64_t b = fib(k - 2);
 *         return rn_join(fib, &half) + b;               else it is called here
 *     }
 *
 *     static int run(rn_group *g, void *result)         what rn_run calls: a task, which all
 *     {                                                 workers may help
 *         (void)g;
 *         *(int64_t *)result = fib(40);
 *         return 0;
 *     }
 *
 * A forked call is taken by an idle worker after 5 us at the earliest, later if what it took before
 * was short, or made at the join as a plain call. So nothing may depend on its running before: what
 * has to run concurrently is a task (rn_go). Joins come in the reverse order of the forks, each in
 * the function that forked, in the same task; another order is a programming error. The record,
 * here `half`, must not move or end before its join.
 *
 * A forked call may wait, fork and do what any code may. It belongs to the group of the task that
 * forked it: cancelling that cancels it, and it has the same context. An error is its result. While
 * another worker runs it, it is a task like others in reports and counts, with its own name and a
 * stack of the same class as that of the task that forked it. While the task is pinned or under
 * rn_shield none of its forked calls is taken; what is forked then is joined before that ends. What
 * a thread that is no task forks stays there, and so does everything in a simulated run.
 *
 * C only. The layout below is private; it changes only together with the name rn_fork_seat_.
 */
#ifndef RUNNEL_FORK_H
#define RUNNEL_FORK_H

#include <runnel/task.h>

#ifndef __cplusplus

RN_EXTERN_C_BEGIN

/* ---- private; src/core/fork.h has the protocol ---- */

typedef struct rn_fork_ rn_fork_;

typedef struct rn_fork_fn_ {
    void (*run)(rn_fork_ *record);
    const char *name, *site;
} rn_fork_fn_;

typedef struct rn_forks_ {
    rn_fork_ *newest;
    rn_fork_ *first, *last;
    uint32_t depth, taken;
} rn_forks_;

struct rn_fork_ {
    rn_fork_ *prev, *next;
    rn_forks_ *forks;
    const rn_fork_fn_ *fn;
    uintptr_t joiner;
    uint32_t depth;
};

#define RN_FORKS_AT_ 248 /* where a task has its rn_forks_ */

RN_API void rn_fork_first_(rn_fork_ *r, const rn_fork_fn_ *fn);
RN_API bool rn_fork_join_(rn_fork_ *r, const char *site);
RN_API __attribute__((noreturn, cold)) void rn_fork_misplaced_(const rn_fork_ *r, const char *site);

/* The calling task's, or NULL: then rn_fork_first_ finds them. */
static inline rn_forks_ *rn_forks_here_(void)
{
#if defined(__x86_64__) && defined(__LP64__) && !defined(RUNNEL_IN_MODEL)
    /* Not a C variable, because compilers may keep a thread-local's address across a call, after
     * which the task may be on another thread. */
    char **seat;
    __asm__ volatile("movq rn_fork_seat_@gottpoff(%%rip), %0\n\tmovq %%fs:(%0), %0" : "=r"(seat));
    if (__builtin_expect(seat == NULL || *seat == NULL, 0))
        return NULL;
    return (rn_forks_ *)(void *)(*seat + RN_FORKS_AT_);
#else
    return NULL;
#endif
}

static inline void rn_fork_push_(rn_forks_ *f, rn_fork_ *prev, rn_fork_ *r, const rn_fork_fn_ *fn)
{
    r->fn = fn;
    r->forks = f;
    r->prev = prev;
    r->depth = f->depth;
    prev->next = r;
    f->newest = r;
    __atomic_store_n(&f->depth, r->depth + 1, __ATOMIC_RELEASE); /* partner: rni_fork_take */
}

static inline void rn_fork_begin_(rn_fork_ *r, const rn_fork_fn_ *fn)
{
    rn_forks_ *f = rn_forks_here_();
    if (f && f->newest)
        rn_fork_push_(f, f->newest, r, fn);
    else
        rn_fork_first_(r, fn);
}

/* Whether the caller is to make the call; else its result is there. */
static inline bool rn_fork_end_(rn_fork_ *r, const char *site)
{
    rn_forks_ *f = r->forks;
    if (__builtin_expect(f->newest != r, 0))
        rn_fork_misplaced_(r, site);
    f->newest = r->prev;
    /* release: who sees this sees the older records; then Dekker's protocol, whose fence is the
     * thief's (rni_fork_take). */
    __atomic_store_n(&f->depth, r->depth, __ATOMIC_RELEASE);
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
    if (__builtin_expect(__atomic_load_n(&f->taken, __ATOMIC_RELAXED) > r->depth, 0))
        return rn_fork_join_(r, site);
    return true;
}

RN_EXTERN_C_END

/*
 * RN_FORK(f, result, types...); makes function f forkable. It names the type of f's result, which
 * is not void, then those of its parameters, up to eight, and stands at file scope after f's
 * declaration. The semicolon is required.
 */
#define RN_FORK(...)                                                                               \
    RN_FORK_PICK_(__VA_ARGS__, X, X, X, X, X, X, X, X, 8, 7, 6, 5, 4, 3, 2, 1, 0, X, ~)(__VA_ARGS__)
#define RN_FORK_PICK_(f, R, a, b, c, d, e, g, h, i, j, k, l, m, o, p, q, r, n, ...) RN_FORK_##n##_
#define RN_FORK_X_(...)                                                                            \
    _Static_assert(0, "runnel: RN_FORK takes a function, its result's type and those of up to "    \
                      "eight parameters")

#define RN_FORK_BODY_(f, R, fields, call)                                                          \
    _Static_assert(!__builtin_types_compatible_p(__typeof__(R), void),                             \
                   "runnel: a forked function returns a value");                                   \
    enum { rn_fork_needs_RN_FORK_line_of_##f = 1 };                                                \
    struct f##_rn_fork_args {                                                                      \
        fields                                                                                     \
    };                                                                                             \
    struct f##_rn_forked {                                                                         \
        rn_fork_ rn_record_;                                                                       \
        struct f##_rn_fork_args rn_args_;                                                          \
        __typeof__(R) rn_result_;                                                                  \
    };                                                                                             \
    __attribute__((unused)) static void f##_rn_fork_run(rn_fork_ *rn_r_)                           \
    {                                                                                              \
        struct f##_rn_forked *rn_p_ = (struct f##_rn_forked *)(void *)rn_r_;                       \
        struct f##_rn_fork_args *rn_a_ = &rn_p_->rn_args_;                                         \
        (void)rn_a_;                                                                               \
        rn_p_->rn_result_ = f call;                                                                \
    }                                                                                              \
    __attribute__((unused)) static inline void f##_rn_fork_begin(struct f##_rn_forked *rn_p_,      \
                                                                 struct f##_rn_fork_args rn_v_)    \
    {                                                                                              \
        static const rn_fork_fn_ fn = { f##_rn_fork_run, #f, RN_HERE };                            \
        rn_p_->rn_args_ = rn_v_;                                                                   \
        rn_fork_begin_(&rn_p_->rn_record_, &fn);                                                   \
    }                                                                                              \
    __attribute__((unused)) static inline __typeof__(R) f##_rn_fork_join(                          \
        struct f##_rn_forked *rn_p_, const char *rn_site_)                                         \
    {                                                                                              \
        struct f##_rn_fork_args *rn_a_ = &rn_p_->rn_args_;                                         \
        (void)rn_a_;                                                                               \
        if (__builtin_expect(rn_fork_end_(&rn_p_->rn_record_, rn_site_), 1))                       \
            return f call;                                                                         \
        return rn_p_->rn_result_;                                                                  \
    }                                                                                              \
    struct f##_rn_forked

#define RN_FORK_0_(f, R) RN_FORK_BODY_(f, R, char none;, ())
#define RN_FORK_1_(f, R, A)                                                                        \
    _Static_assert(                                                                                \
        _Generic((__typeof__(A) *)0, void * : 0, default : 1),                                     \
        "runnel: a function without parameters has the line RN_FORK(function, result)");           \
    RN_FORK_BODY_(f, R, RN_F_(A, a), (rn_a_->a))
#define RN_FORK_2_(f, R, A, B) RN_FORK_BODY_(f, R, RN_F_(A, a) RN_F_(B, b), (rn_a_->a, rn_a_->b))
#define RN_FORK_3_(f, R, A, B, C)                                                                  \
    RN_FORK_BODY_(f, R, RN_F_(A, a) RN_F_(B, b) RN_F_(C, c), (rn_a_->a, rn_a_->b, rn_a_->c))
#define RN_FORK_4_(f, R, A, B, C, D)                                                               \
    RN_FORK_BODY_(f, R, RN_F_(A, a) RN_F_(B, b) RN_F_(C, c) RN_F_(D, d),                           \
                  (rn_a_->a, rn_a_->b, rn_a_->c, rn_a_->d))
#define RN_FORK_5_(f, R, A, B, C, D, E)                                                            \
    RN_FORK_BODY_(f, R, RN_F_(A, a) RN_F_(B, b) RN_F_(C, c) RN_F_(D, d) RN_F_(E, e),               \
                  (rn_a_->a, rn_a_->b, rn_a_->c, rn_a_->d, rn_a_->e))
#define RN_FORK_6_(f, R, A, B, C, D, E, F)                                                         \
    RN_FORK_BODY_(f, R, RN_F_(A, a) RN_F_(B, b) RN_F_(C, c) RN_F_(D, d) RN_F_(E, e) RN_F_(F, f_),  \
                  (rn_a_->a, rn_a_->b, rn_a_->c, rn_a_->d, rn_a_->e, rn_a_->f_))
#define RN_FORK_7_(f, R, A, B, C, D, E, F, G)                                                      \
    RN_FORK_BODY_(f, R,                                                                            \
                  RN_F_(A, a) RN_F_(B, b) RN_F_(C, c) RN_F_(D, d) RN_F_(E, e) RN_F_(F, f_)         \
                      RN_F_(G, g),                                                                 \
                  (rn_a_->a, rn_a_->b, rn_a_->c, rn_a_->d, rn_a_->e, rn_a_->f_, rn_a_->g))
#define RN_FORK_8_(f, R, A, B, C, D, E, F, G, H)                                                   \
    RN_FORK_BODY_(                                                                                 \
        f, R,                                                                                      \
        RN_F_(A, a) RN_F_(B, b) RN_F_(C, c) RN_F_(D, d) RN_F_(E, e) RN_F_(F, f_) RN_F_(G, g)       \
            RN_F_(H, h),                                                                           \
        (rn_a_->a, rn_a_->b, rn_a_->c, rn_a_->d, rn_a_->e, rn_a_->f_, rn_a_->g, rn_a_->h))

/* The type of the record of a forked call of f: a local variable, or an element of an array. */
#define rn_forked(f) struct f##_rn_forked

/*
 * rn_fork(f, &record, args...) forks the call f(args...): whichever worker is idle may make it, and
 * rn_join returns its result. The arguments are checked and copied. What came before rn_fork is
 * seen by the call. It never fails or waits. Any task, any thread; it allocates only if it is a
 * thread's first call of runnel, and panics if there is no memory then.
 */
#define rn_fork(f, ...)                                                                            \
    RN_FORK_CALL_(__VA_ARGS__, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N,   \
                  N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, 0, \
                  ~)                                                                               \
    (f, __VA_ARGS__)
/* 0 or N: whether there are arguments; see RN_GO_PICK_. */
#define RN_FORK_CALL_(r, a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12, a13, a14, a15,     \
                      a16, a17, a18, a19, a20, a21, a22, a23, a24, a25, a26, a27, a28, a29, a30,   \
                      a31, a32, a33, a34, a35, a36, a37, a38, a39, a40, a41, a42, a43, a44, a45,   \
                      a46, a47, n, ...)                                                            \
    RN_FORK_CALL_##n##_
#define RN_FORK_CALL_0_(f, record)                                                                 \
    (RN_CAN_FORK_(f), (void)sizeof(f()),                                                           \
     f##_rn_fork_begin((record), (struct f##_rn_fork_args){ 0 }))
#define RN_FORK_CALL_N_(f, record, ...)                                                            \
    (RN_CAN_FORK_(f), (void)sizeof(f(__VA_ARGS__)),                                                \
     f##_rn_fork_begin((record), (struct f##_rn_fork_args){ __VA_ARGS__ }))

/*
 * The result of the call that record stands for: makes the call if nobody has taken it, else waits
 * until it has ended, also in a cancelled task (what it does is cancelled, too), and sees what it
 * did. Record and function are those of the last rn_fork, of the same task or thread, that has not
 * been joined; another is a programming error.
 */
#define rn_join(f, record) (RN_CAN_FORK_(f), f##_rn_fork_join((record), RN_HERE))

#define RN_CAN_FORK_(f) (void)sizeof(int[rn_fork_needs_RN_FORK_line_of_##f])

#endif /* !__cplusplus */

#endif
