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

/* What addr2line has said of return addresses; an empty line: nothing. */
enum { KNOWN = 1024, AT_ONCE = 128 };
static struct {
    uintptr_t pc;
    char line[100];
} known[KNOWN];

static size_t slot_of(uintptr_t pc)
{
    size_t at = (pc * 0x9e3779b97f4a7c15ull >> 32) % KNOWN;
    for (unsigned probe = 0; probe < 8 && known[at].pc && known[at].pc != pc; probe++)
        at = (at + 1) % KNOWN;
    return at;
}

/* Asks addr2line for n addresses at once, because starting it takes the longest. */
static void ask(const uintptr_t *pcs, size_t n)
{
    char command[400 + AT_ONCE * 20];
    Dl_info where;
    if (n == 0 || !dladdr((const void *)pcs[0], &where))
        return;
    const Elf64_Ehdr *header = where.dli_fbase;
    uintptr_t base = header->e_type == ET_EXEC ? 0 : (uintptr_t)where.dli_fbase;
    const char *file = where.dli_fname;
    if (!file || !strchr(file, '/'))
        file = "/proc/self/exe";
    int used = snprintf(command, 400, "addr2line -s -e '%s' 2>/dev/null", file);
    if (used >= 400 || strchr(file, '\'')) /* the shell would take it for something else */
        return;
    /* A return address belongs to the instruction before it. */
    for (size_t i = 0; i < n; i++)
        used += sprintf(command + used, " %#lx", (unsigned long)(pcs[i] - base - 1));
    /* NOLINTNEXTLINE(cert-env33-c): the name of a file, quoted, and numbers. */
    FILE *said = popen(command, "r");
    for (size_t i = 0; i < n; i++) {
        size_t at = slot_of(pcs[i]);
        known[at].pc = pcs[i];
        char *line = known[at].line;
        if (!said || !fgets(line, sizeof known[at].line, said) || strchr(line, '?'))
            line[0] = 0;
        line[strcspn(line, " \n")] = 0;
    }
    if (said)
        pclose(said);
}

static const char *line_of(uintptr_t pc)
{
    if (known[slot_of(pc)].pc != pc)
        ask(&pc, 1);
    const char *line = known[slot_of(pc)].line;
    return known[slot_of(pc)].pc == pc && line[0] ? line : NULL;
}

/* All the trace's places in the program itself. */
static void ask_for_all(void)
{
    extern char __executable_start[], etext[];
    uintptr_t pcs[AT_ONCE];
    size_t n = 0;
    for (size_t i = 0; i < count && n < AT_ONCE; i++) {
        uintptr_t pc = (uintptr_t)events[i].pc;
        bool is_new = pc >= (uintptr_t)__executable_start && pc < (uintptr_t)etext &&
                      known[slot_of(pc)].pc != pc;
        for (size_t j = 0; j < n && is_new; j++)
            is_new = pcs[j] != pc;
        if (is_new)
            pcs[n++] = pc;
    }
    ask(pcs, n);
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
        const char *line = line_of(a);
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

/* A livelock has as many steps as are allowed: its beginning and its end say enough. */
void rni_ck_trace_print(void)
{
    enum { FIRST = 200, LAST = 50 };
    ask_for_all();
    for (size_t i = 0; i < count; i++) {
        if (i == FIRST && count > FIRST + LAST + 1) {
            printf("        ...  %zu steps are left out\n", count - FIRST - LAST);
            i = count - LAST;
        }
        const event *e = &events[i];
        printf("  %4zu  thread %d  %-24s %s\n", i + 1, e->thread, e->pc ? rni_ck_place(e->pc) : "",
               e->text);
    }
}
