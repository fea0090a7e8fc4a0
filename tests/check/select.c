/* SPDX-License-Identifier: MIT */
/*
 * Select: exactly one case takes effect, whoever comes (peers on several channels at once, close,
 * cancel), and two selects that could pair do.
 */
#include <errno.h>

#include "seam.h"
#include "sync/chan.h"

enum { NOT_RUN = 99 };

typedef struct state {
    rn_channel a, b, c;
    int result, value;
    bool ok;
    int next_result, next_value; /* of a select after it */
    bool next_ok;
    int other_result; /* of a second select */
    int sent[RN_CHECK_THREADS];
} state;

static void begin(void *p)
{
    state *s = p;
    model_begin();
    s->a.size = s->b.size = s->c.size = sizeof(int);
    s->a.align = s->b.align = s->c.align = sizeof(int);
    s->result = s->other_result = NOT_RUN;
    model_tasks[0].timeout_result = -ECANCELED;
    for (int i = 0; i < RN_CHECK_THREADS; i++)
        s->sent[i] = NOT_RUN;
}

static void receives_from_either(void *p)
{
    state *s = p;
    rn_case cases[2] = {
        { .op = RN_OP_RECV, .ch = &s->a, .elem = &s->value, .ok = &s->ok },
        { .op = RN_OP_RECV, .ch = &s->b, .elem = &s->value, .ok = &s->ok },
    };
    s->result = rn_select_ordered_at(cases, 2, "");
}

/* The records are gone when a select has returned: who still looked at one would be seen. */
static void forget(rn_case *cases)
{
    memset(cases, 0, 2 * sizeof *cases);
}

/* The same, but any that is ready. */
static void receives_from_any(void *p)
{
    state *s = p;
    rn_case cases[2] = {
        { .op = RN_OP_RECV, .ch = &s->a, .elem = &s->value, .ok = &s->ok },
        { .op = RN_OP_RECV, .ch = &s->b, .elem = &s->value, .ok = &s->ok },
    };
    s->result = rn_select_at(cases, 2, "");
    forget(cases);
}

/* The same, and then it waits for something else: a peer that comes too late for the first wait
 * must leave the second alone. The end of a lets go of who sends there still. */
static void receives_and_waits_again(void *p)
{
    state *s = p;
    receives_from_any(p);
    rn_case cases[2] = {
        { .op = RN_OP_RECV, .ch = &s->c, .elem = &s->next_value, .ok = &s->next_ok },
        { .op = RN_OP_RECV, .ch = &s->a, .elem = &s->next_value, .ok = &s->next_ok },
    };
    s->next_result = rn_select_at(cases, 2, "");
    forget(cases);
    rn_channel_close(&s->a, "");
}

/* The same, if one is ready at once. */
static void receives_or_not(void *p)
{
    state *s = p;
    rn_case cases[3] = {
        { .op = RN_OP_RECV, .ch = &s->b, .elem = &s->value, .ok = &s->ok },
        { .op = RN_OP_RECV, .ch = &s->a, .elem = &s->value, .ok = &s->ok },
        { .op = RN_OP_DEFAULT },
    };
    s->result = rn_select_at(cases, 3, "");
}

/* Receives from a, or sends to b. */
static void a_or_b(void *p)
{
    state *s = p;
    int me = rn_check_self();
    rn_case cases[2] = {
        { .op = RN_OP_RECV, .ch = &s->a, .elem = &s->value, .ok = &s->ok },
        { .op = RN_OP_SEND, .ch = &s->b, .elem = &me },
    };
    s->result = rn_select_ordered_at(cases, 2, "");
}

/* The reverse. */
static void b_or_a(void *p)
{
    state *s = p;
    int me = rn_check_self(), value = 0;
    rn_case cases[2] = {
        { .op = RN_OP_RECV, .ch = &s->b, .elem = &value },
        { .op = RN_OP_SEND, .ch = &s->a, .elem = &me },
    };
    s->other_result = rn_select_ordered_at(cases, 2, "");
    RN_CHECK_ASSERT(s->other_result != 0 || value > 0);
}

static void send_a(void *p)
{
    state *s = p;
    int v = 10;
    s->sent[rn_check_self() - 1] = rn_channel_send(&s->a, &v, "");
}

static void try_send_a(void *p)
{
    state *s = p;
    int v = 10;
    s->sent[rn_check_self() - 1] = rn_channel_try_send(&s->a, &v);
}

static void try_send_b(void *p)
{
    state *s = p;
    int v = 20;
    s->sent[rn_check_self() - 1] = rn_channel_try_send(&s->b, &v);
}

static void close_b(void *p)
{
    rn_channel_close(&((state *)p)->b, "");
}

static void close_c(void *p)
{
    rn_channel_close(&((state *)p)->c, "");
}

static void cancels(void *p)
{
    (void)p;
    model_cancel();
}

static void times_out(void *p)
{
    (void)p;
    model_time_out(0);
}

/* Receives from b, if that is ready at once. */
static void receives_b_or_not(void *p)
{
    state *s = p;
    rn_case cases[2] = {
        { .op = RN_OP_DEFAULT },
        { .op = RN_OP_RECV, .ch = &s->b, .elem = &s->value, .ok = &s->ok },
    };
    s->result = rn_select_at(cases, 2, "");
}

/* The same pair, but any case. */
static void a_or_b_any(void *p)
{
    state *s = p;
    int me = rn_check_self();
    rn_case cases[2] = {
        { .op = RN_OP_RECV, .ch = &s->a, .elem = &s->value, .ok = &s->ok },
        { .op = RN_OP_SEND, .ch = &s->b, .elem = &me },
    };
    s->result = rn_select_at(cases, 2, "");
    forget(cases);
}

static void b_or_a_any(void *p)
{
    state *s = p;
    int me = rn_check_self(), value = 0;
    rn_case cases[2] = {
        { .op = RN_OP_RECV, .ch = &s->b, .elem = &value },
        { .op = RN_OP_SEND, .ch = &s->a, .elem = &me },
    };
    s->other_result = rn_select_at(cases, 2, "");
    forget(cases);
    RN_CHECK_ASSERT(s->other_result != 0 || value > 0);
}

static void nobody_waits(const state *s)
{
    RN_CHECK_ASSERT(!s->a.receivers.head && !s->a.senders.head);
    RN_CHECK_ASSERT(!s->b.receivers.head && !s->b.senders.head);
    RN_CHECK_ASSERT(s->a.lock.held == 0 && s->b.lock.held == 0);
}

/* What was sent and what was chosen agree. */
static void one_case(void *p)
{
    state *s = p;
    int sent = 0;
    for (int i = 0; i < RN_CHECK_THREADS; i++)
        sent += s->sent[i] == 0;
    bool received = (s->result == 0 || s->result == 1) && s->ok;
    RN_CHECK_ASSERT(s->result == 0 || s->result == 1 || s->result == -ECANCELED);
    RN_CHECK_ASSERT(sent == received);
    RN_CHECK_ASSERT(!received || s->value == (s->result == 0 ? 10 : 20));
    nobody_waits(s);
}

/* What was sent is what two selects received. */
static void two_waits(void *p)
{
    state *s = p;
    int sent = 0;
    for (int i = 0; i < RN_CHECK_THREADS; i++)
        sent += s->sent[i] == 0;
    bool first = s->ok && s->value == (s->result == 0 ? 10 : 20);
    bool next = s->next_ok && s->next_result == 1 && s->next_value == 10;
    RN_CHECK_ASSERT(first && (s->result == 0 || s->result == 1));
    RN_CHECK_ASSERT(next || (s->next_result >= 0 && !s->next_ok && s->next_value == 0));
    RN_CHECK_ASSERT(sent == first + next);
    nobody_waits(s);
}

static void paired(void *p)
{
    state *s = p;
    RN_CHECK_ASSERT((s->result == 0 && s->other_result == 1) ||
                    (s->result == 1 && s->other_result == 0));
    nobody_waits(s);
}

/*
 * One of the two channels is ready at each instant: b is closed before the value in a's buffer is
 * taken. So the default is never chosen.
 */
static void start_on_a(void *p)
{
    state *s = p;
    begin(p);
    int v = 10;
    s->a.cap = 1;
    s->a.ring = s->a.few;
    RN_CHECK_ASSERT(rn_channel_try_send(&s->a, &v) == 0);
}

static void moves_to_b(void *p)
{
    state *s = p;
    int v = 0;
    rn_channel_close(&s->b, "");
    s->sent[1] = rn_channel_try_recv(&s->a, &v);
}

/* A sender waits until b is closed. */
static void start_with_sender(void *p)
{
    state *s = p;
    begin(p);
    rni_waiter *w = &model_tasks[2].waiter;
    w->task = &model_tasks[2];
    w->elem = &s->sent[2];
    w->flags = 0;
    rni_enqueue(&s->b.senders, &s->b.lock, w);
}

static void never_nothing(void *p)
{
    state *s = p;
    RN_CHECK_ASSERT(s->result == 0 || s->result == 1);
    nobody_waits(s);
}

static void never_default(void *p)
{
    state *s = p;
    RN_CHECK_ASSERT(s->result == 1);
    nobody_waits(s);
}

#define C11(n) .options = { .preemptions = n }
#define SC(n) .options = { .memory = RN_CHECK_SC, .preemptions = n }

static const model_run runs[] = {
    { MODEL("select-send", begin, one_case, receives_from_either, send_a), C11(1) },
    { MODEL("select-send-sc", begin, one_case, receives_from_either, send_a), SC(0) },
    { MODEL("select-two-peers", begin, one_case, receives_from_either, try_send_a, try_send_b,
            close_b),
      SC(1) },
    { MODEL("select-close", begin, one_case, receives_from_either, try_send_a, close_b), SC(2) },
    { MODEL("select-cancel", begin, one_case, receives_from_either, try_send_a, cancels), SC(2) },
    { MODEL("select-cancel-c11", begin, one_case, receives_from_either, cancels) },
    { MODEL("select-pairs", begin, paired, a_or_b, b_or_a), SC(2) },
    { MODEL("select-pairs-c11", begin, paired, a_or_b, b_or_a), C11(1) },
    { MODEL("select-any-send", begin, one_case, receives_from_any, send_a), C11(1) },
    { MODEL("select-any-two-peers", begin, one_case, receives_from_any, try_send_a, try_send_b,
            close_b),
      SC(1) },
    { MODEL("select-any-again", begin, two_waits, receives_and_waits_again, send_a, try_send_b,
            close_c),
      SC(1) },
    { MODEL("select-any-close", begin, one_case, receives_from_any, try_send_a, close_b), SC(2) },
    { MODEL("select-any-cancel", begin, one_case, receives_from_any, try_send_a, cancels), SC(2) },
    { MODEL("select-any-cancel-c11", begin, one_case, receives_from_any, cancels) },
    { MODEL("select-any-pairs", begin, paired, a_or_b_any, b_or_a_any), SC(2) },
    { MODEL("select-any-pairs-c11", begin, paired, a_or_b_any, b_or_a_any), C11(1) },
    { MODEL("select-default", start_on_a, never_nothing, receives_or_not, moves_to_b), SC(2) },
    { MODEL("select-default-c11", start_on_a, never_nothing, receives_or_not, moves_to_b), C11(2) },
    { MODEL("select-default-closing", start_with_sender, never_default, receives_b_or_not, close_b),
      C11(2) },
    { MODEL("select-late", begin, one_case, receives_from_either, try_send_a, times_out), SC(2) },
};

int main(int argc, char **argv)
{
    return model_main(runs, sizeof runs / sizeof runs[0], argc, argv);
}
