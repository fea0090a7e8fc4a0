/* SPDX-License-Identifier: MIT */
/*
 * Stages of pipelines, made of plain functions.
 *
 *     static int times(int v, int by) { return v * by; }
 *     RN_STAGE(times, int, int, int);                   result, element, captured values ...
 *     ...
 *     rn_receiver(int) in = rn_generator(g, int, 1, 2, 3, 4);
 *     rn_receiver(int) out = rn_map(g, in, times, 2);   a channel form: it runs now
 *     rn_stage(int, int) twice = rn_stage_map(g, times, 2);
 *     out = rn_start(g, out, twice);                    a value, to pass, compose and start
 *
 * A stage reads a channel, runs in tasks of the group g that is named first, and returns the
 * receiver of a new channel of g. It ends, and closes its output, when its input is closed and
 * drained, when it has passed on all it may (take), or when g is cancelled. So whoever stops
 * reading leaves nothing behind but what the group's end clears away.
 *
 * Losing nothing: a value that a stage has received belongs to it. Stages that pass elements on
 * (filter, take, skip, buffer, batch) give their output the drop function of their input, and drop
 * what they reject and what they hold when they are cancelled. The function of a map (flat,
 * parallel or not), a for-each or a zip owns its elements; a filter's only looks. The values that a
 * function makes are dropped by the function named in the _drop forms, if any. Sources are kept
 * (rn_ref) while they are read, so their groups may close first.
 *
 * Unless a line says otherwise: the calls that make or start something never wait; any task and any
 * thread may call. If memory is short or the group is being closed, a stage is NULL, and starting
 * that, or failing to start, cancels the group with -ENOMEM and returns a closed receiver (which
 * stores no zero). The nil channel as input is waited for until the group is cancelled.
 */
#ifndef RUNNEL_STAGE_H
#define RUNNEL_STAGE_H

#include <runnel/any.h>
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

/* What a step does with the elements. */
typedef enum rn_step_kind {
    RN_STEP_MAP = 0,
    RN_STEP_FILTER,   /* the result is a bool */
    RN_STEP_FLAT_MAP, /* the result is a channel; call returns 0 or an error */
    RN_STEP_TAKE,
    RN_STEP_SKIP,
    RN_STEP_BUFFER,
    RN_STEP_ZIP,      /* the function's second element comes from `other` */
    RN_STEP_PARALLEL, /* a map by n tasks */
    RN_STEP_ORDERED,  /* the same, results in the order of the elements */
    RN_STEP_BATCH,    /* n elements, or what has come in ns; makes rn_batch */
    RN_STEP_THROTTLE  /* n elements at once, and one more every ns */
} rn_step_kind;

/* One step of a chain, for bindings; zero what is not used. */
typedef struct rn_step {
    rn_step_kind kind;
    const rn_function *fn;       /* where one is called; must outlive the stage */
    const void *captured;        /* its captured values; copied */
    void (*drop)(void *element); /* of the values that it makes, or NULL */
    int64_t n;                   /* a number of elements or tasks; below 0 is 0 */
    int64_t ns;                  /* BATCH, THROTTLE */
    rn_channel *other;           /* ZIP; kept (rn_ref) by the stage and while it runs */
    size_t size;                 /* of an element, where there is no fn; 0: the input channel's */
} rn_step;

/*
 * How a chain runs. What comes out, and in which order, is the same; how far its functions run
 * ahead of the consumer is not. So functions that wait for what becomes of their results are not
 * for batches, nor, fused, for steps between two buffers, that of `in` counted: these take what is
 * in the first, up to twice as many as the second holds (128 at most), as long as they are done
 * with them within some 50 us. A consumer with rn_recv_n gains most from both.
 */
typedef enum rn_mode {
    RN_TASKS = 0, /* a task and an unbuffered channel for each step: the book's way */
    RN_FUSED,     /* one task, and a new one behind each buffer and flat-map */
    RN_BATCHED    /* as RN_TASKS, but up to 64 elements at a time, in buffered channels */
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
 * take has passed on what it may, the steps before it end. A batch knows nothing of the takes
 * behind it: it collects the next one while the last is under way.
 */
RN_API RN_MUST_CHECK rn_channel *rn_chain_start(rn_group *g, rn_channel *in, const rn_chain *chain,
                                                rn_mode mode, const char *site);

/* Makes and starts a stage of one step. */
RN_API RN_MUST_CHECK rn_channel *rn_step_start(rn_group *g, rn_channel *in, const rn_step *step,
                                               const char *site);

/*
 * Sends the n items, which are copied now, and then closes its output; with repeat, sends them
 * again and again until g is cancelled. drop, or NULL, is called for those that nobody received,
 * also when the source cannot be started (not with repeat). n = 0 sends nothing.
 */
RN_API RN_MUST_CHECK rn_channel *rn_source_list(rn_group *g, const void *items, size_t n,
                                                size_t size, bool repeat,
                                                void (*drop)(void *element), const char *site);

/* Sends what the step's function returns, calling it again and again until g is cancelled; a step
 * of kind RN_STEP_FLAT_MAP is called once, with the output as its result. */
RN_API RN_MUST_CHECK rn_channel *rn_source_call(rn_group *g, const rn_step *step, const char *site);

/*
 * Calls the step's function, whose result is an int, for each element of `in`, in the calling task
 * or thread. Returns 0 when `in` is closed and drained; the first result that is not 0, after which
 * nothing more is received; -ECANCELED; -ENOMEM, with nothing received. Waits.
 */
RN_API RN_MUST_CHECK int rn_for_each_at(rn_channel *in, const rn_step *step, const char *site);

/*
 * Several elements that were received together, in order. A batch belongs to its receiver; one that
 * nobody receives is freed with the channel.
 */
typedef struct rn_batch {
    void *items; /* count of them, at least 1 when it is received */
    size_t count;
    size_t size; /* of an element */
    void (*drop)(void *element);
} rn_batch;

/* Drops the batch's elements and frees its memory. Who has taken the elements sets count to 0
 * before. Never waits, unless a drop function does. */
RN_API void rn_batch_free(rn_batch *b);

/* The address of element i. A wrong size or an index beyond the batch is a programming error. */
RN_API void *rn_batch_at(const rn_batch *b, size_t size, size_t i, const char *site);

/* The function of rn_to_string. */
RN_API const rn_function *rn_to_string_function(void);

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
 *     RN_PRODUCER(f, Out, captured...)       int f(rn_sender(Out) out, captured...)
 *     RN_FLAT(f, Out, In, captured...)       int f(In v, rn_sender(Out) out, captured...)
 *     RN_ZIP(f, Out, A, B, captured...)      Out f(A a, B b, captured...)
 *
 * A filter's Out is bool, a for-each's int. f may wait. Those that are given `out` must not use it
 * after they have returned and need not close it; they return 0 (a flat-map's goes on with the next
 * element), -EPIPE, -ECANCELED (from their sends) or a positive number to end, and any other error
 * to fail the group.
 */
#define RN_STAGE(...) RN_REIFY_(RN_STAGE_BODY_, ~, __VA_ARGS__)
#define RN_SOURCE(...) RN_REIFY_(RN_SOURCE_BODY_, ~, ~, __VA_ARGS__)
#define RN_PRODUCER(...) RN_REIFY_(RN_PRODUCER_BODY_, ~, ~, __VA_ARGS__)
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

/* What the first error names when a function lacks its line; 0 where it has one. */
#define RN_NEEDS_stage_(f) rn_needs_RN_STAGE_line_of_##f
#define RN_NEEDS_source_(f) rn_needs_RN_SOURCE_line_of_##f
#define RN_NEEDS_producer_(f) rn_needs_RN_PRODUCER_line_of_##f
#define RN_NEEDS_flat_(f) rn_needs_RN_FLAT_line_of_##f
#define RN_NEEDS_zip_(f) rn_needs_RN_ZIP_line_of_##f

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
    enum { RN_NEEDS_stage_(f) = 0 };                                                               \
    RN_REIFIED_(f##_rn_stage, #f, RN_F_(O, out) RN_F_(I, a), sizeof(I), 0, fields,                 \
                *(__typeof__(O) *)rn_r_ = f(*(__typeof__(I) *)rn_a_ RN_AFTER##n##_);               \
                return 0)
#define RN_SOURCE_BODY_(p, q, f, O, fields, n)                                                     \
    enum { RN_NEEDS_source_(f) = 0 };                                                              \
    RN_REIFIED_(f##_rn_source, #f, RN_F_(O, out), 0, 0, fields,                                    \
                *(__typeof__(O) *)rn_r_ = f(RN_ALONE##n##_);                                       \
                return 0)
#define RN_PRODUCER_BODY_(p, q, f, O, fields, n)                                                   \
    enum { RN_NEEDS_producer_(f) = 0 };                                                            \
    RN_REIFIED_(f##_rn_producer, #f, RN_F_(O, out), 0, 0, fields,                                  \
                return f((rn_sender(O))rn_r_ RN_AFTER##n##_))
#define RN_FLAT_BODY_(p, f, O, I, fields, n)                                                       \
    enum { RN_NEEDS_flat_(f) = 0 };                                                                \
    RN_REIFIED_(f##_rn_flat, #f, RN_F_(O, out) RN_F_(I, a), sizeof(I), 0, fields,                  \
                return f(*(__typeof__(I) *)rn_a_, (rn_sender(O))rn_r_ RN_AFTER##n##_))
#define RN_ZIP_BODY_(f, O, A, B, fields, n)                                                        \
    enum { RN_NEEDS_zip_(f) = 0 };                                                                 \
    RN_REIFIED_(f##_rn_zip, #f, RN_F_(O, out) RN_F_(A, a) RN_F_(B, b), sizeof(A), sizeof(B),       \
                fields,                                                                            \
                *(__typeof__(O) *)rn_r_ = f(*(__typeof__(A) *)rn_a_,                               \
                                            *(__typeof__(B) *)rn_b_ RN_AFTER##n##_);               \
                return 0)

/* A type of the function that stands first among the arguments. */
#define RN_TYPE_(kind, field, ...) RN_TYPE1_(kind, field, __VA_ARGS__, ~)
#define RN_TYPE1_(kind, field, f, ...) __typeof__(RN_TYPES_(kind, f)->field)
#define RN_TYPES_(kind, f) ((struct f##_rn_##kind##_types *)RN_NEEDS_##kind##_(f))
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
    .fn = ((void)sizeof(RN_TRY_##kind##_0_(f, RN_TYPES_(kind, f))), &f##_rn_##kind)
#define RN_FN_N_(kind, f, ...)                                                                     \
    .fn = ((void)sizeof(RN_TRY_##kind##_N_(f, RN_TYPES_(kind, f), __VA_ARGS__)), &f##_rn_##kind),  \
    .captured = &(struct f##_rn_##kind##_args)                                                     \
    {                                                                                              \
        __VA_ARGS__                                                                                \
    }
#define RN_TRY_stage_0_(f, t) f((t)->a)
#define RN_TRY_stage_N_(f, t, ...) f((t)->a, __VA_ARGS__)
#define RN_TRY_source_0_(f, t) f()
#define RN_TRY_source_N_(f, t, ...) f(__VA_ARGS__)
#define RN_TRY_producer_0_(f, t) f((rn_sender((t)->out))0)
#define RN_TRY_producer_N_(f, t, ...) f((rn_sender((t)->out))0, __VA_ARGS__)
#define RN_TRY_flat_0_(f, t) f((t)->a, (rn_sender((t)->out))0)
#define RN_TRY_flat_N_(f, t, ...) f((t)->a, (rn_sender((t)->out))0, __VA_ARGS__)
#define RN_TRY_zip_0_(f, t) f((t)->a, (t)->b)
#define RN_TRY_zip_N_(f, t, ...) f((t)->a, (t)->b, __VA_ARGS__)

/* No structure, as elsewhere: these stand in parameter lists, where one would be declared. */
#define RN_ASSERT_(e, msg)                                                                         \
    (void)__extension__({                                                                          \
        _Static_assert(e, msg);                                                                    \
        0;                                                                                         \
    })
#define RN_IS_(p, T) _Generic((p), __typeof__(T) * : 1, default : 0)
/* The untyped channel behind c, which must be receivable and carry elements of T. Names c twice
 * only, because calls that nest double that. */
#define RN_INTO_(c, T)                                                                             \
    (RN_ASSERT_(_Generic((c), rn_receiver(T) : 1, rn_chan(T) : 1, default : 0),                    \
                "runnel: this is not a channel of what the function takes"),                       \
     (rn_channel *)(void *)(c))
/* The same where the elements may be of any type. */
#define RN_FROM_(c)                                                                                \
    (RN_ASSERT_(_Generic((c), RN_ELEM_(c)(*)[RN_TX_] : 0, default : 1),                            \
                "runnel: receive from a send-only channel"),                                       \
     (rn_channel *)(void *)(c))
#define RN_LIKE_(c, ...) ((rn_receiver(RN_ELEM_(c)))(__VA_ARGS__))

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
/* rn_generator_fn(g, f, captured...): calls f once, which sends what it likes. f: RN_PRODUCER. */
#define rn_generator_fn(g, ...) rn_generator_fn_drop(g, NULL, __VA_ARGS__)
#define rn_generator_fn_drop(g, drop_fn, ...)                                                      \
    ((rn_receiver(RN_TYPE_(producer, out, __VA_ARGS__)))rn_source_call(                            \
        (g),                                                                                       \
        &(rn_step){ .kind = RN_STEP_FLAT_MAP, .drop = (drop_fn), RN_FN_(producer, __VA_ARGS__) },  \
        RN_HERE))

/* Passes on the first n elements, or all but the first n; below 0 is 0. */
#define rn_take(g, in, count) RN_PASS_(g, in, RN_STEP_TAKE, count)
#define rn_skip(g, in, count) RN_PASS_(g, in, RN_STEP_SKIP, count)
/* A queue of n elements: lets what is before it run ahead by so many, and the one that the stage
 * has in hand while the queue is full. */
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
               "runnel: the function of a filter returns bool")
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
                               "runnel: the function of a for-each returns int"),                  \
                    RN_INTO_(in, RN_TYPE_(stage, a, __VA_ARGS__))),                                \
                   &(rn_step){ RN_FN_(stage, __VA_ARGS__) }, RN_HERE)

/* rn_zip(g, a, b, f, captured...): sends f(va, vb, captured...) for each pair, until one of the two
 * ends. It takes from a first: when b has ended by then, that element is dropped. f: RN_ZIP. */
#define rn_zip(g, a_in, b_in, ...) rn_zip_drop(g, a_in, b_in, NULL, __VA_ARGS__)
#define rn_zip_drop(g, a_in, b_in, drop_fn, ...)                                                   \
    ((rn_receiver(RN_TYPE_(zip, out, __VA_ARGS__)))rn_step_start(                                  \
        (g), RN_INTO_(a_in, RN_TYPE_(zip, a, __VA_ARGS__)),                                        \
        &RN_ZIP_STEP_(b_in, drop_fn, __VA_ARGS__), RN_HERE))
#define RN_ZIP_STEP_(b_in, drop_fn, ...)                                                           \
    (rn_step)                                                                                      \
    {                                                                                              \
        .kind = RN_STEP_ZIP, .drop = (drop_fn),                                                    \
        .other = RN_INTO_(b_in, RN_TYPE_(zip, b, __VA_ARGS__)), RN_FN_(zip, __VA_ARGS__)           \
    }
/* rn_parallel_map(g, in, n, f, captured...): rn_map by n tasks (below 1: one); f may be called by
 * all of them at once, and the results come as they are ready. rn_ordered_map sends them in the
 * order of the elements. No more than n elements are taken and not passed on. f: RN_STAGE. */
#define rn_parallel_map(g, in, workers, ...) rn_parallel_map_drop(g, in, workers, NULL, __VA_ARGS__)
#define rn_parallel_map_drop(g, in, workers, drop_fn, ...)                                         \
    RN_PARALLEL_(g, in, RN_STEP_PARALLEL, workers, drop_fn, __VA_ARGS__)
#define rn_ordered_map(g, in, workers, ...) rn_ordered_map_drop(g, in, workers, NULL, __VA_ARGS__)
#define rn_ordered_map_drop(g, in, workers, drop_fn, ...)                                          \
    RN_PARALLEL_(g, in, RN_STEP_ORDERED, workers, drop_fn, __VA_ARGS__)
#define RN_PARALLEL_(g, in, kind_, workers, drop_fn, ...)                                          \
    ((rn_receiver(RN_TYPE_(stage, out, __VA_ARGS__)))rn_step_start(                                \
        (g), RN_INTO_(in, RN_TYPE_(stage, a, __VA_ARGS__)),                                        \
        &RN_POOL_STEP_(kind_, workers, drop_fn, __VA_ARGS__), RN_HERE))
#define RN_POOL_STEP_(kind_, workers, drop_fn, ...)                                                \
    (rn_step)                                                                                      \
    {                                                                                              \
        .kind = (kind_), .n = (workers), .drop = (drop_fn), RN_FN_(stage, __VA_ARGS__)             \
    }

/*
 * rn_batch(g, in, n, ns): an rn_receiver(rn_batch) of up to n elements each (below 1: one). A batch
 * is sent when it is full, when ns nanoseconds have passed since its first element came, or when
 * `in` ends. ns <= 0 takes what is there, RN_FOREVER waits until it is full. RN_BATCH_AT(b, T, i)
 * is element i of a batch b whose elements are of T.
 */
#define rn_batch(g, in, count, nanoseconds)                                                        \
    ((rn_receiver(rn_batch))rn_step_start(                                                         \
        (g), RN_FROM_(in), &(rn_step){ .kind = RN_STEP_BATCH, .n = (count), .ns = (nanoseconds) }, \
        RN_HERE))
#define RN_BATCH_AT(b, T, i) (*(__typeof__(T) *)rn_batch_at(&(b), sizeof(T), (i), RN_HERE))

/*
 * rn_throttle(g, in, every_ns, burst): the elements at a limited rate: a token bucket of burst
 * tokens (below 1: one), full at first, that gets a token every every_ns nanoseconds (0 or less: no
 * limit). An element costs a token when it is taken from the output; so in any time T not more than
 * burst + T / every_ns come out, however irregular source and consumer are. It ends as soon as in
 * does.
 */
#define rn_throttle(g, in, every_ns, burst)                                                        \
    RN_LIKE_(in,                                                                                   \
             rn_step_start((g), RN_FROM_(in),                                                      \
                           &(rn_step){ .kind = RN_STEP_THROTTLE, .n = (burst), .ns = (every_ns) }, \
                           RN_HERE))

/* The strings in a stream of rn_any; anything else in it is a programming error. */
#define rn_to_string(g, in)                                                                        \
    ((rn_receiver(const char *))rn_step_start(                                                     \
        (g), RN_INTO_(in, rn_any), &(rn_step){ .fn = rn_to_string_function() }, RN_HERE))

/* ---- stages as values ---- */

/*
 * rn_stage(In, Out) is a handle to a stage that makes a stream of Out from a stream of In. It is
 * one pointer, copied freely; its group frees the stage. Starting it does not use it up.
 */
#define RN_THROUGH_ RN_LENGTH_(5)
#define rn_stage(In, Out) __typeof__(__typeof__(Out) *(*(*)[RN_THROUGH_])(__typeof__(In) *))
/* The result type of a stage; its element type can be compared, but not read off. */
#define RN_OUT_(s) __typeof__(*(*(s))[0]((void *)0))

#define RN_MADE_(In, Out, ...) ((rn_stage(In, Out))(void *)rn_chain_new(__VA_ARGS__))
/* Whether s takes elements of T. The compiler compares them as an argument with a parameter:
 * spelled out in a _Generic, T would stand in a list of parameters, where structures are declared
 * anew. */
#define RN_FITS_STAGE_(s, T) (void)sizeof((*(*(s))[0])((__typeof__(T) *)0))

/* As the channel forms, without the channel. */
#define rn_stage_map(g, ...) rn_stage_map_drop(g, NULL, __VA_ARGS__)
#define rn_stage_map_drop(g, drop_fn, ...)                                                         \
    RN_MADE_(RN_TYPE_(stage, a, __VA_ARGS__), RN_TYPE_(stage, out, __VA_ARGS__), (g),              \
             &(rn_step){ .drop = (drop_fn), RN_FN_(stage, __VA_ARGS__) })
#define rn_stage_filter(g, ...)                                                                    \
    RN_MADE_(RN_TYPE_(stage, a, __VA_ARGS__), RN_TYPE_(stage, a, __VA_ARGS__),                     \
             (RN_TELLS_(__VA_ARGS__), (g)),                                                        \
             &(rn_step){ .kind = RN_STEP_FILTER, RN_FN_(stage, __VA_ARGS__) })
#define rn_stage_flat_map(g, ...) rn_stage_flat_map_drop(g, NULL, __VA_ARGS__)
#define rn_stage_flat_map_drop(g, drop_fn, ...)                                                    \
    RN_MADE_(RN_TYPE_(flat, a, __VA_ARGS__), RN_TYPE_(flat, out, __VA_ARGS__), (g),                \
             &(rn_step){ .kind = RN_STEP_FLAT_MAP, .drop = (drop_fn), RN_FN_(flat, __VA_ARGS__) })
#define rn_stage_take(g, T, count) RN_PASSING_(g, T, RN_STEP_TAKE, count)
#define rn_stage_skip(g, T, count) RN_PASSING_(g, T, RN_STEP_SKIP, count)
#define rn_stage_buffer(g, T, count) RN_PASSING_(g, T, RN_STEP_BUFFER, count)
#define RN_PASSING_(g, T, kind_, count)                                                            \
    RN_MADE_(T, T, (g), &(rn_step){ .kind = (kind_), .n = (count), .size = sizeof(T) })
#define rn_stage_parallel_map(g, workers, ...)                                                     \
    rn_stage_parallel_map_drop(g, workers, NULL, __VA_ARGS__)
#define rn_stage_parallel_map_drop(g, workers, drop_fn, ...)                                       \
    RN_MADE_(RN_TYPE_(stage, a, __VA_ARGS__), RN_TYPE_(stage, out, __VA_ARGS__), (g),              \
             &RN_POOL_STEP_(RN_STEP_PARALLEL, workers, drop_fn, __VA_ARGS__))
#define rn_stage_ordered_map(g, workers, ...)                                                      \
    rn_stage_ordered_map_drop(g, workers, NULL, __VA_ARGS__)
#define rn_stage_ordered_map_drop(g, workers, drop_fn, ...)                                        \
    RN_MADE_(RN_TYPE_(stage, a, __VA_ARGS__), RN_TYPE_(stage, out, __VA_ARGS__), (g),              \
             &RN_POOL_STEP_(RN_STEP_ORDERED, workers, drop_fn, __VA_ARGS__))
#define rn_stage_batch(g, T, count, nanoseconds)                                                   \
    RN_MADE_(                                                                                      \
        T, rn_batch, (g),                                                                          \
        &(rn_step){ .kind = RN_STEP_BATCH, .n = (count), .ns = (nanoseconds), .size = sizeof(T) })
#define rn_stage_throttle(g, T, every_ns, burst)                                                   \
    RN_MADE_(                                                                                      \
        T, T, (g),                                                                                 \
        &(rn_step){ .kind = RN_STEP_THROTTLE, .n = (burst), .ns = (every_ns), .size = sizeof(T) })
/* Zips what comes with the channel b, which all starts of the stage share. */
#define rn_stage_zip(g, b_in, ...) rn_stage_zip_drop(g, b_in, NULL, __VA_ARGS__)
#define rn_stage_zip_drop(g, b_in, drop_fn, ...)                                                   \
    RN_MADE_(RN_TYPE_(zip, a, __VA_ARGS__), RN_TYPE_(zip, out, __VA_ARGS__), (g),                  \
             &RN_ZIP_STEP_(b_in, drop_fn, __VA_ARGS__))
#define rn_stage_to_string(g)                                                                      \
    RN_MADE_(rn_any, const char *, (g), &(rn_step){ .fn = rn_to_string_function() })

/* Starts stage s on in, in tasks of g; see rn_chain_start. */
#define rn_start(g, in, s) rn_start_with(g, in, s, RN_TASKS)
#define rn_start_with(g, in, s, mode)                                                              \
    ((rn_receiver(RN_OUT_(s)))rn_chain_start((g), (RN_FITS_STAGE_(s, RN_ELEM_(in)), RN_FROM_(in)), \
                                             (const rn_chain *)(const void *)(s), (mode),          \
                                             RN_HERE))

/*
 * rn_compose(In, s1, s2, ...), up to eight: the stage that does one after another. In is the
 * element type of s1; each must take what the one before it makes. As rn_chain_join.
 */
#define rn_compose(In, ...)                                                                        \
    RN_COMPOSE_PICK_(__VA_ARGS__, 8, 7, 6, 5, 4, 3, 2, 1, ~)(In, __VA_ARGS__)
#define RN_COMPOSE_PICK_(a, b, c, d, e, f, g, h, n, ...) RN_COMPOSE_##n##_
#define RN_PART_(s) (rn_chain *)(void *)(s)
#define RN_COMPOSED_(In, last, checks, n, ...)                                                     \
    ((rn_stage(In, RN_OUT_(last)))(void *)rn_chain_join((checks, (rn_chain *[]){ __VA_ARGS__ }), n))
#define RN_CHECK_1_(In, a) RN_FITS_STAGE_(a, In)
#define RN_PARTS_1_(a) RN_PART_(a)
#define RN_CHECK_2_(In, a, b) (RN_CHECK_1_(In, a), RN_FITS_STAGE_(b, RN_OUT_(a)))
#define RN_PARTS_2_(a, b) RN_PARTS_1_(a), RN_PART_(b)
#define RN_CHECK_3_(In, a, b, c) (RN_CHECK_2_(In, a, b), RN_FITS_STAGE_(c, RN_OUT_(b)))
#define RN_PARTS_3_(a, b, c) RN_PARTS_2_(a, b), RN_PART_(c)
#define RN_CHECK_4_(In, a, b, c, d) (RN_CHECK_3_(In, a, b, c), RN_FITS_STAGE_(d, RN_OUT_(c)))
#define RN_PARTS_4_(a, b, c, d) RN_PARTS_3_(a, b, c), RN_PART_(d)
#define RN_CHECK_5_(In, a, b, c, d, e) (RN_CHECK_4_(In, a, b, c, d), RN_FITS_STAGE_(e, RN_OUT_(d)))
#define RN_PARTS_5_(a, b, c, d, e) RN_PARTS_4_(a, b, c, d), RN_PART_(e)
#define RN_CHECK_6_(In, a, b, c, d, e, f)                                                          \
    (RN_CHECK_5_(In, a, b, c, d, e), RN_FITS_STAGE_(f, RN_OUT_(e)))
#define RN_PARTS_6_(a, b, c, d, e, f) RN_PARTS_5_(a, b, c, d, e), RN_PART_(f)
#define RN_CHECK_7_(In, a, b, c, d, e, f, g)                                                       \
    (RN_CHECK_6_(In, a, b, c, d, e, f), RN_FITS_STAGE_(g, RN_OUT_(f)))
#define RN_PARTS_7_(a, b, c, d, e, f, g) RN_PARTS_6_(a, b, c, d, e, f), RN_PART_(g)
#define RN_CHECK_8_(In, a, b, c, d, e, f, g, h)                                                    \
    (RN_CHECK_7_(In, a, b, c, d, e, f, g), RN_FITS_STAGE_(h, RN_OUT_(g)))
#define RN_PARTS_8_(a, b, c, d, e, f, g, h) RN_PARTS_7_(a, b, c, d, e, f, g), RN_PART_(h)
#define RN_COMPOSE_1_(In, a) RN_COMPOSED_(In, a, RN_CHECK_1_(In, a), 1, RN_PARTS_1_(a))
#define RN_COMPOSE_2_(In, a, b) RN_COMPOSED_(In, b, RN_CHECK_2_(In, a, b), 2, RN_PARTS_2_(a, b))
#define RN_COMPOSE_3_(In, a, b, c)                                                                 \
    RN_COMPOSED_(In, c, RN_CHECK_3_(In, a, b, c), 3, RN_PARTS_3_(a, b, c))
#define RN_COMPOSE_4_(In, a, b, c, d)                                                              \
    RN_COMPOSED_(In, d, RN_CHECK_4_(In, a, b, c, d), 4, RN_PARTS_4_(a, b, c, d))
#define RN_COMPOSE_5_(In, a, b, c, d, e)                                                           \
    RN_COMPOSED_(In, e, RN_CHECK_5_(In, a, b, c, d, e), 5, RN_PARTS_5_(a, b, c, d, e))
#define RN_COMPOSE_6_(In, a, b, c, d, e, f)                                                        \
    RN_COMPOSED_(In, f, RN_CHECK_6_(In, a, b, c, d, e, f), 6, RN_PARTS_6_(a, b, c, d, e, f))
#define RN_COMPOSE_7_(In, a, b, c, d, e, f, g)                                                     \
    RN_COMPOSED_(In, g, RN_CHECK_7_(In, a, b, c, d, e, f, g), 7, RN_PARTS_7_(a, b, c, d, e, f, g))
#define RN_COMPOSE_8_(In, a, b, c, d, e, f, g, h)                                                  \
    RN_COMPOSED_(In, h, RN_CHECK_8_(In, a, b, c, d, e, f, g, h), 8,                                \
                 RN_PARTS_8_(a, b, c, d, e, f, g, h))

#endif /* !__cplusplus */

#endif
