/* SPDX-License-Identifier: MIT */
/* What descriptors are ready for right now, and threads that wait for them themselves. */
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "os/os.h"
#include "os/quiet.h"

static short poll_events_of(unsigned events)
{
    return (short)((events & RNI_OS_READ ? POLLIN | POLLRDHUP : 0) |
                   (events & RNI_OS_WRITE ? POLLOUT : 0));
}

static int ready_for(unsigned events, short revents)
{
    if (revents == 0)
        return 0;
    if (revents & POLLNVAL)
        return -EBADF;
    unsigned ready = 0;
    if (revents & (POLLIN | POLLRDHUP | POLLHUP | POLLERR))
        ready |= RNI_OS_READ;
    if (revents & (POLLOUT | POLLHUP | POLLERR))
        ready |= RNI_OS_WRITE;
    return (int)(ready & events ? ready & events : events);
}

int rni_os_poll(rni_os_fd *fds, size_t n, int64_t timeout_ns)
{
    enum { FEW = 16 };
    struct pollfd few[FEW], *p = n <= FEW ? few : rni_os_alloc(n * sizeof *p);
    if (!p)
        return -ENOMEM;
    for (size_t i = 0; i < n; i++)
        p[i] = (struct pollfd){ .fd = fds[i].fd, .events = poll_events_of(fds[i].events) };
    struct timespec ts = { .tv_sec = timeout_ns / 1000000000, .tv_nsec = timeout_ns % 1000000000 };
    int saved = errno;
    RNI_QUIET_BEGIN();
    int count = ppoll(p, n, timeout_ns < 0 ? NULL : &ts, NULL);
    RNI_QUIET_END();
    int rc = count < 0 ? -errno : 0;
    errno = saved;
    for (size_t i = 0; i < n; i++)
        if ((fds[i].ready = count > 0 ? ready_for(fds[i].events, p[i].revents) : 0) != 0)
            rc++;
    if (p != few)
        rni_os_free(p);
    return rc == -EINTR ? 0 : rc;
}

int rni_os_event_open(void)
{
    int saved = errno;
    int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    int rc = fd < 0 ? -errno : fd;
    errno = saved;
    return rc;
}

void rni_os_event_signal(int fd)
{
    int saved = errno;
    uint64_t one = 1;
    RNI_QUIET_BEGIN();
    ssize_t put = write(fd, &one, sizeof one);
    (void)put; /* EAGAIN: the counter is full, so it is readable */
    RNI_QUIET_END();
    errno = saved;
}

bool rni_os_event_take(int fd)
{
    int saved = errno;
    uint64_t n;
    RNI_QUIET_BEGIN();
    ssize_t got = read(fd, &n, sizeof n);
    RNI_QUIET_END();
    errno = saved;
    return got > 0;
}

void rni_os_event_close(int fd)
{
    int saved = errno;
    RNI_QUIET_BEGIN();
    close(fd);
    RNI_QUIET_END();
    errno = saved;
}
