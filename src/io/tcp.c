/* SPDX-License-Identifier: MIT */
/*
 * TCP over sockets that never wait (net.h) and rn_fd_wait.
 *
 * The descriptor belongs to the handle and is closed only when nobody is inside a call on it any
 * more: `users` counts the calls under way plus one for the owner, and the last to leave closes and
 * frees. Closing first shuts the socket down, which makes every waiting call ready; it then sees
 * `closed` and returns -EPIPE. So a descriptor number is never reused under a waiting task.
 */
#include <runnel/io.h>

#include "base/refs.h"
#include "core/park.h"
#include "core/sim.h"
#include "io/net.h"

typedef struct socket_handle {
    rni_socket socket;
    const rni_net *net;   /* its functions */
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

/* The network of who opens something. */
static const rni_net *net_here(void)
{
    return rni_unlikely(rni_sim_on()) ? &rni_sim_net : &rni_system_net;
}

/* ---- handles ---- */

/* The public types are this one, named; freed by leave(). It owns the socket, which is closed if
 * there is no memory. */
static void *new_handle(const rni_net *net, const rni_socket *socket)
{
    socket_handle *s = rni_os_alloc(sizeof *s);
    if (!s) {
        net->close(socket);
        return NULL;
    }
    s->socket = *socket;
    s->net = net;
    atomic_store_explicit(&s->users, 1, memory_order_relaxed);
    return s;
}

static void leave(socket_handle *s)
{
    if (RNI_LEAVES_NONE(&s->users)) { /* every use of the socket comes before its close */
        s->net->close(&s->socket);
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
        (void)s->net->shutdown(&s->socket, true); /* wakes those who wait */
    leave(s);
    rni_os_set_error(saved);
}

/* Waits until the socket is ready, which it just was not. 0, or why the call must end. */
static int wait_ready(socket_handle *s, unsigned events, int64_t deadline, const char *site)
{
    int rc = rni_fd_wait_more(s->socket.fd, events, deadline, site);
    if (rc < 0)
        return rc;
    return is_closed(s) ? -EPIPE : 0;
}

/* ---- listening ---- */

int rn_tcp_listen(const char *numeric, unsigned port, rn_listener **out)
{
    rni_address at;
    rni_socket socket;
    unsigned bound;
    *out = NULL;
    RNI_WROTE(out, sizeof *out);
    int rc = rni_address_parse(numeric, port, &at);
    if (rc != 0)
        return rc;
    int saved = rni_os_error();
    const rni_net *net = net_here();
    rc = net->listen(&at, &socket, &bound);
    if (rc == 0 && !(*out = new_handle(net, &socket)))
        rc = -ENOMEM;
    if (rc == 0)
        (*out)->s.port = bound;
    rni_os_set_error(saved);
    return rc;
}

unsigned rn_listener_port(const rn_listener *l)
{
    return l->s.port;
}

int rn_listener_fd(const rn_listener *l)
{
    return l->s.socket.fd;
}

/* Whether accept failed because of one connection, not because of the listener (accept(2)). */
static bool try_next(int rc)
{
    return rc == -EINTR || rc == -ECONNABORTED || rc == -EPROTO || rc == -ENETDOWN ||
           rc == -ENOPROTOOPT || rc == -EHOSTDOWN || rc == -EHOSTUNREACH || rc == -ENETUNREACH;
}

static int accept_on(socket_handle *s, int64_t deadline, rni_socket *out, const char *site)
{
    for (;;) {
        if (is_closed(s))
            return -EPIPE;
        int rc = s->net->accept(&s->socket, out);
        if (rc == 0)
            return 0;
        if (rc == -EAGAIN)
            rc = wait_ready(s, RN_READABLE, deadline, site);
        else if (try_next(rc))
            rc = 0;
        if (rc != 0)
            return rc;
    }
}

int rn_tcp_accept_at(rn_listener *l, int64_t deadline_ns, rn_conn **out, const char *site)
{
    *out = NULL;
    RNI_WROTE(out, sizeof *out);
    int rc = rni_refused_at_entry(rni_current());
    if (rc)
        return rc;
    enter(&l->s);
    int saved = rni_os_error();
    rni_socket socket;
    rc = accept_on(&l->s, deadline_ns, &socket, site);
    if (rc == 0 && !(*out = new_handle(l->s.net, &socket)))
        rc = -ENOMEM;
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

static int connect_to(const rni_net *net, const rni_address *to, int64_t deadline, rni_socket *out,
                      const char *site)
{
    int rc = net->connect(to, out);
    if (rc != -EINPROGRESS)
        return rc;
    rc = rn_fd_wait_at(out->fd, RN_WRITABLE, deadline, site);
    if (rc > 0)
        rc = net->connected(out);
    if (rc != 0)
        net->close(out);
    return rc;
}

int rn_tcp_dial_at(const char *host, unsigned port, int64_t deadline_ns, rn_conn **out,
                   const char *site)
{
    *out = NULL;
    RNI_WROTE(out, sizeof *out);
    int rc = rni_refused_at_entry(rni_current());
    if (rc)
        return rc;
    if (port == 0 || port > 65535)
        return -EINVAL;
    int saved = rni_os_error();
    const rni_net *net = net_here();
    rni_addresses found;
    rni_socket socket;
    int unresolved = rc = net->resolve(host, port, &found, site);
    for (unsigned i = 0; !unresolved && i < found.n; i++) {
        rc = connect_to(net, &found.list[i], deadline_ns, &socket, site);
        /* The system's own timeout for one address leaves the others to be tried. */
        if (rc == 0 || rc == -ECANCELED || (rc == -ETIMEDOUT && rni_now() >= deadline_ns))
            break;
    }
    if (rc == 0 && !(*out = new_handle(net, &socket)))
        rc = -ENOMEM;
    rni_os_set_error(saved);
    return rc;
}

/* ---- reading and writing ---- */

static int64_t read_some(socket_handle *s, void *buf, size_t n, int64_t deadline, const char *site)
{
    for (;;) {
        if (is_closed(s))
            return -EPIPE;
        int64_t got = s->net->read(&s->socket, buf, n);
        if (got >= 0)
            return got;
        int rc = (int)got;
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
        int64_t put = s->net->write(&s->socket, buf + *done, n - *done);
        if (put >= 0) {
            *done += (size_t)put;
            rni_spend(rni_current(), 0);
            continue;
        }
        int rc = (int)put;
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
    RNI_WROTE(written, sizeof *written);
    return rc;
}

int rn_conn_shutdown(rn_conn *c)
{
    int saved = rni_os_error();
    int rc = c->s.net->shutdown(&c->s.socket, false);
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
    return c->s.socket.fd;
}
