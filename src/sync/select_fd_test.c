/* SPDX-License-Identifier: MIT */
/* Descriptors as cases of a select, of tasks and of foreign threads. */
#define _GNU_SOURCE
#include <runnel.h>

#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <unistd.h>

#include "kit/kit.h"
#include "sync/chan_peek.h"

static void open_pipe(int ends[2])
{
    CHECK_EQ(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
}

static void close_pipe(int ends[2])
{
    close(ends[0]);
    close(ends[1]);
}

static void put(int fd)
{
    CHECK_EQ(write(fd, "x", 1), 1);
}

static void take(int fd)
{
    char byte;
    CHECK_EQ(read(fd, &byte, 1), 1);
}

/* ---- without waiting ---- */

TASK_TEST(select_takes_a_ready_descriptor_and_says_for_what)
{
    int pair[2];
    unsigned ready = 0;
    CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
    rn_chan(int) idle = rn_make(g, int, 0);
    CHECK_EQ(rn_select(RN_DONE(idle), RN_FD(pair[0], RN_READABLE | RN_WRITABLE, &ready)), 1);
    CHECK_EQ(ready, RN_WRITABLE);
    put(pair[1]);
    CHECK_EQ(rn_select(RN_DONE(idle), RN_FD(pair[0], RN_READABLE | RN_WRITABLE, &ready)), 1);
    CHECK_EQ(ready, RN_READABLE | RN_WRITABLE);
    CHECK_EQ(rn_select(RN_FD(pair[0], RN_READABLE, NULL), RN_DEFAULT), 0);
    close_pipe(pair);
    return 0;
}

TASK_TEST(select_with_default_passes_over_an_idle_descriptor)
{
    int ends[2];
    open_pipe(ends);
    CHECK_EQ(rn_select(RN_FD(ends[0], RN_READABLE, NULL), RN_DEFAULT), 1);
    CHECK_EQ(rn_select(RN_FD(ends[0], RN_READABLE, NULL), RN_AFTER(0)), 1);
    CHECK_EQ(rn_select(RN_FD(ends[0], RN_READABLE, NULL), RN_AFTER(RN_MILLISECOND)), 1);
    put(ends[1]);
    CHECK_EQ(rn_select(RN_FD(ends[0], RN_READABLE, NULL), RN_DEFAULT), 0);
    close_pipe(ends);
    return 0;
}

TASK_TEST(select_chooses_fairly_among_channels_and_descriptors)
{
    int ends[2], chosen[2] = { 0 };
    open_pipe(ends);
    put(ends[1]);
    rn_chan(rn_unit) closed = rn_make(g, rn_unit, 0);
    rn_close(closed);
    for (int i = 0; i < 300; i++) {
        rn_case k[] = { RN_DONE(closed), RN_FD(ends[0], RN_READABLE, NULL) };
        int rc = rn_select_n(k, 2);
        CHECK(rc == 0 || rc == 1);
        CHECK_EQ(k[1].status, 0);
        chosen[rc]++;
        CHECK_EQ(rn_select_ordered(RN_FD(ends[0], RN_READABLE, NULL), RN_DONE(closed)), 0);
    }
    CHECK(chosen[0] > 80 && chosen[1] > 80);
    close_pipe(ends);
    return 0;
}

TASK_TEST(select_on_what_is_no_descriptor_is_an_error)
{
    int ends[2];
    open_pipe(ends);
    close_pipe(ends);
    rn_chan(int) idle = rn_make(g, int, 0);
    rn_case k[] = { RN_DONE(idle), RN_FD(ends[0], RN_READABLE, NULL), RN_DEFAULT };
    CHECK_EQ(rn_select_n(k, 2), -EBADF);
    CHECK_EQ(k[1].status, -EBADF);
    CHECK_EQ(rn_select_n(k, 3), -EBADF); /* ready to say so */
    CHECK_EQ(rn_select(RN_FD(-1, RN_READABLE, NULL)), -EBADF);
    CHECK_EQ(rn_select(RN_FD(0, 0, NULL)), -EINVAL);
    int file = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    CHECK_EQ(rn_select(RN_FD(file, RN_READABLE, NULL), RN_DONE(idle)), 0); /* always ready */
    close(file);
    return 0;
}

/* ---- waiting ---- */

static int put_later(int fd)
{
    rn_sleep(2 * RN_MILLISECOND);
    put(fd);
    return 0;
}
RN_TASK(put_later, int);

static int send_later(rn_sender(int) c)
{
    rn_sleep(2 * RN_MILLISECOND);
    return rn_send(c, 7);
}
RN_TASK(send_later, rn_sender(int));

TASK_TEST(select_waits_for_whichever_is_first)
{
    int ends[2], v = 0;
    bool ok = false;
    open_pipe(ends);
    rn_group *h = rn_group_new(NULL);
    rn_chan(int) c = rn_make(g, int, 0);
    for (int i = 0; i < 5; i++) {
        unsigned ready = 0;
        CHECK_EQ(rn_go(h, put_later, ends[1]), 0);
        CHECK_EQ(rn_select(RN_RECV(c, &v, &ok), RN_FD(ends[0], RN_READABLE, &ready)), 1);
        CHECK_EQ(ready, RN_READABLE);
        CHECK_EQ(waiting(RAW(c), false), 0);
        take(ends[0]);
        CHECK_EQ(rn_go(h, send_later, rn_tx(c)), 0);
        CHECK_EQ(rn_select(RN_RECV(c, &v, &ok), RN_FD(ends[0], RN_READABLE, &ready)), 0);
        CHECK(v == 7 && ok);
        CHECK_EQ(rn_group_wait(h), 0);
    }
    rn_group_close(h);
    close_pipe(ends);
    return 0;
}

static int wait_for_both(int fd, _Atomic(int) *result)
{
    atomic_store(result, rn_select(RN_FD(fd, RN_READABLE, NULL), RN_FD(fd, RN_READABLE, NULL)));
    return 0;
}
RN_TASK(wait_for_both, int, _Atomic(int) *);

TASK_TEST(select_looks_at_no_case_beyond_those_it_is_told_of)
{
    int ends[2];
    open_pipe(ends);
    rn_chan(int) idle = rn_make(g, int, 0), full = rn_make(g, int, 1);
    CHECK_EQ(rn_send(full, 1), 0);
    rn_case k[] = { RN_DONE(idle), RN_FD(ends[0], RN_READABLE, NULL), RN_FD(INT_MAX, 0, NULL) };
    CHECK_EQ(rn_go(g, put_later, ends[1]), 0);
    CHECK_EQ(rn_select_n(k, 2), 1);
    rn_case done = RN_DONE(full);
    k[2] = done;
    take(ends[0]);
    CHECK_EQ(rn_go(g, put_later, ends[1]), 0);
    CHECK_EQ(rn_select_n(k, 2), 1);
    CHECK_EQ(rn_len(full), 1);
    take(ends[0]); /* after the write, also to TSan */
    close_pipe(ends);
    return 0;
}

TASK_TEST(select_of_many_tasks_on_one_descriptor_wakes_all)
{
    int ends[2];
    open_pipe(ends);
    _Atomic(int) results[10];
    rn_group *h = rn_group_new(NULL);
    for (int i = 0; i < 10; i++) {
        atomic_init(&results[i], -1);
        CHECK_EQ(rn_go(h, wait_for_both, ends[0], &results[i]), 0);
    }
    rn_sleep(2 * RN_MILLISECOND);
    put(ends[1]);
    CHECK_EQ(rn_group_wait(h), 0);
    for (int i = 0; i < 10; i++)
        CHECK(atomic_load(&results[i]) == 0 || atomic_load(&results[i]) == 1);
    rn_group_close(h);
    close_pipe(ends);
    return 0;
}

TASK_TEST(select_on_descriptors_is_cancelled)
{
    int ends[2];
    open_pipe(ends);
    _Atomic(int) result = 0;
    for (int ms = 0; ms < 3; ms++) {
        rn_group *h = rn_group_new(NULL);
        CHECK_EQ(rn_go(h, wait_for_both, ends[0], &result), 0);
        rn_sleep(ms * RN_MILLISECOND);
        rn_group_close(h);
        CHECK_EQ(atomic_load(&result), -ECANCELED);
    }
    put(ends[1]); /* nobody is left in the queue */
    CHECK_EQ(rn_fd_wait(ends[0], RN_READABLE, RN_FOREVER), RN_READABLE);
    close_pipe(ends);
    return 0;
}

TASK_TEST(select_with_a_descriptor_times_out)
{
    int ends[2];
    open_pipe(ends);
    rn_chan(int) idle = rn_make(g, int, 0);
    for (int i = 0; i < 3; i++) {
        int64_t start = rn_now();
        CHECK_EQ(rn_select(RN_DONE(idle), RN_FD(ends[0], RN_READABLE, NULL),
                           RN_AFTER(2 * RN_MILLISECOND)),
                 2);
        CHECK(rn_now() - start >= 2 * RN_MILLISECOND);
    }
    close_pipe(ends);
    return 0;
}

/* ---- every event once, against channels ---- */

enum { BYTES = 3000 };

static int write_bytes(int fd)
{
    for (int i = 0; i < BYTES; i++) {
        put(fd);
        if (i % 7 == 0)
            (void)rn_yield();
    }
    return 0;
}
RN_TASK(write_bytes, int);

static int send_ints(rn_sender(int) c)
{
    int rc = 0;
    for (int i = 1; rc == 0 && i <= BYTES; i++)
        rc = rn_send(c, i);
    rn_close(c);
    return rc;
}
RN_TASK(send_ints, rn_sender(int));

/* Reads bytes and ints until it has had all of both; returns the sum of both. */
static long read_all(int fd, rn_receiver(int) c)
{
    long sum = 0;
    int v;
    bool ok;
    for (int bytes = 0; bytes < BYTES || c;) {
        switch (rn_select(RN_FD(fd, RN_READABLE, NULL), RN_RECV(c, &v, &ok))) {
        case 0:
            take(fd);
            bytes++;
            sum++;
            break;
        case 1:
            if (ok)
                sum += v;
            else
                c = NULL;
            break;
        default: CHECK(false);
        }
    }
    return sum;
}

static const long ALL = BYTES + (long)BYTES * (BYTES + 1) / 2;

TASK_TEST(select_loses_neither_bytes_nor_values)
{
    int ends[2];
    open_pipe(ends);
    rn_chan(int) c = rn_make(g, int, 0);
    CHECK_EQ(rn_go(g, write_bytes, ends[1]), 0);
    CHECK_EQ(rn_go(g, send_ints, rn_tx(c)), 0);
    CHECK_EQ(read_all(ends[0], rn_rx(c)), ALL);
    close_pipe(ends);
    return 0;
}

/* ---- foreign threads ---- */

typedef struct job {
    int fd;
    rn_receiver(int) c;
    long sum;
} job;

static void *reads_all(void *arg)
{
    job *j = arg;
    j->sum = read_all(j->fd, j->c);
    return NULL;
}

TASK_TEST(select_with_descriptors_works_on_a_foreign_thread)
{
    int ends[2];
    open_pipe(ends);
    rn_chan(int) c = rn_make(g, int, 0);
    job j = { .fd = ends[0], .c = rn_rx(c) };
    pthread_t thread;
    CHECK_EQ(pthread_create(&thread, NULL, reads_all, &j), 0);
    rn_group *h = rn_group_new(NULL);
    CHECK_EQ(rn_go(h, write_bytes, ends[1]), 0);
    CHECK_EQ(rn_go(h, send_ints, rn_tx(c)), 0);
    CHECK_EQ(rn_group_wait(h), 0);
    rn_group_close(h);
    pthread_join(thread, NULL);
    CHECK_EQ(j.sum, ALL);
    close_pipe(ends);
    return 0;
}

static void *puts_later(void *arg)
{
    usleep(2000);
    put(*(int *)arg);
    return NULL;
}

TEST(select_on_descriptors_needs_no_workers)
{
    int ends[2], other[2];
    unsigned ready = 0;
    open_pipe(ends);
    open_pipe(other);
    pthread_t thread;
    CHECK_EQ(pthread_create(&thread, NULL, puts_later, &ends[1]), 0);
    CHECK_EQ(rn_select(RN_FD(other[0], RN_READABLE, NULL), RN_FD(ends[0], RN_READABLE, &ready)), 1);
    CHECK_EQ(ready, RN_READABLE);
    pthread_join(thread, NULL);
    take(ends[0]);
    CHECK_EQ(rn_select(RN_FD(ends[0], RN_READABLE, NULL), RN_AFTER(RN_MILLISECOND)), 1);
    rn_case many[40];
    for (int i = 0; i < 40; i++)
        many[i] = RN_FD(i == 33 ? other[1] : ends[0], i == 33 ? RN_WRITABLE : RN_READABLE, NULL);
    CHECK_EQ(rn_select_n(many, 40), 33);
    many[33].fd = ends[0];
    many[33].events = RN_READABLE;
    CHECK_EQ(pthread_create(&thread, NULL, puts_later, &ends[1]), 0);
    CHECK(rn_select_n(many, 40) >= 0);
    pthread_join(thread, NULL);
    close_pipe(ends);
    close_pipe(other);
}
