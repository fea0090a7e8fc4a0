/* SPDX-License-Identifier: MIT */
/*
 * Readiness on Linux: one epoll instance with one-shot registrations, and an eventfd to interrupt
 * the thread that waits in it.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "os/os.h"
#include "os/quiet.h"

static int epoll_fd = -1, wake_fd = -1; /* by _open and _close, which exclude the rest */

int rni_os_poller_open(void)
{
    int saved = errno, rc = 0;
    RNI_QUIET_BEGIN();
    epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    struct epoll_event ev = { .events = EPOLLIN, .data.u64 = RNI_OS_KEY_WAKE };
    if (epoll_fd < 0 || wake_fd < 0 || epoll_ctl(epoll_fd, EPOLL_CTL_ADD, wake_fd, &ev) != 0) {
        rc = -errno;
        if (epoll_fd >= 0)
            close(epoll_fd);
        if (wake_fd >= 0)
            close(wake_fd);
        epoll_fd = wake_fd = -1;
    }
    RNI_QUIET_END();
    errno = saved;
    return rc;
}

void rni_os_poller_close(void)
{
    int saved = errno;
    RNI_QUIET_BEGIN();
    close(epoll_fd);
    close(wake_fd);
    RNI_QUIET_END();
    epoll_fd = wake_fd = -1;
    errno = saved;
}

int rni_os_poller_arm(int fd, unsigned events, uint64_t key)
{
    int saved = errno, rc = 0;
    RNI_QUIET_BEGIN();
    struct epoll_event ev = { .data.u64 = key };
    if (events == 0) {
        if (epoll_ctl(epoll_fd, EPOLL_CTL_DEL, fd, &ev) != 0)
            rc = -errno;
        RNI_QUIET_END();
        errno = saved;
        return rc;
    }
    ev.events = EPOLLONESHOT;
    if (events & RNI_OS_READ)
        ev.events |= EPOLLIN | EPOLLRDHUP; /* a writer must not be woken by the other's shutdown */
    if (events & RNI_OS_WRITE)
        ev.events |= EPOLLOUT;
    if (epoll_ctl(epoll_fd, EPOLL_CTL_MOD, fd, &ev) != 0) {
        rc = errno == ENOENT && epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &ev) == 0 ? 0 : -errno;
    }
    RNI_QUIET_END();
    errno = saved;
    return rc;
}

int rni_os_poller_wait(rni_os_event *out, int n, int64_t timeout_ns)
{
    struct epoll_event ev[64];
    int saved = errno;
    if (n > 64)
        n = 64;
    RNI_QUIET_BEGIN();
    struct timespec ts = { .tv_sec = timeout_ns / 1000000000, .tv_nsec = timeout_ns % 1000000000 };
    int got = epoll_pwait2(epoll_fd, ev, n, timeout_ns < 0 ? NULL : &ts, NULL);
    /* Before Linux 5.11, or where a sandbox knows only older calls: milliseconds, rounded up. */
    if (got < 0 && (errno == ENOSYS || errno == EPERM)) {
        int64_t ms = (timeout_ns + 999999) / 1000000;
        got = epoll_wait(epoll_fd, ev, n, timeout_ns < 0 ? -1 : ms > 60000 ? 60000 : (int)ms);
    }
    if (got > 0)
        RNI_SYSTEM_WROTE(ev, (size_t)got * sizeof ev[0]);
    int stored = 0;
    for (int i = 0; i < got; i++) {
        if (ev[i].data.u64 == RNI_OS_KEY_WAKE) {
            (void)rni_os_event_take(wake_fd);
            continue;
        }
        unsigned events = 0;
        if (ev[i].events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR))
            events |= RNI_OS_READ;
        if (ev[i].events & (EPOLLOUT | EPOLLHUP | EPOLLERR))
            events |= RNI_OS_WRITE;
        out[stored++] = (rni_os_event){ .key = ev[i].data.u64, .events = events };
    }
    RNI_QUIET_END();
    errno = saved;
    return stored;
}

void rni_os_poller_wake(void)
{
    rni_os_event_signal(wake_fd);
}
