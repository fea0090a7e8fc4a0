/* SPDX-License-Identifier: MIT */
/*
 * Credits: how the first part of a run (run.c) knows what the takes behind it can still use.
 *
 * Each limit has credits for as many elements as its step may still pass on, less those under way
 * to it. The first part needs a credit of each limit for an element; whoever rejects an element
 * gives back one of each limit behind it.
 *
 * `over` is set when a part behind the first one ends, which may wait for credits: it then gets one
 * of each limit and sees `over` (release; acquire in rni_credits_get). `permits` is the first
 * part's task's; the limits are fixed once the run has been started.
 */
#ifndef RNI_PATTERN_CREDITS_H
#define RNI_PATTERN_CREDITS_H

#include <runnel/sync.h>

#include <stdatomic.h>

typedef struct rni_limit {
    rn_semaphore credits;
    size_t step; /* the index of the step that limits */
} rni_limit;

typedef struct rni_credits {
    size_t n; /* limits, in the order of their steps */
    rni_limit *limits;
    size_t permits; /* elements for which there is a credit of each limit */
    _Atomic(bool) over;
    const char *site;
} rni_credits;

/* Makes room for `most` limits. False: no memory. */
bool rni_credits_init(rni_credits *c, size_t most, const char *site);
void rni_credits_free(rni_credits *c);
void rni_credits_add(rni_credits *c, size_t step, int64_t n);

/* For how many elements, at most n, the first part may ask; 0 if there will be no more. Waits. */
size_t rni_credits_get(rni_credits *c, size_t n);
/* The first part has received n elements. */
static inline void rni_credits_use(rni_credits *c, size_t n)
{
    c->permits -= c->n ? n : 0;
}
/* Step i has rejected n elements. */
void rni_credits_rejected(rni_credits *c, size_t i, size_t n);
/* Step i, if it is a limit, can use one element more. */
void rni_credits_more(rni_credits *c, size_t i);
/* A part behind the first has ended. */
void rni_credits_end(rni_credits *c);

#endif
