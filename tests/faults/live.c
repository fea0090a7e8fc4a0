/* SPDX-License-Identifier: MIT */
/*
 * What the program has been given and not given back, by the place that it was given to: blocks,
 * mappings and descriptors. At the end of the process that is written into the log; account.py
 * tells what may be there.
 *
 * Why not only Valgrind: a block that something still points to is no leak to it, and a pool that
 * is kept deliberately and one element too many in a list look alike. Here each place is counted,
 * exactly, and those that keep what they are given are known by name. It costs so little that every
 * run is judged. Valgrind sees what this does not: accesses to what was given back (faults.py
 * --valgrind).
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
#include <sys/syscall.h>
#include <unistd.h>

#include "fault.h"
#include "live.h"

enum { SLOTS = 1 << 19, DESCRIPTORS = 900, INHERITED = -2 };
enum { EMPTY, GONE, BUSY };

typedef struct slot {
    _Atomic(uintptr_t) address;
    size_t bytes;
    int site;
} slot;

static slot slots[SLOTS];
static _Atomic(int) opened[DESCRIPTORS]; /* the site + 1, 0 or INHERITED */

static size_t slot_of(uintptr_t address)
{
    return (size_t)((address >> 4) * UINT64_C(0x9e3779b97f4a7c15) >> 45) % SLOTS;
}

static void insert(uintptr_t address, size_t bytes, int site)
{
    for (size_t h = slot_of(address), i = 0; i < SLOTS; i++) {
        slot *s = &slots[(h + i) % SLOTS];
        uintptr_t was = atomic_load_explicit(&s->address, memory_order_relaxed);
        if ((was == EMPTY || was == GONE) &&
            atomic_compare_exchange_strong_explicit(&s->address, &was, BUSY, memory_order_acquire,
                                                    memory_order_relaxed)) {
            s->bytes = bytes;
            s->site = site;
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
        insert((uintptr_t)p, bytes, site);
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
        insert((uintptr_t)p, bytes, site);
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

void live_report(void)
{
    static struct {
        unsigned n;
        size_t bytes;
    } sums[FAULT_SITES_MAX];
    (void)live_gave(stdout->_IO_buf_base, NULL); /* libc's, of whoever printed first */
    for (size_t i = 0; i < SLOTS; i++) {
        slot *s = &slots[i];
        if (atomic_load_explicit(&s->address, memory_order_acquire) <= BUSY)
            continue;
        sums[s->site].n++;
        sums[s->site].bytes += s->bytes;
    }
    for (int i = 0; i < FAULT_SITES_MAX; i++)
        if (sums[i].n)
            fault_say_live(i, "bytes", sums[i].n, sums[i].bytes);
    for (int fd = 0; fd < DESCRIPTORS; fd++) {
        int site = atomic_load(&opened[fd]);
        if (site > 0 && is_open(fd))
            fault_say_live(site - 1, "fd", 1, (size_t)fd);
        else if (site == 0 && is_open(fd))
            fault_say_live(LIVE_NONE, "fd", 1, (size_t)fd);
    }
}
