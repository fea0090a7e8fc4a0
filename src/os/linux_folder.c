/* SPDX-License-Identifier: MIT */
/* The entries of a folder, by the system call itself: the C library's way would allocate. */
#define _GNU_SOURCE
#include "os/linux_folder.h"

#include <errno.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

/* As the system call writes them. */
struct entry {
    uint64_t inode;
    int64_t offset;
    unsigned short length;
    unsigned char type;
    char name[];
};

int rni_folder_each(int folder, int (*fn)(const char *name, void *arg), void *arg)
{
    char buffer[4096] __attribute__((aligned(8)));
    if (lseek(folder, 0, SEEK_SET) != 0)
        return -errno;
    for (;;) {
        long n = syscall(SYS_getdents64, folder, buffer, sizeof buffer);
        if (n <= 0)
            return n < 0 ? -errno : 0;
        for (long at = 0; at < n;) {
            const struct entry *e = (const struct entry *)(const void *)(buffer + at);
            int rc = fn(e->name, arg);
            if (rc != 0)
                return rc;
            at += e->length;
        }
    }
}
