/* SPDX-License-Identifier: MIT */
/*
 * Panics: of those that come at once one reports, and the others wait for the end; and a handler
 * finds what was there before it was set.
 */
#include "seam.h"

#include <unistd.h>

/* Each of the model's threads has its own, and none comes back. */
static int counters[RN_CHECK_THREADS + 1];
static int *counter(void)
{
    return &counters[rn_check_self()];
}
static void *frames[RN_CHECK_THREADS + 1][5]; /* where a thread goes on that is at its end */
__attribute__((noreturn)) static void end_of_thread(void)
{
    __builtin_longjmp(frames[rn_check_self()], 1);
}

#pragma GCC diagnostic ignored "-Wstrict-prototypes"
#define __thread
#define own_panics (*counter())
#define pause() end_of_thread()
#define _exit(status) end_of_thread()
#include "core/panic.c"
#undef __thread
#undef own_panics
#undef pause
#undef _exit

typedef struct state {
    int data; /* plain: what the handler uses */
    int handled, reports;
} state;

static state *running;

static void begin(void *p)
{
    running = p;
    model_begin();
    memset(counters, 0, sizeof counters);
    atomic_store_explicit(&handler, NULL, memory_order_relaxed);
    atomic_store_explicit(&panicking, 0, memory_order_relaxed);
}

void rni_say(int fd, const char *text, size_t n)
{
    (void)fd;
    static const char line[] = "runnel: panic: no way (outside any task)\n";
    RN_CHECK_ASSERT(n == sizeof line - 1 && memcmp(text, line, n) == 0);
}

void rni_report_dump(int fd)
{
    (void)fd;
    running->reports++;
}

void rni_sim_epitaph(void)
{
}

/* ---- threads ---- */

static void panics(void *p)
{
    (void)p;
    if (__builtin_setjmp(frames[rn_check_self()]) == 0)
        rni_panic(NULL, "no %s", "way");
}

static void handles(const char *line)
{
    (void)line;
    RN_CHECK_ASSERT(running->data == 1);
    running->handled++;
}

/* The handler panics in its turn, which reports. */
static void handles_badly(const char *line)
{
    handles(line);
    rni_panic(NULL, "no %s", "way");
}

static void sets(void *p)
{
    ((state *)p)->data = 1;
    rn_set_panic_handler(handles);
}

static void sets_a_bad_one(void *p)
{
    ((state *)p)->data = 1;
    rn_set_panic_handler(handles_badly);
}

static void was_reported_once(void *p)
{
    state *s = p;
    RN_CHECK_ASSERT(s->reports == 1 && s->handled <= 1);
}

static const model_run runs[] = {
    { MODEL("panic-two", begin, was_reported_once, panics, panics) },
    { MODEL("panic-handler", begin, was_reported_once, panics, sets) },
    { MODEL("panic-handler-panics", begin, was_reported_once, panics, sets_a_bad_one) },
};

int main(int argc, char **argv)
{
    return model_main(runs, sizeof runs / sizeof runs[0], argc, argv);
}
