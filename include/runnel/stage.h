/* SPDX-License-Identifier: MIT */
/*
 * Stages of pipelines, made of plain functions.
 *
 *     static int times(int v, int by) { return v * by; }
 *     RN_STAGE(times, int, int, int);                   result, element, captured values ...
 *     ...
 *     rn_receiver(int) in = rn_generator(g, int, 1, 2, 3, 4);
 *     for (int v; rn_recv(rn_map(g, in, times, 2), &v) == 0; ) ...   channel form: starts now
 *     rn_stage(int, int) twice = rn_stage_map(g, times, 2);          a value, to start or compose
 *
 * A stage reads a channel, runs in tasks of the group g that is named first, and returns the
 * receiver of a new channel of g. It ends, and closes its output, when its input is closed and
 * drained, when it has passed on all it may (take), or when g is cancelled. So whoever stops
 * reading leaves nothing behind but what the group's end clears away.
 *
 * Losing nothing: a value that a stage has received belongs to it. Stages that pass elements on
 * (filter, take, skip, buffer) give their output the drop function of their input, and drop what
 * they reject and what they hold when they are cancelled. A function given to map, flat-map,
 * for-each or zip owns its elements; one given to filter only looks. The values a function makes
 * are dropped by the function named in the _drop forms, if any.
 *
 * Unless a line says otherwise: the calls that make or start something never wait; any task and any
 * thread may call. If memory is short or the group is being closed, a stage is NULL, and starting
 * that, or failing to start, cancels the group with -ENOMEM and returns a closed receiver (which
 * stores no zero). The nil channel as input is waited for until the group is cancelled.
 */
#ifndef RUNNEL_STAGE_H
#define RUNNEL_STAGE_H

#include <runnel/base.h>
#include <runnel/chan.h>
#include <runnel/task.h>

RN_EXTERN_C_BEGIN

/*
 * What the library knows of a function that a stage runs; the RN_STAGE lines make it. call reads
 * the elements at a and b and stores the result at result; a flat-map's gets its output channel as
 * result. captured is a copy of the values that were given where the stage was made.
 */
typedef struct rn_function {
    int (*call)(void *result, void *a, void *b, const void *captured);
    const char *name;
    size_t result_size, a_size, b_size, captured_size, captured_align;
} rn_function;

typedef enum rn_step_kind {
    RN_STEP_MAP = 0,
    RN_STEP_FILTER,   /* the result is a bool */
    RN_STEP_FLAT_MAP, /* the result is a channel; call returns 0 or an error */
    RN_STEP_TAKE,
    RN_STEP_SKIP,
    RN_STEP_BUFFER
} rn_step_kind;

/* One step of a chain, for bindings; zero what is not used. */
typedef struct rn_step {
    rn_step_kind kind;
    const rn_function *fn;       /* MAP, FILTER, FLAT_MAP; must outlive the stage */
    const void *captured;        /* its captured values; copied */
    void (*drop)(void *element); /* of the values that MAP and FLAT_MAP make, or NULL */
    int64_t n;                   /* TAKE, SKIP, BUFFER; below 0 is 0 */
    size_t size;                 /* of an element of TAKE, SKIP, BUFFER; 0: the input channel's */
} rn_step;

/* How a chain runs. What comes out, and in which order, is the same. */
typedef enum rn_mode {
    RN_TASKS = 0, /* a task and an unbuffered channel for each step: the book's way */
    RN_FUSED,     /* one task, and one more behind each buffer and flat-map */
    RN_BATCHED    /* as RN_TASKS, but with buffered channels and several elements at a time */
} rn_mode;

/* The untyped object behind a stage handle: one step or several. */
typedef struct rn_chain rn_chain;

/*
 * The untyped stage of one step. It belongs to g, which frees it when it closes, and does nothing
 * until it is started. Returns NULL when memory is short or g is being closed.
 */
RN_API RN_MUST_CHECK rn_chain *rn_chain_new(rn_group *g, const rn_step *step);

/*
 * The stage that does what the n parts do, one after another. It copies them and belongs to the
 * group of the first. Returns NULL if a part is NULL, n is 0, memory is short or that group is
 * being closed. Parts whose elements differ in size are a programming error.
 */
RN_API RN_MUST_CHECK rn_chain *rn_chain_join(rn_chain *const *parts, size_t n);

/*
 * Starts a stage, which may be started any number of times; each start counts for itself. The
 * channel it returns belongs to g and is unbuffered, but for a buffer at the end and RN_BATCHED.
 *
 * In no mode is more taken from `in` than the takes of the chain can use: no element is received
 * while those that are under way could still fill one of them. What a flat-map will make of an
 * element is not known: with a take behind one, elements are taken one at a time, and the flat-map
 * and the steps from it to the take may hold some in vain, one each and what a buffer holds. When a
 * take has passed on what it may, the steps before it end.
 */
RN_API RN_MUST_CHECK rn_channel *rn_chain_start(rn_group *g, rn_channel *in, const rn_chain *chain,
                                                rn_mode mode, const char *site);

/* Makes and starts a stage of one step. */
RN_API RN_MUST_CHECK rn_channel *rn_step_start(rn_group *g, rn_channel *in, const rn_step *step,
                                               const char *site);

/*
 * Sends the n items, which are copied now, and then closes its output; with repeat, sends them
 * again and again until g is cancelled. drop, or NULL, is called for those that nobody received
 * (not with repeat). n = 0 sends nothing.
 */
RN_API RN_MUST_CHECK rn_channel *rn_source_list(rn_group *g, const void *items, size_t n,
                                                size_t size, bool repeat,
                                                void (*drop)(void *element), const char *site);

/* Sends what the step's function returns, calling it again and again until g is cancelled. */
RN_API RN_MUST_CHECK rn_channel *rn_source_call(rn_group *g, const rn_step *step, const char *site);

/*
 * Calls the step's function, whose result is an int, for each element of `in`, in the calling task
 * or thread. Returns 0 when `in` is closed and drained; the first result that is not 0, after which
 * nothing more is received; -ECANCELED; -ENOMEM, with nothing received. Waits.
 */
RN_API int rn_for_each_at(rn_channel *in, const rn_step *step, const char *site);

RN_EXTERN_C_END

#ifndef __cplusplus

/* ---- functions ---- */

/*
 * These lines stand at file scope after f's declaration and make f usable in stages; the semicolon
 * is required. They name the result, the elements, and up to six captured values, in the order of
 * f's parameters.
 *
 *     RN_STAGE(f, Out, In, captured...)      Out f(In v, captured...)
 *     RN_SOURCE(f, Out, captured...)         Out f(captured...)
 *     RN_FLAT(f, Out, In, captured...)       int f(In v, rn_sender(Out) out, captured...)
 *     RN_ZIP(f, Out, A, B, captured...)      Out f(A a, B b, captured...)
 *
 * A filter's Out is bool, a for-each's int. f may wait. A flat-map's f must not use `out` after it
 * has returned; it returns 0 to go on, -EPIPE or -ECANCELED (from its sends) to end, and any other
 * error to fail the group.
 */
#define RN_STAGE(...) RN_REIFY_(RN_STAGE_BODY_, ~, __VA_ARGS__)
#define RN_SOURCE(...) RN_REIFY_(RN_SOURCE_BODY_, ~, ~, __VA_ARGS__)
#define RN_FLAT(...) RN_REIFY_(RN_FLAT_BODY_, ~, __VA_ARGS__)
#define RN_ZIP(...) RN_REIFY_(RN_ZIP_BODY_, __VA_ARGS__)

/* body(four heads, fields of the captured values, their number) */
#define RN_REIFY_(...) RN_REIFY_PICK_(__VA_ARGS__, 6, 5, 4, 3, 2, 1, 0, ~)(__VA_ARGS__)
#define RN_REIFY_PICK_(body, p, q, r, s, a, b, c, d, e, f, n, ...) RN_REIFY_##n##_
#define RN_REIFY_0_(body, p, q, r, s) body(p, q, r, s, char none;, 0)
#define RN_REIFY_1_(body, p, q, r, s, A) body(p, q, r, s, RN_F_(A, a), 1)
#define RN_REIFY_2_(body, p, q, r, s, A, B) body(p, q, r, s, RN_F_(A, a) RN_F_(B, b), 2)
#define RN_REIFY_3_(body, p, q, r, s, A, B, C)                                                     \
    body(p, q, r, s, RN_F_(A, a) RN_F_(B, b) RN_F_(C, c), 3)
#define RN_REIFY_4_(body, p, q, r, s, A, B, C, D)                                                  \
    body(p, q, r, s, RN_F_(A, a) RN_F_(B, b) RN_F_(C, c) RN_F_(D, d), 4)
#define RN_REIFY_5_(body, p, q, r, s, A, B, C, D, E)                                               \
    body(p, q, r, s, RN_F_(A, a) RN_F_(B, b) RN_F_(C, c) RN_F_(D, d) RN_F_(E, e), 5)
#define RN_REIFY_6_(body, p, q, r, s, A, B, C, D, E, F)                                            \
    body(p, q, r, s, RN_F_(A, a) RN_F_(B, b) RN_F_(C, c) RN_F_(D, d) RN_F_(E, e) RN_F_(F, f_), 6)
/* The captured values as the only arguments, and behind others. */
#define RN_ALONE0_
#define RN_ALONE1_ rn_c_->a
#define RN_ALONE2_ RN_ALONE1_, rn_c_->b
#define RN_ALONE3_ RN_ALONE2_, rn_c_->c
#define RN_ALONE4_ RN_ALONE3_, rn_c_->d
#define RN_ALONE5_ RN_ALONE4_, rn_c_->e
#define RN_ALONE6_ RN_ALONE5_, rn_c_->f_
#define RN_AFTER0_
#define RN_AFTER1_ , RN_ALONE1_
#define RN_AFTER2_ , RN_ALONE2_
#define RN_AFTER3_ , RN_ALONE3_
#define RN_AFTER4_ , RN_ALONE4_
#define RN_AFTER5_ , RN_ALONE5_
#define RN_AFTER6_ , RN_ALONE6_

/* id: the function's name with its kind; last, what the call does, in which rn_r_, rn_a_, rn_b_ and
 * rn_c_ are the result, the elements and the captured values. */
#define RN_REIFIED_(id, text, types, a_bytes, b_bytes, fields, ...)                                \
    struct id##_types {                                                                            \
        types                                                                                      \
    };                                                                                             \
    struct id##_args {                                                                             \
        fields                                                                                     \
    };                                                                                             \
    __attribute__((unused)) static int id##_call(void *rn_r_, void *rn_a_, void *rn_b_,            \
                                                 const void *rn_p_)                                \
    {                                                                                              \
        const struct id##_args *rn_c_ = (const struct id##_args *)rn_p_;                           \
        (void)rn_r_;                                                                               \
        (void)rn_a_;                                                                               \
        (void)rn_b_;                                                                               \
        (void)rn_c_;                                                                               \
        __VA_ARGS__;                                                                               \
    }                                                                                              \
    static const rn_function id __attribute__((unused)) = {                                        \
        .call = id##_call,                                                                         \
        .name = text,                                                                              \
        .result_size = sizeof(((struct id##_types *)0)->out),                                      \
        .a_size = a_bytes,                                                                         \
        .b_size = b_bytes,                                                                         \
        .captured_size = sizeof(struct id##_args),                                                 \
        .captured_align = _Alignof(struct id##_args),                                              \
    };                                                                                             \
    struct id##_args

#define RN_STAGE_BODY_(p, f, O, I, fields, n)                                                      \
    RN_REIFIED_(f##_rn_stage, #f, RN_F_(O, out) RN_F_(I, a), sizeof(I), 0, fields,                 \
                *(__typeof__(O) *)rn_r_ = f(*(__typeof__(I) *)rn_a_ RN_AFTER##n##_);               \
                return 0)
#define RN_SOURCE_BODY_(p, q, f, O, fields, n)                                                     \
    RN_REIFIED_(f##_rn_source, #f, RN_F_(O, out), 0, 0, fields,                                    \
                *(__typeof__(O) *)rn_r_ = f(RN_ALONE##n##_);                                       \
                return 0)
#define RN_FLAT_BODY_(p, f, O, I, fields, n)                                                       \
    RN_REIFIED_(f##_rn_flat, #f, RN_F_(O, out) RN_F_(I, a), sizeof(I), 0, fields,                  \
                return f(*(__typeof__(I) *)rn_a_, (rn_sender(O))rn_r_ RN_AFTER##n##_))
#define RN_ZIP_BODY_(f, O, A, B, fields, n)                                                        \
    RN_REIFIED_(f##_rn_zip, #f, RN_F_(O, out) RN_F_(A, a) RN_F_(B, b), sizeof(A), sizeof(B),       \
                fields,                                                                            \
                *(__typeof__(O) *)rn_r_ = f(*(__typeof__(A) *)rn_a_,                               \
                                            *(__typeof__(B) *)rn_b_ RN_AFTER##n##_);               \
                return 0)

/* A type of the function that stands first among the arguments. */
#define RN_TYPE_(kind, field, ...) RN_TYPE1_(kind, field, __VA_ARGS__, ~)
#define RN_TYPE1_(kind, field, f, ...) __typeof__(((struct f##_rn_##kind##_types *)0)->field)
/* The fields of a step that tell its function and captured values, which must suit it. */
#define RN_FN_(kind, ...)                                                                          \
    RN_FN_PICK_(__VA_ARGS__, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N,  \
                N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, 0, ~)   \
    (kind, __VA_ARGS__)
#define RN_FN_PICK_(f, a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12, a13, a14, a15, a16,  \
                    a17, a18, a19, a20, a21, a22, a23, a24, a25, a26, a27, a28, a29, a30, a31,     \
                    a32, a33, a34, a35, a36, a37, a38, a39, a40, a41, a42, a43, a44, a45, a46,     \
                    a47, n, ...)                                                                   \
    RN_FN_##n##_
#define RN_FN_0_(kind, f)                                                                          \
    .fn = ((void)sizeof(RN_TRY_##kind##_0_(f, (struct f##_rn_##kind##_types *)0)), &f##_rn_##kind)
#define RN_FN_N_(kind, f, ...)                                                                     \
    .fn = ((void)sizeof(RN_TRY_##kind##_N_(f, (struct f##_rn_##kind##_types *)0, __VA_ARGS__)),    \
           &f##_rn_##kind),                                                                        \
    .captured = &(struct f##_rn_##kind##_args)                                                     \
    {                                                                                              \
        __VA_ARGS__                                                                                \
    }
#define RN_TRY_stage_0_(f, t) f((t)->a)
#define RN_TRY_stage_N_(f, t, ...) f((t)->a, __VA_ARGS__)
#define RN_TRY_source_0_(f, t) f()
#define RN_TRY_source_N_(f, t, ...) f(__VA_ARGS__)
#define RN_TRY_flat_0_(f, t) f((t)->a, (rn_sender((t)->out))0)
#define RN_TRY_flat_N_(f, t, ...) f((t)->a, (rn_sender((t)->out))0, __VA_ARGS__)
#define RN_TRY_zip_0_(f, t) f((t)->a, (t)->b)
#define RN_TRY_zip_N_(f, t, ...) f((t)->a, (t)->b, __VA_ARGS__)

#define RN_ASSERT_(e, msg)                                                                         \
    (void)sizeof(struct {                                                                          \
        _Static_assert(e, msg);                                                                    \
        int x;                                                                                     \
    })
#define RN_IS_(p, T) _Generic((p), __typeof__(T) * : 1, default : 0)
/* The untyped channel behind c, which must be receivable and carry elements of T. Names c twice
 * only, because calls that nest double that. */
#define RN_INTO_(c, T)                                                                             \
    (RN_ASSERT_(_Generic((c), rn_receiver(T) : 1, rn_chan(T) : 1, default : 0),                    \
                "runnel: this is not a channel from which the function's elements come"),          \
     (rn_channel *)(void *)(c))
/* The same where the elements may be of any type. */
#define RN_FROM_(c)                                                                                \
    (RN_ASSERT_(_Generic((c), RN_ELEM_(c)(*)[RN_TX_] : 0, default : 1),                            \
                "runnel: receive from a send-only channel"),                                       \
     (rn_channel *)(void *)(c))
#define RN_LIKE_(c, ...) ((rn_receiver(RN_ELEM_(c)))(void *)(__VA_ARGS__))

/* ---- channel forms ---- */

/* Sends the values, or the n elements of an array; both are copied now. */
#define rn_generator(g, T, ...)                                                                    \
    ((rn_receiver(T))rn_source_list(                                                               \
        (RN_ASSERT_(sizeof(T) != 0, "runnel: for elements without a size use rn_generator_n"),     \
         (g)),                                                                                     \
        RN_LIST_(T, __VA_ARGS__), false, NULL, RN_HERE))
#define rn_generator_n(g, array, n) rn_generator_n_drop(g, array, n, NULL)
/* With the drop function of the elements, which are given away. */
#define rn_generator_n_drop(g, array, n, fn)                                                       \
    ((rn_receiver(__typeof__(((void)0, *(array)))))rn_source_list(                                 \
        (g), (array), (n), sizeof(*(array)), false, (fn), RN_HERE))
/* Sends the values again and again. */
#define rn_repeat(g, T, ...)                                                                       \
    ((rn_receiver(T))rn_source_list((g), RN_LIST_(T, __VA_ARGS__), true, NULL, RN_HERE))
/* An array of the values, their number, their size. */
#define RN_LIST_(T, ...)                                                                           \
    ((__typeof__(T)[]){ __VA_ARGS__ }),                                                            \
        (sizeof(T) ? sizeof((__typeof__(T)[]){ __VA_ARGS__ }) / (sizeof(T) ? sizeof(T) : 1) : 1),  \
        sizeof(T)
/* rn_repeat_fn(g, f, captured...): sends what f returns, again and again. f: RN_SOURCE. */
#define rn_repeat_fn(g, ...) rn_repeat_fn_drop(g, NULL, __VA_ARGS__)
#define rn_repeat_fn_drop(g, drop_fn, ...)                                                         \
    ((rn_receiver(RN_TYPE_(source, out, __VA_ARGS__)))rn_source_call(                              \
        (g), &(rn_step){ .drop = (drop_fn), RN_FN_(source, __VA_ARGS__) }, RN_HERE))

/* Passes on the first n elements, or all but the first n; below 0 is 0. */
#define rn_take(g, in, count) RN_PASS_(g, in, RN_STEP_TAKE, count)
#define rn_skip(g, in, count) RN_PASS_(g, in, RN_STEP_SKIP, count)
/* A queue of n elements: lets what is before it run ahead by so many. */
#define rn_buffer(g, in, count) RN_PASS_(g, in, RN_STEP_BUFFER, count)
#define RN_PASS_(g, in, kind_, count)                                                              \
    RN_LIKE_(in, rn_step_start((g), RN_FROM_(in), &(rn_step){ .kind = (kind_), .n = (count) },     \
                               RN_HERE))

/* rn_map(g, in, f, captured...): sends f(v, captured...) for each element v. f: RN_STAGE. */
#define rn_map(g, in, ...) rn_map_drop(g, in, NULL, __VA_ARGS__)
#define rn_map_drop(g, in, drop_fn, ...)                                                           \
    ((rn_receiver(RN_TYPE_(stage, out, __VA_ARGS__)))rn_step_start(                                \
        (g), RN_INTO_(in, RN_TYPE_(stage, a, __VA_ARGS__)),                                        \
        &(rn_step){ .kind = RN_STEP_MAP, .drop = (drop_fn), RN_FN_(stage, __VA_ARGS__) },          \
        RN_HERE))
/* rn_filter(g, in, f, captured...): passes on the elements for which f returns true. */
#define rn_filter(g, in, ...)                                                                      \
    ((rn_receiver(RN_TYPE_(stage, a, __VA_ARGS__)))rn_step_start(                                  \
        (g), RN_INTO_(in, RN_TYPE_(stage, a, __VA_ARGS__)),                                        \
        (RN_TELLS_(__VA_ARGS__),                                                                   \
         &(rn_step){ .kind = RN_STEP_FILTER, RN_FN_(stage, __VA_ARGS__) }),                        \
        RN_HERE))
#define RN_TELLS_(...)                                                                             \
    RN_ASSERT_(RN_IS_((RN_TYPE_(stage, out, __VA_ARGS__) *)0, bool),                               \
               "runnel: a filter's function returns bool")
/* rn_flat_map(g, in, f, captured...): calls f(v, out, captured...), which sends as many as it
 * likes, for each element v. f: RN_FLAT. */
#define rn_flat_map(g, in, ...) rn_flat_map_drop(g, in, NULL, __VA_ARGS__)
#define rn_flat_map_drop(g, in, drop_fn, ...)                                                      \
    ((rn_receiver(RN_TYPE_(flat, out, __VA_ARGS__)))rn_step_start(                                 \
        (g), RN_INTO_(in, RN_TYPE_(flat, a, __VA_ARGS__)),                                         \
        &(rn_step){ .kind = RN_STEP_FLAT_MAP, .drop = (drop_fn), RN_FN_(flat, __VA_ARGS__) },      \
        RN_HERE))
/* rn_for_each(in, f, captured...): calls f for each element, in the caller; as rn_for_each_at. */
#define rn_for_each(in, ...)                                                                       \
    rn_for_each_at((RN_ASSERT_(RN_IS_((RN_TYPE_(stage, out, __VA_ARGS__) *)0, int),                \
                               "runnel: a for-each's function returns int"),                       \
                    RN_INTO_(in, RN_TYPE_(stage, a, __VA_ARGS__))),                                \
                   &(rn_step){ RN_FN_(stage, __VA_ARGS__) }, RN_HERE)

#endif /* !__cplusplus */

#endif
