/* SPDX-License-Identifier: MIT */
/* TCP in simulated runs: in memory, decided by the seed. */
/* kit: not-under-qemu */
#include <runnel.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "kit/kit.h"

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

static int connected(rn_conn **a, rn_conn **b)
{
    rn_listener *l;
    CHECK_EQ(rn_tcp_listen(NULL, 0, &l), 0);
    CHECK_EQ(rn_tcp_dial("10.0.0.1", rn_listener_port(l), RN_FOREVER, a), 0);
    CHECK_EQ(rn_tcp_accept(l, RN_FOREVER, b), 0);
    rn_listener_close(l);
    return 0;
}

/* Runs fn with many seeds in this process. */
static void simulate(int (*fn)(rn_group *g, void *arg), void *arg, uint64_t runs)
{
    rn_test_report r;
    rn_test_options o = { .runs = runs, .together = true, .report = &r };
    CHECK_EQ(rn_test_run(fn, arg, &o), 0);
    CHECK(!r.failed);
    CHECK_EQ(r.runs, runs);
    o.strategy = RN_TEST_PCT;
    CHECK_EQ(rn_test_run(fn, arg, &o), 0);
    CHECK(!r.failed);
}

/* ---- echo ---- */

static int echo(rn_conn *c)
{
    char buf[64];
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
    return rc == -EPIPE ? 0 : rc;
}
RN_TASK(serve, rn_listener *, rn_group *);

static int talk(const char *host, unsigned port, int id)
{
    rn_conn *c;
    char text[40], back[40];
    int rc = rn_tcp_dial(host, port, RN_FOREVER, &c);
    for (int i = 0; rc == 0 && i < 3; i++) {
        memset(text, 'a' + id + i, sizeof text);
        rc = rn_conn_write(c, text, sizeof text, RN_FOREVER, NULL);
        if (rc == 0)
            rc = read_all(c, back, sizeof back);
        if (rc == 0)
            CHECK(memcmp(text, back, sizeof text) == 0);
    }
    if (rc == 0)
        rc = rn_conn_shutdown(c);
    if (rc == 0)
        CHECK_EQ(rn_conn_read(c, back, 1, RN_FOREVER), 0);
    rn_conn_close(c);
    return rc;
}
RN_TASK(talk, const char *, unsigned, int);

static int echo_program(rn_group *g, void *arg)
{
    (void)g, (void)arg;
    rn_listener *l;
    rn_group *servers = rn_group_new(NULL), *clients = rn_group_new(NULL);
    CHECK_EQ(rn_tcp_listen(NULL, 0, &l), 0);
    CHECK_EQ(rn_listener_port(l), 49152);
    rn_go(servers, serve, l, servers);
    for (int i = 0; i < 4; i++)
        rn_go(clients, talk, i % 2 ? "localhost" : "192.0.2.1", rn_listener_port(l), i);
    int rc = rn_group_wait(clients);
    rn_listener_close(l);
    int rc2 = rn_group_wait(servers);
    rn_group_close(clients);
    rn_group_close(servers);
    return rc ? rc : rc2;
}

TEST(sim_net_echo_with_every_seed)
{
    simulate(echo_program, NULL, 300);
}

TEST(sim_net_run_of_a_seed_is_the_same_each_time)
{
    uint64_t hashes[50];
    unsigned different = 0;
    for (unsigned i = 0; i < 50; i++) {
        rn_test_report a, b;
        rn_test_options o = { .seed = i + 1, .report = &a };
        CHECK_EQ(rn_test_run(echo_program, NULL, &o), 0);
        o.report = &b;
        CHECK_EQ(rn_test_run(echo_program, NULL, &o), 0);
        CHECK(a.hash == b.hash);
        CHECK_EQ(a.decisions, b.decisions);
        hashes[i] = a.hash;
        different += i > 0 && hashes[i] != hashes[i - 1];
    }
    CHECK_EQ(different, 49);
}

/* ---- much at once ---- */

enum { LARGE = 300 * 1000 };

static unsigned char pattern(size_t i)
{
    return (unsigned char)(i * 2654435761u >> 13);
}

static int write_large(rn_conn *c)
{
    unsigned char *buf = malloc(LARGE);
    size_t written;
    for (size_t i = 0; i < LARGE; i++)
        buf[i] = pattern(i);
    int rc = rn_conn_write(c, buf, LARGE, RN_FOREVER, &written);
    free(buf);
    CHECK_EQ(written, LARGE);
    return rc ? rc : rn_conn_shutdown(c);
}
RN_TASK(write_large, rn_conn *);

static int read_slowly(rn_conn *c)
{
    unsigned char *buf = malloc(1 << 16);
    size_t at = 0;
    int64_t n;
    while ((n = rn_conn_read(c, buf, 1 << 16, RN_FOREVER)) > 0) {
        for (int64_t i = 0; i < n; i++)
            CHECK_EQ(buf[i], pattern(at + (size_t)i));
        at += (size_t)n;
        rn_sleep(RN_MILLISECOND);
    }
    free(buf);
    CHECK_EQ(n, 0);
    CHECK_EQ(at, LARGE);
    return 0;
}
RN_TASK(read_slowly, rn_conn *);

static int large_program(rn_group *g, void *arg)
{
    (void)g, (void)arg;
    rn_conn *a, *b;
    connected(&a, &b);
    rn_group *h = rn_group_new(NULL);
    rn_go(h, write_large, a);
    rn_go(h, write_large, b);
    rn_go(h, read_slowly, a);
    rn_go(h, read_slowly, b);
    int rc = rn_group_wait(h);
    rn_conn_close(a);
    rn_conn_close(b);
    rn_group_close(h);
    return rc;
}

TEST(sim_net_large_transfers_each_way_keep_every_byte)
{
    simulate(large_program, NULL, 25);
}

/* ---- time ---- */

static int deadlines_program(rn_group *g, void *arg)
{
    (void)g, (void)arg;
    rn_conn *a, *b;
    char byte;
    connected(&a, &b);
    int64_t begin = rn_now();
    CHECK_EQ(rn_conn_read(a, &byte, 1, begin + RN_HOUR), -ETIMEDOUT);
    CHECK_EQ(rn_now(), begin + RN_HOUR);
    CHECK_EQ(rn_conn_write(b, "x", 1, RN_FOREVER, NULL), 0);
    CHECK_EQ(rn_conn_read(a, &byte, 1, rn_now() + RN_HOUR), 1);
    CHECK(rn_now() < begin + RN_HOUR + 10 * RN_MILLISECOND); /* what an arrival takes at most */
    CHECK_EQ(rn_fd_wait(rn_conn_fd(a), RN_WRITABLE, RN_FOREVER), RN_WRITABLE);
    CHECK_EQ(rn_fd_wait(rn_conn_fd(a), RN_READABLE, rn_now() + RN_SECOND), -ETIMEDOUT);
    unsigned ready = 9;
    begin = rn_now();
    CHECK_EQ(rn_select(RN_FD(rn_conn_fd(a), RN_READABLE, &ready), RN_AFTER(RN_MINUTE)), 1);
    CHECK_EQ(rn_now(), begin + RN_MINUTE);
    rn_conn_close(b);
    CHECK_EQ(rn_select(RN_FD(rn_conn_fd(a), RN_READABLE, &ready), RN_AFTER(RN_MINUTE)), 0);
    CHECK_EQ(ready, RN_READABLE);
    CHECK_EQ(rn_conn_read(a, &byte, 1, RN_FOREVER), 0);
    rn_conn_close(a);

    rn_listener *l;
    begin = rn_now();
    CHECK_EQ(rn_tcp_listen("127.0.0.1", 80, &l), 0);
    CHECK_EQ(rn_tcp_accept(l, begin + RN_HOUR, &a), -ETIMEDOUT);
    CHECK_EQ(rn_now(), begin + RN_HOUR);
    rn_listener_close(l);
    return 0;
}

TEST(sim_net_deadlines_pass_on_the_virtual_clock)
{
    simulate(deadlines_program, NULL, 50);
}

static int silent_program(rn_group *g, void *arg)
{
    (void)g, (void)arg;
    rn_conn *a, *b;
    char byte;
    connected(&a, &b);
    int64_t n = rn_conn_read(a, &byte, 1, RN_FOREVER); /* nobody will write */
    return (int)n;
}

TEST_EXIT(sim_net_deadlock_over_a_connection_is_found, 2, "all tasks are asleep")
{
    rn_test_report r;
    rn_test_options o = { .runs = 3, .report = &r };
    (void)rn_test_run(silent_program, NULL, &o);
}

/* ---- errors and ends ---- */

static int addresses_program(rn_group *g, void *arg)
{
    (void)g, (void)arg;
    const char *reaching[] = { "127.0.0.1", "0.0.0.0", "::1", "localhost", "10.1.2.3" };
    rn_listener *l, *again;
    rn_conn *a;
    CHECK_EQ(rn_tcp_dial("0.0.0.0", 80, RN_FOREVER, &a), -ECONNREFUSED);
    CHECK_EQ(rn_tcp_listen("::", 81, &l), 0);
    for (size_t i = 0; i < sizeof reaching / sizeof *reaching; i++) {
        CHECK_EQ(rn_tcp_dial(reaching[i], 81, RN_FOREVER, &a), 0);
        rn_conn_close(a);
    }
    CHECK_EQ(rn_tcp_listen(NULL, 81, &again), -EADDRINUSE);
    rn_listener_close(l);
    CHECK_EQ(rn_tcp_listen("127.0.0.1", 81, &l), 0);
    CHECK_EQ(rn_tcp_dial("0.0.0.0", 81, RN_FOREVER, &a), 0);
    rn_conn_close(a);
    rn_listener_close(l);
    CHECK_EQ(rn_tcp_listen("::1", 81, &l), 0);
    CHECK_EQ(rn_tcp_dial("localhost", 81, RN_FOREVER, &a), 0);
    rn_conn_close(a);
    rn_listener_close(l);
    return 0;
}

TEST(sim_net_addresses_are_reached_as_with_linux)
{
    simulate(addresses_program, NULL, 20);
}

static int errors_program(rn_group *g, void *arg)
{
    (void)g, (void)arg;
    rn_listener *l, *again;
    rn_conn *a, *b;
    char buf[8];
    CHECK_EQ(rn_tcp_listen("10.1.2.3", 80, &l), 0);
    CHECK_EQ(rn_tcp_listen("10.1.2.3", 80, &again), -EADDRINUSE);
    CHECK_EQ(rn_tcp_listen(NULL, 80, &again), -EADDRINUSE);
    CHECK(again == NULL);
    CHECK_EQ(rn_tcp_listen("10.1.2.4", 80, &again), 0);
    rn_listener_close(again);
    CHECK_EQ(rn_tcp_listen("::1", 80, &again), 0);
    rn_listener_close(again);
    CHECK_EQ(rn_tcp_listen("no address", 0, &again), -EINVAL);
    CHECK_EQ(rn_tcp_dial("10.1.2.4", 80, RN_FOREVER, &a), -ECONNREFUSED);
    CHECK_EQ(rn_tcp_dial("10.1.2.3", 81, RN_FOREVER, &a), -ECONNREFUSED);
    CHECK_EQ(rn_tcp_dial("example.org", 80, RN_FOREVER, &a), -EHOSTUNREACH);
    CHECK(a == NULL);
    CHECK_EQ(rn_tcp_dial("10.1.2.3", 80, RN_FOREVER, &a), 0);
    rn_listener_close(l); /* with a connection that nobody has taken */
    CHECK_EQ(rn_conn_read(a, buf, 1, RN_FOREVER), -ECONNRESET);
    CHECK_EQ(rn_conn_write(a, "x", 1, RN_FOREVER, NULL), -EPIPE);
    rn_conn_close(a);

    connected(&a, &b);
    CHECK_EQ(rn_conn_write(a, "last", 4, RN_FOREVER, NULL), 0);
    CHECK_EQ(rn_conn_shutdown(a), 0);
    CHECK_EQ(rn_conn_write(a, "x", 1, RN_FOREVER, NULL), -EPIPE);
    CHECK_EQ(read_all(b, buf, 4), 0);
    CHECK(memcmp(buf, "last", 4) == 0);
    CHECK_EQ(rn_conn_read(b, buf, 4, RN_FOREVER), 0);
    CHECK_EQ(rn_conn_read(b, buf, 4, RN_FOREVER), 0);
    CHECK_EQ(rn_conn_write(b, "answer", 6, RN_FOREVER, NULL), 0);
    CHECK_EQ(read_all(a, buf, 6), 0);
    rn_conn_close(b);
    CHECK_EQ(rn_conn_read(a, buf, 1, RN_FOREVER), 0);
    rn_conn_close(a);

    /* Closed before all has been read: a reset. */
    connected(&a, &b);
    CHECK_EQ(rn_conn_write(a, "x", 1, RN_FOREVER, NULL), 0);
    CHECK_EQ(rn_fd_wait(rn_conn_fd(b), RN_READABLE, RN_FOREVER), RN_READABLE);
    rn_conn_close(b);
    CHECK_EQ(rn_conn_read(a, buf, 1, RN_FOREVER), -ECONNRESET);
    CHECK_EQ(rn_conn_read(a, buf, 1, RN_FOREVER), 0);
    rn_conn_close(a);

    /* Writing to a peer that has gone fails soon. */
    connected(&a, &b);
    rn_conn_close(b);
    rn_sleep(RN_SECOND);
    CHECK_EQ(rn_conn_write(a, "x", 1, RN_FOREVER, NULL), 0); /* and is lost */
    rn_sleep(RN_SECOND);
    CHECK_EQ(rn_conn_read(a, buf, 1, RN_FOREVER), -EPIPE);
    CHECK_EQ(rn_conn_write(a, "x", 1, RN_FOREVER, NULL), -EPIPE);
    rn_conn_close(a);
    return 0;
}

TEST(sim_net_errors_are_those_of_the_system)
{
    simulate(errors_program, NULL, 100);
}

static int read_byte(rn_conn *c, int *result)
{
    char byte;
    *result = (int)rn_conn_read(c, &byte, 1, RN_FOREVER);
    return 0;
}
RN_TASK(read_byte, rn_conn *, int *);

static int write_endlessly(rn_conn *c, int *result)
{
    static char much[200 * 1000];
    *result = rn_conn_write(c, much, sizeof much, RN_FOREVER, NULL);
    return 0;
}
RN_TASK(write_endlessly, rn_conn *, int *);

static int ends_program(rn_group *g, void *arg)
{
    (void)g;
    bool cancel = arg != NULL;
    rn_conn *a, *b;
    int reader = 1, writer = 1;
    connected(&a, &b);
    rn_group *h = rn_group_new(NULL);
    rn_go(h, read_byte, a, &reader);
    rn_go(h, write_endlessly, a, &writer);
    CHECK_EQ(rn_sleep(RN_SECOND), 0);
    CHECK_EQ(reader, 1);
    CHECK_EQ(writer, 1);
    if (cancel)
        rn_group_cancel(h, -ECANCELED);
    else
        rn_conn_close(a);
    CHECK_EQ(rn_group_wait(h), cancel ? -ECANCELED : 0);
    CHECK_EQ(reader, cancel ? -ECANCELED : -EPIPE);
    CHECK_EQ(writer, cancel ? -ECANCELED : -EPIPE);
    if (cancel)
        rn_conn_close(a);
    rn_conn_close(b);
    rn_group_close(h);
    return 0;
}

TEST(sim_net_close_and_cancel_end_waiting_calls)
{
    simulate(ends_program, NULL, 50);
    simulate(ends_program, (void *)"", 50);
}

static int crowd_program(rn_group *g, void *arg)
{
    enum { CROWD = 200 }; /* more than a listener keeps waiting */
    (void)g, (void)arg;
    rn_listener *l;
    static rn_conn *c[CROWD], *taken[CROWD];
    int64_t begin = rn_now();
    CHECK_EQ(rn_tcp_listen(NULL, 7, &l), 0);
    for (int i = 0; i < 128; i++)
        CHECK_EQ(rn_tcp_dial("127.0.0.1", 7, RN_FOREVER, &c[i]), 0);
    CHECK_EQ(rn_tcp_dial("127.0.0.1", 7, begin + RN_MINUTE, &c[128]), -ETIMEDOUT);
    CHECK_EQ(rn_tcp_dial("127.0.0.1", 7, RN_FOREVER, &c[128]), -ETIMEDOUT);
    CHECK(rn_now() >= begin + RN_MINUTE + 127 * RN_SECOND);
    for (int i = 0; i < 128; i++)
        CHECK_EQ(rn_tcp_accept(l, RN_FOREVER, &taken[i]), 0);
    CHECK_EQ(rn_tcp_dial("127.0.0.1", 7, RN_FOREVER, &c[128]), 0);
    for (int i = 0; i < 128; i++) {
        rn_conn_close(c[i]);
        rn_conn_close(taken[i]);
    }
    rn_conn_close(c[128]);
    rn_listener_close(l);
    return 0;
}

TEST(sim_net_request_waits_while_the_listener_has_too_many)
{
    simulate(crowd_program, NULL, 3);
}

/* ---- threads ---- */

static void *wait_on_thread(void *arg)
{
    rn_conn *c = arg;
    char byte;
    CHECK_EQ(rn_conn_write(c, "x", 1, RN_FOREVER, NULL), 0); /* need not wait */
    CHECK_EQ(rn_conn_read(c, &byte, 1, RN_FOREVER), -EOPNOTSUPP);
    CHECK_EQ(rn_select(RN_FD(rn_conn_fd(c), RN_READABLE, NULL)), -EOPNOTSUPP);
    return NULL;
}

static int thread_program(rn_group *g, void *arg)
{
    (void)g, (void)arg;
    rn_conn *a, *b;
    pthread_t t;
    char byte;
    connected(&a, &b);
    CHECK_EQ(pthread_create(&t, NULL, wait_on_thread, a), 0);
    pthread_join(t, NULL);
    CHECK_EQ(rn_conn_read(b, &byte, 1, RN_FOREVER), 1);
    rn_conn_close(a);
    rn_conn_close(b);
    return 0;
}

TEST(sim_net_threads_may_not_wait_for_it)
{
    rn_test_options o = { .seed = 1 };
    CHECK_EQ(rn_test_run(thread_program, NULL, &o), 0);
}

/* ---- faults ---- */

enum { ERRORS_MAX = 256 };

static struct seen {
    _Atomic(unsigned) dial[ERRORS_MAX], talk[ERRORS_MAX], accept[ERRORS_MAX], late;
} * seen; /* shared with the children that make the runs */

static int serve_stubbornly(rn_listener *l, rn_group *g)
{
    rn_conn *c;
    int rc;
    while ((rc = rn_tcp_accept(l, RN_FOREVER, &c)) != -EPIPE)
        if (rc == 0)
            CHECK_EQ(rn_go(g, echo, c), 0);
        else
            atomic_fetch_add(&seen->accept[-rc], 1);
    return 0;
}
RN_TASK(serve_stubbornly, rn_listener *, rn_group *);

/* A client that tries until it has had its answer. */
static int insist(unsigned port)
{
    for (;;) {
        rn_conn *c;
        char back[10];
        int64_t begin = rn_now();
        int rc = rn_tcp_dial("127.0.0.1", port, begin + 2 * RN_MINUTE, &c);
        atomic_fetch_add(&seen->dial[-rc], 1);
        if (rc != 0)
            continue;
        rc = rn_conn_write(c, "0123456789", 10, begin + RN_HOUR, NULL);
        if (rc == 0)
            rc = read_all(c, back, 10);
        atomic_fetch_add(&seen->talk[-rc], 1);
        atomic_fetch_add(&seen->late, rn_now() - begin >= RN_SECOND);
        rn_conn_close(c);
        if (rc == 0)
            return memcmp(back, "0123456789", 10);
    }
}
RN_TASK(insist, unsigned);

static int faulty_program(rn_group *g, void *arg)
{
    (void)g, (void)arg;
    rn_listener *l;
    rn_group *servers = rn_group_new(NULL), *clients = rn_group_new(NULL);
    rn_group_keep_going(servers);
    CHECK_EQ(rn_tcp_listen(NULL, 0, &l), 0);
    rn_go(servers, serve_stubbornly, l, servers);
    for (int i = 0; i < 3; i++)
        rn_go(clients, insist, rn_listener_port(l));
    int rc = rn_group_wait(clients);
    rn_listener_close(l);
    (void)!rn_group_wait(servers); /* an echo may have been reset */
    rn_group_close(clients);
    rn_group_close(servers);
    return rc;
}

TEST(sim_net_faults_happen_and_a_program_that_tries_again_is_served)
{
    seen = mmap(NULL, sizeof *seen, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    CHECK(seen != MAP_FAILED);
    rn_test_report r;
    rn_test_options o = { .runs = 300, .faults = 50, .together = true, .report = &r };
    CHECK_EQ(rn_test_run(faulty_program, NULL, &o), 0);
    CHECK(!r.failed);
    CHECK(seen->dial[ECONNREFUSED] > 0);
    CHECK(seen->dial[EHOSTUNREACH] > 0);
    CHECK(seen->dial[ETIMEDOUT] > 0);
    CHECK(seen->talk[ECONNRESET] > 0);
    CHECK(seen->accept[EMFILE] > 0);
    CHECK(seen->late > 0);
    CHECK(seen->dial[0] > 900);
    munmap(seen, sizeof *seen);
}
