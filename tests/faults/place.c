/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "place.h"

#include <dlfcn.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unwind.h>

enum { WRAPPERS_MAX = 256, FRAMES_MAX = 48 };

static struct {
    uintptr_t lo, hi;
} wrappers[WRAPPERS_MAX];
static unsigned wrapper_count;

static uintptr_t program_base, program_lo, program_hi; /* of the program's segments */
static uintptr_t own_lo, own_hi;

static bool in_program(uintptr_t pc)
{
    return pc >= program_lo && pc < program_hi;
}

static bool in_wrapper(uintptr_t offset)
{
    for (unsigned i = 0; i < wrapper_count; i++)
        if (offset >= wrappers[i].lo && offset < wrappers[i].hi)
            return true;
    return false;
}

typedef struct walk {
    uintptr_t frames[FRAMES_MAX];
    unsigned n;
    bool to_place; /* stop at the first frame that is a place */
} walk;

static _Unwind_Reason_Code step(struct _Unwind_Context *context, void *arg)
{
    walk *w = arg;
    uintptr_t pc = _Unwind_GetIP(context);
    if (pc == 0)
        return _URC_END_OF_STACK;
    if (pc >= own_lo && pc < own_hi)
        return _URC_NO_REASON;
    pc--; /* the call, not the instruction behind it */
    w->frames[w->n++] = pc;
    bool there = w->to_place && in_program(pc) && !in_wrapper(pc - program_base);
    return there || w->n == FRAMES_MAX ? _URC_END_OF_STACK : _URC_NO_REASON;
}

static void name_module(place *p, const void *pc)
{
    Dl_info info;
    const char *path = dladdr(pc, &info) && info.dli_fname ? info.dli_fname : "?";
    const char *slash = strrchr(path, '/');
    snprintf(p->module, sizeof p->module, "%s", slash ? slash + 1 : path);
}

void place_find(place *p, const char *name, const char *kind, const void *caller)
{
    uintptr_t pc = (uintptr_t)caller - 1;
    p->name = name;
    p->kind = kind;
    p->at = p->from = 0;
    strcpy(p->module, "-");
    if (in_program(pc)) {
        p->at = pc - program_base;
        p->from = p->at;
        if (!in_wrapper(p->at))
            return;
    } else {
        name_module(p, (const void *)pc);
    }
    walk w = { .to_place = true };
    _Unwind_Backtrace(step, &w);
    if (w.n > 0 && in_program(w.frames[w.n - 1]))
        p->from = w.frames[w.n - 1] - program_base;
}

bool place_same(const place *a, const place *b)
{
    return a->at == b->at && a->from == b->from && strcmp(a->name, b->name) == 0 &&
           strcmp(a->module, b->module) == 0;
}

void place_trace(char *text, size_t bytes)
{
    walk w = { 0 };
    _Unwind_Backtrace(step, &w);
    size_t n = 0;
    *text = 0;
    for (unsigned i = 0; i < w.n && n + 20 < bytes; i++)
        if (in_program(w.frames[i]))
            n += (size_t)snprintf(text + n, bytes - n, " %lx",
                                  (unsigned long)(w.frames[i] - program_base));
}

static int note_object(struct dl_phdr_info *info, size_t size, void *arg)
{
    uintptr_t lo = UINTPTR_MAX, hi = 0, self = (uintptr_t)&note_object;
    bool first = *(bool *)arg;
    (void)size;
    for (int i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *h = &info->dlpi_phdr[i];
        if (h->p_type != PT_LOAD)
            continue;
        uintptr_t begin = info->dlpi_addr + h->p_vaddr;
        lo = begin < lo ? begin : lo;
        hi = begin + h->p_memsz > hi ? begin + h->p_memsz : hi;
    }
    if (first) {
        program_base = info->dlpi_addr;
        program_lo = lo;
        program_hi = hi;
    } else if (self >= lo && self < hi) {
        own_lo = lo;
        own_hi = hi;
    }
    *(bool *)arg = false;
    return 0;
}

static void read_wrappers(const char *text)
{
    while (*text && wrapper_count < WRAPPERS_MAX) {
        char *end;
        wrappers[wrapper_count].lo = strtoul(text, &end, 16);
        wrappers[wrapper_count].hi = *end == '-' ? strtoul(end + 1, &end, 16) : 0;
        wrapper_count++;
        text = *end == ',' ? end + 1 : "";
    }
}

void place_start(const char *ranges)
{
    bool first = true;
    dl_iterate_phdr(note_object, &first);
    read_wrappers(ranges);
    walk warm = { 0 }; /* the unwinder sets itself up */
    _Unwind_Backtrace(step, &warm);
}
