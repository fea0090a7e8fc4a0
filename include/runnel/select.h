/* SPDX-License-Identifier: MIT */
/*
 * Select: waits for the first of several channel operations.
 *
 *     enum { LINE, DONE };
 *     switch (rn_select([LINE] = RN_RECV(lines, &s, &ok), [DONE] = RN_DONE(done))) {
 *     case LINE: if (!ok) return 0; puts(s); break;
 *     case DONE: return 0;
 *     default:   return -ECANCELED;
 *     }
 *
 * Rules, as in Go: every channel and send value is evaluated once, on entry, chosen or not. Among
 * the cases that are ready one is chosen uniformly at random, all channels being seen at one
 * instant; if none is ready, RN_DEFAULT is chosen if there is one, else the call waits. Exactly one
 * case takes effect. A nil channel is never ready; a select without a case that can become ready
 * waits until it is cancelled.
 */
#ifndef RUNNEL_SELECT_H
#define RUNNEL_SELECT_H

#include <runnel/base.h>
#include <runnel/chan.h>

RN_EXTERN_C_BEGIN

/* What a case does. */
typedef enum rn_op {
    RN_OP_NONE = 0, /* an absent case: never ready */
    RN_OP_RECV,
    RN_OP_SEND,
    RN_OP_DEFAULT,
    RN_OP_AFTER,
    RN_OP_FD
} rn_op;

/*
 * One case. Built by the macros below, or by hand for bindings (zero it first). The array of cases
 * belongs to the caller, must stay in place during the call and may be used again. It is kept
 * small, because each select writes its cases anew.
 */
typedef struct rn_case {
    rn_op op;
    int status; /* out, of the chosen case: 0; -EPIPE if its channel was closed; FD: an error */
    union {
        rn_channel *ch; /* RECV, SEND; NULL is the nil channel */
        int fd;         /* FD: still the caller's */
    };
    union {
        void *elem;      /* RECV: destination, may be NULL; SEND: source */
        unsigned *ready; /* FD: out, the events it is ready for; may be NULL */
    };
    union {
        bool *ok;        /* RECV: true for a value, false for "closed"; may be NULL */
        int64_t ns;      /* AFTER: from now */
        unsigned events; /* FD: RN_READABLE | RN_WRITABLE */
    };
} rn_case;

/*
 * Waits on the n cases of a run-time list. Returns the index of the chosen case; -EPIPE if the
 * chosen case is a send on a closed channel (its status says which one; the value is still the
 * caller's); an error of rn_fd_wait (runnel/io.h) if the chosen case is a descriptor that cannot be
 * waited for (its status says which one); -ECANCELED at entry or while waiting if the calling task
 * is cancelled; -EINVAL if n is over INT_MAX, the only limit on it; -ENOMEM if n is over 64 (4 on a
 * tiny stack) and there is no memory. Any task, any thread. Two RN_DEFAULT cases are a programming
 * error. Allocates only for more cases than that and for descriptors, which report that there is no
 * memory, and for a discarding receive from a channel with a drop function, which panics then.
 */
RN_API RN_MUST_CHECK int rn_select_at(rn_case *cases, size_t n, const char *site);

/* As rn_select_at, but takes the first ready case in the order of the list. */
RN_API RN_MUST_CHECK int rn_select_ordered_at(rn_case *cases, size_t n, const char *site);

RN_EXTERN_C_END

#define rn_select_n(cases, n) rn_select_at((cases), (n), RN_HERE)
#define rn_select_ordered_n(cases, n) rn_select_ordered_at((cases), (n), RN_HERE)

#ifndef __cplusplus

/* Each of these names all fields: gcc clears an array first if one is left out, with `rep stos`. */

/* Receive into *p; *okp (a bool, may be NULL) tells a value from "closed", which zeroes *p. */
#define RN_RECV(c, p, okp)                                                                         \
    (rn_case)                                                                                      \
    {                                                                                              \
        .op = RN_OP_RECV, .status = 0, .ch = RN_CAN_RECV_(c), .elem = RN_DST_(c, p), .ok = (okp)   \
    }
/*
 * RN_SEND(c, value): send the value, which lives in the block that encloses RN_SEND. So it is for
 * the cases of rn_select, not for a list that a loop fills and rn_select_n reads: at the end of
 * each turn the loop's block ends, and all such values with it. RN_SEND_PTR(c, p) sends the element
 * at p, which lives as long as you say.
 *
 *     for (size_t i = 0; i < n; i++)
 *         cases[i] = RN_SEND_PTR(queues[i], &values[i]);
 *     int chosen = rn_select_n(cases, n);
 */
#define RN_SEND(c, ...)                                                                            \
    (rn_case)                                                                                      \
    {                                                                                              \
        .op = RN_OP_SEND, .status = 0, .ch = RN_CAN_SEND_(c), .elem = RN_VALUE_(c, __VA_ARGS__),   \
        .ok = NULL                                                                                 \
    }
#define RN_SEND_PTR(c, p)                                                                          \
    (rn_case)                                                                                      \
    {                                                                                              \
        .op = RN_OP_SEND, .status = 0, .ch = RN_CAN_SEND_(c), .elem = RN_PTR_(c, p), .ok = NULL    \
    }
/* Receive and discard: for done channels of any element type. */
#define RN_DONE(c)                                                                                 \
    (rn_case)                                                                                      \
    {                                                                                              \
        .op = RN_OP_RECV, .status = 0, .ch = RN_CAN_RECV_(c), .elem = NULL, .ok = NULL             \
    }
/* Ready once ns nanoseconds have passed since the select began. What is ready at once wins against
 * it, whatever the order, even if ns is 0. */
#define RN_AFTER(after_ns)                                                                         \
    (rn_case)                                                                                      \
    {                                                                                              \
        .op = RN_OP_AFTER, .status = 0, .ch = NULL, .elem = NULL, .ns = (after_ns)                 \
    }
/*
 * Ready once fd is ready for one of events (RN_READABLE | RN_WRITABLE); *readyp (an unsigned, may
 * be NULL) then tells for which. As for rn_fd_wait (runnel/io.h): errors and hang-ups count as
 * ready, fd stays the caller's and must not be closed meanwhile. It is looked at just before the
 * channels are, which costs a system call.
 */
#define RN_FD(fd_, events_, readyp)                                                                \
    (rn_case)                                                                                      \
    {                                                                                              \
        .op = RN_OP_FD, .status = 0, .fd = (fd_), .events = (events_), .ready = (readyp)           \
    }
/* Chosen if no other case is ready: such a select never waits, so an RN_AFTER beside it, even of 0,
 * is never chosen. */
#define RN_DEFAULT                                                                                 \
    (rn_case)                                                                                      \
    {                                                                                              \
        .op = RN_OP_DEFAULT, .status = 0, .ch = NULL, .elem = NULL, .ok = NULL                     \
    }

#define rn_select(...)                                                                             \
    rn_select_at((rn_case[]){ __VA_ARGS__ }, sizeof((rn_case[]){ __VA_ARGS__ }) / sizeof(rn_case), \
                 RN_HERE)
#define rn_select_ordered(...)                                                                     \
    rn_select_ordered_at((rn_case[]){ __VA_ARGS__ },                                               \
                         sizeof((rn_case[]){ __VA_ARGS__ }) / sizeof(rn_case), RN_HERE)

#endif /* !__cplusplus */

#endif
