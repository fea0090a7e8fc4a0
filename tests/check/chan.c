/* SPDX-License-Identifier: MIT */
/*
 * Channels: what is sent is received once, in order of each sender; close and cancel end every
 * wait, and an operation that was refused has not happened.
 */
#include <errno.h>

#include "seam.h"
#include "sync/chan.h"

enum { NOT_RUN = 99 };

typedef struct state {
    rn_channel channel;
    int ring[2];
    int received[4], n_received;                       /* by thread 2 */
    int sent[RN_CHECK_THREADS], got[RN_CHECK_THREADS]; /* results */
} state;

static void begin(void *p, size_t cap)
{
    state *s = p;
    model_begin();
    s->channel.size = sizeof(int);
    s->channel.align = sizeof(int);
    s->channel.cap = cap;
    s->channel.ring = cap ? (char *)s->ring : NULL;
    for (int i = 0; i < RN_CHECK_THREADS; i++)
        s->sent[i] = s->got[i] = NOT_RUN;
}

static void unbuffered(void *p)
{
    begin(p, 0);
}

static void buffered(void *p)
{
    begin(p, 1);
}

static void send_one(void *p)
{
    state *s = p;
    int me = rn_check_self();
    s->sent[me - 1] = rn_channel_send(&s->channel, &me, "");
}

static void send_two(void *p)
{
    state *s = p;
    for (int i = 1; i <= 2; i++)
        RN_CHECK_ASSERT(rn_channel_send(&s->channel, &i, "") == 0);
}

static void receive_one(void *p)
{
    state *s = p;
    int me = rn_check_self(), v = -1;
    s->got[me - 1] = rn_channel_recv(&s->channel, &v, "");
    RN_CHECK_ASSERT(s->got[me - 1] == 0 ? v > 0 : v <= 0);
}

static void receive_two(void *p)
{
    state *s = p;
    for (int i = 1; i <= 2; i++) {
        int v = 0;
        RN_CHECK_ASSERT(rn_channel_recv(&s->channel, &v, "") == 0);
        RN_CHECK_ASSERT(v == i);
    }
}

static void try_receive(void *p)
{
    state *s = p;
    int me = rn_check_self(), v = -1;
    s->got[me - 1] = rn_channel_try_recv(&s->channel, &v);
    RN_CHECK_ASSERT(s->got[me - 1] == 0 ? v > 0 : v <= 0);
}

static void closes(void *p)
{
    rn_channel_close(&((state *)p)->channel, "");
}

static void cancels(void *p)
{
    (void)p;
    model_cancel();
}

static void nobody_waits(const state *s)
{
    RN_CHECK_ASSERT(!s->channel.receivers.head && !s->channel.senders.head);
    RN_CHECK_ASSERT(s->channel.lock.held == 0);
}

static void in_order(void *p)
{
    nobody_waits(p);
    RN_CHECK_ASSERT(((state *)p)->channel.count == 0);
}

/* As many have received as have sent, but for what is in the buffer. */
static void balanced(void *p)
{
    state *s = p;
    int sent = 0, got = 0;
    for (int i = 0; i < RN_CHECK_THREADS; i++) {
        sent += s->sent[i] == 0;
        got += s->got[i] == 0;
        RN_CHECK_ASSERT(s->sent[i] == 0 || s->sent[i] == NOT_RUN || s->sent[i] == -EPIPE ||
                        s->sent[i] == -ECANCELED);
        RN_CHECK_ASSERT(s->got[i] == 0 || s->got[i] == NOT_RUN || s->got[i] == -EPIPE ||
                        s->got[i] == -ECANCELED || s->got[i] == -EAGAIN);
    }
    RN_CHECK_ASSERT(sent == got + (int)s->channel.count);
    nobody_waits(s);
}

#define C11(n) .options = { .preemptions = n }
#define SC(n) .options = { .memory = RN_CHECK_SC, .preemptions = n }

static const model_run runs[] = {
    { MODEL("chan-unbuffered", unbuffered, balanced, send_one, receive_one), C11(2) },
    { MODEL("chan-unbuffered-sc", unbuffered, balanced, send_one, receive_one), SC(0) },
    { MODEL("chan-in-order", unbuffered, in_order, send_two, receive_two), C11(1) },
    { MODEL("chan-in-order-sc", unbuffered, in_order, send_two, receive_two), SC(2) },
    { MODEL("chan-buffered", buffered, in_order, send_two, receive_two), C11(1) },
    { MODEL("chan-buffered-sc", buffered, in_order, send_two, receive_two), SC(3) },
    { MODEL("chan-try", unbuffered, balanced, send_one, try_receive, closes), SC(2) },
    { MODEL("chan-two-senders", unbuffered, balanced, send_one, send_one, receive_one, closes),
      SC(1) },
    { MODEL("chan-close-send", unbuffered, balanced, send_one, closes), C11(0) },
    { MODEL("chan-close-receive", unbuffered, balanced, receive_one, closes), C11(0) },
    { MODEL("chan-close-both", unbuffered, balanced, send_one, receive_one, closes), SC(2) },
    { MODEL("chan-close-buffered", buffered, balanced, send_one, send_one, closes), SC(2) },
    { MODEL("chan-cancel-send", unbuffered, balanced, send_one, cancels), C11(0) },
    { MODEL("chan-cancel-both", unbuffered, balanced, send_one, receive_one, cancels), SC(2) },
};

int main(int argc, char **argv)
{
    return model_main(runs, sizeof runs / sizeof runs[0], argc, argv);
}
