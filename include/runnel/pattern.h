/* SPDX-License-Identifier: MIT */
/*
 * The combinators over channels of the book "Concurrency in Go", by the book's names.
 *
 *     rn_receiver(int) out = rn_or_done(g, rn_ctx_done(ctx), in);
 *     rn_receiver(int) twins[2];
 *     rn_tee(g, out, twins, 2);
 *
 * The group comes first, then the source. Each call starts what it needs as tasks of g and returns
 * receivers of channels that belong to g. A receiver that is passed in may be an rn_chan, too, and
 * nil where the line says nothing else: a nil source never has a value and never ends.
 *
 * What holds for each of them:
 *   - It ends when its source is closed and drained, or when g is cancelled; then it closes its
 *     outputs. In a group that is cancelled already nothing is started, and the outputs are closed.
 *   - Its outputs are unbuffered and have the drop function of the source. A value it has received
 *     and cannot pass on any more, because it was stopped, is dropped: each line says how many that
 *     may be. (A goroutine that is stopped so loses them.)
 *   - It keeps its sources (rn_ref) while it reads them, so their groups may close before g does;
 *     they are then closed like any source. When the output is closed they have been let go.
 *   - Without memory g fails with -ENOMEM, and the output is a receiver that is closed, as it is
 *     when g is being closed.
 *   - The call itself never waits; any task, any thread.
 *
 * The untyped functions are for bindings: they take the size and the alignment of an element, which
 * must be the source's. Handles in arrays are of any rn_receiver type.
 */
#ifndef RUNNEL_PATTERN_H
#define RUNNEL_PATTERN_H

#include <runnel/base.h>
#include <runnel/chan.h>

RN_EXTERN_C_BEGIN

/*
 * A channel that is closed as soon as one of n receivers is closed or delivers, or g is cancelled.
 * What was delivered is discarded; the others are left alone. One task, one select, whatever n is.
 * Of none: nil, and nothing is started, as in the book. The second form takes n arguments of type
 * rn_channel *, at most 16.
 */
RN_API RN_MUST_CHECK rn_channel *rn_channel_or(rn_group *g, const void *receivers, size_t n,
                                               const char *site);
RN_API RN_MUST_CHECK rn_channel *rn_channel_or_of(rn_group *g, const char *site, int n, ...);

/*
 * The values of in until done is closed or delivers. Once that has happened nothing more is taken
 * from in. At most one value is dropped: one that was received before done, and that no consumer
 * was waiting for.
 */
RN_API RN_MUST_CHECK rn_channel *rn_channel_or_done(rn_group *g, rn_channel *done, rn_channel *in,
                                                    size_t size, size_t align, const char *site);

/*
 * Stores n receivers in outs. Each gets every value, in order, and the next value is taken from in
 * only when all have this one: the outputs are never more than a value apart, and whoever stops
 * reading one stops them all. With n = 0 the values are discarded.
 *
 * Elements with a drop function must not be in two places: copy, called by the task for each
 * output but the first, makes an element at `to` that is as good as the one at `from` and returns
 * 0, or an error, which fails g. It may wait. NULL copies the bytes; then a channel with a drop
 * function is a programming error.
 *
 * Cancelled, it drops the value in hand for the outputs that did not take it yet; so one output may
 * have a value more than another. Returns 0; -ECANCELED if g is cancelled; -ENOMEM.
 */
RN_API int rn_channel_tee(rn_group *g, rn_channel *in, void *outs, size_t n,
                          int (*copy)(void *to, const void *from), size_t size, size_t align,
                          const char *site);

/*
 * The values of the receivers that in carries: all of the first, until it is closed, then all of
 * the second, and so on. A nil receiver among them never ends. size, align and drop are those of
 * the inner channels; a different drop function there is a programming error. Stopped in the middle
 * of a channel, it drops at most one value; what is left in the channel stays there.
 */
RN_API RN_MUST_CHECK rn_channel *rn_channel_bridge(rn_group *g, rn_channel *in,
                                                   void (*drop)(void *element), size_t size,
                                                   size_t align, const char *site);

/*
 * Stores n receivers in outs. Each value goes to exactly one of them, whichever is ready; among
 * several, to one at random. All end with in. Cancelled, it drops at most one value. With n = 0
 * nothing is started.
 *
 * To have n tasks share the work it is simpler, and a third of the price, to give them all the same
 * receiver, as the book does. This is for consumers that want a channel of their own, which ends
 * with g.
 * Returns as rn_channel_tee.
 */
RN_API int rn_channel_fan_out(rn_group *g, rn_channel *in, void *outs, size_t n, size_t size,
                              size_t align, const char *site);

/*
 * The values of n receivers on one channel, which ends when all of them have ended. The values of
 * each stay in their order. A task for each receiver; cancelled, each drops at most one value. All
 * must have the same drop function, or none. Of none: closed at once. The second form takes n
 * arguments of type rn_channel *, at most 16.
 */
RN_API RN_MUST_CHECK rn_channel *rn_channel_fan_in(rn_group *g, const void *receivers, size_t n,
                                                   size_t size, size_t align, const char *site);
RN_API RN_MUST_CHECK rn_channel *rn_channel_fan_in_of(rn_group *g, size_t size, size_t align,
                                                      const char *site, int n, ...);

/*
 * A broadcast: every value of a source to all who have subscribed. Untyped; a handle of type
 * rn_broadcast(T) points to one. It belongs to the group it is made in and may be used until that
 * closes.
 */
typedef struct rn_broadcaster rn_broadcaster;

/* What happens while a subscriber is slow: */
typedef enum rn_slow {
    RN_SLOW_WAIT, /* the broadcast waits for it, and so do all */
    RN_SLOW_DROP  /* it loses its oldest value; without a buffer, the new one */
} rn_slow;

/*
 * Starts a broadcast of what in carries. Nothing is taken from in while nobody subscribes; who
 * subscribes later hears what comes from then on. copy is as for rn_channel_tee. Cancelled, the
 * value in hand is dropped for the subscribers that did not take it yet. If more than 64 of them
 * are slow at once and there is no memory to wait for them all, the broadcast ends and fails g with
 * -ENOMEM. Returns NULL without memory, or if g is being closed; who subscribes to that finds the
 * end.
 */
RN_API RN_MUST_CHECK rn_broadcaster *rn_broadcaster_new(rn_group *g, rn_channel *in,
                                                        int (*copy)(void *to, const void *from),
                                                        size_t size, size_t align,
                                                        const char *site);

/*
 * A channel of group g, with room for cap values, that gets every value from now on. It is closed
 * when the source ends; what it buffers can still be received. When g closes, the subscription
 * ends: so a subscriber that has gone away holds up nobody. Other tasks than those of g may read.
 */
RN_API RN_MUST_CHECK rn_channel *rn_broadcaster_subscribe(rn_group *g, rn_broadcaster *b,
                                                          size_t cap, rn_slow slow,
                                                          const char *site);

/*
 * Ends a subscription before its group closes: frees the channel with what it still buffers; nobody
 * may use it any more. What could not subscribe, and nil, is ignored; another receiver that is not
 * subscribed is a programming error. Never waits.
 */
RN_API void rn_broadcaster_unsubscribe(rn_broadcaster *b, rn_channel *c, const char *site);

RN_EXTERN_C_END

#ifndef __cplusplus

/*
 * Checks of types. Each declares variables of the types in question where nothing is evaluated, so
 * that an argument, which may be a whole pipeline, is not repeated more often than needed.
 */
#define RN_CHECK_(declarations, condition, msg)                                                    \
    ((void)sizeof(__extension__({                                                                  \
        declarations;                                                                              \
        _Static_assert(condition, msg);                                                            \
        0;                                                                                         \
    })))
#define RN_AS_(name, expr) __attribute__((unused)) __typeof__(expr) name = 0
/* The channel of a receiver. */
#define RN_SOURCE_(c)                                                                              \
    ((void)sizeof(__extension__({                                                                  \
         RN_AS_(rn_c_, c);                                                                         \
         (void)RN_CAN_RECV_(rn_c_);                                                                \
         0;                                                                                        \
     })),                                                                                          \
     (rn_channel *)(void *)(c))
/* Size and alignment of the elements of handle c. */
#define RN_SIZES_(c) sizeof(RN_ELEM_(c)), _Alignof(RN_ELEM_(c))
#define RN_RX_OF_(c) rn_receiver(RN_ELEM_(c))
/* An array of receivers that can be read; it may be empty. */
#define RN_RX_ARRAY_(a)                                                                            \
    (RN_CHECK_(RN_AS_(rn_c_, (a)[0]), RN_KIND_(rn_c_) == 0 || RN_KIND_(rn_c_) == 2,                \
               "runnel: this is not an array of receivers"),                                       \
     (const void *)(a))
/* An array to store receivers of c's elements in. */
#define RN_RX_OUTS_(c, a)                                                                          \
    (RN_CHECK_(RN_AS_(rn_c_, c), _Generic((a), RN_RX_OF_(rn_c_) * : 1, default : 0),               \
               "runnel: this is not an array of receivers with the element type of the source"),   \
     (void *)(a))
/* The channel of receiver x, whose elements are those of c. */
#define RN_ALIKE_(c, x)                                                                            \
    (RN_CHECK_(RN_AS_(rn_c_, c);                                                                   \
               RN_AS_(rn_x_, x),                                                                   \
               _Generic(rn_x_, rn_chan(RN_ELEM_(rn_c_)) : 1, RN_RX_OF_(rn_c_) : 1, default : 0),   \
               "runnel: these are not receivers of one element type"),                             \
     (rn_channel *)(void *)(x))
#define RN_ANY_RX_(c, x) RN_SOURCE_(x)

/* m(c, x) for each x of up to 16, with commas between. */
#define RN_EACH_(m, c, ...)                                                                        \
    RN_EACH_PICK_(__VA_ARGS__, 16, 15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, ~)           \
    (m, c, __VA_ARGS__)
#define RN_EACH_PICK_(a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, ...) RN_EACH_##q##_
#define RN_EACH_1_(m, c, x) m(c, x)
#define RN_EACH_2_(m, c, x, ...) m(c, x), RN_EACH_1_(m, c, __VA_ARGS__)
#define RN_EACH_3_(m, c, x, ...) m(c, x), RN_EACH_2_(m, c, __VA_ARGS__)
#define RN_EACH_4_(m, c, x, ...) m(c, x), RN_EACH_3_(m, c, __VA_ARGS__)
#define RN_EACH_5_(m, c, x, ...) m(c, x), RN_EACH_4_(m, c, __VA_ARGS__)
#define RN_EACH_6_(m, c, x, ...) m(c, x), RN_EACH_5_(m, c, __VA_ARGS__)
#define RN_EACH_7_(m, c, x, ...) m(c, x), RN_EACH_6_(m, c, __VA_ARGS__)
#define RN_EACH_8_(m, c, x, ...) m(c, x), RN_EACH_7_(m, c, __VA_ARGS__)
#define RN_EACH_9_(m, c, x, ...) m(c, x), RN_EACH_8_(m, c, __VA_ARGS__)
#define RN_EACH_10_(m, c, x, ...) m(c, x), RN_EACH_9_(m, c, __VA_ARGS__)
#define RN_EACH_11_(m, c, x, ...) m(c, x), RN_EACH_10_(m, c, __VA_ARGS__)
#define RN_EACH_12_(m, c, x, ...) m(c, x), RN_EACH_11_(m, c, __VA_ARGS__)
#define RN_EACH_13_(m, c, x, ...) m(c, x), RN_EACH_12_(m, c, __VA_ARGS__)
#define RN_EACH_14_(m, c, x, ...) m(c, x), RN_EACH_13_(m, c, __VA_ARGS__)
#define RN_EACH_15_(m, c, x, ...) m(c, x), RN_EACH_14_(m, c, __VA_ARGS__)
#define RN_EACH_16_(m, c, x, ...) m(c, x), RN_EACH_15_(m, c, __VA_ARGS__)
/* How many they are. */
#define RN_COUNT_(...)                                                                             \
    RN_COUNT_PICK_(__VA_ARGS__, 16, 15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, ~)
#define RN_COUNT_PICK_(a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, ...) q

/*
 * rn_or(g, a, b, ...): up to 16 receivers of any element types. rn_or_n(g, array, n): receivers of
 * one type, any number of them.
 */
#define rn_or(...)                                                                                 \
    RN_OR_PICK_(__VA_ARGS__, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, 0, ~)(__VA_ARGS__)
#define RN_OR_PICK_(g, a, b, c, d, e, f, h, i, j, k, l, m, n, o, p, q, r, ...) RN_OR_##r##_
#define RN_OR_0_(g) ((rn_receiver(rn_unit))rn_channel_or_of((g), RN_HERE, 0))
#define RN_OR_N_(g, ...)                                                                           \
    ((rn_receiver(rn_unit))rn_channel_or_of((g), RN_HERE, RN_COUNT_(__VA_ARGS__),                  \
                                            RN_EACH_(RN_ANY_RX_, ~, __VA_ARGS__)))
#define rn_or_n(g, array, n)                                                                       \
    ((rn_receiver(rn_unit))rn_channel_or((g), RN_RX_ARRAY_(array), (n), RN_HERE))

/* rn_or_done(g, done, c): done has elements of any type. */
#define rn_or_done(g, done, c)                                                                     \
    ((RN_RX_OF_(c))rn_channel_or_done((g), RN_SOURCE_(done), RN_SOURCE_(c), RN_SIZES_(c), RN_HERE))

/* rn_tee(g, in, outs, n): outs is an array of n rn_receiver of in's elements. rn_tee_copy adds the
 * copy function. */
#define rn_tee(g, in, outs, n)                                                                     \
    rn_channel_tee((g), RN_SOURCE_(in), RN_RX_OUTS_(in, outs), (n), NULL, RN_SIZES_(in), RN_HERE)
#define rn_tee_copy(g, in, outs, n, copy)                                                          \
    rn_channel_tee((g), RN_SOURCE_(in), RN_RX_OUTS_(in, outs), (n), (copy), RN_SIZES_(in), RN_HERE)

/* rn_bridge(g, in): in is an rn_receiver(rn_receiver(T)), the result an rn_receiver(T).
 * rn_bridge_drop names the drop function of the inner channels. */
#define rn_bridge(g, in) rn_bridge_drop(g, in, NULL)
#define rn_bridge_drop(g, in, drop)                                                                \
    ((RN_RX_OF_((*(in))[0]))rn_channel_bridge((g), RN_CARRIER_(in), (drop), RN_SIZES_((*(in))[0]), \
                                              RN_HERE))
/* A receiver of receivers. */
#define RN_CARRIER_(c)                                                                             \
    (RN_CHECK_(RN_AS_(rn_c_, (*(c))[0]), RN_KIND_(rn_c_) == 0 || RN_KIND_(rn_c_) == 2,             \
               "runnel: rn_bridge needs a channel of receivers"),                                  \
     RN_SOURCE_(c))

/* rn_fan_out(g, in, outs, n): outs as in rn_tee. */
#define rn_fan_out(g, in, outs, n)                                                                 \
    rn_channel_fan_out((g), RN_SOURCE_(in), RN_RX_OUTS_(in, outs), (n), RN_SIZES_(in), RN_HERE)

/* rn_fan_in(g, array, n): any number of receivers; rn_merge(g, a, b, ...): up to 16. */
#define rn_fan_in(g, array, n)                                                                     \
    ((RN_RX_OF_((array)[0]))rn_channel_fan_in((g), RN_RX_ARRAY_(array), (n),                       \
                                              RN_SIZES_((array)[0]), RN_HERE))
#define rn_merge(g, ...)                                                                           \
    ((RN_RX_OF_(RN_FIRST_(__VA_ARGS__, ~)))rn_channel_fan_in_of(                                   \
        (g), RN_SIZES_(RN_FIRST_(__VA_ARGS__, ~)), RN_HERE, RN_COUNT_(__VA_ARGS__),                \
        RN_EACH_(RN_ALIKE_, RN_FIRST_(__VA_ARGS__, ~), __VA_ARGS__)))
#define RN_FIRST_(a, ...) a

/*
 * A handle to a broadcast of T: rn_broadcast_new(g, in) and rn_broadcast_copy(g, in, copy) make
 * one, rn_subscribe(g, b, cap, slow) gives an rn_receiver(T), rn_unsubscribe(b, rx) ends it.
 */
#define RN_CAST_ RN_LENGTH_(4)
#define rn_broadcast(T) __typeof__(__typeof__(T)(*)[RN_CAST_])
#define rn_broadcast_new(g, in) rn_broadcast_copy(g, in, NULL)
#define rn_broadcast_copy(g, in, copy)                                                             \
    ((rn_broadcast(RN_ELEM_(in)))rn_broadcaster_new((g), RN_SOURCE_(in), (copy), RN_SIZES_(in),    \
                                                    RN_HERE))
#define rn_subscribe(g, b, cap, slow)                                                              \
    ((RN_RX_OF_(b))rn_broadcaster_subscribe((g), RN_CASTER_(b), (cap), (slow), RN_HERE))
#define rn_unsubscribe(b, rx) rn_broadcaster_unsubscribe(RN_CASTER_(b), RN_ALIKE_(b, rx), RN_HERE)
#define RN_CASTER_(b)                                                                              \
    (RN_CHECK_(RN_AS_(rn_b_, b), _Generic(rn_b_, rn_broadcast(RN_ELEM_(rn_b_)) : 1, default : 0),  \
               "runnel: this is not an rn_broadcast"),                                             \
     (rn_broadcaster *)(void *)(b))

#endif /* !__cplusplus */

#endif
