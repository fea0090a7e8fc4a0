/* SPDX-License-Identifier: MIT */
/* Calls about descriptors: readiness, pipes, sockets, reading and writing. */
#define _GNU_SOURCE
#include <netdb.h>
#include <poll.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "call.h"

/* ---- readiness ---- */

OPENING(eventfd, "eventfd", (unsigned n, int flags), (n, flags))
OPENING(epoll_create1, "epoll_create1", (int flags), (flags))
PLAIN(int, epoll_ctl, "epoll_ctl", -1, (int ep, int op, int fd, struct epoll_event *event),
      (ep, op, fd, event))
PLAIN(int, epoll_wait, "epoll_wait", -1, (int ep, struct epoll_event *events, int n, int timeout),
      (ep, events, n, timeout))
PLAIN(int, epoll_pwait2, "epoll_pwait2", -1,
      (int ep, struct epoll_event *events, int n, const struct timespec *timeout,
       const sigset_t *mask),
      (ep, events, n, timeout, mask))
PLAIN(int, poll, "poll", -1, (struct pollfd * fds, nfds_t n, int timeout), (fds, n, timeout))
PLAIN(int, ppoll, "ppoll", -1,
      (struct pollfd * fds, nfds_t n, const struct timespec *timeout, const sigset_t *mask),
      (fds, n, timeout, mask))
#define PAIR(name, params, args)                                                                   \
    TAKING(int, name, #name, -1, params, args, {                                                   \
        live_descriptor(ends[0], #name, #name, CALLER);                                            \
        live_descriptor(ends[1], #name, #name, CALLER);                                            \
    })

PAIR(pipe, (int ends[2]), (ends))
PAIR(pipe2, (int ends[2], int flags), (ends, flags))

/* ---- sockets ---- */

OPENING(socket, "socket", (int family, int type, int protocol), (family, type, protocol))
PAIR(socketpair, (int family, int type, int protocol, int ends[2]), (family, type, protocol, ends))
PLAIN(int, bind, "bind", -1, (int fd, const struct sockaddr *a, socklen_t n), (fd, a, n))
PLAIN(int, listen, "listen", -1, (int fd, int n), (fd, n))
PLAIN(int, getsockname, "getsockname", -1, (int fd, struct sockaddr *a, socklen_t *n), (fd, a, n))
PLAIN(int, getsockopt, "getsockopt", -1, (int fd, int level, int option, void *p, socklen_t *n),
      (fd, level, option, p, n))
PLAIN(int, setsockopt, "setsockopt", -1,
      (int fd, int level, int option, const void *p, socklen_t n), (fd, level, option, p, n))

DECLARE(accept4);
int accept4(int fd, struct sockaddr *a, socklen_t *n, int flags)
{
    int code = FAULT("accept4", "accept4");
    if (!code) {
        int got = REAL(accept4)(fd, a, n, flags);
        if (got >= 0)
            live_descriptor(got, "accept4", "accept4", CALLER);
        return got;
    }
    int lost = code == ECONNABORTED ? REAL(accept4)(fd, a, n, flags) : -1;
    if (lost >= 0)
        syscall(SYS_close, lost);
    else if (code == ECONNABORTED)
        return -1; /* there was none to lose */
    errno = code;
    return -1;
}

DECLARE(connect);
int connect(int fd, const struct sockaddr *a, socklen_t n)
{
    int code = FAULT("connect", "connect");
    if (!code)
        return REAL(connect)(fd, a, n);
    if (code == EINTR)
        (void)REAL(connect)(fd, a, n);
    errno = code;
    return -1;
}

DECLARE(getaddrinfo);
int getaddrinfo(const char *host, const char *service, const struct addrinfo *hints,
                struct addrinfo **out)
{
    int code = FAULT("getaddrinfo", "getaddrinfo");
    if (code == EAI_SYSTEM)
        errno = EMFILE;
    return code ? code : REAL(getaddrinfo)(host, service, hints, out);
}

/* ---- reading and writing ---- */

/* Half of it, but something. */
static size_t less(size_t n)
{
    return n > 1 ? n / 2 : n;
}

/* Fails as PLAIN does, or does less than asked for. */
#define PARTIAL(name, params, all, some)                                                           \
    DECLARE(name);                                                                                 \
    ssize_t name params                                                                            \
    {                                                                                              \
        int code = FAULT(#name, #name);                                                            \
        if (code == FAULT_SHORT)                                                                   \
            return REAL(name) some;                                                                \
        if (code) {                                                                                \
            errno = code;                                                                          \
            return -1;                                                                             \
        }                                                                                          \
        return REAL(name) all;                                                                     \
    }

PARTIAL(read, (int fd, void *p, size_t n), (fd, p, n), (fd, p, less(n)))
PARTIAL(write, (int fd, const void *p, size_t n), (fd, p, n), (fd, p, less(n)))
PARTIAL(recv, (int fd, void *p, size_t n, int flags), (fd, p, n, flags), (fd, p, less(n), flags))
PARTIAL(send, (int fd, const void *p, size_t n, int flags), (fd, p, n, flags),
        (fd, p, less(n), flags))

DECLARE(close);
int close(int fd)
{
    int code = FAULT("close", "close");
    live_closed(fd);
    int rc = REAL(close)(fd);
    if (code) {
        errno = code;
        return -1;
    }
    return rc;
}
