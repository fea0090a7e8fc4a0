/* SPDX-License-Identifier: MIT */
/* What happens between two sockets of the simulated network; sim_socket.h has the rules. */
#include "io/sim_socket.h"

#include <string.h>

#include "base/check.h"
#include "core/descriptor.h"
#include "core/sim.h"

enum { ARRIVALS_KEPT = 4 }; /* of a socket's are for ends and resets */

#define MICROSECONDS INT64_C(1000)
#define SECONDS INT64_C(1000000000)

rni_lock rni_sim_net_lock;

/* ---- what the seed decides ---- */

bool rni_sim_trouble(void)
{
    return rni_sim_faults() && rni_sim_chance(0);
}

static int64_t delay(void)
{
    static const int64_t usual[] = { 20 * MICROSECONDS, 300 * MICROSECONDS, 5000 * MICROSECONDS };
    static const int64_t silence[] = { SECONDS, 10 * SECONDS, 60 * SECONDS, 600 * SECONDS };
    if (rni_sim_trouble())
        return silence[rni_sim_choose(4)];
    return rni_sim_chance(200) ? usual[rni_sim_choose(3)] : 0;
}

/* How many of n bytes a call gets. */
static size_t share(size_t n)
{
    if (n < 2 || !rni_sim_chance(100))
        return n;
    return rni_sim_choose(2) == 0 ? n / 2 : 1;
}

size_t rni_sim_window(void)
{
    static const size_t narrow[] = { 16384, 4096 }; /* real ones hold no less */
    return rni_sim_chance(100) ? narrow[rni_sim_choose(2)] : RNI_SIM_WINDOW;
}

/* ---- readiness ---- */

static bool has_room(const sim_socket *s)
{
    return s->sent < s->window && s->arrivals_n < RNI_SIM_ARRIVALS - ARRIVALS_KEPT;
}

void rni_sim_say(const sim_socket *s)
{
    unsigned ready = 0;
    if (s->listens) {
        ready = s->backlog || s->shut_read ? RNI_OS_READ : 0;
    } else {
        if (s->arrived > 0 || s->ended || s->dead || s->error || s->shut_read)
            ready |= RNI_OS_READ;
        if (!s->connecting &&
            (s->dead || s->error || s->shut_write || !s->peer || has_room(s->peer)))
            ready |= RNI_OS_WRITE;
    }
    rni_descriptor_say(s->fd, ready);
}

/* ---- arrivals ---- */

static void deliver(sim_socket *s, const arrival *a)
{
    switch (a->kind) {
    case BYTES: s->arrived += a->detail; break;
    case END: s->ended = true; break;
    case RESET:
        s->dead = true;
        s->error = s->ended ? EPIPE : ECONNRESET;
        break;
    case ANSWER: rni_sim_answer(s, (int)a->detail); break;
    }
    rni_sim_say(s);
    if (s->peer)
        rni_sim_say(s->peer); /* it may have waited for room among the arrivals */
}

/* Sets the timer for the first arrival, if it is not set. */
static void await_arrival(sim_socket *s)
{
    if (s->armed || s->arrivals_n == 0 || s->closed)
        return;
    s->armed = true;
    if (rni_timer_arm(&s->timer, s->arrivals[s->first_arrival].when) != 0)
        rni_panic(NULL, "out of memory for the simulated network");
}

void rni_sim_arrivals_due(rni_timer *t)
{
    sim_socket *s = RNI_CONTAINER(t, sim_socket, timer);
    rni_lock_take(&rni_sim_net_lock);
    while (s->arrivals_n > 0 && !s->closed && s->arrivals[s->first_arrival].when <= rni_now()) {
        arrival a = s->arrivals[s->first_arrival];
        s->first_arrival = (s->first_arrival + 1) % RNI_SIM_ARRIVALS;
        s->arrivals_n--;
        deliver(s, &a);
    }
    bool closed = s->closed;
    rni_timer_fired(t);
    if (!closed) {
        s->armed = false;
        await_arrival(s);
    }
    rni_unlock(&rni_sim_net_lock);
}

void rni_sim_arrive(sim_socket *s, arrival_kind kind, size_t detail, int64_t after)
{
    int64_t now = rni_now();
    arrival a = { .when = rni_add_ns(now, after + delay()), .kind = kind, .detail = detail };
    if (s->arrivals_n == 0 && a.when <= now) {
        deliver(s, &a);
        return;
    }
    RNI_ASSERT(s->arrivals_n < RNI_SIM_ARRIVALS);
    s->arrivals[(s->first_arrival + s->arrivals_n++) % RNI_SIM_ARRIVALS] = a;
    await_arrival(s);
}

void rni_sim_reset(sim_socket *s)
{
    for (int side = 0; side < 2 && s; side++, s = s->peer) {
        s->arrivals_n = 0;
        s->sent = s->arrived;
        deliver(s, &(arrival){ .kind = RESET });
    }
}

/* ---- bytes ---- */

int rni_sim_take_error(sim_socket *s)
{
    int rc = -s->error;
    s->error = 0;
    rni_sim_say(s);
    return rc;
}

/* Copies n bytes out of the ring of s, or to the end of what is in it. */
static void copy_out(sim_socket *s, char *to, size_t n)
{
    size_t straight = s->window - s->first < n ? s->window - s->first : n;
    memcpy(to, s->ring + s->first, straight);
    memcpy(to + straight, s->ring, n - straight);
    s->first = (s->first + n) % s->window;
    s->arrived -= n;
    s->sent -= n;
}

static void copy_in(sim_socket *s, const char *from, size_t n)
{
    size_t at = (s->first + s->sent) % s->window;
    size_t straight = s->window - at < n ? s->window - at : n;
    memcpy(s->ring + at, from, straight);
    memcpy(s->ring, from + straight, n - straight);
    s->sent += n;
}

int64_t rni_sim_receive(sim_socket *s, void *buf, size_t n)
{
    if (s->arrived > 0) {
        size_t got = share(n < s->arrived ? n : s->arrived);
        copy_out(s, buf, got);
        rni_sim_say(s);
        if (s->peer)
            rni_sim_say(s->peer);
        return (int64_t)got;
    }
    if (s->error)
        return rni_sim_take_error(s);
    return s->ended || s->dead || s->shut_read ? 0 : -EAGAIN;
}

int64_t rni_sim_transmit(sim_socket *s, const void *buf, size_t n)
{
    if (s->error)
        return rni_sim_take_error(s);
    if (s->shut_write || s->dead)
        return -EPIPE;
    sim_socket *peer = s->peer;
    if (!peer) {
        if (s->arrivals_n < RNI_SIM_ARRIVALS)
            rni_sim_arrive(s, RESET, 0, 0);
        return (int64_t)n;
    }
    if (!has_room(peer))
        return -EAGAIN;
    if (rni_sim_trouble()) {
        rni_sim_reset(s);
        return rni_sim_take_error(s);
    }
    size_t room = peer->window - peer->sent;
    size_t put = share(n < room ? n : room);
    copy_in(peer, buf, put);
    rni_sim_arrive(peer, BYTES, put, 0);
    rni_sim_say(s);
    return (int64_t)put;
}
