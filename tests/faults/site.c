/* SPDX-License-Identifier: MIT */
/*
 * A library for LD_PRELOAD that makes the calls which can fail do so, one site at a time.
 *
 * Why so: the programs under test are the very files that are shipped and tested elsewhere, since
 * everything that can fail goes through symbols of libc (and libcurl) that the loader lets us stand
 * in for; a wrap at link time (--wrap) would need every program twice and would not see the calls
 * that libcurl and OpenSSL make, and ptrace or seccomp does not see malloc.
 *
 * A site is a call and the place in the program that it is made for (place.h).
 *
 * The environment, all set by faults.py:
 *   FAULTS_WRAPPERS  LO-HI,...: ranges of the wrappers, in hexadecimal
 *   FAULTS_LOG       the file that the report is appended to, a line for each site:
 *                    "site NAME KIND AT MODULE FROM CALLS"; "hit ..." as soon as a call failed;
 *                    "live ..." and "channel ..." for what is left at the end
 *   FAULTS_FAIL      "NAME KIND AT MODULE FROM NTH MODE CODE": the NTH call of the site fails with
 *                    CODE; MODE once: that one; on: every later one of KIND, wherever it is;
 *                    here: every later one of the site
 *
 * Invariants: nothing here allocates. The table of sites is an open hash that only grows; a slot is
 * written by who moves its state from EMPTY to BUSY, and published with release order as FULL.
 * Before the constructor has run, and while fault_inside is set, all calls go through unseen.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "fault.h"
#include "live.h"
#include "place.h"

enum { EMPTY, BUSY, FULL };

typedef struct site {
    _Atomic(int) state;
    place place;
    _Atomic(uint64_t) calls;
} site;

static site sites[FAULT_SITES_MAX];
static pid_t process; /* whose memory this is: a child that shares it reports nothing */
static _Atomic(bool) ready;
static int log_fd = -1;

/* What to fail; fixed after the constructor. */
static struct {
    bool set, on, here;
    char name[PLACE_NAME_BYTES], kind[PLACE_NAME_BYTES];
    place place;
    uint64_t nth;
    int code;
} plan;
static _Atomic(uint64_t) plan_calls, failed;
static _Atomic(bool) tripped;

__thread int fault_inside;

/* ---- reporting ---- */

void fault_say(const char *format, ...)
{
    char line[512];
    va_list args;
    va_start(args, format);
    int n = vsnprintf(line, sizeof line, format, args);
    va_end(args);
    if (log_fd >= 0 && n > 0)
        syscall(SYS_write, log_fd, line, (size_t)n);
}

void fault_start_process(void)
{
    process = getpid();
    live_start();
}

void fault_report(void)
{
    static _Atomic(pid_t) done;
    pid_t self = getpid();
    if (!atomic_load(&ready) || self != process || atomic_exchange(&done, self) == self)
        return;
    fault_inside++;
    for (size_t i = 0; i < FAULT_SITES_MAX && !plan.set; i++) {
        site *s = &sites[i];
        if (atomic_load_explicit(&s->state, memory_order_acquire) == FULL)
            fault_say("site %s %s %lx %s %lx %llu\n", s->place.name, s->place.kind,
                      (unsigned long)s->place.at, s->place.module, (unsigned long)s->place.from,
                      (unsigned long long)atomic_load(&s->calls));
    }
    live_report();
    live_report_channels();
    if (plan.set)
        fault_say("end %llu %llu\n", (unsigned long long)atomic_load(&plan_calls),
                  (unsigned long long)atomic_load(&failed));
    fault_inside--;
}

/* ---- counting ---- */

/* The number of the site, which is given one if it is new. */
static int number_of(const place *p)
{
    uintptr_t h = (p->at * 31 + p->from) * UINT64_C(0x9e3779b97f4a7c15) +
                  (uintptr_t)p->name[0] * 77;
    for (const char *c = p->module; *c; c++)
        h = h * 131 + (unsigned char)*c;
    for (size_t i = 0; i < FAULT_SITES_MAX; i++) {
        site *s = &sites[(h + i) % FAULT_SITES_MAX];
        int state = atomic_load_explicit(&s->state, memory_order_acquire);
        if (state == EMPTY && atomic_compare_exchange_strong(&s->state, &state, BUSY)) {
            s->place = *p;
            atomic_store_explicit(&s->state, FULL, memory_order_release);
        }
        while (atomic_load_explicit(&s->state, memory_order_acquire) != FULL) {}
        if (place_same(&s->place, p))
            return (int)(s - sites);
    }
    fault_say("full\n");
    return LIVE_NONE;
}

/* The site that this thread has counted last: what the call has given is noted for it. */
static __thread struct {
    const char *name;
    const void *caller;
    int site;
} last;

static void count(const place *p, const void *caller)
{
    last.name = p->name;
    last.caller = caller;
    last.site = number_of(p);
    if (last.site != LIVE_NONE)
        atomic_fetch_add(&sites[last.site].calls, 1);
}

int fault_site(const char *name, const char *kind, const void *caller)
{
    if (fault_inside || !atomic_load_explicit(&ready, memory_order_acquire))
        return LIVE_NONE;
    if (last.caller == caller && last.name == name) {
        last.caller = NULL;
        return last.site;
    }
    int saved = errno;
    place p;
    fault_inside++;
    place_find(&p, name, kind, caller);
    int number = number_of(&p);
    fault_inside--;
    errno = saved;
    return number;
}

void fault_say_live(int number, const char *what, unsigned n, size_t amount)
{
    static const place nowhere = { .name = "?", .kind = "?", .module = "-" };
    const place *p = number == LIVE_NONE ? &nowhere : &sites[number].place;
    fault_say("live %s %u %zu %s %s %lx %s %lx\n", what, n, amount, p->name, p->kind,
              (unsigned long)p->at, p->module, (unsigned long)p->from);
}

/* ---- deciding ---- */

static int decide(const char *name, const char *kind, const void *caller)
{
    place p;
    if (!plan.set) {
        place_find(&p, name, kind, caller);
        count(&p, caller);
        return 0;
    }
    if (atomic_load(&tripped)) {
        if (!plan.on && !plan.here)
            return 0;
        if (strcmp(plan.here ? name : kind, plan.here ? plan.name : plan.kind) != 0)
            return 0;
        if (plan.here) {
            place_find(&p, name, kind, caller);
            if (!place_same(&p, &plan.place))
                return 0;
        }
        atomic_fetch_add(&failed, 1);
        return plan.code;
    }
    if (strcmp(name, plan.name) != 0)
        return 0;
    place_find(&p, name, kind, caller);
    if (!place_same(&p, &plan.place) || atomic_fetch_add(&plan_calls, 1) + 1 != plan.nth)
        return 0;
    atomic_store(&tripped, true);
    atomic_fetch_add(&failed, 1);
    char trace[400];
    place_trace(trace, sizeof trace);
    fault_say("hit%s\n", trace);
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
    plan.here = strcmp(mode, "here") == 0;
    plan.set = true;
}

__attribute__((constructor)) static void start(void)
{
    fault_inside++;
    const char *ranges = getenv("FAULTS_WRAPPERS"), *log = getenv("FAULTS_LOG");
    const char *fail = getenv("FAULTS_FAIL");
    place_start(ranges ? ranges : "");
    if (fail)
        read_plan(fail);
    if (log) { /* far from the numbers that the program's own descriptors have */
        int fd = (int)syscall(SYS_openat, AT_FDCWD, log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC,
                              0600);
        log_fd = (int)syscall(SYS_fcntl, fd, F_DUPFD_CLOEXEC, 900);
        syscall(SYS_close, fd);
    }
    fault_start_process();
    fault_inside--;
    atomic_store_explicit(&ready, log != NULL, memory_order_release);
}

__attribute__((destructor)) static void end(void)
{
    fault_report();
}
