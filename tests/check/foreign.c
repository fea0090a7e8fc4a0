/* SPDX-License-Identifier: MIT */
/*
 * Foreign threads: the real wait and wake, on the futex and in poll, with a deadline that the
 * thread keeps itself; and their records, which others walk over while threads come and go.
 */
#include <errno.h>

#include "records.h"
#include "wait.h"

enum { TIMED_OUT = -ETIMEDOUT, EVENT_FD = 5, DEADLINE = 10 };

typedef struct state {
    int data; /* plain: the end of the wait orders it */
    bool given;
    int result;
    _Atomic(int) over;     /* the claim was won by the thread itself */
    bool descriptor_ready; /* of the thread's, other than the event */
    record records[2];
    unsigned seen;
} state;

static state *running;

/* The event descriptor: counted in its word, open or closed. */
static _Atomic(uint32_t) event;
static bool event_open;

static void begin(void *p)
{
    running = p;
    model_begin();
    model_tasks[0].timeout_result = TIMED_OUT;
    begin_wait();
    begin_records();
    memset(&rni_rt, 0, sizeof rni_rt);
    atomic_store_explicit(&event, 0, memory_order_relaxed);
    event_open = false;
}

/* ---- the system ---- */

int rni_os_event_open(void)
{
    event_open = true;
    return EVENT_FD;
}

void rni_os_event_close(int fd)
{
    RN_CHECK_ASSERT(fd == EVENT_FD && event_open);
    event_open = false;
}

void rni_os_event_signal(int fd)
{
    RN_CHECK_ASSERT(fd == EVENT_FD && event_open);
    atomic_store_explicit(&event, 1, memory_order_release);
    rn_check_wake(&event, 1);
}

bool rni_os_event_take(int fd)
{
    RN_CHECK_ASSERT(fd == EVENT_FD && event_open);
    return atomic_exchange_explicit(&event, 0, memory_order_acquire) != 0;
}

/* Finds the thread's own descriptor ready, or waits for the event. */
int rni_os_poll(rni_os_fd *fds, size_t n, int64_t timeout_ns)
{
    RN_CHECK_ASSERT(n == 2 && fds[1].fd == EVENT_FD && timeout_ns == -1);
    fds[0].ready = fds[0].fd >= 0 && running->descriptor_ready && rn_check_choose(2) ? RNI_OS_READ
                                                                                     : 0;
    if (!fds[0].ready)
        rn_check_wait(&event, 0);
    fds[1].ready = fds[0].ready ? 0 : RNI_OS_READ;
    return 1;
}

void rni_outside_gone(void)
{
}

/* ---- the futex ---- */

static void waits(void *p)
{
    state *s = p;
    s->result = wait_for(&s->given);
}

static void waits_until(void *p)
{
    rni_deadline_start(rni_current(), DEADLINE, TIMED_OUT);
    waits(p);
    rni_deadline_stop(rni_current());
}

/* Twice, so that a wake of the first would end the second. */
static void waits_until_twice(void *p)
{
    state *s = p;
    waits_until(p);
    if (s->result != TIMED_OUT)
        return;
    s->result = 0;
    waits(p);
    RN_CHECK_ASSERT(s->result == 0 && s->given);
}

static void gives(void *p)
{
    give(&((state *)p)->given, NULL);
}

static void was_given(void *p)
{
    state *s = p;
    RN_CHECK_ASSERT(s->given && s->result == 0);
    RN_CHECK_ASSERT(model_tasks[0].woken == 0 && bucket->waiters.head == NULL);
}

static void was_given_or_late(void *p)
{
    state *s = p;
    RN_CHECK_ASSERT(s->result == 0 || s->result == TIMED_OUT);
    RN_CHECK_ASSERT(model_tasks[0].woken == 0 && bucket->waiters.head == NULL);
}

/* ---- poll ---- */

static void begin_ready(void *p)
{
    begin(p);
    ((state *)p)->descriptor_ready = true;
}

static void polls(void *p)
{
    state *s = p;
    rni_task *t = rni_current();
    rni_os_fd fds[2] = { { .fd = 3, .events = RNI_OS_READ } };
    rni_poll_set set = { .fds = fds, .n = 1 };
    RN_CHECK_ASSERT(rni_foreign_poll_begin(t, &set) == 0);
    rni_claim_open(t);
    s->result = rni_park(t, RNI_WHY_SELECT_IO, NULL, "");
    atomic_store_explicit(&s->over, 1, memory_order_relaxed);
    rni_foreign_poll_end(t);
    RN_CHECK_ASSERT(set.which == 0 ? s->result == 0 : s->result == 7 && s->data == 1);
}

static void claims(void *p)
{
    state *s = p;
    while (!rni_claim(&model_tasks[0])) {
        if (atomic_load_explicit(&s->over, memory_order_relaxed))
            return;
        rn_check_spin();
    }
    s->data = 1;
    rni_ready(&model_tasks[0], 7);
}

static void is_closed(void *p)
{
    state *s = p;
    RN_CHECK_ASSERT(!event_open && event == 0 && model_tasks[0].wake_fd == -1);
    RN_CHECK_ASSERT(s->descriptor_ready || s->result == 7);
}

/* ---- records ---- */

static void becomes_known(void *p)
{
    (void)p;
    RN_CHECK_ASSERT(rni_foreign_self() == rni_foreign_self());
}

static void comes_and_goes(void *p)
{
    becomes_known(p);
    thread_ended(rni_foreign_self());
}

static void sees(rni_task *t, void *arg)
{
    RN_CHECK_ASSERT(t->foreign);
    ++*(unsigned *)arg;
}

static void looks(void *p)
{
    rni_foreign_each(sees, &((state *)p)->seen);
}

static void free_all(state *s, unsigned live)
{
    unsigned n = 0;
    rni_foreign_each(sees, &n);
    RN_CHECK_ASSERT(n == live && rni_rt.foreign_threads == live && s->seen <= 2);
    for (record *r = made, *next; r; r = next) {
        next = r->next_made;
        rni_os_free(r);
    }
}

static void two_live(void *p)
{
    free_all(p, 2);
}

static void one_lives(void *p)
{
    free_all(p, 1);
}

static const model_run runs[] = {
    { MODEL("foreign-wake", begin, was_given, waits, gives) },
    { MODEL("foreign-deadline", begin, was_given_or_late, waits_until, gives) },
    { MODEL("foreign-deadline-twice", begin, was_given, waits_until_twice, gives) },
    { MODEL("foreign-poll", begin, is_closed, polls, claims) },
    { MODEL("foreign-poll-ready", begin_ready, is_closed, polls, claims) },
    { MODEL("foreign-records", begin, two_live, becomes_known, becomes_known) },
    { MODEL("foreign-again", begin, one_lives, comes_and_goes, becomes_known),
      .options = { .preemptions = 2 } },
    { MODEL("foreign-each", begin, one_lives, becomes_known, looks) },
};

int main(int argc, char **argv)
{
    return model_main(runs, sizeof runs / sizeof runs[0], argc, argv);
}
