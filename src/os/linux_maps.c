/* SPDX-License-Identifier: MIT */
/*
 * The process's own memory, as /proc tells it.
 *
 * Data that a program has left can be in private memory, which only counts where a page has been
 * touched: PAGEMAP_SCAN names those pages (Linux 6.7; before that each page's entry is read, which
 * is refused for mappings of a size that only sanitizers make). Of a private file that cannot be
 * written now, only those count that are not the file's any more: .data may have been made
 * read-only after it was written.
 *
 * It can be in shared memory, too, whether it can be written now or not, and whether this mapping
 * has touched the page or another. Memory without a file of its own (memfd, /dev/shm, System V)
 * counts where it has pages, as mincore tells: a look at the others would make them. Those that
 * have been swapped out mincore does not know, so once anything has been, all of it is named. Of a
 * file that can be written all is named; of one that cannot, what is in memory.
 *
 * Not named: what cannot be read, and the kernel's own pages (vvar ...).
 *
 * No libc calls that allocate: this runs while other threads are stopped, perhaps inside malloc.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/sysinfo.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

#include "os/os.h"

/* linux/fs.h, spelled out: older headers lack it. */
struct scan {
    uint64_t size, flags, start, end, walk_end, vec, vec_len, max_pages;
    uint64_t inverted, mask, anyof, returned;
};
struct region {
    uint64_t start, end, categories;
};
#define PAGEMAP_SCAN_CALL _IOWR('f', 16, struct scan)
enum { IS_FILE = 1 << 2, IS_PRESENT = 1 << 3, IS_SWAPPED = 1 << 4, REGIONS = 256, ENTRIES = 512 };

static const uint64_t ENTRY_PRESENT = UINT64_C(1) << 63, ENTRY_SWAPPED = UINT64_C(1) << 62,
                      ENTRY_FILE = UINT64_C(1) << 61;
static const size_t LARGEST = (size_t)1 << 38;        /* a quarter of a TiB: 64 Mi entries */
static const size_t LARGEST_SHARED = (size_t)1 << 36; /* 16 Mi bytes from mincore */
static const size_t MOST_SHARED = (size_t)1 << 30;    /* of one mapping, to be read */

typedef struct mapping {
    uintptr_t base, end;
    bool read, write, shared, file;
    bool kernel, main_stack;
    bool memory; /* shared, and no file that exists elsewhere */
} mapping;

typedef struct looking {
    void (*fn)(const rni_os_region *r, void *arg);
    void *arg;
    int pagemap;
    bool no_scan; /* PAGEMAP_SCAN is not there */
    bool swapped; /* the system has swapped something out */
} looking;

static void tell(const looking *l, const mapping *m, uintptr_t base, uintptr_t end)
{
    l->fn(&(rni_os_region){ base, end, m->base, m->end, m->main_stack }, l->arg);
}

/* ---- which pages have been touched ---- */

/* Whether only those pages count that are not the file's. */
static bool own_pages_only(const mapping *m)
{
    return m->file && !m->write;
}

static int scan_touched(looking *l, const mapping *m)
{
    struct region found[REGIONS];
    struct scan s = { .size = sizeof s,
                      .start = m->base,
                      .end = m->end,
                      .vec = (uintptr_t)found,
                      .vec_len = REGIONS,
                      .inverted = own_pages_only(m) ? IS_FILE : 0,
                      .mask = own_pages_only(m) ? IS_FILE : 0,
                      .anyof = IS_PRESENT | IS_SWAPPED,
                      .returned = IS_PRESENT | IS_SWAPPED };
    while (s.start < m->end) {
        int n = ioctl(l->pagemap, PAGEMAP_SCAN_CALL, &s);
        if (n < 0)
            return -errno;
        for (int i = 0; i < n; i++)
            tell(l, m, found[i].start, found[i].end);
        if (n == 0 && s.walk_end <= s.start)
            break;
        s.start = s.walk_end;
    }
    return 0;
}

static int read_touched(looking *l, const mapping *m)
{
    uint64_t entries[ENTRIES];
    size_t page = rni_os_page();
    if (m->end - m->base > LARGEST)
        return -ENOTSUP;
    for (uintptr_t at = m->base; at < m->end;) {
        size_t n = (m->end - at) / page < ENTRIES ? (m->end - at) / page : ENTRIES;
        ssize_t got = pread(l->pagemap, entries, n * sizeof *entries,
                            (off_t)(at / page * sizeof *entries));
        if (got <= 0 || (size_t)got % sizeof *entries != 0)
            return got < 0 ? -errno : -ENOTSUP;
        n = (size_t)got / sizeof *entries;
        for (size_t i = 0; i < n; i++, at += page)
            if ((entries[i] & (ENTRY_PRESENT | ENTRY_SWAPPED)) &&
                !(own_pages_only(m) && (entries[i] & ENTRY_FILE)))
                tell(l, m, at, at + page);
    }
    return 0;
}

static int touched(looking *l, const mapping *m)
{
    if (!l->no_scan) {
        int rc = scan_touched(l, m);
        if (rc != -ENOTTY && rc != -EINVAL)
            return rc;
        l->no_scan = true;
    }
    return read_touched(l, m);
}

/* ---- shared memory ---- */

static int in_memory(looking *l, const mapping *m)
{
    unsigned char present[ENTRIES * 8];
    size_t page = rni_os_page(), told = 0;
    if (m->end - m->base > LARGEST_SHARED)
        return -ENOTSUP;
    for (uintptr_t at = m->base; at < m->end;) {
        size_t n = (m->end - at) / page < sizeof present ? (m->end - at) / page : sizeof present;
        if (mincore((void *)at, n * page, present) != 0)
            return -errno;
        for (size_t i = 0, first; i < n;) {
            for (first = i; i < n && (present[i] & 1); i++)
                ;
            if (i > first)
                tell(l, m, at + first * page, at + i * page);
            told += (i - first) * page;
            i += i == first;
        }
        if (told > MOST_SHARED)
            return -ENOTSUP;
        at += n * page;
    }
    return 0;
}

static int shared(looking *l, const mapping *m)
{
    if (m->memory ? !l->swapped : !m->write)
        return in_memory(l, m);
    if (m->end - m->base > MOST_SHARED)
        return -ENOTSUP;
    tell(l, m, m->base, m->end);
    return 0;
}

/* ---- /proc/self/maps ---- */

static int look_at(looking *l, const mapping *m)
{
    if (!m->read || m->kernel)
        return 0;
    return m->shared ? shared(l, m) : touched(l, m);
}

static const char *number(const char *s, int base, uintptr_t *out)
{
    uintptr_t n = 0;
    for (;; s++) {
        int digit = *s >= '0' && *s <= '9' ? *s - '0' : *s >= 'a' && *s <= 'f' ? *s - 'a' + 10 : 99;
        if (digit >= base)
            break;
        n = n * (uintptr_t)base + (uintptr_t)digit;
    }
    *out = n;
    return s;
}

static bool is_memory(const char *name)
{
    static const char *const starts[] = { "/memfd:", "/dev/shm/", "/dev/zero", "/SYSV" };
    for (size_t i = 0; i < sizeof starts / sizeof *starts; i++)
        if (strncmp(name, starts[i], strlen(starts[i])) == 0)
            return true;
    return false;
}

/* "55d0-55d1 rw-p 00000000 08:01 1234    /name" */
static mapping parse(const char *line)
{
    mapping m = { 0 };
    uintptr_t inode;
    const char *s = number(line, 16, &m.base);
    s = number(s + 1, 16, &m.end);
    m.read = s[1] == 'r';
    m.write = s[2] == 'w';
    m.shared = s[4] == 's';
    for (int field = 0; field < 3; field++) { /* to the inode */
        while (*s == ' ')
            s++;
        while (*s != ' ')
            s++;
    }
    while (*s == ' ')
        s++;
    s = number(s, 10, &inode);
    while (*s == ' ')
        s++;
    m.file = inode != 0;
    m.memory = m.shared && is_memory(s);
    m.main_stack = strncmp(s, "[stack]", 7) == 0;
    m.kernel = strncmp(s, "[v", 2) == 0; /* vvar, vdso, vsyscall */
    return m;
}

static int each_line(looking *l, int maps)
{
    char text[16384];
    size_t used = 0;
    for (;;) {
        ssize_t n = read(maps, text + used, sizeof text - 1 - used);
        if (n < 0)
            return -errno;
        used += (size_t)n;
        text[used] = '\0';
        char *line = text, *end;
        while ((end = strchr(line, '\n')) != NULL) {
            *end = '\0';
            mapping m = parse(line);
            int rc = look_at(l, &m);
            if (rc != 0)
                return rc;
            line = end + 1;
        }
        used -= (size_t)(line - text);
        memmove(text, line, used);
        if (n == 0)
            return 0;
    }
}

int rni_os_memory_each(void (*fn)(const rni_os_region *r, void *arg), void *arg)
{
    int saved = errno, rc;
    int maps = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
    struct sysinfo system;
    looking l = { .fn = fn, .arg = arg };
    l.swapped = sysinfo(&system) != 0 || system.freeswap != system.totalswap;
    l.pagemap = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
    rc = maps < 0 || l.pagemap < 0 ? -errno : each_line(&l, maps);
    if (maps >= 0)
        close(maps);
    if (l.pagemap >= 0)
        close(l.pagemap);
    errno = saved;
    return rc;
}

/* ---- reading ---- */

ssize_t rni_os_peek(void *to, uintptr_t from, size_t n)
{
    int saved = errno;
    struct iovec here = { to, n }, there = { (void *)from, n };
    ssize_t got = process_vm_readv(getpid(), &here, 1, &there, 1, 0);
    if (got < 0)
        got = errno == EFAULT ? 0 : -errno;
    errno = saved;
    return got;
}

int rni_os_own_stack(rni_os_range *out)
{
    pthread_attr_t attr;
    int saved = errno, rc = pthread_getattr_np(pthread_self(), &attr);
    if (rc == 0) {
        rc = pthread_attr_getstack(&attr, &out->base, &out->bytes);
        pthread_attr_destroy(&attr);
    }
    errno = saved;
    return -rc;
}
