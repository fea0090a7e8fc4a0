/* SPDX-License-Identifier: MIT */
/*
 * Which of the blocks that are left something still points to, from the program's variables,
 * directly or through other blocks. A site may keep what it is given and yet lose it where
 * something else fails, which counting cannot tell: then nothing points to it any more.
 *
 * Conservative: each aligned word that has the address of a block, or one inside it, counts. Stacks
 * are not looked at; what only they point to is lost here (account.py has the exception), and
 * mappings are found, but not looked into. Other threads may run meanwhile and give memory back to
 * the system, so it is read by a call that fails where there is none.
 */
#define _GNU_SOURCE
#include <link.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/uio.h>
#include <unistd.h>

#include "live.h"

enum { FOUND_MAX = 1 << 16, WORDS = 8192 };

static live_block *blocks;
static size_t count, found_n;
static size_t found[FOUND_MAX]; /* but not looked into yet */

static int by_address(const void *a, const void *b)
{
    uintptr_t x = ((const live_block *)a)->address, y = ((const live_block *)b)->address;
    return x < y ? -1 : x > y;
}

static void follow(uintptr_t word)
{
    size_t low = 0, high = count; /* the last block that begins at word or before it */
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (blocks[mid].address <= word)
            low = mid + 1;
        else
            high = mid;
    }
    live_block *b = low > 0 ? &blocks[low - 1] : NULL;
    if (!b || b->reached || word - b->address > b->bytes)
        return;
    b->reached = true;
    if (!b->mapping && found_n < FOUND_MAX)
        found[found_n++] = low - 1;
}

static void look(uintptr_t at, size_t bytes)
{
    static uintptr_t words[WORDS];
    uintptr_t begin = (at + sizeof(uintptr_t) - 1) & ~(sizeof(uintptr_t) - 1), end = at + bytes;
    while (begin + sizeof(uintptr_t) <= end) {
        size_t n = end - begin < sizeof words ? end - begin : sizeof words;
        struct iovec to = { words, n }, from = { (void *)begin, n };
        ssize_t got = process_vm_readv(getpid(), &to, 1, &from, 1, 0);
        if (got <= 0)
            return;
        for (size_t i = 0; i < (size_t)got / sizeof(uintptr_t); i++)
            if (words[i] >= blocks[0].address)
                follow(words[i]);
        begin += (size_t)got;
    }
}

static int look_in_program(struct dl_phdr_info *info, size_t size, void *unused)
{
    (void)size, (void)unused;
    for (int i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *h = &info->dlpi_phdr[i];
        if (h->p_type == PT_LOAD && (h->p_flags & PF_W))
            look(info->dlpi_addr + h->p_vaddr, h->p_memsz);
    }
    return 1; /* only the program, which comes first */
}

void live_reach(live_block *list, size_t n)
{
    blocks = list;
    count = n;
    if (n == 0)
        return;
    qsort(blocks, n, sizeof *blocks, by_address);
    dl_iterate_phdr(look_in_program, NULL);
    while (found_n > 0) {
        const live_block *b = &blocks[found[--found_n]];
        look(b->address, b->bytes);
    }
}
