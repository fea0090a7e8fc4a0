/* SPDX-License-Identifier: MIT */
/*
 * How reports and last words leave. A single write(2) is not enough: a signal whose handler does
 * not restart calls ends it early or before it began, and the line that was to explain the end of
 * the process would be lost.
 *
 * Never inlined: a caller that parks between two calls must not keep errno's address across that
 * (runnel/errno.h).
 */
#include <errno.h>
#include <poll.h>
#include <unistd.h>

#include "base/check.h"
#include "base/say.h"

RNI_NOINLINE void rni_say(int fd, const char *text, size_t n)
{
    enum { PATIENCE = 10 }; /* tenths of a second without progress */
    int saved = errno, patience = PATIENCE;
    while (n > 0) {
        ssize_t put = write(fd, text, n);
        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0 && errno == EAGAIN) {
            struct pollfd room = { .fd = fd, .events = POLLOUT };
            if (patience-- > 0 && (poll(&room, 1, 100) >= 0 || errno == EINTR))
                continue;
        }
        if (put <= 0)
            break;
        patience = PATIENCE;
        text += put;
        n -= (size_t)put;
    }
    errno = saved;
}
