/* SPDX-License-Identifier: MIT */
/* A select under way, for the files that carry it out. */
#ifndef RNI_SYNC_SELECT_H
#define RNI_SYNC_SELECT_H

#include <runnel/select.h>

#include "core/descriptor.h"

/* A few of them are written with a few stores; compilers clear larger arrays with `rep stos`, which
 * takes longer than a select. */
_Static_assert(sizeof(rn_case) <= 32, "a case has grown");

/* What a select needs for a case, beside what the caller says of it. */
typedef struct rni_place {
    rni_waiter waiter;
    rn_case *of;
    rn_channel *ch; /* of's; set if it has one */
    struct rni_place *lock_next;
    void (*discard)(void *element);
} rni_place;

typedef struct selection {
    rn_case *cases;
    size_t n;
    rni_place *places; /* one for each case, in their order */
    rni_place *list;   /* those whose case has a channel, in lock order */
    int otherwise;     /* index of RN_DEFAULT, or -1 */
    int after;         /* index of the earliest RN_AFTER, or -1 */
    bool ordered;
    bool discards; /* some case discards into memory that prepare_discard gave it */
    unsigned fds;  /* how many cases are descriptors */
    /* for them, of a foreign thread that may wait; fds is NULL if there is none */
    rni_poll_set set;
} selection;

/* The whole of rn_select_at; select_quick.c does the usual ones. */
int rni_select_slowly(rn_case *cases, size_t n, const char *site);
/* How many cases are sorted by insertion, and up to how many have their places on the stack, and on
 * a tiny one. */
enum { RNI_SELECT_FEW = 8, RNI_SELECT_SOME = 64, RNI_SELECT_TINY = 4 };
/* As rn_select_at, with memory of the caller's, so that it needs no other. */
int rni_select_among(rni_place *places, rn_case *cases, size_t n, const char *site);

/*
 * The descriptors among the cases. In a case's `status` is what its descriptor was ready for at the
 * last look (0: nothing), or a negative error. Every _look needs its _done.
 */

/* Looks at them all, and prepares to wait for them unless one is ready or `wait` is false. No lock
 * is held, the channels are not locked yet. */
void rni_select_look(selection *s, rni_task *t, bool wait);
/* What the select returns if it chooses k, a descriptor that is ready. */
int rni_select_took_fd(const selection *s, rn_case *k);
/* As rni_park, for descriptors, too. The claim is open, no lock is held. */
int rni_select_park(selection *s, rni_task *t, const char *site);
void rni_select_done(selection *s, rni_task *t);

#endif
