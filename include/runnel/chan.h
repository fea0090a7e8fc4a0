/* SPDX-License-Identifier: MIT */
/*
 * Typed channels.
 *
 *     rn_chan(int) c = rn_make(g, int, 0);         a channel: both ends
 *     rn_sender(int) tx = rn_tx(c);                its send end
 *     rn_receiver(int) rx = rn_rx(c);              its receive end
 *
 * A handle is one pointer, copied freely; NULL is the nil channel: operations on it wait for ever.
 * The handle's type carries the element type and the direction, so that sending on a receiver, a
 * wrong element type or a wrong destination do not compile. Handles are never dereferenced.
 *
 * Sent = given away; not sent = still yours. A channel belongs to the group it was made in and is
 * freed with it, unless rn_ref keeps it longer.
 *
 * Unless a line says otherwise: any task and any thread may call; "waits" means that the task parks
 * and the worker goes on; every call that can wait returns -ECANCELED, with nothing transferred, if
 * the calling task is or becomes cancelled (a hand-off that was already made returns 0). Sending,
 * receiving and closing never allocate, except a discarding receive from a channel with a drop
 * function, which panics if there is no memory for the value.
 */
#ifndef RUNNEL_CHAN_H
#define RUNNEL_CHAN_H

#include <runnel/base.h>

RN_EXTERN_C_BEGIN

/*
 * The untyped channel, for bindings: elements of size bytes with the given alignment, cap of them
 * buffered. drop, if not NULL, is called exactly once, with no lock held and no waiting allowed,
 * for each value that was sent and that nobody will receive (when the channel is freed).
 *
 * Returns the channel; NULL if the capacity is impossible (size * cap overflows, or size is over
 * 1 GiB), or align is no power of two, or memory is short (g fails with -ENOMEM then, so that its
 * tasks do not wait on nil for ever), or the group is being closed and has no task left. A NULL
 * group is a programming error. Never waits.
 */
RN_API RN_MUST_CHECK rn_channel *rn_channel_new(rn_group *g, size_t size, size_t align, size_t cap,
                                                void (*drop)(void *element), const char *site);

/*
 * Sends a copy of the element at elem. Waits while no receiver is ready and the buffer is full.
 * Returns 0; -EPIPE if the channel is or becomes closed; -ECANCELED. On an error the value is still
 * the caller's.
 */
RN_API RN_MUST_CHECK int rn_channel_send(rn_channel *c, const void *elem, const char *site);

/*
 * Receives into the element at dst (NULL discards the value: drop is called for it). Waits while
 * the channel is empty. Returns 0; -EPIPE if the channel is closed and drained, with dst zeroed;
 * -ECANCELED.
 */
RN_API RN_MUST_CHECK int rn_channel_recv(rn_channel *c, void *dst, const char *site);

/* As rn_channel_send and rn_channel_recv, but return -EAGAIN instead of waiting. They work in
 * cancelled tasks too, so that clean-up code can drain. */
RN_API RN_MUST_CHECK int rn_channel_try_send(rn_channel *c, const void *elem);
RN_API RN_MUST_CHECK int rn_channel_try_recv(rn_channel *c, void *dst);

/* As rn_channel_send and rn_channel_recv, but return -ETIMEDOUT once rn_now() reaches deadline_ns
 * (absolute). An operation that is ready at entry succeeds even if the deadline has passed. */
RN_API RN_MUST_CHECK int rn_channel_send_until(rn_channel *c, int64_t deadline_ns, const void *elem,
                                               const char *site);
RN_API RN_MUST_CHECK int rn_channel_recv_until(rn_channel *c, void *dst, int64_t deadline_ns,
                                               const char *site);

/*
 * Batches: one lock for many elements. send_n sends all n elements in order, waiting as often as
 * needed; *sent (may be NULL) tells how many were given away, also on an error. recv_n waits for at
 * least one element and takes what is there, up to n; *got is the number, 0 on an error. n = 0
 * returns 0 at once; else dst must not be NULL. Errors as for the single forms.
 */
RN_API RN_MUST_CHECK int rn_channel_send_n(rn_channel *c, const void *elems, size_t n, size_t *sent,
                                           const char *site);
RN_API RN_MUST_CHECK int rn_channel_recv_n(rn_channel *c, void *dst, size_t n, size_t *got,
                                           const char *site);

/*
 * Closes the channel: buffered values are still received, then receivers get -EPIPE; waiting and
 * later senders get -EPIPE. Closing a closed or a nil channel is a programming error. Never waits.
 */
RN_API void rn_channel_close(rn_channel *c, const char *site);

/*
 * Elements in the buffer and its capacity; 0 for nil. A snapshot that orders nothing. Never waits,
 * but asking for the length may let others run, for the sake of loops that ask, and so move the
 * task to another thread.
 */
RN_API size_t rn_channel_len(const rn_channel *c);
RN_API size_t rn_channel_cap(const rn_channel *c);

/*
 * Keeps the channel alive beyond its group: each rn_ref needs one rn_unref. When the group closes,
 * a referenced channel is closed instead of freed; the last rn_unref frees it. nil is ignored.
 */
RN_API void rn_channel_ref(rn_channel *c);
RN_API void rn_channel_unref(rn_channel *c);

/*
 * Frees the channel before its group would, dropping what it still buffers. Nobody may use it any
 * more: a waiter on it is a programming error, and so is freeing a channel that rn_ref keeps.
 */
RN_API void rn_channel_free(rn_channel *c, const char *site);

RN_EXTERN_C_END

#ifndef __cplusplus

/*
 * A handle to a channel of T is a pointer to an array of T whose length says which end it is: no
 * declarations are needed for new element types, and no two of these types convert to each other.
 * Compilers show the length in their messages, in place of the name:
 *
 *     int (*)[1111111111]     rn_chan(int): both ends
 *     int (*)[1222222222]     rn_sender(int)
 *     int (*)[1333333333]     rn_receiver(int)
 *     int (*)[1444444444]     rn_broadcast(int)       (pattern.h)
 *     int *(*(*)[1555555555])(char *)     rn_stage(char, int)     (stage.h)
 *
 * Nothing tells a handle from the address of an array of just that length, so the lengths are over
 * 2^30, which no array in a program has, and compilers allow them for elements of up to 1 GiB. With
 * 32-bit pointers they are 11111 to 15555.
 */
#if SIZE_MAX > UINT32_MAX
#define RN_LENGTH_(n) (1000000000 + (n)*111111111)
#else
#define RN_LENGTH_(n) (10000 + (n)*1111)
#endif

#define RN_BOTH_ RN_LENGTH_(1)
#define RN_TX_ RN_LENGTH_(2)
#define RN_RX_ RN_LENGTH_(3)
/* The handles: rn_chan(T) has both ends, rn_sender(T) and rn_receiver(T) are one. */
#define rn_chan(T) __typeof__(__typeof__(T)(*)[RN_BOTH_])
#define rn_sender(T) __typeof__(__typeof__(T)(*)[RN_TX_])
#define rn_receiver(T) __typeof__(__typeof__(T)(*)[RN_RX_])

#define RN_ELEM_(c) __typeof__((*(c))[0])
#define RN_KIND_(c)                                                                                \
    _Generic((c), RN_ELEM_(c)(*)[RN_BOTH_] : 0, RN_ELEM_(c)(*)[RN_TX_] : 1,                        \
             RN_ELEM_(c)(*)[RN_RX_] : 2, default : 3)
/* Is this the type of an element: not const, as receiving writes to it, nor volatile, as it is
 * copied like memory? */
#define RN_UNQUALIFIED_(T)                                                                         \
    _Generic((T *)0, const T * : 0, default : _Generic((T *)0, volatile T * : 0, default : 1))
#define RN_QUALIFIED_MSG_ "runnel: the element type of a channel must not be const or volatile"
/* The untyped channel behind handle c; does not compile if c is no handle or is the wrong end. */
#define RN_CHK_(c, wrong, msg)                                                                     \
    ((void)__extension__({                                                                         \
         _Static_assert(RN_KIND_(c) != 3, "runnel: this is not a channel handle");                 \
         _Static_assert(RN_KIND_(c) != (wrong), msg);                                              \
         _Static_assert(RN_UNQUALIFIED_(RN_ELEM_(c)), RN_QUALIFIED_MSG_);                          \
         0;                                                                                        \
     }),                                                                                           \
     (rn_channel *)(void *)(c))
#define RN_ANY_(c) RN_CHK_(c, 3, "runnel: this is not a channel handle")
#define RN_CAN_SEND_(c) RN_CHK_(c, 2, "runnel: send on a receive-only channel")
#define RN_CAN_RECV_(c) RN_CHK_(c, 1, "runnel: receive from a send-only channel")
/* p, which must point to exactly the element type of c. RN_DST_ is for the receivers of one,
 * which have forms that discard it. */
#define RN_PTR_(c, p)                                                                              \
    ((void)__extension__({                                                                         \
         _Static_assert(_Generic((p), RN_ELEM_(c) * : 1, default : 0),                             \
                        "runnel: this does not point to the channel's element type");              \
         0;                                                                                        \
     }),                                                                                           \
     (p))
#define RN_DST_(c, p)                                                                              \
    ((void)__extension__({                                                                         \
         _Static_assert(_Generic((p), void * : 0, default : 1),                                    \
                        "runnel: no destination; to discard the value, use RN_DONE or rn_wait");   \
         0;                                                                                        \
     }),                                                                                           \
     RN_PTR_(c, p))
#define RN_CPTR_(c, p)                                                                             \
    ((void)__extension__({                                                                         \
         _Static_assert(_Generic((p), RN_ELEM_(c) * : 1, const RN_ELEM_(c) * : 1, default : 0),    \
                        "runnel: this does not point to the channel's element type");              \
         0;                                                                                        \
     }),                                                                                           \
     (p))
/*
 * The address of a temporary element with the given value, which lives in the enclosing block. The
 * braces around it would let one value stand for the first member of a structure, and none or two
 * for one; so the value, not evaluated, must also initialise a variable, which needs no braces.
 */
#define RN_VALUE_(c, ...) (RN_ONE_VALUE_(RN_ELEM_(c), __VA_ARGS__), (RN_ELEM_(c)[1]){ __VA_ARGS__ })
#define RN_ONE_VALUE_(T, ...)                                                                      \
    ((void)sizeof(__extension__({                                                                  \
        _Static_assert(sizeof((T[]){ __VA_ARGS__ }) == sizeof(T),                                  \
                       "runnel: a send takes one value of the channel's element type");            \
        RN_MAY_SHADOW_ T rn_value_ __attribute__((unused)) = __VA_ARGS__;                          \
        _Pragma("GCC diagnostic pop") 0;                                                           \
    })))
/* For a value that has a send in it. */
#define RN_MAY_SHADOW_ _Pragma("GCC diagnostic push") _Pragma("GCC diagnostic ignored \"-Wshadow\"")

/*
 * rn_make(g, T, cap): a channel of T in group g that buffers cap elements; rn_make_drop(g, T, cap,
 * fn) adds the drop function. Returns nil where rn_channel_new returns NULL, for example if cap
 * came from outside and is (size_t)-1: what waits on that waits for ever, as on any nil channel, so
 * look whether it is NULL where it may be.
 */
#define rn_make(g, T, ...)                                                                         \
    ((rn_chan(T))rn_channel_new((g), RN_SIZE_(T, #__VA_ARGS__), _Alignof(T), __VA_ARGS__, NULL,    \
                                RN_HERE))
#define rn_make_drop(g, T, ...)                                                                    \
    ((rn_chan(T))rn_channel_new((g), RN_SIZE_(T, #__VA_ARGS__), _Alignof(T), __VA_ARGS__, RN_HERE))
#define RN_SIZE_(T, cap)                                                                           \
    ((void)__extension__({                                                                         \
         _Static_assert(RN_UNQUALIFIED_(__typeof__(T)), RN_QUALIFIED_MSG_);                        \
         _Static_assert(sizeof(cap) > 1, "runnel: the capacity of the channel is missing");        \
         0;                                                                                        \
     }),                                                                                           \
     sizeof(T))

/* One end of a channel. Narrowing an end to itself is fine; nothing widens it back. */
#define rn_tx(c)                                                                                   \
    ((rn_sender(RN_ELEM_(c)))RN_CHK_(c, 2, "runnel: a receive-only channel has no send end"))
#define rn_rx(c)                                                                                   \
    ((rn_receiver(RN_ELEM_(c)))RN_CHK_(c, 1, "runnel: a send-only channel has no receive end"))

/* The untyped channel behind a handle, whichever end that is: for calls that take an rn_channel *,
 * and structures of functions that return one. A cast to a handle's type makes a handle of it. */
#define rn_untyped(c) RN_ANY_(c)

/* rn_send(c, value): the value is an expression or initialiser: rn_send(c, { .x = 1, .y = 2 }). */
#define rn_send(c, ...) rn_channel_send(RN_CAN_SEND_(c), RN_VALUE_(c, __VA_ARGS__), RN_HERE)
#define rn_try_send(c, ...) rn_channel_try_send(RN_CAN_SEND_(c), RN_VALUE_(c, __VA_ARGS__))
#define rn_send_until(c, deadline, ...)                                                            \
    rn_channel_send_until(RN_CAN_SEND_(c), (deadline), RN_VALUE_(c, __VA_ARGS__), RN_HERE)
#define rn_send_n(c, p, n, sent)                                                                   \
    rn_channel_send_n(RN_CAN_SEND_(c), RN_CPTR_(c, p), (n), (sent), RN_HERE)

/* rn_recv(c, &v). Go's range loop is: for (int v; rn_recv(c, &v) == 0; ) */
#define rn_recv(c, p) rn_channel_recv(RN_CAN_RECV_(c), RN_DST_(c, p), RN_HERE)
#define rn_try_recv(c, p) rn_channel_try_recv(RN_CAN_RECV_(c), RN_DST_(c, p))
#define rn_recv_until(c, p, deadline)                                                              \
    rn_channel_recv_until(RN_CAN_RECV_(c), RN_DST_(c, p), (deadline), RN_HERE)
#define rn_recv_n(c, p, n, got)                                                                    \
    rn_channel_recv_n(RN_CAN_RECV_(c), RN_PTR_(c, p), (n), (got), RN_HERE)

/*
 * rn_wait(c): receives as rn_recv does and discards the value (drop is called for it). Returns 0
 * for a value; -EPIPE if the channel is closed and drained, which is what ends the wait for a done
 * channel; -ECANCELED. The result need not be checked.
 */
#define rn_wait(c) rn_channel_wait(RN_CAN_RECV_(c), RN_HERE)

#define rn_close(c)                                                                                \
    rn_channel_close(RN_CHK_(c, 2, "runnel: close of a receive-only channel"), RN_HERE)
#define rn_len(c) rn_channel_len(RN_ANY_(c))
#define rn_cap(c) rn_channel_cap(RN_ANY_(c))
#define rn_ref(c) rn_channel_ref(RN_ANY_(c))
#define rn_unref(c) rn_channel_unref(RN_ANY_(c))
#define rn_free(c) rn_channel_free(RN_ANY_(c), RN_HERE)

#endif /* !__cplusplus */

RN_EXTERN_C_BEGIN
/* What rn_wait(c) calls; see there. */
RN_API int rn_channel_wait(rn_channel *c, const char *site);
RN_EXTERN_C_END

#endif
