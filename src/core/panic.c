/* SPDX-License-Identifier: MIT */
/*
 * Programming errors: one line that says what, where and which task, then the tables, then exit
 * status 2. stdout is flushed if nobody holds it, since the output so far often tells the story;
 * exit handlers do not run, because other tasks still do.
 *
 * A tiny stack is too small for all this. Who panics on one leaves it for good and reports on a
 * stack that is there for that.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <runnel/base.h>

#include "base/say.h"
#include "core/hooks.h"
#include "core/park.h"
#include "core/sim.h"
#include "core/stack.h"
#include "core/worker.h"

/* release store, acquire load: what the handler uses was there before it was set. */
static void (*_Atomic handler)(const char *line);
static _Atomic(uint32_t) panicking; /* the first one reports, the others wait for the end */
static __thread int own_panics;     /* on this thread: the handler may panic, too */

void rn_set_panic_handler(void (*fn)(const char *line))
{
    atomic_store_explicit(&handler, fn, memory_order_release);
}

/* What the first one has to say, when it says so on the spare stack. */
static struct {
    const char *site, *format;
    va_list *ap;
} told;
static _Alignas(64) char spare_stack[128 << 10];

static void who(char *out, size_t size)
{
    rni_worker *w = rni_worker_self();
    rni_task *t = w ? w->seat.current : NULL;
    if (!t) {
        snprintf(out, size, "outside any task");
        return;
    }
    const char *name = atomic_load_explicit(&t->name, memory_order_relaxed);
    const char *site = atomic_load_explicit(&t->site, memory_order_relaxed);
    snprintf(out, size, "task %s, started at %s", name ? name : "?", site ? site : "?");
}

__attribute__((noreturn)) static void tell(const char *site, const char *format, va_list ap)
{
    char what[400], task[200], line[800];
    vsnprintf(what, sizeof what, format, ap);
    who(task, sizeof task);
    snprintf(line, sizeof line, "runnel: panic: %s%s%s (%s)", what, site ? " at " : "",
             site ? site : "", task);
    void (*fn)(const char *) = atomic_load_explicit(&handler, memory_order_acquire);
    if (fn && own_panics == 1)
        fn(line);
    if (ftrylockfile(stdout) == 0) {
        fflush(stdout);
        funlockfile(stdout);
    }
    size_t n = strlen(line);
    line[n] = '\n';
    RNI_WROTE(line, n + 1);
    rni_say(2, line, n + 1);
    rni_report_dump(2);
    rni_sim_epitaph();
    _exit(2);
}

static void tell_on_spare_stack(void)
{
    tell(told.site, told.format, *told.ap);
}

static bool on_tiny_stack(void)
{
    rni_worker *w = rni_worker_self();
    return w && w->seat.current && rni_stack_is_tiny(w->seat.current);
}

__attribute__((noreturn)) static void report(const char *site, const char *format, va_list *ap)
{
    if (++own_panics == 1 && atomic_exchange_explicit(&panicking, 1, memory_order_acq_rel) != 0)
        for (;;)
            pause();
    if (own_panics > 2)
        _exit(2);
    if (own_panics == 1 && on_tiny_stack()) {
        rni_context c;
        told.site = site;
        told.format = format;
        told.ap = ap;
        rni_arch_prepare(&c, spare_stack, spare_stack + sizeof spare_stack, tell_on_spare_stack);
        rni_arch_leave(&c);
    }
    tell(site, format, *ap);
}

void rni_panic(const char *site, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    report(site, format, &ap);
    va_end(ap);
}

void rn_panic(const char *site, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    report(site, format, &ap);
    va_end(ap);
}
