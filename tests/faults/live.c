/* SPDX-License-Identifier: MIT */
/*
 * What the program has been given and not given back, by the place that it was given to: blocks,
 * mappings and descriptors. At the end of the process that is written into the log; account.py
 * tells what may be there. reach.c tells of blocks whether anything still points to them.
 *
 * Why not only Valgrind: a block that something still points to is no leak to it, and a pool that
 * is kept deliberately and one element too many in a list look alike. Here each place is counted,
 * exactly, and those that keep what they are given are known by name. It costs so little that every
 * run is judged. What this does not see is an access to what was given back.
 *
 * Invariants: what is given has one owner until it is given back, so that no address is in the
 * table twice, and an address is taken out before the real call that frees it. A slot is written by
 * who moves its address from EMPTY or GONE to BUSY, and published with release order as the
 * address; only the owner makes it GONE. The slots from an address's own to the one it is in are
 * never EMPTY, so that a search may end there. Nothing waits for another thread, which a child of
 * fork would do for ever; its table begins empty, since what is there is its parent's.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "fault.h"
#include "live.h"

enum { SLOTS = 1 << 19, LEFT_MAX = 1 << 15, DESCRIPTORS = 900, INHERITED = -2 };
enum { EMPTY, GONE, BUSY };

typedef struct slot {
    _Atomic(uintptr_t) address;
    size_t bytes;
    int site;
    bool mapping;
} slot;

static slot slots[SLOTS];
static _Atomic(int) opened[DESCRIPTORS]; /* the site + 1, 0 or INHERITED */

static size_t slot_of(uintptr_t address)
{
    return (size_t)((address >> 4) * UINT64_C(0x9e3779b97f4a7c15) >> 45) % SLOTS;
}

static void insert(uintptr_t address, size_t bytes, int site, bool mapping)
{
    for (size_t h = slot_of(address), i = 0; i < SLOTS; i++) {
        slot *s = &slots[(h + i) % SLOTS];
        uintptr_t was = atomic_load_explicit(&s->address, memory_order_relaxed);
        if ((was == EMPTY || was == GONE) &&
            atomic_compare_exchange_strong_explicit(&s->address, &was, BUSY, memory_order_acquire,
                                                    memory_order_relaxed)) {
            s->bytes = bytes;
            s->site = site;
            s->mapping = mapping;
            atomic_store_explicit(&s->address, address, memory_order_release);
            return;
        }
    }
    fault_say("full\n");
}

void live_took(const void *p, size_t bytes, const char *name, const char *kind, const void *caller)
{
    int site = p ? fault_site(name, kind, caller) : LIVE_NONE;
    if (site != LIVE_NONE)
        insert((uintptr_t)p, bytes, site, strcmp(kind, "mmap") == 0);
}

int live_gave(const void *p, size_t *bytes)
{
    for (size_t h = slot_of((uintptr_t)p), i = 0; p && i < SLOTS; i++) {
        slot *s = &slots[(h + i) % SLOTS];
        uintptr_t is = atomic_load_explicit(&s->address, memory_order_acquire);
        if (is == EMPTY)
            break;
        if (is == (uintptr_t)p) {
            int site = s->site;
            if (bytes)
                *bytes = s->bytes;
            atomic_store_explicit(&s->address, GONE, memory_order_release);
            return site;
        }
    }
    return LIVE_NONE; /* taken before anything was noted */
}

void live_restore(const void *p, size_t bytes, int site)
{
    if (site != LIVE_NONE)
        insert((uintptr_t)p, bytes, site, false);
}

void live_descriptor(int fd, const char *name, const char *kind, const void *caller)
{
    int site = fault_site(name, kind, caller);
    if (site != LIVE_NONE && fd >= 0 && fd < DESCRIPTORS)
        atomic_store(&opened[fd], site + 1);
}

void live_closed(int fd)
{
    if (fd >= 0 && fd < DESCRIPTORS)
        atomic_store(&opened[fd], 0);
}

static bool is_open(int fd)
{
    return syscall(SYS_fcntl, fd, F_GETFD) >= 0;
}

void live_start(void)
{
    for (size_t i = 0; i < SLOTS; i++)
        if (atomic_load_explicit(&slots[i].address, memory_order_relaxed) != EMPTY)
            atomic_store_explicit(&slots[i].address, EMPTY, memory_order_relaxed);
    for (int fd = 0; fd < DESCRIPTORS; fd++)
        atomic_store(&opened[fd], is_open(fd) ? INHERITED : 0);
}

/* Those in the table; one for which there is no room is not judged, which is said. */
static size_t gather(live_block *list, size_t most)
{
    size_t n = 0;
    for (size_t i = 0; i < SLOTS; i++) {
        slot *s = &slots[i];
        uintptr_t address = atomic_load_explicit(&s->address, memory_order_acquire);
        if (address > BUSY && n < most)
            list[n++] = (live_block){ address, s->bytes, s->site, s->mapping, false };
    }
    if (n == most)
        fault_say("full\n");
    return n;
}

static void report_blocks(bool reached)
{
    static live_block list[LEFT_MAX];
    static size_t n;
    static struct {
        unsigned n;
        size_t bytes;
    } sums[FAULT_SITES_MAX];
    if (reached) {
        n = gather(list, LEFT_MAX);
        live_reach(list, n);
    }
    memset(sums, 0, sizeof sums);
    for (size_t i = 0; i < n; i++)
        if (list[i].reached == reached) {
            sums[list[i].site].n++;
            sums[list[i].site].bytes += list[i].bytes;
        }
    for (int i = 0; i < FAULT_SITES_MAX; i++)
        if (sums[i].n)
            fault_say_live(i, reached ? "bytes" : "lost", sums[i].n, sums[i].bytes);
}

static void report_descriptors(void)
{
    for (int fd = 0; fd < DESCRIPTORS; fd++) {
        int site = atomic_load(&opened[fd]);
        if (site != INHERITED && is_open(fd))
            fault_say_live(site > 0 ? site - 1 : LIVE_NONE, "fd", 1, (size_t)fd);
    }
}

void live_report(void)
{
    (void)live_gave(stdout->_IO_buf_base, NULL); /* libc's, of whoever printed first */
    report_blocks(true);
    report_blocks(false);
    report_descriptors();
}
