/* SPDX-License-Identifier: MIT */
/*
 * The network of a simulated run: TCP in memory, for the tasks of one process. Every numeric
 * address is this process's own, so a program may give each of its nodes another; the only name is
 * localhost. What a network may do is decided by the run's seed (core/sim.h): how long bytes take,
 * how many of them a read or write gets, how much a connection holds; with faults also that a
 * connection is refused, unanswered, reset, or silent for long, and that descriptors run out.
 *
 * Addresses, listeners and the lives of sockets are here; what happens between two of them is in
 * sim_wire.c.
 */
#include "io/sim_socket.h"

#include <string.h>

#include "core/descriptor.h"
#include "core/sim.h"

enum {
    BACKLOG = 128,
    REQUESTS = 7, /* a request that finds the backlog full is repeated after 1, 2, 4 ... s */
    FIRST_PORT = 49152
};

#define SECONDS INT64_C(1000000000)

static sim_socket *listeners;
static unsigned open_sockets, next_port = FIRST_PORT;

/* ---- addresses ---- */

static bool same_address(const rni_address *a, const rni_address *b)
{
    return a->any.sa_family == b->any.sa_family &&
           (a->any.sa_family == AF_INET
                ? a->v4.sin_addr.s_addr == b->v4.sin_addr.s_addr
                : memcmp(&a->v6.sin6_addr, &b->v6.sin6_addr, sizeof a->v6.sin6_addr) == 0);
}

static bool is_any(const rni_address *a)
{
    return a->any.sa_family == AF_INET ? a->v4.sin_addr.s_addr == INADDR_ANY
                                       : IN6_IS_ADDR_UNSPECIFIED(&a->v6.sin6_addr);
}

static in_port_t port_of(const rni_address *a) /* network order */
{
    return a->any.sa_family == AF_INET ? a->v4.sin_port : a->v6.sin6_port;
}

/* Whether who listens at l is reached at a. Every IPv6 address means every IPv4 address, too, as it
 * does to Linux. */
static bool covers(const rni_address *l, const rni_address *a)
{
    if (is_any(l))
        return l->any.sa_family == AF_INET6 || a->any.sa_family == AF_INET;
    return same_address(l, a);
}

/* The listener at an address and port; with `taken` also one that would be in a new one's way. */
static sim_socket *listener_at(const rni_address *a, bool taken)
{
    for (sim_socket *l = listeners; l; l = l->next)
        if (port_of(&l->at) == port_of(a) && (covers(&l->at, a) || (taken && covers(a, &l->at))))
            return l;
    return NULL;
}

/* Where a connection to an address goes: none in particular is this machine. */
static rni_address destination(const rni_address *to)
{
    rni_address a = *to;
    if (is_any(to) && to->any.sa_family == AF_INET)
        a.v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    else if (is_any(to))
        a.v6.sin6_addr = in6addr_loopback;
    return a;
}

/* ---- sockets ---- */

static void free_socket(sim_socket *s)
{
    rni_timer_stop(&s->timer);
    rni_descriptor_forget(s->fd);
    rni_os_event_close(s->fd);
    rni_os_free(s);
}

static int new_socket(size_t ring, sim_socket **out)
{
    sim_socket *s = rni_os_alloc(sizeof *s + ring);
    if (!s)
        return -ENOMEM;
    s->window = ring;
    s->timer.fn = rni_sim_arrivals_due;
    s->fd = rni_os_event_open();
    int rc = s->fd < 0 ? s->fd : rni_descriptor_simulate(s->fd);
    if (rc == 0) {
        *out = s;
        return 0;
    }
    if (s->fd >= 0)
        rni_os_event_close(s->fd);
    rni_os_free(s);
    return rc;
}

static int resolve(const char *host, unsigned port, rni_addresses *out, const char *site)
{
    (void)site;
    out->n = 1;
    if (strcmp(host, "localhost") == 0) {
        (void)rni_address_parse("::1", port, &out->list[1]);
        out->n = 2;
        host = "127.0.0.1";
    }
    return rni_address_parse(host, port, &out->list[0]) == 0 ? 0 : -EHOSTUNREACH;
}

/* ---- listening ---- */

static void set_port(rni_address *a, unsigned port)
{
    if (a->any.sa_family == AF_INET)
        a->v4.sin_port = htons((uint16_t)port);
    else
        a->v6.sin6_port = htons((uint16_t)port);
}

static int bind_to(sim_socket *s, const rni_address *at)
{
    s->at = *at;
    if (port_of(at) != 0)
        return listener_at(at, true) ? -EADDRINUSE : 0;
    for (unsigned tries = 65536 - FIRST_PORT; tries-- > 0;) {
        set_port(&s->at, next_port);
        next_port = next_port == 65535 ? FIRST_PORT : next_port + 1;
        if (!listener_at(&s->at, true))
            return 0;
    }
    return -EADDRINUSE;
}

static int open_listener(const rni_address *at, rni_socket *out, unsigned *port)
{
    sim_socket *s;
    int rc = new_socket(0, &s);
    if (rc != 0)
        return rc;
    s->listens = true;
    s->backlog_end = &s->backlog;
    rni_lock_take(&rni_sim_net_lock);
    rc = bind_to(s, at);
    if (rc == 0) {
        s->next = listeners;
        listeners = s;
        open_sockets++;
    }
    rni_unlock(&rni_sim_net_lock);
    if (rc != 0) {
        free_socket(s);
        return rc;
    }
    *port = ntohs(port_of(&s->at));
    *out = (rni_socket){ .fd = s->fd, .simulated = s };
    return 0;
}

static sim_socket *take_from_backlog(sim_socket *l)
{
    sim_socket *s = l->backlog;
    if (!s)
        return NULL;
    l->backlog = s->next;
    if (!l->backlog)
        l->backlog_end = &l->backlog;
    l->waiting--;
    s->next = NULL;
    return s;
}

static int take_connection(const rni_socket *l, rni_socket *out)
{
    int rc = -EAGAIN;
    rni_lock_take(&rni_sim_net_lock);
    if (l->simulated->backlog && rni_sim_trouble()) {
        rc = -EMFILE;
    } else {
        sim_socket *s = take_from_backlog(l->simulated);
        if (s) {
            *out = (rni_socket){ .fd = s->fd, .simulated = s };
            open_sockets++;
            rc = 0;
        }
        rni_sim_say(l->simulated);
    }
    rni_unlock(&rni_sim_net_lock);
    return rc;
}

/* ---- connecting ---- */

void rni_sim_answer(sim_socket *s, int error)
{
    sim_socket *l = error ? NULL : listener_at(&s->at, false);
    if (l && l->waiting == BACKLOG && s->requests < REQUESTS) {
        rni_sim_arrive(s, ANSWER, 0, SECONDS << s->requests++);
        return;
    }
    s->connecting = false;
    if (!l || l->waiting == BACKLOG) {
        s->error = error ? error : l ? ETIMEDOUT : ECONNREFUSED;
        return;
    }
    sim_socket *accepted = s->unborn;
    s->unborn = NULL;
    s->peer = accepted;
    accepted->peer = s;
    *l->backlog_end = accepted;
    l->backlog_end = &accepted->next;
    l->waiting++;
    rni_sim_say(accepted);
    rni_sim_say(l);
}

static void request(sim_socket *s)
{
    static const int errors[] = { ECONNREFUSED, EHOSTUNREACH, ETIMEDOUT };
    int error = rni_sim_trouble() ? errors[rni_sim_choose(3)] : 0;
    s->connecting = true;
    rni_sim_say(s);
    rni_sim_arrive(s, ANSWER, (size_t)error,
                   error == ETIMEDOUT ? (SECONDS << REQUESTS) - SECONDS : 0);
}

static int begin_to_connect(const rni_address *to, rni_socket *out)
{
    sim_socket *s;
    size_t ring = rni_sim_window();
    int rc = new_socket(ring, &s);
    if (rc == 0 && (rc = new_socket(ring, &s->unborn)) != 0)
        free_socket(s);
    if (rc != 0)
        return rc;
    s->at = destination(to);
    rni_lock_take(&rni_sim_net_lock);
    open_sockets++;
    request(s);
    rni_unlock(&rni_sim_net_lock);
    *out = (rni_socket){ .fd = s->fd, .simulated = s };
    return -EINPROGRESS;
}

static int connected(const rni_socket *socket)
{
    rni_lock_take(&rni_sim_net_lock);
    int rc = rni_sim_take_error(socket->simulated);
    rni_unlock(&rni_sim_net_lock);
    return rc;
}

/* ---- bytes ---- */

static int64_t read_some(const rni_socket *socket, void *buf, size_t n)
{
    rni_lock_take(&rni_sim_net_lock);
    int64_t rc = rni_sim_receive(socket->simulated, buf, n);
    rni_unlock(&rni_sim_net_lock);
    return rc;
}

static int64_t write_some(const rni_socket *socket, const void *buf, size_t n)
{
    rni_lock_take(&rni_sim_net_lock);
    int64_t rc = rni_sim_transmit(socket->simulated, buf, n);
    rni_unlock(&rni_sim_net_lock);
    return rc;
}

/* ---- ends ---- */

static void end_stream(sim_socket *s)
{
    if (!s->shut_write && s->peer)
        rni_sim_arrive(s->peer, END, 0, 0);
    s->shut_write = true;
}

static int shut_down(const rni_socket *socket, int both)
{
    sim_socket *s = socket->simulated;
    rni_lock_take(&rni_sim_net_lock);
    int rc = s->dead ? -ENOTCONN : 0;
    end_stream(s);
    s->shut_read |= both != 0;
    rni_sim_say(s);
    rni_unlock(&rni_sim_net_lock);
    return rc;
}

/* Takes s from its peer. */
static void part(sim_socket *s)
{
    sim_socket *peer = s->peer;
    if (!peer)
        return;
    if (s->sent > 0)
        rni_sim_arrive(peer, RESET, 0, 0);
    else
        end_stream(s);
    s->peer = peer->peer = NULL;
    rni_sim_say(peer);
}

static void close_socket(const rni_socket *socket)
{
    sim_socket *s = socket->simulated, *refused = s->unborn;
    rni_lock_take(&rni_sim_net_lock);
    s->closed = true;
    if (s->listens) {
        sim_socket **at = &listeners;
        while (*at != s)
            at = &(*at)->next;
        *at = s->next;
        refused = s->backlog;
        for (sim_socket *c = refused; c; c = c->next) {
            c->closed = true;
            rni_sim_reset(c);
            if (c->peer)
                c->peer->peer = NULL;
        }
    } else {
        part(s);
    }
    if (--open_sockets == 0)
        next_port = FIRST_PORT;
    rni_unlock(&rni_sim_net_lock);
    while (refused) {
        sim_socket *next = refused->next;
        free_socket(refused);
        refused = next;
    }
    free_socket(s);
}

const rni_net rni_sim_net = {
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
