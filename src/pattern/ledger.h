/* SPDX-License-Identifier: MIT */
/*
 * For tests of ownership: every value is an entry in a ledger, and in the end each entry that was
 * sent must have been received or dropped, once. Producers and consumers that keep the ledger.
 *
 * Its atomics are counters: an entry's number travels with the value, and whoever asks for the sum
 * has joined those who kept the ledger.
 */
#ifndef RNI_PATTERN_LEDGER_H
#define RNI_PATTERN_LEDGER_H

#include <runnel.h>

#include <stdatomic.h>
#include <string.h>

enum { LEDGER_ENTRIES = 1 << 18 };
static _Atomic(int) ledger_next;
static _Atomic(unsigned char) ledger_ended[LEDGER_ENTRIES];
static _Atomic(int) ledger_received, ledger_dropped;

/* A new entry, or a copy of one: both must end. */
static inline int ledger_open(void)
{
    return atomic_fetch_add_explicit(&ledger_next, 1, memory_order_relaxed);
}

static inline void ledger_end(int id, _Atomic(int) *how)
{
    atomic_fetch_add_explicit(&ledger_ended[id], 1, memory_order_relaxed);
    atomic_fetch_add_explicit(how, 1, memory_order_relaxed);
}

static inline void ledger_drop(void *element)
{
    ledger_end(*(int *)element, &ledger_dropped);
}

static inline int ledger_copy(void *to, const void *from)
{
    (void)from;
    *(int *)to = ledger_open();
    return 0;
}

/* How many entries did not end exactly once. */
static inline int ledger_errors(void)
{
    int wrong = 0, n = atomic_load_explicit(&ledger_next, memory_order_relaxed);
    for (int i = 0; i < n; i++)
        wrong += atomic_load_explicit(&ledger_ended[i], memory_order_relaxed) != 1;
    return wrong;
}

static inline void ledger_clear(void)
{
    for (int i = 0, n = atomic_load_explicit(&ledger_next, memory_order_relaxed); i < n; i++)
        atomic_store_explicit(&ledger_ended[i], 0, memory_order_relaxed);
    atomic_store_explicit(&ledger_next, 0, memory_order_relaxed);
    atomic_store_explicit(&ledger_received, 0, memory_order_relaxed);
    atomic_store_explicit(&ledger_dropped, 0, memory_order_relaxed);
}

/* Sends n new entries, or as many as it can, and closes out. */
static int ledger_produce(rn_sender(int) out, int n)
{
    int rc = 0;
    for (int i = 0; i < n && rc == 0; i++) {
        int id = ledger_open();
        rc = rn_send(out, id);
        if (rc) /* refused, so it is still ours */
            ledger_end(id, &ledger_dropped);
    }
    rn_close(out);
    return rc;
}
RN_TASK(ledger_produce, rn_sender(int), int);

static int ledger_consume(rn_receiver(int) in)
{
    for (int id; rn_recv(in, &id) == 0;)
        ledger_end(id, &ledger_received);
    return 0;
}
RN_TASK(ledger_consume, rn_receiver(int));

/* A new stream of n entries in group g; nil if that is being closed. */
static inline rn_receiver(int) ledger_stream(rn_group *g, int n, size_t cap)
{
    rn_chan(int) c = rn_make_drop(g, int, cap, ledger_drop);
    if (c)
        rn_go(g, ledger_produce, rn_tx(c), n);
    return rn_rx(c);
}

/* A generator of choices for tests. */
static inline unsigned ledger_choose(unsigned *state, unsigned n)
{
    *state = *state * 1664525U + 1013904223U;
    return (*state >> 10) % n;
}

/* Lets others run for a while. */
static inline void ledger_pause(unsigned yields)
{
    while (yields--)
        (void)rn_yield();
}

#endif
