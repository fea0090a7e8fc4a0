/* SPDX-License-Identifier: MIT */
/*
 * File descriptors: who waits for each.
 *
 * Each descriptor number has an entry with a lock and a queue of waiters; entries are made on first
 * use and never freed, as the abort protocol wants (core/park.h). The poller reports a descriptor
 * once per arming (os.h), so every wait arms it anew for all that the queue waits for, under the
 * entry's lock, which makes "enqueue and arm" one step against rni_descriptor_ready.
 *
 * A waiter in such a queue tells with its flags for which events it waits (RNI_WAITER_EVENTS). Who
 * ends its wait stores the events it is ready for in *(unsigned *)elem, unless that is NULL; the
 * result is the waiter's index if it carries a claim (a case of a select), else those events.
 *
 * io_waiters (core/verdict.c) counts each waiting task from before the arming until after it has
 * been made ready.
 *
 * A simulated descriptor belongs to the network of a simulated run (io/sim_net.c). Its number is
 * taken from the system, so that nothing else has it, but no system call is made on it: it is ready
 * for what rni_descriptor_say said last. Its waiters are not in io_waiters, because nothing outside
 * can wake them; so time passes while they wait, and a deadlock among them is seen. Only tasks may
 * wait for it.
 */
#ifndef RNI_CORE_DESCRIPTOR_H
#define RNI_CORE_DESCRIPTOR_H

#include "core/park.h"

typedef struct rni_descriptor {
    rni_lock lock;
    rni_queue waiters;
    uint32_t armings;   /* counts them; part of the key, so that an old event is told from a new */
    unsigned simulated; /* SIMULATED, and the events it is ready for; or 0. Under the lock */
} rni_descriptor;

/* In the flags of a waiter: RN_READABLE and RN_WRITABLE (RNI_OS_READ and _WRITE), shifted. */
#define RNI_WAITER_EVENTS(events) ((int)((events) << 8))

/* The entry of fd, which is not negative; NULL without memory or for a number that is too large. */
rni_descriptor *rni_descriptor_of(int fd);

/* Puts w into the queue and arms fd; d's lock is held. 0, or why fd cannot be waited for: then w is
 * in no queue. */
int rni_descriptor_watch(rni_descriptor *d, int fd, rni_waiter *w);

/* What fd, which is not negative, is ready for of events: > 0, 0, or a negative error. Never
 * waits. */
int rni_descriptor_look(int fd, unsigned events);

/* Makes fd a simulated descriptor, ready for nothing; or an ordinary one again, before it is
 * closed. The first returns 0 or -ENOMEM. */
int rni_descriptor_simulate(int fd);
void rni_descriptor_forget(int fd);
bool rni_descriptor_is_simulated(int fd);
/* Simulated fd is ready for these events from now on. Readies tasks; parks nothing. */
void rni_descriptor_say(int fd, unsigned events);

/* The poller has found the descriptor behind key ready for events. Readies tasks; parks nothing. */
void rni_descriptor_ready(uint64_t key, unsigned events);

/*
 * A foreign thread waits for descriptors itself: there may be no worker to do it. Between _begin,
 * which comes before rni_claim_open, and _end a parked thread's wait is ended by the first of the
 * set that is ready, too, or by an error of the system. `which` then is the index of that
 * descriptor, and the result 0; or `which` is n, and the result the ender's or that error.
 */
typedef struct rni_poll_set {
    rni_os_fd *fds; /* n, and room for one more: the library's own */
    size_t n, which;
} rni_poll_set;

/* 0 or a negative error. */
int rni_foreign_poll_begin(rni_task *t, rni_poll_set *set);
void rni_foreign_poll_end(rni_task *t);

#endif
