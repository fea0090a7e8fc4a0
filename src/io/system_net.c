/* SPDX-License-Identifier: MIT */
/* The system's sockets, non-blocking. */
#define _GNU_SOURCE
#include "io/net.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <runnel/task.h>

#include "core/park.h"

/* errno of the calling thread, read anew: the task may have moved since the last call. */
static int system_error(void)
{
    return -rni_os_error();
}

/* ---- addresses ---- */

int rni_address_parse(const char *text, unsigned port, rni_address *out)
{
    memset(out, 0, sizeof *out);
    if (port > 65535)
        return -EINVAL;
    if (!text || inet_pton(AF_INET, text, &out->v4.sin_addr) == 1) {
        out->v4.sin_family = AF_INET;
        out->v4.sin_port = htons((uint16_t)port);
        return 0;
    }
    if (inet_pton(AF_INET6, text, &out->v6.sin6_addr) == 1) {
        out->v6.sin6_family = AF_INET6;
        out->v6.sin6_port = htons((uint16_t)port);
        return 0;
    }
    return -EINVAL;
}

static socklen_t length_of(const rni_address *a)
{
    return a->any.sa_family == AF_INET ? sizeof a->v4 : sizeof a->v6;
}

typedef struct lookup {
    const char *host;
    char service[8];
    rni_addresses *out;
} lookup;

/* Runs on a helper thread: the resolver blocks, and wants more stack than a small task has. */
static int look_up(void *arg)
{
    lookup *l = arg;
    struct addrinfo hints = { .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM }, *list;
    int rc = getaddrinfo(l->host, l->service, &hints, &list);
    if (rc != 0)
        return rc == EAI_MEMORY ? -ENOMEM : rc == EAI_SYSTEM ? system_error() : -EHOSTUNREACH;
    for (struct addrinfo *ai = list; ai && l->out->n < RNI_ADDRESSES_MAX; ai = ai->ai_next)
        if (ai->ai_addrlen <= sizeof(rni_address))
            memcpy(&l->out->list[l->out->n++], ai->ai_addr, ai->ai_addrlen);
    freeaddrinfo(list);
    return l->out->n > 0 ? 0 : -EHOSTUNREACH;
}

static int resolve(const char *host, unsigned port, rni_addresses *out, const char *site)
{
    lookup l = { .host = host, .out = out };
    out->n = 0;
    snprintf(l.service, sizeof l.service, "%u", port);
    return rn_blocking_at(look_up, &l, site);
}

/* ---- listening ---- */

/* The port that fd is bound to, or an error: a listener on an unknown port is of no use. */
static int bound_port(int fd)
{
    rni_address a = { .any.sa_family = AF_INET };
    socklen_t length = sizeof a;
    if (getsockname(fd, &a.any, &length) != 0)
        return system_error();
    return ntohs(a.any.sa_family == AF_INET ? a.v4.sin_port : a.v6.sin6_port);
}

static int open_listener(const rni_address *at, rni_socket *out, unsigned *port)
{
    int one = 1;
    int fd = socket(at->any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return system_error();
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    int rc = 0;
    if (bind(fd, &at->any, length_of(at)) != 0 || listen(fd, SOMAXCONN) != 0)
        rc = system_error();
    else
        rc = bound_port(fd);
    if (rc < 0) {
        close(fd);
        return rc;
    }
    *out = (rni_socket){ .fd = fd };
    *port = (unsigned)rc;
    return 0;
}

static void no_delay(int fd)
{
    int one = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
}

static int take_connection(const rni_socket *l, rni_socket *out)
{
    int fd = accept4(l->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0)
        return system_error();
    no_delay(fd);
    *out = (rni_socket){ .fd = fd };
    return 0;
}

/* ---- connecting ---- */

static int begin_to_connect(const rni_address *to, rni_socket *out)
{
    int fd = socket(to->any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return system_error();
    int rc = connect(fd, &to->any, length_of(to)) == 0 ? 0 : system_error();
    if (rc == -EINTR)
        rc = -EINPROGRESS;
    if (rc != 0 && rc != -EINPROGRESS) {
        close(fd);
        return rc;
    }
    no_delay(fd);
    *out = (rni_socket){ .fd = fd };
    return rc;
}

static int connected(const rni_socket *s)
{
    int so_error = 0;
    socklen_t length = sizeof so_error;
    return getsockopt(s->fd, SOL_SOCKET, SO_ERROR, &so_error, &length) == 0 ? -so_error
                                                                            : system_error();
}

/* ---- bytes ---- */

static int64_t read_some(const rni_socket *s, void *buf, size_t n)
{
    ssize_t got = recv(s->fd, buf, n, 0);
    return got >= 0 ? got : system_error();
}

static int64_t write_some(const rni_socket *s, const void *buf, size_t n)
{
    ssize_t put = send(s->fd, buf, n, MSG_NOSIGNAL);
    return put >= 0 ? put : system_error();
}

static int shut_down(const rni_socket *s, int both)
{
    return shutdown(s->fd, both ? SHUT_RDWR : SHUT_WR) == 0 ? 0 : system_error();
}

static void close_socket(const rni_socket *s)
{
    close(s->fd);
}

const rni_net rni_system_net = {
    .resolve = resolve,
    .listen = open_listener,
    .accept = take_connection,
    .connect = begin_to_connect,
    .connected = connected,
    .read = read_some,
    .write = write_some,
    .shutdown = shut_down,
    .close = close_socket,
};
