/* SPDX-License-Identifier: MIT */
/*
 * A library for LD_PRELOAD that makes the calls which can fail do so, one site at a time.
 *
 * Why so: the programs under test are the very files that are shipped and tested elsewhere, since
 * everything that can fail goes through symbols of libc (and libcurl) that the loader lets us stand
 * in for; a wrap at link time (--wrap) would need every program twice and would not see the calls
 * that libcurl and OpenSSL make, and ptrace or seccomp does not see malloc.
 *
 * A site is (call, where): the place in the program that made the call. src/os wraps most system
 * calls in a function of its own, so the place is followed outward from there: `at` is the frame
 * that made the call, `from` the first frame of the program that is no such wrapper. A call that
 * another library makes (malloc in OpenSSL) has that library's name instead of `at`, and `from` is
 * the place in the program that had called into it; 0 on threads that the library made. Both are
 * offsets in the program's file, for addr2line. Frames are found with the unwinder of gcc's
 * runtime, which the call frame information of every object, the assembly included, allows.
 *
 * The environment, all set by faults.py:
 *   FAULTS_WRAPPERS  LO-HI,...: ranges of the wrappers, in hexadecimal
 *   FAULTS_LOG       the file that the report is appended to, a line for each site:
 *                    "site NAME KIND AT MODULE FROM CALLS"; "hit ..." as soon as a call failed
 *   FAULTS_FAIL      "NAME KIND AT MODULE FROM NTH MODE CODE": the NTH call of the site fails with
 *                    CODE; MODE once: that one; on: every later one of KIND, wherever it is
 *
 * Invariants: nothing here allocates. The table of sites is an open hash that only grows; a slot is
 * written by who moves its state from EMPTY to BUSY, and published with release order as FULL.
 * Before the constructor has run, and while fault_inside is set, all calls go through unseen.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <unwind.h>

#include "fault.h"

enum { SITES_MAX = 1 << 14, WRAPPERS_MAX = 256, FRAMES_MAX = 48, NAME_MAX_BYTES = 40 };
enum { EMPTY, BUSY, FULL };

typedef struct place {
    const char *name, *kind;
    uintptr_t at, from;
    char module[NAME_MAX_BYTES]; /* "-" for the program */
} place;

typedef struct site {
    _Atomic(int) state;
    place place;
    _Atomic(uint64_t) calls;
} site;

static site sites[SITES_MAX];
static struct {
    uintptr_t lo, hi;
} wrappers[WRAPPERS_MAX];
static unsigned wrapper_count;

static uintptr_t program_base, program_lo, program_hi; /* of the program's segments */
static uintptr_t own_lo, own_hi;
static _Atomic(bool) ready;
static int log_fd = -1;

/* What to fail; fixed after the constructor. */
static struct {
    bool set, on;
    char name[NAME_MAX_BYTES], kind[NAME_MAX_BYTES];
    place place;
    uint64_t nth;
    int code;
} plan;
static _Atomic(uint64_t) plan_calls, failed;
static _Atomic(bool) tripped;

__thread int fault_inside;

/* ---- reporting ---- */

__attribute__((format(printf, 1, 2))) static void report(const char *format, ...)
{
    char line[512];
    va_list args;
    va_start(args, format);
    int n = vsnprintf(line, sizeof line, format, args);
    va_end(args);
    if (log_fd >= 0 && n > 0)
        syscall(SYS_write, log_fd, line, (size_t)n);
}

void fault_report(void)
{
    static _Atomic(bool) done;
    if (!atomic_load(&ready) || atomic_exchange(&done, true))
        return;
    fault_inside++;
    for (size_t i = 0; i < SITES_MAX && !plan.set; i++) {
        site *s = &sites[i];
        if (atomic_load_explicit(&s->state, memory_order_acquire) == FULL)
            report("site %s %s %lx %s %lx %llu\n", s->place.name, s->place.kind,
                   (unsigned long)s->place.at, s->place.module, (unsigned long)s->place.from,
                   (unsigned long long)atomic_load(&s->calls));
    }
    if (plan.set)
        report("end %llu %llu\n", (unsigned long long)atomic_load(&plan_calls),
               (unsigned long long)atomic_load(&failed));
    fault_inside--;
}

/* ---- places ---- */

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

static void find_place(place *p, const char *name, const char *kind, const void *caller)
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

static bool same(const place *a, const place *b)
{
    return a->at == b->at && a->from == b->from && strcmp(a->name, b->name) == 0 &&
           strcmp(a->module, b->module) == 0;
}

static void count(const place *p)
{
    uintptr_t h = (p->at * 31 + p->from) * UINT64_C(0x9e3779b97f4a7c15) +
                  (uintptr_t)p->name[0] * 77;
    for (const char *c = p->module; *c; c++)
        h = h * 131 + (unsigned char)*c;
    for (size_t i = 0; i < SITES_MAX; i++) {
        site *s = &sites[(h + i) % SITES_MAX];
        int state = atomic_load_explicit(&s->state, memory_order_acquire);
        if (state == EMPTY && atomic_compare_exchange_strong(&s->state, &state, BUSY)) {
            s->place = *p;
            atomic_store_explicit(&s->state, FULL, memory_order_release);
        }
        while (atomic_load_explicit(&s->state, memory_order_acquire) != FULL) {}
        if (same(&s->place, p)) {
            atomic_fetch_add(&s->calls, 1);
            return;
        }
    }
    report("full\n");
}

/* ---- deciding ---- */

static void tell_hit(void)
{
    walk w = { 0 };
    _Unwind_Backtrace(step, &w);
    char line[400];
    int n = snprintf(line, sizeof line, "hit");
    for (unsigned i = 0; i < w.n && n < (int)sizeof line - 20; i++)
        if (in_program(w.frames[i]))
            n += snprintf(line + n, sizeof line - (size_t)n, " %lx",
                          (unsigned long)(w.frames[i] - program_base));
    report("%s\n", line);
}

static int decide(const char *name, const char *kind, const void *caller)
{
    place p;
    if (!plan.set) {
        find_place(&p, name, kind, caller);
        count(&p);
        return 0;
    }
    if (atomic_load(&tripped)) {
        if (!plan.on || strcmp(kind, plan.kind) != 0)
            return 0;
        atomic_fetch_add(&failed, 1);
        return plan.code;
    }
    if (strcmp(name, plan.name) != 0)
        return 0;
    find_place(&p, name, kind, caller);
    if (!same(&p, &plan.place) || atomic_fetch_add(&plan_calls, 1) + 1 != plan.nth)
        return 0;
    atomic_store(&tripped, true);
    atomic_fetch_add(&failed, 1);
    tell_hit();
    return plan.code;
}

int fault_code(const char *name, const char *kind, const void *caller)
{
    if (fault_inside || !atomic_load_explicit(&ready, memory_order_acquire))
        return 0;
    int saved = errno;
    fault_inside++;
    int code = decide(name, kind, caller);
    fault_inside--;
    errno = saved;
    return code;
}

/* ---- starting ---- */

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

static void read_plan(const char *text)
{
    char mode[8];
    unsigned long at, from;
    unsigned long long nth;
    if (sscanf(text, "%39s %39s %lx %39s %lx %llu %7s %d", plan.name, plan.kind, &at,
               plan.place.module, &from, &nth, mode, &plan.code) != 8) {
        static const char bad[] = "faults: FAULTS_FAIL is malformed\n";
        syscall(SYS_write, 2, bad, sizeof bad - 1);
        syscall(SYS_exit_group, 99);
    }
    plan.place.name = plan.name;
    plan.place.kind = plan.kind;
    plan.place.at = at;
    plan.place.from = from;
    plan.nth = nth;
    plan.on = strcmp(mode, "on") == 0;
    plan.set = true;
}

__attribute__((constructor)) static void start(void)
{
    bool first = true;
    fault_inside++;
    const char *ranges = getenv("FAULTS_WRAPPERS"), *log = getenv("FAULTS_LOG");
    const char *fail = getenv("FAULTS_FAIL");
    dl_iterate_phdr(note_object, &first);
    if (ranges)
        read_wrappers(ranges);
    if (fail)
        read_plan(fail);
    if (log) { /* far from the numbers that the program's own descriptors have */
        int fd = (int)syscall(SYS_openat, AT_FDCWD, log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC,
                              0600);
        log_fd = (int)syscall(SYS_fcntl, fd, F_DUPFD_CLOEXEC, 900);
        syscall(SYS_close, fd);
    }
    walk warm = { 0 }; /* the unwinder sets itself up */
    _Unwind_Backtrace(step, &warm);
    fault_inside--;
    atomic_store_explicit(&ready, log != NULL, memory_order_release);
}

__attribute__((destructor)) static void end(void)
{
    fault_report();
}
