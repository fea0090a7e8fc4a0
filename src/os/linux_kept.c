/* SPDX-License-Identifier: MIT */
/*
 * Words of the program's that the system keeps for it, and gives back some day: the data of entries
 * of epoll descriptors (/proc/self/fdinfo tells: "tfd: 5 events: 1 data: 7f12... pos:0 ..."), and
 * the values of POSIX timers (/proc/PID/timers: "signal: 34/00007f12..."). What is in pipes,
 * sockets and rings of io_uring it keeps as well, but does not tell.
 *
 * As linux_maps.c: makes system calls only.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "os/linux_folder.h"
#include "os/os.h"

typedef struct keeping {
    void (*fn)(uintptr_t word, void *arg);
    void *arg;
    int fds, infos; /* /proc/self/fd and /proc/self/fdinfo */
} keeping;

/* Calls fn for each hexadecimal number that follows `before` in the file. One that is not there is
 * no error: kernels may lack it, and descriptors are closed. */
static int numbers_after(const keeping *k, int folder, const char *name, const char *before)
{
    char text[4096];
    size_t length = strlen(before), matched = 0;
    uintptr_t word = 0;
    bool in_number = false;
    int fd = openat(folder, name, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT ? 0 : -errno;
    ssize_t n;
    while ((n = read(fd, text, sizeof text)) > 0)
        for (ssize_t i = 0; i < n; i++) {
            char c = text[i];
            int digit = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
            if (in_number && digit >= 0) {
                word = word << 4 | (uintptr_t)digit;
                continue;
            }
            if (in_number && !(c == ' ' && word == 0)) {
                k->fn(word, k->arg);
                in_number = false;
            }
            matched = c == before[matched] ? matched + 1 : c == before[0];
            if (matched == length) {
                in_number = true;
                word = 0;
                matched = 0;
            }
        }
    int rc = n < 0 ? -errno : 0;
    close(fd);
    return rc;
}

static int look_at_fd(const char *name, void *arg)
{
    static const char epoll[] = "anon_inode:[eventpoll]";
    const keeping *k = arg;
    char target[32];
    ssize_t length = readlinkat(k->fds, name, target, sizeof target);
    if (length != sizeof epoll - 1 || memcmp(target, epoll, sizeof epoll - 1) != 0)
        return 0;
    return numbers_after(k, k->infos, name, "data:");
}

static int each_epoll(keeping *k)
{
    k->fds = open("/proc/self/fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (k->fds < 0)
        return -errno;
    k->infos = open("/proc/self/fdinfo", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int rc = k->infos < 0 ? -errno : rni_folder_each(k->fds, look_at_fd, k);
    if (k->infos >= 0)
        close(k->infos);
    close(k->fds);
    return rc;
}

static int each_timer(const keeping *k, int process)
{
    char path[32], *at = path + sizeof path - sizeof "/timers";
    memcpy(at, "/timers", sizeof "/timers");
    for (int p = process; p > 0; p /= 10)
        *--at = (char)('0' + p % 10);
    int proc = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (proc < 0)
        return -errno;
    int rc = numbers_after(k, proc, at, "/");
    close(proc);
    return rc;
}

int rni_os_kept_each(int process, void (*fn)(uintptr_t word, void *arg), void *arg)
{
    int saved = errno;
    keeping k = { .fn = fn, .arg = arg };
    int rc = each_epoll(&k);
    if (rc == 0)
        rc = each_timer(&k, process);
    errno = saved;
    return rc;
}
