/* SPDX-License-Identifier: MIT */
/*
 * The readable interleaving of an execution that failed: one line for each event, with the place in
 * the source (from addr2line, if it is installed and the program has debugging information).
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <elf.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine.h"

typedef struct event {
    const void *pc;
    int thread;
    char text[200];
} event;

bool rni_ck_tracing;

static event *events;
static size_t count, room;

void rni_ck_trace_reset(void)
{
    count = 0;
}

void rni_ck_trace(const void *pc, const char *format, ...)
{
    if (count == room) {
        room = room ? 2 * room : 256;
        events = rni_ck_resize(events, room * sizeof *events);
    }
    event *e = &events[count++];
    e->pc = pc;
    e->thread = rni_ck_current->index;
    va_list args;
    va_start(args, format);
    vsnprintf(e->text, sizeof e->text, format, args);
    va_end(args);
}

const char *rni_ck_order_name(int order)
{
    static const char *const names[] = { "relaxed", "consume", "acquire",
                                         "release", "acq_rel", "seq_cst" };
    return order >= memory_order_relaxed && order <= memory_order_seq_cst ? names[order] : "?";
}

/* What addr2line says of a return address, or NULL. The answers are kept. */
static const char *line_of(const Dl_info *where, uintptr_t pc)
{
    enum { KNOWN = 512 };
    static struct {
        uintptr_t pc;
        char line[100];
    } known[KNOWN];
    size_t at = (pc >> 2) % KNOWN;
    if (known[at].pc == pc)
        return known[at].line[0] ? known[at].line : NULL;
    known[at].pc = pc;
    known[at].line[0] = 0;
    char command[600];
    const Elf64_Ehdr *header = where->dli_fbase;
    uintptr_t base = header->e_type == ET_EXEC ? 0 : (uintptr_t)where->dli_fbase;
    /* A return address belongs to the instruction before it. */
    snprintf(command, sizeof command, "addr2line -s -e '%s' %#lx 2>/dev/null",
             where->dli_fname && strchr(where->dli_fname, '/') ? where->dli_fname
                                                               : "/proc/self/exe",
             (unsigned long)(pc - base - 1));
    FILE *said = popen(command, "r");
    if (!said)
        return NULL;
    char *line = fgets(known[at].line, sizeof known[at].line, said);
    pclose(said);
    if (!line || strchr(known[at].line, '?')) {
        known[at].line[0] = 0;
        return NULL;
    }
    line[strcspn(line, " \n")] = 0;
    return line;
}

const char *rni_ck_place(const void *address)
{
    static char texts[4][256];
    static unsigned turn;
    char *text = texts[turn++ % 4];
    uintptr_t a = (uintptr_t)address, state = (uintptr_t)rni_ck_state;
    Dl_info where;
    if (state && a - state < rni_ck_state_bytes) {
        snprintf(text, sizeof texts[0], "state+%#lx", (unsigned long)(a - state));
    } else if (rni_ck_heap_owns(a)) {
        snprintf(text, sizeof texts[0], "heap %#lx", (unsigned long)(a & 0xffffff));
    } else if (dladdr(address, &where)) {
        const char *line = line_of(&where, a);
        if (line)
            return line;
        snprintf(
            text, sizeof texts[0], "%s+%#lx", where.dli_sname ? where.dli_sname : "program",
            (unsigned long)(a - (uintptr_t)(where.dli_sname ? where.dli_saddr : where.dli_fbase)));
    } else {
        snprintf(text, sizeof texts[0], "%p", address);
    }
    return text;
}

void rni_ck_trace_print(void)
{
    for (size_t i = 0; i < count; i++) {
        const event *e = &events[i];
        printf("  %4zu  thread %d  %-24s %s\n", i + 1, e->thread, e->pc ? rni_ck_place(e->pc) : "",
               e->text);
    }
}
