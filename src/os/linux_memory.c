/* SPDX-License-Identifier: MIT */
/*
 * Memory on Linux. Guards are installed in batches through process_madvise on ourselves, which
 * takes a vector (0.22 us a guard instead of 0.5); older kernels get madvise one by one, then
 * mprotect.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/check.h"
#include "os/os.h"
#include "os/quiet.h"

enum { ADVICE_GUARD_INSTALL = 102, SELF_PIDFD = -10000, BATCH_MAX = 64 };

#ifndef SYS_process_madvise
#define SYS_process_madvise 440
#endif
#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif

void *rni_os_alloc(size_t bytes)
{
    int *error = rni_os_errno();
    int saved = *error;
    RNI_QUIET_BEGIN();
    void *p = calloc(1, bytes ? bytes : 1);
    RNI_QUIET_END();
    *error = saved;
    return p;
}

void *rni_os_alloc_aligned(size_t align, size_t bytes)
{
    int *error = rni_os_errno();
    int saved = *error;
    void *p = NULL;
    if (align < sizeof(void *))
        align = sizeof(void *);
    RNI_QUIET_BEGIN();
    if (posix_memalign(&p, align, bytes ? bytes : 1) == 0)
        memset(p, 0, bytes);
    else
        p = NULL;
    RNI_QUIET_END();
    *error = saved;
    return p;
}

void *rni_os_resize(void *memory, size_t bytes)
{
    int *error = rni_os_errno();
    int saved = *error;
    RNI_QUIET_BEGIN();
    void *p = realloc(memory, bytes);
    RNI_QUIET_END();
    *error = saved;
    return p;
}

void rni_os_free(void *memory)
{
    RNI_QUIET_BEGIN();
    free(memory); /* glibc 2.33 and later keep errno */
    RNI_QUIET_END();
}

size_t rni_os_page(void)
{
    static size_t page; /* written with the same value by whoever comes first */
    size_t p = __atomic_load_n(&page, __ATOMIC_RELAXED);
    if (!p) {
        p = (size_t)sysconf(_SC_PAGESIZE);
        __atomic_store_n(&page, p, __ATOMIC_RELAXED);
    }
    return p;
}

void *rni_os_reserve(size_t bytes)
{
    int saved = errno;
    void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
                   -1, 0);
    if (p != MAP_FAILED)
        madvise(p, bytes, MADV_NOHUGEPAGE); /* a huge page under a stack wastes 2 MiB */
    errno = saved;
    return p == MAP_FAILED ? NULL : p;
}

void *rni_os_reserve_dense(size_t bytes)
{
    enum { HUGE_PAGE = 2 << 20 };
    size_t whole = (bytes + HUGE_PAGE - 1) & ~(size_t)(HUGE_PAGE - 1), mapped = whole + HUGE_PAGE;
    int saved = errno;
    char *p = mmap(NULL, mapped, PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (p != MAP_FAILED) {
        size_t before = -(uintptr_t)p & (HUGE_PAGE - 1);
        if (before)
            munmap(p, before);
        if (before < HUGE_PAGE)
            munmap(p + before + whole, HUGE_PAGE - before);
        p += before;
        madvise(p, whole, MADV_HUGEPAGE);
    }
    errno = saved;
    return p == MAP_FAILED ? NULL : p;
}

void rni_os_unreserve(void *base, size_t bytes)
{
    int saved = errno;
    munmap(base, bytes);
    errno = saved;
}

/* One vector of advice for the process that pidfd stands for: ours. */
static bool advise_through(int pidfd, const rni_os_range *ranges, size_t n, int advice)
{
    for (size_t at = 0; at < n; at += BATCH_MAX) {
        struct iovec iov[BATCH_MAX];
        size_t m = n - at < BATCH_MAX ? n - at : BATCH_MAX, total = 0;
        for (size_t i = 0; i < m; i++) {
            iov[i] = (struct iovec){ ranges[at + i].base, ranges[at + i].bytes };
            total += ranges[at + i].bytes;
        }
        if (syscall(SYS_process_madvise, pidfd, iov, m, advice, 0) != (long)total)
            return false;
    }
    return true;
}

/* PIDFD_SELF (Linux 6.14) names the calling thread, and so our memory, without a descriptor; its
 * value has stayed the same, unlike PIDFD_SELF_PROCESS. Before, a pidfd is opened for each call:
 * kept, it would outlive a fork and mean the parent. */
static bool advise_batch(const rni_os_range *ranges, size_t n, int advice)
{
    if (advise_through(SELF_PIDFD, ranges, n, advice))
        return true;
    int fd = (int)syscall(SYS_pidfd_open, getpid(), 0);
    if (fd < 0)
        return false;
    bool ok = advise_through(fd, ranges, n, advice);
    close(fd);
    return ok;
}

static bool guard_one(const rni_os_range *r)
{
    return madvise(r->base, r->bytes, ADVICE_GUARD_INSTALL) == 0 ||
           mprotect(r->base, r->bytes, PROT_NONE) == 0;
}

bool rni_os_guard_install(const rni_os_range *ranges, size_t n)
{
    int saved = errno;
    bool all = true;
    if (!advise_batch(ranges, n, ADVICE_GUARD_INSTALL))
        for (size_t i = 0; i < n; i++)
            all &= guard_one(&ranges[i]);
    errno = saved;
    return all;
}

ptrdiff_t rni_os_untouched(const void *base, size_t bytes)
{
    enum { AT_ONCE = 64 };
    unsigned char there[AT_ONCE];
    size_t page = rni_os_page(), pages = (bytes + page - 1) / page;
    int saved = errno;
    for (size_t at = 0; at < pages; at += AT_ONCE) {
        size_t n = pages - at < AT_ONCE ? pages - at : AT_ONCE;
        if (mincore((char *)base + at * page, n * page, there) != 0) {
            errno = saved;
            return -1;
        }
        for (size_t i = 0; i < n; i++)
            if (there[i] & 1)
                return (ptrdiff_t)((at + i) * page);
    }
    return (ptrdiff_t)(pages * page);
}

void rni_os_discard(const rni_os_range *ranges, size_t n)
{
    int saved = errno;
    if (!advise_batch(ranges, n, MADV_DONTNEED))
        for (size_t i = 0; i < n; i++)
            madvise(ranges[i].base, ranges[i].bytes, MADV_DONTNEED);
    errno = saved;
}
