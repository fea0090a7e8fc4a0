/* SPDX-License-Identifier: MIT */
/* rn_fd_wait on pipes, sockets and what cannot be waited for. */
#define _GNU_SOURCE
#include <runnel.h>

#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "kit/kit.h"

static void open_pipe(int ends[2])
{
    CHECK_EQ(pipe2(ends, O_CLOEXEC), 0);
}

static void close_pipe(int ends[2])
{
    close(ends[0]);
    close(ends[1]);
}

static void fill(int fd)
{
    static const char zeros[4096];
    CHECK_EQ(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
    while (write(fd, zeros, sizeof zeros) > 0)
        ;
}

TASK_TEST(fd_wait_returns_at_once_for_what_is_ready)
{
    int ends[2];
    open_pipe(ends);
    CHECK_EQ(rn_fd_wait(ends[1], RN_WRITABLE, RN_FOREVER), RN_WRITABLE);
    CHECK_EQ(write(ends[1], "x", 1), 1);
    CHECK_EQ(rn_fd_wait(ends[0], RN_READABLE, RN_FOREVER), RN_READABLE);
    CHECK_EQ(rn_fd_wait(ends[0], RN_READABLE, 0), RN_READABLE); /* ready beats late */
    close_pipe(ends);
    int pair[2];
    CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    CHECK_EQ(rn_fd_wait(pair[0], RN_READABLE | RN_WRITABLE, RN_FOREVER), RN_WRITABLE);
    CHECK_EQ(write(pair[1], "x", 1), 1);
    CHECK_EQ(rn_fd_wait(pair[0], RN_READABLE | RN_WRITABLE, RN_FOREVER), RN_READABLE | RN_WRITABLE);
    close_pipe(pair);
    return 0;
}

static int write_later(int fd)
{
    rn_sleep(2 * RN_MILLISECOND);
    CHECK_EQ(write(fd, "x", 1), 1);
    return 0;
}
RN_TASK(write_later, int);

static int read_later(int fd)
{
    static char bytes[1 << 16];
    rn_sleep(2 * RN_MILLISECOND);
    CHECK(read(fd, bytes, sizeof bytes) > 0);
    return 0;
}
RN_TASK(read_later, int);

TASK_TEST(fd_wait_parks_until_the_descriptor_is_ready)
{
    for (int i = 0; i < 5; i++) {
        int ends[2];
        open_pipe(ends);
        rn_group *h = rn_group_new(NULL);
        CHECK_EQ(rn_go(h, write_later, ends[1]), 0);
        CHECK_EQ(rn_fd_wait(ends[0], RN_READABLE, RN_FOREVER), RN_READABLE);
        CHECK_EQ(rn_group_wait(h), 0);
        fill(ends[1]);
        CHECK_EQ(rn_go(h, read_later, ends[0]), 0);
        CHECK_EQ(rn_fd_wait(ends[1], RN_WRITABLE, RN_FOREVER), RN_WRITABLE);
        CHECK_EQ(rn_group_wait(h), 0);
        rn_group_close(h);
        close_pipe(ends);
    }
    return 0;
}

TASK_TEST(fd_wait_ends_at_its_deadline)
{
    int ends[2];
    open_pipe(ends);
    int64_t when = rn_now() + 5 * RN_MILLISECOND;
    CHECK_EQ(rn_fd_wait(ends[0], RN_READABLE, when), -ETIMEDOUT);
    CHECK(rn_now() >= when);
    CHECK_EQ(rn_fd_wait(ends[0], RN_READABLE, rn_now()), -ETIMEDOUT);
    CHECK_EQ(rn_fd_wait(ends[0], RN_READABLE, INT64_MIN), -ETIMEDOUT);
    CHECK_EQ(write(ends[1], "x", 1), 1);
    CHECK_EQ(rn_fd_wait(ends[0], RN_READABLE, RN_FOREVER), RN_READABLE); /* and can wait again */
    close_pipe(ends);
    return 0;
}

static int wait_for(int fd, unsigned events, _Atomic(int) *result)
{
    atomic_store(result, rn_fd_wait(fd, events, RN_FOREVER));
    return 0;
}
RN_TASK(wait_for, int, unsigned, _Atomic(int) *);

TASK_TEST(fd_wait_is_cancelled_and_others_keep_waiting)
{
    int ends[2];
    _Atomic(int) gone = 0, stays = 0;
    open_pipe(ends);
    rn_group *a = rn_group_new(NULL), *b = rn_group_new(NULL);
    CHECK_EQ(rn_go(b, wait_for, ends[0], RN_READABLE, &stays), 0);
    CHECK_EQ(rn_go(a, wait_for, ends[0], RN_READABLE, &gone), 0);
    rn_sleep(2 * RN_MILLISECOND);
    rn_group_close(a);
    CHECK_EQ(atomic_load(&gone), -ECANCELED);
    CHECK_EQ(atomic_load(&stays), 0);
    CHECK_EQ(write(ends[1], "x", 1), 1);
    CHECK_EQ(rn_group_wait(b), 0);
    CHECK_EQ(atomic_load(&stays), RN_READABLE);
    rn_group_close(b);
    close_pipe(ends);
    return 0;
}

TASK_TEST(fd_wait_sees_the_peer_close)
{
    int ends[2];
    _Atomic(int) result = 0;
    char byte;
    open_pipe(ends);
    rn_group *h = rn_group_new(NULL);
    CHECK_EQ(rn_go(h, wait_for, ends[0], RN_READABLE, &result), 0);
    rn_sleep(RN_MILLISECOND);
    close(ends[1]);
    CHECK_EQ(rn_group_wait(h), 0);
    CHECK_EQ(atomic_load(&result), RN_READABLE);
    CHECK_EQ(read(ends[0], &byte, 1), 0);
    close(ends[0]);

    open_pipe(ends);
    fill(ends[1]);
    CHECK_EQ(rn_go(h, wait_for, ends[1], RN_WRITABLE, &result), 0);
    rn_sleep(RN_MILLISECOND);
    close(ends[0]);
    CHECK_EQ(rn_group_wait(h), 0);
    CHECK_EQ(atomic_load(&result), RN_WRITABLE);
    close(ends[1]);
    return rn_group_close(h);
}

TASK_TEST(fd_wait_wakes_readers_and_writers_of_one_descriptor_apart)
{
    int pair[2];
    _Atomic(int) read_result[3] = { 0 }, write_result = 0;
    static char bytes[1 << 20];
    CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
    fill(pair[0]);
    rn_group *readers = rn_group_new(NULL), *writers = rn_group_new(NULL);
    for (int i = 0; i < 3; i++)
        CHECK_EQ(rn_go(readers, wait_for, pair[0], RN_READABLE, &read_result[i]), 0);
    CHECK_EQ(rn_go(writers, wait_for, pair[0], RN_WRITABLE, &write_result), 0);
    rn_sleep(2 * RN_MILLISECOND);
    CHECK_EQ(write(pair[1], "x", 1), 1);
    CHECK_EQ(rn_group_wait(readers), 0); /* all three of them */
    CHECK_EQ(atomic_load(&write_result), 0);
    CHECK_EQ(fcntl(pair[1], F_SETFL, O_NONBLOCK), 0);
    while (read(pair[1], bytes, sizeof bytes) > 0)
        ;
    CHECK_EQ(rn_group_wait(writers), 0);
    CHECK_EQ(atomic_load(&write_result), RN_WRITABLE);
    for (int i = 0; i < 3; i++)
        CHECK_EQ(atomic_load(&read_result[i]), RN_READABLE);
    rn_group_close(readers);
    rn_group_close(writers);
    close_pipe(pair);
    return 0;
}

TASK_TEST(fd_wait_refuses_what_is_no_descriptor)
{
    int ends[2];
    open_pipe(ends);
    close_pipe(ends);
    CHECK_EQ(rn_fd_wait(ends[0], RN_READABLE, RN_FOREVER), -EBADF);
    CHECK_EQ(rn_fd_wait(-1, RN_READABLE, RN_FOREVER), -EBADF);
    CHECK_EQ(rn_fd_wait(INT32_MAX, RN_READABLE, RN_FOREVER), -EBADF);
    CHECK_EQ(rn_fd_wait(0, 0, RN_FOREVER), -EINVAL);
    CHECK_EQ(rn_fd_wait(0, 64, RN_FOREVER), -EINVAL);
    return 0;
}

TASK_TEST(fd_wait_never_waits_for_a_regular_file)
{
    FILE *f = tmpfile();
    CHECK(f != NULL);
    int rc = rn_fd_wait(fileno(f), RN_READABLE | RN_WRITABLE, RN_FOREVER);
    CHECK(rc > 0 || rc == -EPERM);
    fclose(f);
    return 0;
}

TASK_TEST(fd_wait_works_for_a_number_that_was_another_descriptor_before)
{
    for (int i = 0; i < 50; i++) {
        int ends[2];
        open_pipe(ends); /* the same numbers each time */
        CHECK_EQ(rn_fd_wait(ends[0], RN_READABLE, rn_now() + 10 * RN_MICROSECOND), -ETIMEDOUT);
        rn_group *h = rn_group_new(NULL);
        CHECK_EQ(rn_go(h, write_later, ends[1]), 0);
        CHECK_EQ(rn_fd_wait(ends[0], RN_READABLE, rn_now() + RN_MINUTE), RN_READABLE);
        CHECK_EQ(rn_group_wait(h), 0);
        rn_group_close(h);
        close_pipe(ends);
    }
    return 0;
}

/* ---- many, and threads ---- */

static int relay(int from, int to)
{
    for (int i = 0; i < 20; i++) {
        char byte;
        CHECK(rn_fd_wait(from, RN_READABLE, RN_FOREVER) > 0);
        CHECK_EQ(read(from, &byte, 1), 1);
        CHECK_EQ(write(to, &byte, 1), 1);
    }
    return 0;
}
RN_TASK(relay, int, int);

TASK_TEST(fd_wait_of_many_tasks_on_many_pipes)
{
    enum { PIPES = 64 };
    int ends[PIPES + 1][2];
    for (int i = 0; i <= PIPES; i++)
        open_pipe(ends[i]);
    rn_group *h = rn_group_new(NULL);
    for (int i = 0; i < PIPES; i++)
        CHECK_EQ(rn_go(h, relay, ends[i][0], ends[i + 1][1]), 0);
    for (int i = 0; i < 20; i++) {
        char byte = (char)i;
        CHECK_EQ(write(ends[0][1], &byte, 1), 1);
    }
    for (int i = 0; i < 20; i++) {
        char byte;
        CHECK_EQ(rn_fd_wait(ends[PIPES][0], RN_READABLE, RN_FOREVER), RN_READABLE);
        CHECK_EQ(read(ends[PIPES][0], &byte, 1), 1);
        CHECK_EQ(byte, i);
    }
    CHECK_EQ(rn_group_wait(h), 0);
    for (int i = 0; i <= PIPES; i++)
        close_pipe(ends[i]);
    return rn_group_close(h);
}

TEST(fd_wait_works_on_a_foreign_thread)
{
    int ends[2];
    open_pipe(ends);
    int64_t when = rn_now() + 2 * RN_MILLISECOND;
    CHECK_EQ(rn_fd_wait(ends[0], RN_READABLE, when), -ETIMEDOUT);
    CHECK(rn_now() >= when);
    CHECK_EQ(write(ends[1], "x", 1), 1);
    CHECK_EQ(rn_fd_wait(ends[0], RN_READABLE, RN_FOREVER), RN_READABLE);
    CHECK_EQ(rn_fd_wait(ends[1], RN_WRITABLE, 0), RN_WRITABLE);
    CHECK_EQ(rn_fd_wait(-1, RN_WRITABLE, 0), -EBADF);
    close_pipe(ends);
}
