/* SPDX-License-Identifier: MIT */
/* kit: not-under-qemu */
/*
 * errno and thread-locals across migration. These tests are also built at -O2 by gcc and clang,
 * with and without link-time optimisation (tests/migration.sh). The thread is told by gettid, a
 * system call: glibc declares pthread_self const, too, and compilers keep its value across a
 * migration.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

#include <runnel.h>

#include "kit/kit.h"

enum { TASKS = 16, ROUNDS = 2000 };

static _Atomic(int) migrations;

/* Sets errno to a value of its own, waits in every way that may move it, and must find it again. */
static int keeps_errno(int mine, rn_chan(int) c)
{
    errno = mine;
    for (int i = 0; i < ROUNDS; i++) {
        pid_t before = gettid();
        int v = 0, rc = rn_try_send(c, i);
        if (rc == -EAGAIN)
            rc = rn_try_recv(c, &v);
        rn_yield();
        if (i % 64 == 0)
            rn_sleep(20 * RN_MICROSECOND);
        if (errno != mine)
            return -EPROTO;
        if (before != gettid())
            atomic_fetch_add(&migrations, 1);
    }
    return 0;
}
RN_TASK(keeps_errno, int, rn_chan(int));

TASK_TEST(each_task_keeps_its_errno_across_waits)
{
    (void)g;
    rn_group *many = rn_group_new(NULL);
    rn_chan(int) c = rn_make(many, int, 4);
    for (int i = 0; i < TASKS; i++)
        rn_go(many, keeps_errno, 1 + i, c);
    CHECK_EQ(rn_group_wait(many), 0);
    rn_group_close(many);
    return 0;
}

/* The loop of every C program that reads from a descriptor: the value of errno after read must be
 * the one that this read has set, on whatever thread that was. */
static int reads(int fd, int count)
{
    for (int got = 0; got < count;) {
        char byte;
        errno = 0;
        ssize_t n = read(fd, &byte, 1);
        if (n == 1) {
            got++;
        } else if (n < 0 && errno == EAGAIN) {
            int rc = rn_fd_wait(fd, RN_READABLE, RN_FOREVER);
            if (rc < 0)
                return rc;
        } else {
            return -EPROTO;
        }
    }
    return 0;
}
RN_TASK(reads, int, int);

static int writes(int fd, int count)
{
    for (int i = 0; i < count; i++) {
        if (write(fd, "x", 1) != 1)
            return -EPROTO;
        if (i % 3 == 0)
            rn_yield();
        else if (i % 7 == 0)
            rn_sleep(10 * RN_MICROSECOND);
    }
    return 0;
}
RN_TASK(writes, int, int);

static int spins(void)
{
    int64_t until = rn_now() + 200 * RN_MILLISECOND;
    while (rn_now() < until)
        if (rn_yield() != 0)
            break;
    return 0;
}
RN_TASK(spins);

TASK_TEST(read_eagain_wait_loops_work_across_threads)
{
    (void)g;
    rn_group *many = rn_group_new(NULL);
    int fds[4][2];
    for (int i = 0; i < 4; i++) {
        CHECK(pipe2(fds[i], O_NONBLOCK) == 0);
        rn_go(many, reads, fds[i][0], 1000);
        rn_go(many, writes, fds[i][1], 1000);
    }
    rn_go(many, spins); /* keeps a worker busy, so that others steal */
    CHECK_EQ(rn_group_wait(many), 0);
    rn_group_close(many);
    for (int i = 0; i < 4; i++) {
        close(fds[i][0]);
        close(fds[i][1]);
    }
    return 0;
}

/* Moves the calling task to another thread, if there is another worker: yields behind a hog. */
static bool move(pid_t from)
{
    for (int i = 0; i < 200 && from == gettid(); i++)
        rn_sleep(100 * RN_MICROSECOND);
    return from != gettid();
}

/* glibc's errno must be this thread's after a forced migration: the very function that compilers
 * like to remember the address from. */
__attribute__((noinline)) static int own_errno_after_move(void)
{
    errno = 11;
    pid_t before = gettid();
    bool moved = move(before);
    errno = 22;
    if (errno != 22)
        return -EPROTO;
    return moved;
}

static int hog(void)
{
    int64_t until = rn_now() + 30 * RN_MILLISECOND;
    while (rn_now() < until) {}
    return 0;
}
RN_TASK(hog);

static int moving(void)
{
    for (int i = 0; i < 3; i++) {
        int rc = own_errno_after_move();
        if (rc < 0)
            return rc;
        atomic_fetch_add(&migrations, rc);
    }
    return 0;
}
RN_TASK(moving);

TASK_TEST(errno_is_the_new_threads_after_a_forced_move)
{
    (void)g;
    /* On a busy machine no other worker may get to run meanwhile: again until one does. */
    for (int64_t limit = rn_now() + 10 * RN_SECOND;;) {
        rn_group *many = rn_group_new(NULL);
        for (int round = 0; round < 4; round++) {
            rn_go(many, moving);
            rn_go(many, hog);
            rn_go(many, moving);
        }
        CHECK_EQ(rn_group_wait(many), 0);
        rn_group_close(many);
        if (rn_worker_count() == 1 || atomic_load(&migrations) > 0)
            return 0;
        CHECK(rn_now() < limit);
    }
}

static int pinned_stays(void)
{
    rn_pin();
    pid_t home = gettid();
    for (int i = 0; i < 50; i++) {
        rn_sleep(50 * RN_MICROSECOND);
        rn_yield();
        if (home != gettid())
            return -EPROTO;
    }
    rn_unpin();
    return 0;
}
RN_TASK(pinned_stays);

TASK_TEST(pinned_tasks_stay_on_their_thread)
{
    (void)g;
    rn_group *many = rn_group_new(NULL);
    for (int i = 0; i < 8; i++) {
        rn_go(many, pinned_stays);
        rn_go(many, hog);
    }
    CHECK_EQ(rn_group_wait(many), 0);
    rn_group_close(many);
    return 0;
}
