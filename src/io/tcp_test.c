/* SPDX-License-Identifier: MIT */
/* TCP over the loopback: echo, deadlines, closing, the end of a stream, large transfers. */
#define _GNU_SOURCE
#include <runnel.h>

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/worker.h"
#include "kit/kit.h"

/* A connected pair over a listener of its own. */
static void connected(rn_conn **a, rn_conn **b)
{
    rn_listener *l;
    CHECK_EQ(rn_tcp_listen("127.0.0.1", 0, &l), 0);
    CHECK_EQ(rn_tcp_dial("127.0.0.1", rn_listener_port(l), RN_FOREVER, a), 0);
    CHECK_EQ(rn_tcp_accept(l, RN_FOREVER, b), 0);
    rn_listener_close(l);
}

static int read_all(rn_conn *c, void *buf, size_t n)
{
    for (size_t done = 0; done < n;) {
        int64_t got = rn_conn_read(c, (char *)buf + done, n - done, RN_FOREVER);
        if (got <= 0)
            return got == 0 ? -ENODATA : (int)got;
        done += (size_t)got;
    }
    return 0;
}

/* ---- echo ---- */

static int echo(rn_conn *c)
{
    char buf[256];
    int64_t n;
    int rc = 0;
    while (rc == 0 && (n = rn_conn_read(c, buf, sizeof buf, RN_FOREVER)) > 0)
        rc = rn_conn_write(c, buf, (size_t)n, RN_FOREVER, NULL);
    rn_conn_close(c);
    return rc ? rc : (int)n;
}
RN_TASK(echo, rn_conn *);

static int serve(rn_listener *l, rn_group *g)
{
    rn_conn *c;
    int rc;
    while ((rc = rn_tcp_accept(l, RN_FOREVER, &c)) == 0)
        CHECK_EQ(rn_go(g, echo, c), 0);
    CHECK_EQ(rc, -EPIPE); /* the listener was closed */
    CHECK(c == NULL);
    return 0;
}
RN_TASK(serve, rn_listener *, rn_group *);

static int talk(const char *host, unsigned port, int me)
{
    rn_conn *c;
    CHECK_EQ(rn_tcp_dial(host, port, RN_FOREVER, &c), 0);
    for (int i = 0; i < 10; i++) {
        int out[16], in[16];
        for (int k = 0; k < 16; k++)
            out[k] = me * 1000 + i * 16 + k;
        size_t written = 0;
        CHECK_EQ(rn_conn_write(c, out, sizeof out, RN_FOREVER, &written), 0);
        CHECK_EQ(written, sizeof out);
        CHECK_EQ(read_all(c, in, sizeof in), 0);
        CHECK_EQ(memcmp(in, out, sizeof in), 0);
    }
    rn_conn_close(c);
    return 0;
}
RN_TASK(talk, const char *, unsigned, int);

static void *talk_on_thread(void *arg)
{
    talk("127.0.0.1", *(unsigned *)arg, 77);
    return NULL;
}

static int join(void *arg)
{
    return -pthread_join(*(pthread_t *)arg, NULL);
}

/* A name for this machine. A system installed by debootstrap alone has no /etc/hosts, and there
 * "localhost" has no address; this form of one is known to the resolver only. */
static const char *name_of_this_machine(void)
{
    struct addrinfo *list;
    if (getaddrinfo("localhost", NULL, NULL, &list) != 0)
        return "127.1";
    freeaddrinfo(list);
    return "localhost";
}

TASK_TEST(tcp_echo_with_fifty_connections_and_a_thread)
{
    const char *name = name_of_this_machine();
    rn_listener *l;
    pthread_t t;
    rn_group *servers = rn_group_new(NULL), *clients = rn_group_new(NULL);
    CHECK_EQ(rn_tcp_listen(NULL, 0, &l), 0);
    unsigned port = rn_listener_port(l);
    CHECK(port > 0);
    CHECK_EQ(rn_go(servers, serve, l, servers), 0);
    CHECK_EQ(pthread_create(&t, NULL, talk_on_thread, &port), 0);
    for (int i = 0; i < 50; i++)
        CHECK_EQ(rn_go(clients, talk, i % 10 ? "127.0.0.1" : name, port, i), 0);
    CHECK_EQ(rn_group_wait(clients), 0);
    CHECK_EQ(rn_blocking(join, &t), 0);
    rn_listener_close(l);
    CHECK_EQ(rn_group_wait(servers), 0);
    rn_group_close(clients);
    return rn_group_close(servers);
}

/* ---- refused ---- */

TASK_TEST(tcp_errors_are_the_systems)
{
    rn_listener *l, *again = (rn_listener *)&l;
    rn_conn *c = (rn_conn *)&l;
    CHECK_EQ(rn_tcp_listen("127.0.0.1", 0, &l), 0);
    unsigned port = rn_listener_port(l);
    CHECK_EQ(rn_tcp_listen("127.0.0.1", port, &again), -EADDRINUSE);
    CHECK(again == NULL);
    CHECK_EQ(rn_tcp_listen("no address", 0, &again), -EINVAL);
    CHECK_EQ(rn_tcp_listen("127.0.0.1", 65536, &again), -EINVAL);
    rn_listener_close(l);
    CHECK_EQ(rn_tcp_dial("127.0.0.1", port, RN_FOREVER, &c), -ECONNREFUSED);
    CHECK(c == NULL);
    CHECK_EQ(rn_tcp_dial("127.0.0.1", 0, RN_FOREVER, &c), -EINVAL);
    CHECK_EQ(rn_tcp_dial("127.0.0.1", 65536, RN_FOREVER, &c), -EINVAL);
    CHECK(rn_tcp_dial("256.0.0.1", 80, RN_FOREVER, &c) < 0);
    rn_listener_close(NULL);
    rn_conn_close(NULL);
    return 0;
}

/* ---- deadlines ---- */

TASK_TEST(tcp_accept_and_read_end_at_their_deadline)
{
    rn_listener *l;
    rn_conn *a, *b;
    char byte;
    CHECK_EQ(rn_tcp_listen("127.0.0.1", 0, &l), 0);
    int64_t when = rn_now() + 5 * RN_MILLISECOND;
    CHECK_EQ(rn_tcp_accept(l, when, &a), -ETIMEDOUT);
    CHECK(rn_now() >= when && a == NULL);
    CHECK_EQ(rn_fd_wait(rn_listener_fd(l), RN_READABLE, rn_now() + RN_MILLISECOND), -ETIMEDOUT);
    CHECK_EQ(rn_tcp_dial("127.0.0.1", rn_listener_port(l), RN_FOREVER, &b), 0);
    CHECK_EQ(rn_fd_wait(rn_listener_fd(l), RN_READABLE, RN_FOREVER), RN_READABLE);
    rn_conn_close(b);
    rn_listener_close(l);

    connected(&a, &b);
    when = rn_now() + 5 * RN_MILLISECOND;
    CHECK_EQ(rn_conn_read(a, &byte, 1, when), -ETIMEDOUT);
    CHECK(rn_now() >= when);
    CHECK_EQ(rn_conn_write(b, "x", 1, RN_FOREVER, NULL), 0);
    CHECK_EQ(rn_fd_wait(rn_conn_fd(a), RN_READABLE, RN_FOREVER), RN_READABLE);
    CHECK_EQ(rn_conn_read(a, &byte, 1, rn_now()), -ETIMEDOUT); /* even if data is there */
    CHECK_EQ(rn_conn_write(a, &byte, 1, rn_now(), NULL), -ETIMEDOUT);
    CHECK_EQ(rn_conn_read(a, &byte, 1, RN_FOREVER), 1);
    CHECK_EQ(byte, 'x');
    rn_conn_close(a);
    rn_conn_close(b);
    return 0;
}

enum { LARGE = 4 << 20 };

static unsigned char pattern(size_t i)
{
    return (unsigned char)(i * 2654435761u >> 13);
}

TASK_TEST(tcp_write_that_times_out_tells_how_much_was_taken)
{
    rn_conn *a, *b;
    size_t written = 0, got = 0;
    char *buf = calloc(1, 4 * LARGE);
    connected(&a, &b);
    for (int64_t ms = 20; written == 0; ms *= 2) { /* a slow machine may write nothing in time */
        int64_t when = rn_now() + ms * RN_MILLISECOND;
        CHECK_EQ(rn_conn_write(a, buf, 4 * LARGE, when, &written), -ETIMEDOUT);
        CHECK(rn_now() >= when);
    }
    CHECK(written < 4 * LARGE);
    rn_conn_close(a);
    for (int64_t n; (n = rn_conn_read(b, buf, 4 * LARGE, RN_FOREVER)) > 0;)
        got += (size_t)n;
    CHECK_EQ(got, written);
    rn_conn_close(b);
    free(buf);
    return 0;
}

/* A listener whose queue is full does not answer. */
TASK_TEST(tcp_dial_ends_at_its_deadline)
{
    struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t length = sizeof at;
    int fds[8], l = socket(AF_INET, SOCK_STREAM, 0), rc = 0;
    CHECK(l >= 0 && bind(l, (struct sockaddr *)&at, sizeof at) == 0 && listen(l, 0) == 0);
    CHECK_EQ(getsockname(l, (struct sockaddr *)&at, &length), 0);
    for (int i = 0; i < 8; i++) {
        fds[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
        (void)!connect(fds[i], (struct sockaddr *)&at, sizeof at);
    }
    rn_conn *c;
    int64_t when = rn_now() + 20 * RN_MILLISECOND;
    rc = rn_tcp_dial("127.0.0.1", ntohs(at.sin_port), when, &c);
    CHECK_EQ(rc, -ETIMEDOUT);
    CHECK(rn_now() >= when && c == NULL);
    for (int i = 0; i < 8; i++)
        close(fds[i]);
    close(l);
    return 0;
}

/* ---- large ---- */

static int write_large(rn_conn *c, size_t *written)
{
    unsigned char *buf = malloc(LARGE);
    for (size_t i = 0; i < LARGE; i++)
        buf[i] = pattern(i);
    int rc = rn_conn_write(c, buf, LARGE, RN_FOREVER, written);
    free(buf);
    return rc ? rc : rn_conn_shutdown(c);
}
RN_TASK(write_large, rn_conn *, size_t *);

static int read_slowly(rn_conn *c, int64_t pause)
{
    unsigned char *buf = malloc(1 << 16);
    size_t at = 0;
    int64_t n;
    while ((n = rn_conn_read(c, buf, 1 << 16, RN_FOREVER)) > 0) {
        for (int64_t i = 0; i < n; i++)
            CHECK_EQ(buf[i], pattern(at + (size_t)i));
        at += (size_t)n;
        rn_sleep(pause);
    }
    free(buf);
    CHECK_EQ(n, 0);
    CHECK_EQ(at, LARGE);
    return 0;
}
RN_TASK(read_slowly, rn_conn *, int64_t);

/* Both ways at once over one connection, so a read and a write of it wait at the same time. */
TASK_TEST(tcp_four_mebibytes_each_way_through_slow_readers)
{
    rn_conn *a, *b;
    size_t wrote_a = 0, wrote_b = 0;
    connected(&a, &b);
    rn_group *h = rn_group_new(NULL);
    CHECK_EQ(rn_go(h, write_large, a, &wrote_a), 0);
    CHECK_EQ(rn_go(h, write_large, b, &wrote_b), 0);
    CHECK_EQ(rn_go(h, read_slowly, a, RN_MILLISECOND), 0);
    CHECK_EQ(rn_go(h, read_slowly, b, RN_MILLISECOND), 0);
    CHECK_EQ(rn_group_wait(h), 0);
    CHECK_EQ(wrote_a, LARGE);
    CHECK_EQ(wrote_b, LARGE);
    rn_conn_close(a);
    rn_conn_close(b);
    return rn_group_close(h);
}

/* ---- ends ---- */

TASK_TEST(tcp_shutdown_ends_one_direction)
{
    rn_conn *a, *b;
    char buf[8];
    connected(&a, &b);
    CHECK_EQ(rn_conn_write(a, "last", 4, RN_FOREVER, NULL), 0);
    CHECK_EQ(rn_conn_shutdown(a), 0);
    CHECK_EQ(read_all(b, buf, 4), 0);
    CHECK_EQ(rn_conn_read(b, buf, 4, RN_FOREVER), 0);
    CHECK_EQ(rn_conn_read(b, buf, 4, RN_FOREVER), 0); /* and again */
    CHECK_EQ(rn_conn_write(b, "answer", 6, RN_FOREVER, NULL), 0);
    CHECK_EQ(read_all(a, buf, 6), 0);
    CHECK_EQ(rn_conn_write(a, "x", 1, RN_FOREVER, NULL), -EPIPE); /* and no SIGPIPE */
    rn_conn_close(b);
    CHECK_EQ(rn_conn_read(a, buf, 4, RN_FOREVER), 0);
    rn_conn_close(a);
    return 0;
}

TASK_TEST(tcp_write_to_a_closed_peer_is_an_error_not_a_signal)
{
    rn_conn *a, *b;
    int rc = 0;
    signal(SIGPIPE, SIG_DFL); /* whoever started us may have ignored it */
    connected(&a, &b);
    rn_conn_close(b);
    for (int i = 0; i < 1000 && rc == 0; i++) {
        rc = rn_conn_write(a, "x", 1, RN_FOREVER, NULL);
        rn_sleep(RN_MILLISECOND);
    }
    CHECK(rc == -EPIPE || rc == -ECONNRESET);
    rn_conn_close(a);
    return 0;
}

static int read_until_closed(rn_conn *c, _Atomic(int) *result)
{
    char byte;
    atomic_store(result, (int)rn_conn_read(c, &byte, 1, RN_FOREVER));
    return 0;
}
RN_TASK(read_until_closed, rn_conn *, _Atomic(int) *);

static int write_until_closed(rn_conn *c, _Atomic(int) *result)
{
    char *buf = calloc(1, 4 * LARGE);
    atomic_store(result, rn_conn_write(c, buf, 4 * LARGE, RN_FOREVER, NULL));
    free(buf);
    return 0;
}
RN_TASK(write_until_closed, rn_conn *, _Atomic(int) *);

TASK_TEST(tcp_close_by_another_task_wakes_reader_and_writer)
{
    rn_conn *a, *b;
    _Atomic(int) reader = 1, writer = 1;
    connected(&a, &b);
    rn_group *h = rn_group_new(NULL);
    CHECK_EQ(rn_go(h, read_until_closed, a, &reader), 0);
    CHECK_EQ(rn_go(h, write_until_closed, a, &writer), 0);
    while (atomic_load(&rni_rt.io_waiters) < 2) /* a call after the close would be misuse */
        rn_sleep(RN_MILLISECOND);
    CHECK_EQ(atomic_load(&reader), 1);
    CHECK_EQ(atomic_load(&writer), 1);
    rn_conn_close(a);
    CHECK_EQ(rn_group_wait(h), 0);
    CHECK_EQ(atomic_load(&reader), -EPIPE);
    CHECK_EQ(atomic_load(&writer), -EPIPE);
    rn_conn_close(b);
    return rn_group_close(h);
}

TASK_TEST(tcp_cancel_interrupts_read_and_write_and_the_connection_lives)
{
    rn_conn *a, *b;
    _Atomic(int) reader = 1, writer = 1;
    char byte;
    connected(&a, &b);
    rn_group *h = rn_group_new(NULL);
    CHECK_EQ(rn_go(h, read_until_closed, a, &reader), 0);
    CHECK_EQ(rn_go(h, write_until_closed, a, &writer), 0);
    while (atomic_load(&rni_rt.io_waiters) < 2)
        rn_sleep(RN_MILLISECOND);
    rn_group_close(h);
    CHECK_EQ(atomic_load(&reader), -ECANCELED);
    CHECK_EQ(atomic_load(&writer), -ECANCELED);
    CHECK_EQ(rn_conn_write(b, "y", 1, RN_FOREVER, NULL), 0);
    CHECK_EQ(rn_conn_read(a, &byte, 1, RN_FOREVER), 1);
    CHECK_EQ(byte, 'y');
    rn_conn_close(a);
    rn_conn_close(b);
    return 0;
}

static int64_t cpu_ns(void)
{
    struct rusage r;
    getrusage(RUSAGE_SELF, &r);
    return (r.ru_utime.tv_sec + r.ru_stime.tv_sec) * RN_SECOND +
           (r.ru_utime.tv_usec + r.ru_stime.tv_usec) * RN_MICROSECOND;
}

TASK_TEST(tcp_writer_sleeps_although_the_peer_has_closed_its_half)
{
    rn_conn *a, *b;
    _Atomic(int) writer = 1;
    connected(&a, &b);
    rn_conn_shutdown(b);
    rn_group *h = rn_group_new(NULL);
    CHECK_EQ(rn_go(h, write_until_closed, a, &writer), 0);
    while (atomic_load(&rni_rt.io_waiters) < 1)
        rn_sleep(RN_MILLISECOND);
    rn_sleep(20 * RN_MILLISECOND);
    int64_t before = cpu_ns();
    rn_sleep(200 * RN_MILLISECOND);
    CHECK(cpu_ns() - before < 100 * RN_MILLISECOND);
    CHECK_EQ(atomic_load(&writer), 1);
    rn_group_close(h);
    rn_conn_close(a);
    rn_conn_close(b);
    return 0;
}
