/* SPDX-License-Identifier: MIT */
/* Timers: each call is made once or prevented, and after a stop the timer may be freed. */
#include "seam.h"

#include "core/timer.h"

typedef struct state {
    rni_timers heap;
    rni_timer timers[3];
    int calls[3];                /* of each timer's function: plain memory */
    int stopped[3];              /* how often a stop prevented the call */
    int fired[RN_CHECK_THREADS]; /* by each thread's pass over the heap */
    int seen;
} state;

static state *running; /* for the timers' functions */

static void called(rni_timer *t)
{
    running->calls[t - running->timers]++;
    rni_timer_fired(t);
}

/* Armed at 10, 20 and 30. */
static void begin(void *p)
{
    state *s = p;
    running = s;
    model_begin();
    memset(s, 0, sizeof *s);
    rni_timers_init(&s->heap);
    for (int i = 0; i < 3; i++)
        s->timers[i].fn = called;
}

static void begin_armed(void *p)
{
    state *s = p;
    begin(p);
    for (int i = 0; i < 3; i++)
        rni_timer_start(&s->heap, &s->timers[i], 10 * (i + 1));
}

static void stop(state *s, int i)
{
    s->stopped[i] += rni_timer_stop(&s->timers[i]);
    s->timers[i].when = -1; /* as if it were freed, or used for something else */
    s->timers[i].heap = NULL;
    s->timers[i].child = s->timers[i].next = NULL;
    s->timers[i].fn = NULL;
}

static void stop_first(void *p)
{
    stop(p, 0);
}

static void stop_second(void *p)
{
    stop(p, 1);
}

static void pass(state *s, int64_t now)
{
    s->fired[rn_check_self() - 1] = (int)rni_timers_run(&s->heap, now);
}

static void pass_10(void *p)
{
    pass(p, 10);
}

static void pass_20(void *p)
{
    pass(p, 20);
}

/* The first n of the three were due: each has been called or stopped, once. */
static void are_over(state *s, int n)
{
    int calls = 0, fired = 0;
    for (int i = 0; i < 3; i++) {
        RN_CHECK_ASSERT(s->calls[i] + s->stopped[i] == (i < n));
        calls += s->calls[i];
    }
    for (int i = 0; i < RN_CHECK_THREADS; i++)
        fired += s->fired[i];
    RN_CHECK_ASSERT(fired == calls);
    for (int i = n; i < 3; i++) {
        RN_CHECK_ASSERT(s->heap.next == 10 * (i + 1) && s->heap.once == 3 - i);
        RN_CHECK_ASSERT(rni_timer_stop(&s->timers[i]));
    }
    RN_CHECK_ASSERT(s->heap.root == NULL && s->heap.next == INT64_MAX && s->heap.once == 0);
}

static void one_is_over(void *p)
{
    are_over(p, 1);
}

static void two_are_over(void *p)
{
    are_over(p, 2);
}

/* ---- one that is started while others run, and one that is started again by its function ---- */

static void called_twice(rni_timer *t)
{
    int i = (int)(t - running->timers);
    bool again = running->calls[i]++ == 0;
    rni_timer_fired(t);
    if (again)
        rni_timer_start(&running->heap, t, 20);
}

static void begin_again(void *p)
{
    state *s = p;
    begin(p);
    s->timers[0].fn = called_twice;
    rni_timer_start(&s->heap, &s->timers[0], 10);
}

static void start_second(void *p)
{
    state *s = p;
    rni_timer_start(&s->heap, &s->timers[1], 5);
}

static void all_were_called(void *p)
{
    state *s = p;
    (void)rni_timers_run(&s->heap, 20); /* what the others did not see any more */
    RN_CHECK_ASSERT(s->calls[0] == 2 && s->calls[1] == 1 && s->heap.root == NULL);
}

/* ---- a sleeper that looks at `next` without the lock ---- */

static int told;

static void tell_and_start(void *p)
{
    state *s = p;
    told = 1;
    rni_timer_start(&s->heap, &s->timers[0], 5);
}

/* Who sees the timer's instant sees what came before it was armed. */
static void look(void *p)
{
    state *s = p;
    if (atomic_load_explicit(&s->heap.next, memory_order_acquire) == 5)
        s->seen = told;
    else
        s->seen = -1;
}

static void seen_or_not(void *p)
{
    state *s = p;
    RN_CHECK_ASSERT(s->seen == 1 || s->seen == -1);
    RN_CHECK_ASSERT(rni_timer_stop(&s->timers[0]));
}

static const model_run runs[] = {
    { MODEL("timer-stop", begin_armed, one_is_over, pass_10, stop_first) },
    { MODEL("timer-passes", begin_armed, two_are_over, pass_20, pass_20) },
    { MODEL("timer-stops", begin_armed, two_are_over, pass_20, stop_first, stop_second),
      .options = { .preemptions = 2, .memory = RN_CHECK_SC } },
    { MODEL("timer-again", begin_again, all_were_called, pass_20, start_second) },
    { MODEL("timer-next", begin, seen_or_not, tell_and_start, look) },
};

int main(int argc, char **argv)
{
    model_on_workers = true;
    return model_main(runs, sizeof runs / sizeof runs[0], argc, argv);
}
