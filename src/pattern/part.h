/* SPDX-License-Identifier: MIT */
/*
 * A part: what the task of a combinator owns. One block of memory holds the combinator's own state
 * (whose first member is the rni_part), its channels, the cases of its select and room for the
 * elements in its hand.
 *
 * Invariants:
 *   - Outputs belong to the group of the part and are closed when the part ends, however it ends:
 *     a task that the group refuses to start has ended, too.
 *   - Inputs are kept (rn_channel_ref) while the part lives. So an input whose group closes first
 *     is closed, not freed, under its reader. They are let go before the outputs are closed:
 *     whoever has seen the end of the output may free the input.
 *   - An element in hand is passed on or dropped by the part that received it.
 *
 * Only the task touches its part after the start.
 */
#ifndef RNI_PATTERN_PART_H
#define RNI_PATTERN_PART_H

#include <runnel/pattern.h>
#include <runnel/scope.h>
#include <runnel/select.h>
#include <runnel/task.h>

#include <stdarg.h>
#include <string.h>

#include "pattern/background.h"
#include "sync/chan.h"
#include "sync/select.h"

/* What flows through a part. */
typedef struct rni_element {
    size_t size, align;
    void (*drop)(void *element);
} rni_element;

typedef struct rni_part {
    int (*run)(struct rni_part *p);  /* the task; a negative result fails the group */
    void (*end)(struct rni_part *p); /* called last, after the outputs are closed; may be NULL */
    rni_element element;
    rn_channel **ins, **outs;
    size_t n_ins, n_outs;
    rn_case *cases;    /* zeroed */
    rni_place *places; /* for as many cases, if there are more than a few */
    char *held;        /* the elements in hand */
    const char *name, *site;
} rni_part;

/* How large a part is. */
typedef struct rni_part_plan {
    const char *name;    /* of the task */
    size_t state;        /* bytes of the structure that begins with the rni_part */
    size_t ins, outs;    /* channels */
    size_t cap;          /* of each output */
    size_t cases, rooms; /* of the select; elements in hand */
} rni_part_plan;

/* The elements of c, which may be nil: then they have no drop function. Elements of another size
 * are a programming error. */
rni_element rni_element_of(const rn_channel *c, size_t size, size_t align, const char *site);
/* The channel behind handle i of the user's array; handles have types of their own there. */
static inline rn_channel *rni_handle_at(const void *handles, size_t i)
{
    rn_channel *c;
    memcpy(&c, (const char *)handles + i * sizeof c, sizeof c);
    return c;
}
/* The channels of an argument list; the macros have no more. (Macros make no arrays: where another
 * macro asks for the type of the whole, clang takes such a literal for a static one.) */
enum { RNI_LISTED_MAX = 16 };
void rni_listed(rn_channel **to, int n, va_list list);
/* Stores n channels, or n times rni_no_channel if from is NULL, into the user's handles. */
void rni_handles_write(void *to, rn_channel *const *from, size_t n);

/* A part with its outputs made in g. NULL without memory, or if g is being closed; g has failed
 * then. The state behind the rni_part is zeroed. */
rni_part *rni_part_new(rn_group *g, const rni_part_plan *plan, const rni_element *element,
                       const char *site);
/* Makes c, which may be nil, the part's next input. */
void rni_part_add(rni_part *p, rn_channel *c);
/* Selects among the first n of p's cases. */
int rni_part_select(rni_part *p, size_t n);
/* Starts the task of p in g; p is the task's from here on. Returns as rn_group_go; if that is an
 * error, p has ended. */
int rni_part_start(rni_part *p, rn_group *g, int (*run)(rni_part *p));
/* The same for a part with one output, which it returns. */
rn_channel *rni_part_flow(rni_part *p, rn_group *g, int (*run)(rni_part *p));

static inline void *rni_part_room(const rni_part *p, size_t i)
{
    return p->held + i * p->element.size;
}

static inline void rni_part_drop(const rni_part *p, size_t i)
{
    if (p->element.drop)
        p->element.drop(rni_part_room(p, i));
}

/* Receives the next element into room 0. 0; -EPIPE at the end of the input; -ECANCELED. */
static inline int rni_part_recv(const rni_part *p)
{
    return rn_channel_recv(p->ins[0], rni_part_room(p, 0), p->site);
}

/* Sends the element in room 0 to out; drops it if nobody takes it. 0; an error. */
static inline int rni_part_send(const rni_part *p, rn_channel *out)
{
    int rc = rn_channel_send(out, rni_part_room(p, 0), p->site);
    if (rc)
        rni_part_drop(p, 0);
    return rc;
}

/* Passes on what comes, from input 0 to out: all that some parts do. */
static inline void rni_part_relay(const rni_part *p, rn_channel *out)
{
    while (rni_part_recv(p) == 0 && rni_part_send(p, out) == 0)
        continue;
}

#endif
