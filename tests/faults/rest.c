/* SPDX-License-Identifier: MIT */
/*
 * What the examples and the command do not use of the library: for the driver, which fails its
 * calls. A part is a program of its own:
 *
 *     rest PART          prints what it has computed, or why it could not, with exit status 1
 *     rest               names the parts
 *
 * The parts look at every result that the headers tell them to.
 */
#define _GNU_SOURCE
#include <runnel.h>

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "rest.h"

/* ---- TCP ---- */

/* Owns l: when nobody accepts any more, who waits for that is told. */
static int serve(rn_listener *l)
{
    rn_conn *c = NULL;
    char text[64];
    int rc = rn_tcp_accept(l, RN_FOREVER, &c);
    while (rc == 0) {
        int64_t n = rn_conn_read(c, text, sizeof text, RN_FOREVER);
        if (n <= 0) {
            rc = (int)n;
            break;
        }
        rc = rn_conn_write(c, text, (size_t)n, RN_FOREVER, NULL);
    }
    rn_conn_close(c);
    rn_listener_close(l);
    return rc;
}
RN_TASK(serve, rn_listener *);

static int ask(unsigned port, char *answer, size_t n)
{
    rn_conn *c = NULL;
    int rc = rn_tcp_dial("127.0.0.1", port, RN_FOREVER, &c);
    if (rc == 0)
        rc = rn_conn_write(c, "echo", 4, RN_FOREVER, NULL);
    if (rc == 0)
        rc = rn_conn_shutdown(c);
    for (size_t at = 0; rc == 0 && at < n;) {
        int64_t got = rn_conn_read(c, answer + at, n - at, RN_FOREVER);
        if (got < 0)
            rc = (int)got;
        if (got <= 0)
            break;
        at += (size_t)got;
    }
    rn_conn_close(c);
    return rc;
}

static int tcp(rn_group *g, void *unused)
{
    (void)g, (void)unused;
    rn_listener *l = NULL;
    unsigned port = 0;
    char answer[64] = "";
    int rc = rn_tcp_listen("127.0.0.1", 0, &l);
    rn_group *servers = rc == 0 ? rn_group_new(NULL) : NULL;
    if (rc == 0 && !servers)
        rc = -ENOMEM;
    if (rc == 0) {
        port = rn_listener_port(l);
        rc = rn_go(servers, serve, l);
    }
    if (rc == 0)
        rc = ask(port, answer, sizeof answer - 1);
    else
        rn_listener_close(l);
    int ended = rc == 0 ? rn_group_wait(servers) : 0;
    rn_group_close(servers);
    if (rc == 0)
        printf("%s\n", answer);
    return rc ? rc : ended;
}

/* ---- threads that are no workers ---- */

typedef struct meeting {
    rn_chan(int) there, back;
    int fd, rc;
} meeting;

static void *stranger(void *arg)
{
    meeting *m = arg;
    int v = 0;
    unsigned ready = 0;
    m->rc = rn_recv(m->there, &v);
    if (m->rc == 0)
        m->rc = rn_send(m->back, v + 1);
    if (m->rc == 0) {
        int got = rn_select([0] = RN_RECV(m->there, &v, NULL), [1] = RN_FD(m->fd, RN_READABLE,
                                                                           &ready));
        m->rc = got < 0 ? got : got == 1 ? 0 : -EPROTO;
    }
    if (m->rc == 0) { /* both are ready: chance decides */
        int got = rn_select([0] = RN_FD(m->fd, RN_READABLE, &ready), [1] = RN_FD(m->fd, RN_READABLE,
                                                                                 &ready));
        m->rc = got < 0 ? got : 0;
    }
    if (m->rc == 0) {
        int got = rn_fd_wait(m->fd, RN_READABLE, RN_FOREVER);
        m->rc = got < 0 ? got : 0;
    }
    rn_close(m->back);
    return NULL;
}

static int strangers(rn_group *g, void *unused)
{
    (void)unused;
    pthread_t t;
    meeting m = { .there = rn_make(g, int, 0), .back = rn_make(g, int, 0) };
    uint64_t one = 1;
    int v = 0, rc = 0;
    if (!m.there || !m.back)
        return -ENOMEM;
    m.fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (m.fd < 0)
        return -errno;
    rc = -pthread_create(&t, NULL, stranger, &m);
    if (rc == 0) {
        rc = rn_send(m.there, 1);
        if (rc == 0)
            rc = rn_recv(m.back, &v);
        rn_sleep(2 * RN_MILLISECOND);
        while (rc == 0 && write(m.fd, &one, sizeof one) != sizeof one)
            rc = errno == EINTR ? 0 : -errno;
        if (rn_wait(m.back) == -EPIPE) /* it is at its end */
            pthread_join(t, NULL);
    }
    close(m.fd);
    if (rc == 0)
        rc = m.rc;
    if (rc == 0)
        printf("%d\n", v);
    return rc;
}

/* ---- reports on request ---- */

static int reports(rn_group *g, void *unused)
{
    (void)unused;
    rn_chan(rn_unit) c = rn_make(g, rn_unit, 0);
    rn_channel_stats stats;
    if (!c)
        return -ENOMEM;
    int rc = rn_dump_on_sigquit();
    if (rc == 0)
        rc = rn_measure(c);
    if (rc == 0 && !rn_measured(c, &stats))
        rc = -EPROTO;
    if (rc == 0 && rn_fd_wait(0, RN_READABLE, rn_now() + RN_MILLISECOND) < 0)
        rc = 0; /* whatever 0 is */
    if (rc == 0)
        printf("reports\n");
    return rc;
}

/* ---- the patterns that no example shows ---- */

static int square(int v)
{
    return v * v;
}
RN_STAGE(square, int, int);

static int sum_of_two(int a, int b)
{
    return a + b;
}
RN_ZIP(sum_of_two, int, int, int);

static int add_up(rn_receiver(int) in, long *sum)
{
    int v, rc;
    while ((rc = rn_recv(in, &v)) == 0)
        *sum += v;
    return rc == -EPIPE ? 0 : rc;
}
RN_TASK(add_up, rn_receiver(int), long *);

static int stages(rn_group *g, void *unused)
{
    (void)unused;
    long sums[4] = { 0 };
    rn_receiver(int) squares = rn_parallel_map(g, rn_generator(g, int, 1, 2, 3, 4, 5, 6, 7, 8), 2,
                                               square);
    rn_receiver(int) slow = rn_throttle(g, rn_generator(g, int, 1, 2, 3), RN_MICROSECOND, 1);
    rn_receiver(int) pairs = rn_zip(g, rn_generator(g, int, 1, 2, 3),
                                    rn_generator(g, int, 10, 20, 30), sum_of_two);
    rn_receiver(int) ordered = rn_ordered_map(g, rn_buffer(g, rn_generator(g, int, 1, 2, 3), 2), 2,
                                              square);
    int rc = add_up(squares, &sums[0]);
    if (rc == 0)
        rc = add_up(slow, &sums[1]);
    if (rc == 0)
        rc = add_up(pairs, &sums[2]);
    if (rc == 0)
        rc = add_up(ordered, &sums[3]);
    if (rc == 0)
        printf("%ld %ld %ld %ld\n", sums[0], sums[1], sums[2], sums[3]);
    return rc;
}

static int count_up(rn_sender(int) out, int n)
{
    int rc = 0;
    for (int i = 1; i <= n && rc == 0; i++)
        rc = rn_send(out, i);
    rn_close(out);
    return rc;
}
RN_TASK(count_up, rn_sender(int), int);

static int broadcasts(rn_group *g, void *unused)
{
    (void)unused;
    long sums[6] = { 0 };
    rn_group *h = rn_group_new(NULL);
    rn_chan(int) in = rn_make(g, int, 0);
    if (!h || !in)
        return -ENOMEM;
    rn_broadcast(int) b = rn_broadcast_new(h, in);
    int rc = 0;
    for (int i = 0; i < 6 && rc == 0; i++)
        rc = rn_go(h, add_up, rn_subscribe(h, b, (size_t)i, RN_SLOW_WAIT), &sums[i]);
    if (rc == 0)
        rc = rn_go(h, count_up, rn_tx(in), 10);
    int ended = rn_group_wait(h);
    rn_group_close(h);
    rc = rc ? rc : ended;
    if (rc == 0)
        printf("%ld %ld\n", sums[0], sums[5]);
    return rc;
}

static int answer(void *arg, void *result)
{
    *(int *)result = *(int *)arg;
    return rn_sleep(RN_MILLISECOND);
}

static int scale(rn_group *g, void *unused)
{
    (void)g, (void)unused;
    static rn_flight flight;
    rn_limiter first = RN_LIMITER(1000, RN_MILLISECOND, 1), second = RN_LIMITER(1000, RN_SECOND, 9),
               third = first, fourth = first, fifth = first;
    rn_limiter *all[] = { &first, &second, &third, &fourth, &fifth,
                          &first, &second, &third, &fourth, &fifth };
    int question = 42, result = 0;
    int rc = rn_flight_do(&flight, "key", answer, &question, &result, NULL);
    if (rc == 0)
        rc = rn_limiter_wait_all(all, 10, 1);
    if (rc == 0)
        printf("%d\n", result);
    return rc;
}

/* ---- groups and contexts ---- */

static void note(void *arg)
{
    ++*(int *)arg;
}

static int add_one(_Atomic(int) *n)
{
    atomic_fetch_add(n, 1);
    return 0;
}
RN_TASK(add_one, _Atomic(int) *);

static int scopes(rn_group *g, void *unused)
{
    (void)unused;
    static _Atomic(int) n;
    int noted = 0;
    rn_group *h = rn_group_new(NULL);
    rn_ctx *root = rn_ctx_with_cancel(rn_group_ctx(g));
    rn_ctx *apart = root ? rn_ctx_without_cancel(root) : NULL;
    int rc = h && apart ? rn_group_limit(h, 2) : -ENOMEM;
    if (rc == 0)
        rc = rn_group_defer(h, note, &noted);
    rn_ctx_func *f = rc == 0 ? rn_ctx_after_func(root, h, add_one, &n) : NULL;
    if (rc == 0 && !f)
        rc = -ENOMEM;
    for (int i = 0; i < 5 && rc == 0; i++)
        rc = rn_go(h, add_one, &n);
    if (rc == 0) {
        rn_ctx_cancel(root, 0);
        while (atomic_load(&n) < 6 && rc == 0)
            rc = rn_sleep(RN_MILLISECOND);
    }
    int ended = rc ? rc : rn_group_wait(h);
    rn_group_close(h);
    rn_ctx_unref(apart);
    rn_ctx_unref(root);
    rc = rc ? rc : ended;
    if (rc == 0)
        printf("%d %d\n", atomic_load(&n), noted);
    return rc;
}

typedef struct large {
    char bytes[2048]; /* more than is dropped from the stack */
} large;

static _Atomic(int) dropped;

static void drop(void *element)
{
    (void)element;
    atomic_fetch_add(&dropped, 1);
}

static int discards(rn_group *g, void *unused)
{
    (void)unused;
    rn_chan(large) c = rn_make_drop(g, large, 4, drop);
    static const large zeros;
    int rc = c ? 0 : -ENOMEM;
    for (int i = 0; i < 4 && rc == 0; i++)
        rc = rn_send(c, zeros);
    if (rc == 0)
        rc = rn_wait(c);
    if (rc == 0)
        rc = rn_select([0] = RN_DONE(c));
    if (rc == 0)
        printf("%d\n", atomic_load(&dropped));
    return rc;
}

/* ---- many tasks ---- */

static int wait_for_all(rn_receiver(rn_unit) go, _Atomic(int) *n)
{
    int rc = rn_wait(go);
    atomic_fetch_add(n, 1);
    return rc == -EPIPE ? 0 : rc;
}
RN_TASK(wait_for_all, rn_receiver(rn_unit), _Atomic(int) *);

/* More than fit into the warm stacks and the first run queue, and pinned ones. */
static int crowd(rn_group *g, void *unused)
{
    (void)unused;
    enum { MANY = 10000, PINNED = 100 };
    static _Atomic(int) n;
    static const rn_attr small = { .stack = RN_STACK_SMALL }, pin = { .pin = true };
    rn_group *h = rn_group_new(NULL);
    rn_chan(rn_unit) go = rn_make(g, rn_unit, 0);
    int rc = h && go ? 0 : -ENOMEM;
    for (int i = 0; i < MANY && rc == 0; i++)
        rc = rn_go_with(h, &small, wait_for_all, rn_rx(go), &n);
    for (int i = 0; i < PINNED && rc == 0; i++)
        rc = rn_go_with(h, &pin, wait_for_all, rn_rx(go), &n);
    if (rc == 0)
        rc = rn_sleep(20 * RN_MILLISECOND);
    if (go)
        rn_close(go);
    int ended = h ? rn_group_wait(h) : 0;
    rn_group_close(h);
    rc = rc ? rc : ended;
    if (rc == 0)
        printf("%d\n", atomic_load(&n));
    return rc;
}

/* ---- workers without a run, and two runs ---- */

static int nothing(rn_group *g, void *unused)
{
    (void)g, (void)unused;
    return rn_sleep(RN_MILLISECOND);
}

static void *other_run(void *rc)
{
    *(int *)rc = rn_run(nothing, NULL);
    return NULL;
}

static _Atomic(int) left_ended;
static rn_group *left;
static rn_chan(rn_unit) left_go;

static void *leave_group(void *rc)
{
    left = rn_group_new(NULL);
    left_go = left ? rn_make(left, rn_unit, 0) : NULL;
    *(int *)rc = left_go ? rn_go(left, wait_for_all, rn_rx(left_go), &left_ended) : -ENOMEM;
    return NULL;
}

static int leaving(rn_group *g, void *unused)
{
    (void)g, (void)unused;
    pthread_t t;
    int rc = 0, made = -pthread_create(&t, NULL, leave_group, &rc);
    if (made == 0)
        pthread_join(t, NULL);
    return made ? made : rc;
}

/* A group of a thread's outlives the run, so that the workers go on in the background; then two
 * threads have runs. */
static int outliving(void)
{
    pthread_t t;
    int other = 0, rc = rn_run(leaving, NULL);
    int made = rc ? rc : -pthread_create(&t, NULL, other_run, &other);
    if (made == 0) {
        rc = rn_run(nothing, NULL);
        pthread_join(t, NULL);
    }
    if (left_go)
        rn_close(left_go);
    int ended = left ? rn_group_wait(left) : 0;
    rn_group_close(left);
    rc = rc ? rc : made ? made : other ? other : ended;
    if (rc == 0)
        printf("%d\n", atomic_load(&left_ended));
    return rc;
}

/* ---- which ---- */

static const struct {
    const char *name;
    int (*in_run)(rn_group *g, void *arg);
    int (*alone)(void);
} parts[] = {
    { "tcp", tcp, NULL },
    { "strangers", strangers, NULL },
    { "reports", reports, NULL },
    { "stages", stages, NULL },
    { "broadcasts", broadcasts, NULL },
    { "scale", scale, NULL },
    { "scopes", scopes, NULL },
    { "discards", discards, NULL },
    { "crowd", crowd, NULL },
    { "outliving", NULL, outliving },
    { "leaks", rest_leaks, NULL },
};

int main(int argc, char **argv)
{
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        if (argc < 2) {
            puts(parts[i].name);
        } else if (strcmp(argv[1], parts[i].name) == 0) {
            int rc = parts[i].in_run ? rn_run(parts[i].in_run, NULL) : parts[i].alone();
            if (rc != 0)
                fprintf(stderr, "rest: %s: %s\n", argv[1], rn_strerror(rc));
            return rc ? 1 : 0;
        }
    }
    return argc < 2 ? 0 : 2;
}
