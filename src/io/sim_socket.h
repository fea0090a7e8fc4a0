/* SPDX-License-Identifier: MIT */
/*
 * A socket of the simulated network, and what comes to it.
 *
 * A connection is two sockets, each the other's `peer`. What one sends becomes an arrival at the
 * other: bytes, the end of the stream, a reset. Arrivals come in the order in which they were sent,
 * each at its instant of the virtual clock but not before the one in front of it; one that takes no
 * time and has none before it comes at once. The bytes themselves are in the receiver's ring from
 * the beginning, `sent` of them, of which `arrived` may be read; so the ring is the window, too.
 * The answer to a connection request is an arrival at who asks: when it comes the listener is
 * looked for, and gets the other socket, which has been `unborn` before.
 *
 * After a close the peer has no peer: what it then sends is lost, and is answered by a reset. A
 * socket that is closed before it has read everything resets its peer. What has arrived before a
 * reset can still be read; then a read fails once, as the system's does, and writes do for good.
 *
 * rni_sim_net_lock guards all of this; descriptors (core/descriptor.h) and timers are locked under
 * it. A timer's function takes it first, and after rni_timer_fired touches the socket only if that
 * is not closed; so a closer that has marked the socket may stop the timer, and then free it. A
 * simulated run has one worker: the lock is for threads that are not the library's.
 */
#ifndef RNI_IO_SIM_SOCKET_H
#define RNI_IO_SIM_SOCKET_H

#include "core/park.h"
#include "io/net.h"

enum { RNI_SIM_ARRIVALS = 64, RNI_SIM_WINDOW = 64 * 1024 };

typedef enum arrival_kind { BYTES, END, RESET, ANSWER } arrival_kind;

typedef struct arrival {
    int64_t when;
    arrival_kind kind;
    size_t detail; /* how many bytes; an answer's error */
} arrival;

typedef struct sim_socket sim_socket;

struct sim_socket {
    int fd;
    rni_address at;   /* a listener's; or where a connection goes */
    sim_socket *next; /* in `listeners`, or in a backlog */

    /* a listener */
    sim_socket *backlog, **backlog_end;
    unsigned waiting; /* in it */

    /* a connection */
    sim_socket *peer, *unborn;
    arrival arrivals[RNI_SIM_ARRIVALS];
    unsigned first_arrival, arrivals_n, requests;
    size_t window, first, arrived, sent; /* of the ring */
    rni_timer timer;
    int error; /* to be told once */
    bool listens, armed, connecting, ended, dead, shut_read, shut_write, closed;
    char ring[];
};

/* ---- sim_wire.c; under rni_sim_net_lock, but for the window ---- */

extern rni_lock rni_sim_net_lock;

/* Something unlikely happens: only in runs with faults. */
bool rni_sim_trouble(void);
/* How many bytes a connection may hold. */
size_t rni_sim_window(void);
/* Tells who waits for s what it is ready for now. */
void rni_sim_say(const sim_socket *s);
/* Something comes to s, `after` at the soonest; `detail` is an answer's error or how many bytes. */
void rni_sim_arrive(sim_socket *s, arrival_kind kind, size_t detail, int64_t after);
/* Both sides of the connection of s fail; what is under way is lost. */
void rni_sim_reset(sim_socket *s);
/* The timer's function of every socket. */
void rni_sim_arrivals_due(rni_timer *t);
/* As read and write of rni_net. */
int64_t rni_sim_receive(sim_socket *s, void *buf, size_t n);
int64_t rni_sim_transmit(sim_socket *s, const void *buf, size_t n);
/* The error that s has to tell, once; or 0. */
int rni_sim_take_error(sim_socket *s);

/* ---- sim_net.c ---- */

/* The request of s has been answered, if not by an error then by the listener, if there is one. */
void rni_sim_answer(sim_socket *s, int error);

#endif
