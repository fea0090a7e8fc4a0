/* SPDX-License-Identifier: MIT */
/*
 * Stack overflow: a fault in a stack's guard is reported with the task's name, where it was started
 * and what to change, then the process ends by the signal it would have ended by. Faults anywhere
 * else go to whoever handled the signal before.
 *
 * A tiny stack has no guard; what has overwritten the word at its bottom is found later, by
 * rni_stack_inspect.
 *
 * The handler runs on the worker's alternate stack and uses only async-signal-safe calls.
 */
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "base/say.h"
#include "core/foreign.h"
#include "core/park.h"
#include "core/worker.h"

static struct sigaction old_segv, old_bus;

static void put(const char *s)
{
    rni_say(2, s, strlen(s));
}

static void put_number(size_t n)
{
    char digits[24];
    size_t at = sizeof digits - 1;
    digits[at] = '\0';
    do
        digits[--at] = (char)('0' + n % 10);
    while (n /= 10);
    put(digits + at);
}

static void report(const rni_task *t)
{
    static const char *const larger[] = { "RN_STACK_NORMAL", "RN_STACK_LARGE", "RN_STACK_HUGE",
                                          NULL, "RN_STACK_SMALL" };
    const char *name = atomic_load_explicit(&t->name, memory_order_relaxed);
    const char *site = atomic_load_explicit(&t->site, memory_order_relaxed);
    put("runnel: stack overflow in task ");
    put(name ? name : "?");
    put(", started at ");
    put(site ? site : "?");
    put(": it has ");
    put_number(rni_stack_usable(t->stack_class) >> 10);
    put(" KiB; ");
    const char *next = larger[t->stack_class];
    if (next) {
        put("start it with rn_go_with and .stack = ");
        put(next);
        put(", or set RUNNEL_STACK\n");
    } else {
        put("no class is larger: use less stack, or rn_blocking\n");
    }
}

void rni_stack_overflowed(rni_task *t)
{
    (void)t;
    rni_panic(NULL, "the task has overflowed its tiny stack and overwritten another's; start it "
                    "with .stack = RN_STACK_SMALL");
}

/* Whether a frame that is larger than the guard may have reached the address. */
static bool just_below(const rni_task *t, const void *address)
{
    enum { FAR = 1 << 20 };
    return (uintptr_t)t->stack_limit - (uintptr_t)address <= FAR;
}

/* Which task the fault that ends the process happened in. In a child made by fork there are none,
 * and a task's function that returns there faults. */
static void name_task(int sig, const void *address)
{
    rni_worker *w = rni_worker_self();
    const rni_task *t = w ? w->seat.current : NULL;
    if (rni_forked())
        put("runnel: a fault in a child made by fork, in which tasks cannot go on or return: only "
            "exec and _exit are allowed\n");
    if (!t)
        return;
    const char *name = atomic_load_explicit(&t->name, memory_order_relaxed);
    const char *site = atomic_load_explicit(&t->site, memory_order_relaxed);
    put(sig == SIGSEGV ? "runnel: segmentation fault in task " : "runnel: bus error in task ");
    put(name ? name : "?");
    put(", started at ");
    put(site ? site : "?");
    if (just_below(t, address))
        put("; the address is just below its stack: a frame may be larger than the guard, which "
            "-fstack-clash-protection finds (see pkg-config --cflags runnel)");
    if (rni_stack_unguarded())
        put("; some stacks have no guard (see vm.max_map_count), one of them may have overflowed");
    put("\n");
}

/* Whether the signal was sent, not caused by an instruction. */
static bool was_sent(const siginfo_t *info)
{
    return info->si_code <= 0;
}

static void chain(const struct sigaction *old, int sig, siginfo_t *info, void *context)
{
    if (old->sa_flags & SA_SIGINFO) {
        old->sa_sigaction(sig, info, context);
    } else if (old->sa_handler != SIG_DFL && old->sa_handler != SIG_IGN) {
        old->sa_handler(sig);
    } else if (!was_sent(info)) {
        name_task(sig, info->si_addr);
        signal(sig, SIG_DFL); /* the faulting instruction runs again and ends the process */
    } else if (old->sa_handler == SIG_DFL) {
        signal(sig, SIG_DFL);
        raise(sig); /* ends the process when this returns */
    }
}

static void on_fault(int sig, siginfo_t *info, void *context)
{
    rni_task *t = was_sent(info) ? NULL : rni_stack_guard_owner(info->si_addr);
    if (t) {
        report(t);
        signal(sig, SIG_DFL);
        return;
    }
    chain(sig == SIGSEGV ? &old_segv : &old_bus, sig, info, context);
}

void rni_overflow_install(void)
{
    struct sigaction sa;
    memset(&sa, 0, sizeof sa);
    sa.sa_sigaction = on_fault;
    sa.sa_flags = SA_SIGINFO | SA_ONSTACK;
    sigemptyset(&sa.sa_mask);
    sigaction(SIGSEGV, &sa, &old_segv);
    sigaction(SIGBUS, &sa, &old_bus);
}
