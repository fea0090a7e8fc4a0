/* SPDX-License-Identifier: MIT */
/*
 * TCP over non-blocking sockets and rn_fd_wait.
 *
 * The descriptor belongs to the handle and is closed only when nobody is inside a call on it any
 * more: `users` counts the calls under way plus one for the owner, and the last to leave closes and
 * frees. Closing first shuts the socket down, which makes every waiting call ready; it then sees
 * `closed` and returns -EPIPE. So a descriptor number is never reused under a waiting task.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <runnel/io.h>
#include <runnel/task.h>

#include "core/park.h"

typedef struct socket_handle {
    int fd;
    unsigned port;        /* of a listener; fixed */
    _Atomic(int) users;   /* calls under way, plus the owner */
    _Atomic(bool) closed; /* the owner has closed it */
} socket_handle;

struct rn_listener {
    socket_handle s;
};
struct rn_conn {
    socket_handle s;
};

/* errno of the calling thread, read anew: the task may have moved since the last call. */
static int system_error(void)
{
    return -rni_os_error();
}

/* ---- handles ---- */

/* The public types are this one, named; freed by leave(). */
static void *new_handle(int fd)
{
    socket_handle *s = rni_os_alloc(sizeof *s);
    if (!s)
        return NULL;
    s->fd = fd;
    atomic_store_explicit(&s->users, 1, memory_order_relaxed);
    return s;
}

static void leave(socket_handle *s)
{
    /* acq_rel: every use of the descriptor happens before its close */
    if (atomic_fetch_sub_explicit(&s->users, 1, memory_order_acq_rel) == 1) {
        close(s->fd);
        rni_os_free(s);
    }
}

static void enter(socket_handle *s)
{
    atomic_fetch_add_explicit(&s->users, 1, memory_order_seq_cst); /* partner: close_handle */
}

static bool is_closed(socket_handle *s)
{
    return atomic_load_explicit(&s->closed, memory_order_seq_cst);
}

static void close_handle(socket_handle *s)
{
    int saved = rni_os_error();
    /* Either we see the call that is under way, or it sees `closed` before it waits. */
    atomic_store_explicit(&s->closed, true, memory_order_seq_cst);
    if (atomic_load_explicit(&s->users, memory_order_seq_cst) > 1)
        shutdown(s->fd, SHUT_RDWR); /* wakes those who wait */
    leave(s);
    rni_os_set_error(saved);
}

/* Waits until the socket is ready. 0, or why the call must end. */
static int wait_ready(socket_handle *s, unsigned events, int64_t deadline, const char *site)
{
    int rc = rn_fd_wait_at(s->fd, events, deadline, site);
    if (rc < 0)
        return rc;
    return is_closed(s) ? -EPIPE : 0;
}

/* ---- listening ---- */

typedef union address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
} address;

/* Parses a numeric address; the length of *a, or -EINVAL. */
static int parse(const char *text, unsigned port, address *a)
{
    memset(a, 0, sizeof *a);
    if (port > 65535)
        return -EINVAL;
    if (!text || inet_pton(AF_INET, text, &a->v4.sin_addr) == 1) {
        a->v4.sin_family = AF_INET;
        a->v4.sin_port = htons((uint16_t)port);
        return sizeof a->v4;
    }
    if (inet_pton(AF_INET6, text, &a->v6.sin6_addr) == 1) {
        a->v6.sin6_family = AF_INET6;
        a->v6.sin6_port = htons((uint16_t)port);
        return sizeof a->v6;
    }
    return -EINVAL;
}

static int open_listener(const address *a, socklen_t length)
{
    int one = 1;
    int fd = socket(a->any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return system_error();
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(fd, &a->any, length) != 0 || listen(fd, SOMAXCONN) != 0) {
        int rc = system_error();
        close(fd);
        return rc;
    }
    return fd;
}

static unsigned bound_port(int fd)
{
    address a;
    socklen_t length = sizeof a;
    if (getsockname(fd, &a.any, &length) != 0)
        return 0;
    return ntohs(a.any.sa_family == AF_INET ? a.v4.sin_port : a.v6.sin6_port);
}

int rn_tcp_listen(const char *numeric, unsigned port, rn_listener **out)
{
    address a;
    int saved = rni_os_error(), length = parse(numeric, port, &a);
    *out = NULL;
    if (length < 0)
        return length;
    int fd = open_listener(&a, (socklen_t)length);
    if (fd >= 0 && !(*out = new_handle(fd)))
        close(fd);
    if (*out)
        (*out)->s.port = bound_port(fd);
    rni_os_set_error(saved);
    return *out ? 0 : fd < 0 ? fd : -ENOMEM;
}

unsigned rn_listener_port(const rn_listener *l)
{
    return l->s.port;
}

int rn_listener_fd(const rn_listener *l)
{
    return l->s.fd;
}

/* Whether accept failed because of one connection, not because of the listener (accept(2)). */
static bool try_next(int rc)
{
    return rc == -EINTR || rc == -ECONNABORTED || rc == -EPROTO || rc == -ENETDOWN ||
           rc == -ENOPROTOOPT || rc == -EHOSTDOWN || rc == -EHOSTUNREACH || rc == -ENETUNREACH;
}

static int accept_on(socket_handle *s, int64_t deadline, const char *site)
{
    for (;;) {
        if (is_closed(s))
            return -EPIPE;
        int fd = accept4(s->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0)
            return fd;
        int rc = system_error();
        if (rc == -EAGAIN)
            rc = wait_ready(s, RN_READABLE, deadline, site);
        else if (try_next(rc))
            rc = 0;
        if (rc != 0)
            return rc;
    }
}

/* A connection's handle for fd, which it owns from now on. */
static int adopt(int fd, rn_conn **out)
{
    int one = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    *out = new_handle(fd);
    if (*out)
        return 0;
    close(fd);
    return -ENOMEM;
}

int rn_tcp_accept_at(rn_listener *l, int64_t deadline_ns, rn_conn **out, const char *site)
{
    *out = NULL;
    int rc = rni_refused_at_entry(rni_current());
    if (rc)
        return rc;
    enter(&l->s);
    int saved = rni_os_error();
    int fd = accept_on(&l->s, deadline_ns, site);
    rc = fd < 0 ? fd : adopt(fd, out);
    leave(&l->s);
    rni_os_set_error(saved);
    return rni_spend(rni_current(), rc);
}

void rn_listener_close(rn_listener *l)
{
    if (l)
        close_handle(&l->s);
}

/* ---- dialling ---- */

typedef struct lookup {
    const char *host;
    char service[8];
    struct addrinfo *list;
} lookup;

/* Runs on a helper thread: the resolver blocks, and wants more stack than a small task has. */
static int resolve(void *arg)
{
    lookup *l = arg;
    struct addrinfo hints = { .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM };
    int rc = getaddrinfo(l->host, l->service, &hints, &l->list);
    if (rc == 0)
        return 0;
    return rc == EAI_MEMORY ? -ENOMEM : rc == EAI_SYSTEM ? system_error() : -EHOSTUNREACH;
}

static int connect_to(const struct addrinfo *ai, int64_t deadline, const char *site)
{
    int fd = socket(ai->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return system_error();
    int rc = connect(fd, ai->ai_addr, ai->ai_addrlen) == 0 ? 0 : system_error();
    if (rc == -EINPROGRESS || rc == -EINTR) {
        rc = rn_fd_wait_at(fd, RN_WRITABLE, deadline, site);
        if (rc > 0) {
            int so_error = 0;
            socklen_t length = sizeof so_error;
            rc = getsockopt(fd, SOL_SOCKET, SO_ERROR, &so_error, &length) == 0 ? -so_error
                                                                               : system_error();
        }
    }
    if (rc == 0)
        return fd;
    close(fd);
    return rc;
}

int rn_tcp_dial_at(const char *host, unsigned port, int64_t deadline_ns, rn_conn **out,
                   const char *site)
{
    lookup l = { .host = host };
    *out = NULL;
    int rc = rni_refused_at_entry(rni_current());
    if (rc)
        return rc;
    if (port == 0 || port > 65535)
        return -EINVAL;
    snprintf(l.service, sizeof l.service, "%u", port);
    int saved = rni_os_error();
    rc = rn_blocking_at(resolve, &l, site);
    if (rc == 0)
        rc = -EHOSTUNREACH;
    else
        l.list = NULL;
    int fd = rc;
    for (struct addrinfo *ai = l.list; ai && fd < 0; ai = ai->ai_next) {
        fd = connect_to(ai, deadline_ns, site);
        /* The system's own timeout for one address leaves the others to be tried. */
        if (fd == -ECANCELED || (fd == -ETIMEDOUT && rni_now() >= deadline_ns))
            break;
    }
    if (l.list)
        freeaddrinfo(l.list);
    rc = fd < 0 ? fd : adopt(fd, out);
    rni_os_set_error(saved);
    return rc;
}

/* ---- reading and writing ---- */

static int64_t read_some(socket_handle *s, void *buf, size_t n, int64_t deadline, const char *site)
{
    for (;;) {
        if (is_closed(s))
            return -EPIPE;
        ssize_t got = recv(s->fd, buf, n, 0);
        if (got >= 0)
            return got;
        int rc = system_error();
        if (rc == -EAGAIN)
            rc = wait_ready(s, RN_READABLE, deadline, site);
        else if (rc == -EINTR)
            rc = 0;
        if (rc != 0)
            return rc;
    }
}

/* Whether a read or write with this deadline must not even try; an expired deadline is a timeout
 * for data that is there, too, so that closing a connection by its deadline works. */
static int refused(int64_t deadline)
{
    int rc = rni_refused_at_entry(rni_current());
    if (rc == 0 && deadline != RN_FOREVER && rni_now() >= deadline)
        rc = rni_spend(rni_current(), -ETIMEDOUT);
    return rc;
}

int64_t rn_conn_read_at(rn_conn *c, void *buf, size_t n, int64_t deadline_ns, const char *site)
{
    int64_t rc = refused(deadline_ns);
    if (rc)
        return rc;
    enter(&c->s);
    int saved = rni_os_error();
    rc = read_some(&c->s, buf, n, deadline_ns, site);
    leave(&c->s);
    rni_os_set_error(saved);
    rni_spend(rni_current(), 0);
    return rc;
}

static int write_all(socket_handle *s, const char *buf, size_t n, int64_t deadline, size_t *done,
                     const char *site)
{
    while (*done < n) {
        if (is_closed(s))
            return -EPIPE;
        ssize_t put = send(s->fd, buf + *done, n - *done, MSG_NOSIGNAL);
        if (put >= 0) {
            *done += (size_t)put;
            rni_spend(rni_current(), 0);
            continue;
        }
        int rc = system_error();
        if (rc == -EAGAIN)
            rc = wait_ready(s, RN_WRITABLE, deadline, site);
        else if (rc == -EINTR)
            rc = 0;
        if (rc != 0)
            return rc;
    }
    return 0;
}

int rn_conn_write_at(rn_conn *c, const void *buf, size_t n, int64_t deadline_ns, size_t *written,
                     const char *site)
{
    size_t done = 0;
    int rc = refused(deadline_ns);
    if (rc == 0) {
        enter(&c->s);
        int saved = rni_os_error();
        rc = write_all(&c->s, buf, n, deadline_ns, &done, site);
        leave(&c->s);
        rni_os_set_error(saved);
        rni_spend(rni_current(), 0);
    }
    if (written)
        *written = done;
    return rc;
}

int rn_conn_shutdown(rn_conn *c)
{
    int saved = rni_os_error();
    int rc = shutdown(c->s.fd, SHUT_WR) == 0 ? 0 : system_error();
    rni_os_set_error(saved);
    return rc;
}

void rn_conn_close(rn_conn *c)
{
    if (c)
        close_handle(&c->s);
}

int rn_conn_fd(const rn_conn *c)
{
    return c->s.fd;
}
