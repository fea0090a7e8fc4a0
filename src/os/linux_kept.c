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
#include <sys/syscall.h>
#include <unistd.h>

#include "os/os.h"

typedef struct keeping {
    void (*fn)(uintptr_t word, void *arg);
    void *arg;
} keeping;

struct entry { /* of a folder */
    uint64_t inode;
    int64_t offset;
    unsigned short length;
    unsigned char type;
    char name[];
};

/* Calls fn for each hexadecimal number that follows `before` in the file. */
static void numbers_after(const keeping *k, int folder, const char *name, const char *before)
{
    char text[4096];
    size_t length = strlen(before), matched = 0;
    uintptr_t word = 0;
    bool in_number = false;
    int fd = openat(folder, name, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return;
    for (ssize_t n; (n = read(fd, text, sizeof text)) > 0;)
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
    close(fd);
}

static int each_epoll(const keeping *k)
{
    char buffer[4096] __attribute__((aligned(8)));
    int folder = open("/proc/self/fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int infos = open("/proc/self/fdinfo", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int rc = folder < 0 || infos < 0 ? -errno : 0;
    long n;
    while (rc == 0 && (n = syscall(SYS_getdents64, folder, buffer, sizeof buffer)) != 0) {
        if (n < 0)
            rc = -errno;
        for (long at = 0; at < n;) {
            const struct entry *e = (const struct entry *)(const void *)(buffer + at);
            char target[32];
            ssize_t length = readlinkat(folder, e->name, target, sizeof target);
            if (length > 0 &&
                memcmp(target, "anon_inode:[eventpoll]", length < 22 ? (size_t)length : 22) == 0)
                numbers_after(k, infos, e->name, "data:");
            at += e->length;
        }
    }
    if (folder >= 0)
        close(folder);
    if (infos >= 0)
        close(infos);
    return rc;
}

int rni_os_kept_each(int process, void (*fn)(uintptr_t word, void *arg), void *arg)
{
    int saved = errno;
    keeping k = { .fn = fn, .arg = arg };
    int rc = each_epoll(&k);
    int proc = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (rc == 0 && proc >= 0) {
        char path[32], *at = path + sizeof path - sizeof "/timers";
        memcpy(at, "/timers", sizeof "/timers");
        for (int p = process; p > 0; p /= 10)
            *--at = (char)('0' + p % 10);
        numbers_after(&k, proc, at, "/");
    }
    if (proc >= 0)
        close(proc);
    errno = saved;
    return rc;
}
