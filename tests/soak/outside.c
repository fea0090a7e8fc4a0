/* SPDX-License-Identifier: MIT */
/* Loads of what comes from outside the tasks: helper threads, foreign threads, sockets. */
#include <pthread.h>
#include <string.h>

#include "soak/soak.h"

/* ---- blocking calls ---- */

typedef struct request {
    uint64_t value, result;
} request;

static int blocks(void *arg)
{
    request *r = arg;
    r->result = r->value + 1;
    return 7;
}

static int call(uint64_t value)
{
    request r = { .value = value };
    SOAK_CHECK(rn_blocking(blocks, &r) == 7 && r.result == value + 1);
    return 0;
}
RN_TASK(call, uint64_t);

static void blocking(rn_group *g, uint64_t seed)
{
    for (uint64_t i = 0; i < 6; i++)
        SOAK_CHECK(rn_go(g, call, seed + i) == 0);
    SOAK_CHECK(rn_group_wait(g) == 0);
}

/* ---- foreign threads ---- */

enum { MESSAGES = 50 };

typedef struct stranger {
    rn_receiver(uint64_t) in;
    rn_sender(uint64_t) out;
} stranger;

/* A thread that is not the library's takes values from tasks and gives them back. */
static void *relay(void *arg)
{
    stranger *s = arg;
    for (uint64_t v; rn_recv(s->in, &v) == 0;)
        SOAK_CHECK(rn_send(s->out, v) == 0);
    rn_close(s->out);
    return NULL;
}

static int feed(rn_sender(uint64_t) out)
{
    for (uint64_t v = 1; v <= MESSAGES; v++)
        SOAK_CHECK(rn_send(out, v) == 0);
    soak_sent(MESSAGES, MESSAGES * (MESSAGES + 1) / 2);
    rn_close(out);
    return 0;
}
RN_TASK(feed, rn_sender(uint64_t));

static int join(void *thread)
{
    return pthread_join(*(pthread_t *)thread, NULL);
}

static void threads(rn_group *g, uint64_t seed)
{
    rn_chan(uint64_t) to = rn_make(g, uint64_t, soak_random(&seed) % 3);
    rn_chan(uint64_t) from = rn_make(g, uint64_t, soak_random(&seed) % 3);
    SOAK_CHECK(to && from);
    stranger s = { rn_rx(to), rn_tx(from) };
    pthread_t thread;
    SOAK_CHECK(pthread_create(&thread, NULL, relay, &s) == 0);
    SOAK_CHECK(rn_go(g, feed, rn_tx(to)) == 0);
    uint64_t expected = 1;
    for (uint64_t v; rn_recv(from, &v) == 0;)
        SOAK_CHECK(v == expected++);
    SOAK_CHECK(expected == MESSAGES + 1);
    soak_received(MESSAGES, MESSAGES * (MESSAGES + 1) / 2);
    SOAK_CHECK(rn_blocking(join, &thread) == 0);
}

/* ---- TCP ---- */

enum { PIECE = 5000, PIECES = 12 };

static int echo(rn_conn *c)
{
    char buf[3000];
    int64_t n;
    while ((n = rn_conn_read(c, buf, sizeof buf, RN_FOREVER)) > 0)
        SOAK_CHECK(rn_conn_write(c, buf, (size_t)n, RN_FOREVER, NULL) == 0);
    SOAK_CHECK(n == 0);
    rn_conn_close(c);
    return 0;
}
RN_TASK(echo, rn_conn *);

static int serve(rn_group *g, rn_listener *l, int clients)
{
    for (int i = 0; i < clients; i++) {
        rn_conn *c;
        SOAK_CHECK(rn_tcp_accept(l, RN_FOREVER, &c) == 0);
        SOAK_CHECK(rn_go(g, echo, c) == 0);
    }
    return 0;
}
RN_TASK(serve, rn_group *, rn_listener *, int);

static int write_all(rn_conn *c, uint64_t seed)
{
    unsigned char buf[PIECE];
    uint64_t sum = 0;
    for (int i = 0; i < PIECES; i++) {
        for (int k = 0; k < PIECE; k++)
            sum += buf[k] = (unsigned char)soak_random(&seed);
        SOAK_CHECK(rn_conn_write(c, buf, PIECE, RN_FOREVER, NULL) == 0);
    }
    SOAK_CHECK(rn_conn_shutdown(c) == 0);
    soak_sent(PIECE * PIECES, sum);
    return 0;
}
RN_TASK(write_all, rn_conn *, uint64_t);

static int client(unsigned port, uint64_t seed)
{
    rn_conn *c;
    SOAK_CHECK(rn_tcp_dial("127.0.0.1", port, RN_FOREVER, &c) == 0);
    rn_group *writer = rn_group_new(NULL);
    SOAK_CHECK(writer && rn_go(writer, write_all, c, seed) == 0);
    unsigned char buf[4096];
    uint64_t total = 0, sum = 0;
    int64_t n;
    while ((n = rn_conn_read(c, buf, sizeof buf, RN_FOREVER)) > 0) {
        total += (uint64_t)n;
        for (int64_t i = 0; i < n; i++)
            sum += buf[i];
    }
    SOAK_CHECK(n == 0 && total == PIECE * PIECES);
    soak_received(total, sum);
    SOAK_CHECK(rn_group_close(writer) == 0);
    rn_conn_close(c);
    return 0;
}
RN_TASK(client, unsigned, uint64_t);

static void tcp(rn_group *g, uint64_t seed)
{
    enum { CLIENTS = 2 };
    rn_listener *l;
    SOAK_CHECK(rn_tcp_listen("127.0.0.1", 0, &l) == 0);
    SOAK_CHECK(rn_go(g, serve, g, l, CLIENTS) == 0);
    for (uint64_t i = 0; i < CLIENTS; i++)
        SOAK_CHECK(rn_go(g, client, rn_listener_port(l), seed + i) == 0);
    SOAK_CHECK(rn_group_wait(g) == 0);
    rn_listener_close(l);
}

/* A connection keeps its port for a minute after its end: 100 of them a second are fine. */
const soak_load soak_outside[] = {
    { "blocking", blocking, 0 },
    { "threads", threads, 0 },
    { "tcp", tcp, 20 * RN_MILLISECOND },
    { 0 },
};
