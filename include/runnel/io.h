/* SPDX-License-Identifier: MIT */
/*
 * Waiting for file descriptors, and TCP.
 *
 * Deadlines are absolute on rn_now's clock; RN_FOREVER means none. Every call that waits makes the
 * task wait, not the thread, and returns -ECANCELED if the calling task is or becomes cancelled,
 * -ETIMEDOUT at the deadline, or another negative errno value from the system. Sockets never raise
 * SIGPIPE. Any task, any thread.
 */
#ifndef RUNNEL_IO_H
#define RUNNEL_IO_H

#include <runnel/base.h>

RN_EXTERN_C_BEGIN

enum { RN_READABLE = 1, RN_WRITABLE = 2 };

/*
 * Waits until fd, which stays the caller's and need not be non-blocking, is ready for one of events
 * (RN_READABLE | RN_WRITABLE). Errors and hang-ups count as ready: the following read or write
 * tells. Returns the ready events (> 0); -EBADF or -EPERM for a descriptor that cannot be waited
 * for; -EINVAL for no events; -ENOMEM without memory, and in a task for a descriptor from 1,048,576
 * on; else as above. Several tasks may wait for one descriptor. It must not be closed while a task
 * waits for it. A foreign thread waits in poll(2).
 */
#define rn_fd_wait(fd, events, deadline_ns) rn_fd_wait_at((fd), (events), (deadline_ns), RN_HERE)
RN_API RN_MUST_CHECK int rn_fd_wait_at(int fd, unsigned events, int64_t deadline_ns,
                                       const char *site);

/*
 * A listening TCP socket and a TCP connection, owned by whoever holds the pointer. Any number of
 * tasks may use one at a time, one of them to close it: each accept gets a connection of its own;
 * reads at the same time share the bytes out in no particular order, and the pieces of writes at
 * the same time may come mixed. A read and a write do not disturb each other. Closing ends the
 * calls that are under way, and frees the pointer when they have left: none may begin after it.
 */
typedef struct rn_listener rn_listener;
typedef struct rn_conn rn_conn;

/*
 * Listens on a numeric address ("127.0.0.1", "::1"; NULL: every IPv4 address) and port (0: the
 * system chooses). Never waits. Returns 0 and stores the listener, which is the caller's to close;
 * -EINVAL for an address that is not numeric or a port over 65535; or another negative errno value.
 * *out is NULL on an error.
 */
RN_API RN_MUST_CHECK int rn_tcp_listen(const char *address, unsigned port, rn_listener **out);

/* The port the listener is bound to. Any task, any thread; never waits. */
RN_API unsigned rn_listener_port(const rn_listener *l);

/* The descriptor, still owned by the listener: to wait for connections in a select. Any task, any
 * thread; never waits. */
RN_API int rn_listener_fd(const rn_listener *l);

/* Waits for a connection. Returns 0 and stores it in *out, the caller's to close; -EPIPE if
 * another task closes the listener meanwhile, or another error as above, and *out is NULL then. */
#define rn_tcp_accept(l, deadline_ns, out) rn_tcp_accept_at((l), (deadline_ns), (out), RN_HERE)
RN_API RN_MUST_CHECK int rn_tcp_accept_at(rn_listener *l, int64_t deadline_ns, rn_conn **out,
                                          const char *site);

/* Stops listening: waiting accepts return -EPIPE; frees the listener once they have left. Never
 * waits itself; NULL is fine. */
RN_API void rn_listener_close(rn_listener *l);

/*
 * Connects to a host name or numeric address and a port, trying the addresses of a name one after
 * the other. Waits for the name on a helper thread, which neither the deadline nor a cancellation
 * can interrupt, and then for each connection.
 *
 * Returns 0 and stores the connection in *out, the caller's to close; -EINVAL for a port that is
 * not 1 to 65535; -EHOSTUNREACH if the name has no address; else as above, for the last address
 * that was tried. *out is NULL on an error.
 */
#define rn_tcp_dial(host, port, deadline_ns, out)                                                  \
    rn_tcp_dial_at((host), (port), (deadline_ns), (out), RN_HERE)
RN_API RN_MUST_CHECK int rn_tcp_dial_at(const char *host, unsigned port, int64_t deadline_ns,
                                        rn_conn **out, const char *site);

/*
 * Reads up to n bytes: waits for at least one. A deadline that has passed is a timeout even if data
 * is there. Returns the number of bytes, 0 at the end of the stream (and for n = 0, so ask for one
 * at least), or a negative error; -EPIPE if another task closes the connection meanwhile.
 */
#define rn_conn_read(c, buf, n, deadline_ns)                                                       \
    rn_conn_read_at((c), (buf), (n), (deadline_ns), RN_HERE)
RN_API RN_MUST_CHECK int64_t rn_conn_read_at(rn_conn *c, void *buf, size_t n, int64_t deadline_ns,
                                             const char *site);

/*
 * Writes all n bytes; waits while the system takes none. Returns 0 or a negative error; -EPIPE if
 * another task closes the connection meanwhile, or the peer is gone. *written (may be NULL) is the
 * number of bytes the system took, also on an error.
 */
#define rn_conn_write(c, buf, n, deadline_ns, written)                                             \
    rn_conn_write_at((c), (buf), (n), (deadline_ns), (written), RN_HERE)
RN_API RN_MUST_CHECK int rn_conn_write_at(rn_conn *c, const void *buf, size_t n,
                                          int64_t deadline_ns, size_t *written, const char *site);

/* Sends the end of the stream; reading goes on. Never waits. Returns 0 or a negative error. */
RN_API int rn_conn_shutdown(rn_conn *c);

/* Closes and frees the connection once waiting reads and writes, which return -EPIPE, have left.
 * Never waits itself; NULL is fine. */
RN_API void rn_conn_close(rn_conn *c);

/* The descriptor, still owned by the connection. Any task, any thread; never waits. */
RN_API int rn_conn_fd(const rn_conn *c);

RN_EXTERN_C_END

#endif
