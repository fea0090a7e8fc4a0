/* SPDX-License-Identifier: MIT */
/* Parts of rest.c: threads that are no workers, workers without a run, and two runs. */
#define _GNU_SOURCE
#include <runnel.h>

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "rest.h"

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

int rest_strangers(rn_group *g, void *unused)
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

static int wait_for_all(rn_receiver(rn_unit) go, _Atomic(int) *n)
{
    int rc = rn_wait(go);
    atomic_fetch_add(n, 1);
    return rc == -EPIPE ? 0 : rc;
}
RN_TASK(wait_for_all, rn_receiver(rn_unit), _Atomic(int) *);

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
int rest_outliving(void)
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
