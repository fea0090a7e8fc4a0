/* SPDX-License-Identifier: MIT */
/*
 * Channels that are not freed. Their headers come from slabs that the library keeps, so live.c sees
 * only that there are slabs; which headers are in use is found as a debugger does it, by the layout
 * table (src/base/layout.h), whose entries stand in the program's data.
 */
#define _GNU_SOURCE
#include <link.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "fault.h"
#include "live.h"

/* The table's entries, as they are in memory. */
static const char mark[] = "rn-layout ";
typedef struct entry {
    char name[40];
    uintptr_t value;
} entry;

static struct {
    const char *name;
    uintptr_t value;
    bool found;
} wanted[] = {
    { "channels", 0, false },     { "channels.next", 0, false }, { "channels.headers", 0, false },
    { "channels.n", 0, false },   { "channel.bytes", 0, false }, { "channel.live", 0, false },
    { "channel.site", 0, false },
};
enum { CHANNELS, NEXT, HEADERS, N, BYTES, LIVE, SITE, WANTED };

static void look(const char *at, const char *end)
{
    for (; at + sizeof(entry) <= end; at += 8) {
        const entry *e = (const entry *)at;
        if (memcmp(at, mark, sizeof mark - 1) != 0)
            continue;
        for (int i = 0; i < WANTED; i++)
            if (strncmp(e->name + sizeof mark - 1, wanted[i].name,
                        sizeof e->name - sizeof mark + 1) == 0) {
                wanted[i].value = e->value;
                wanted[i].found = true;
            }
    }
}

static int look_in(struct dl_phdr_info *info, size_t size, void *unused)
{
    (void)size, (void)unused;
    for (int i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *h = &info->dlpi_phdr[i];
        const char *begin = (const char *)info->dlpi_addr + h->p_vaddr;
        if (h->p_type == PT_LOAD && (h->p_flags & PF_W))
            look((const char *)(((uintptr_t)begin + 7) & ~(uintptr_t)7), begin + h->p_filesz);
    }
    return 1; /* only the program, which comes first */
}

void live_report_channels(void)
{
    dl_iterate_phdr(look_in, NULL);
    for (int i = 0; i < WANTED; i++)
        if (!wanted[i].found) { /* then the program must have no channels: account.py looks */
            fault_say("no-layout %s\n", wanted[i].name);
            return;
        }
    const char *slab = *(const char *const *)wanted[CHANNELS].value;
    for (; slab; slab = *(const char *const *)(slab + wanted[NEXT].value))
        for (size_t i = 0; i < wanted[N].value; i++) {
            const char *c = slab + wanted[HEADERS].value + i * wanted[BYTES].value;
            if (*(const bool *)(c + wanted[LIVE].value))
                fault_say("channel %.400s\n", *(const char *const *)(c + wanted[SITE].value));
        }
}
