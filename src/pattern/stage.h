/* SPDX-License-Identifier: MIT */
/*
 * What the files of pattern share: chains, their steps, and the small things every stage's task
 * needs.
 *
 * A chain is a list of steps that own copies of their captured values. It is fixed once made; a
 * start copies the steps, so a run outlives the chain.
 */
#ifndef RNI_PATTERN_STAGE_H
#define RNI_PATTERN_STAGE_H

#include <runnel/any.h>
#include <runnel/stage.h>

#include "base/check.h"
#include "pattern/background.h"
#include "scope/group.h"
#include "sync/chan.h"

struct rn_chain {
    rni_owned owned;
    size_t n;
    rn_step steps[];
};

/* Copies the step with its captured values. False: no memory, and nothing to free. */
bool rni_step_copy(rn_step *to, const rn_step *from);
void rni_step_free(rn_step *step);
/* Lets go of the other channel of a zip. */
void rni_step_let_go(rn_step *step);

/* Whether what comes out is made by the step's function. */
static inline bool rni_step_makes(const rn_step *step)
{
    return step->fn && step->kind != RN_STEP_FILTER;
}

/* The sizes of a step's elements; in_size is that of what comes in. */
size_t rni_step_in(const rn_step *step, size_t in_size);
size_t rni_step_out(const rn_step *step, size_t in_size);

/* Zeroed room for n elements of any type that has this size; NULL when there is none. */
void *rni_items_new(size_t size, size_t n);
void rni_items_drop(void (*drop)(void *), void *items, size_t size, size_t n);

static inline void *rni_item(void *items, size_t size, size_t i)
{
    return (char *)items + size * i;
}

/* A programming error unless the elements of in have that size. */
void rni_stage_check(const rn_channel *in, size_t size, const char *site);

/* The alignment that elements of that size may need, a page's at most: a type's size is a multiple
 * of its alignment. */
static inline size_t rni_align_of(size_t size)
{
    size_t align = size & -size;
    return align == 0 ? 1 : align < rni_os_page() ? align : rni_os_page();
}

/* A channel of g for a stage's output; NULL when there is no memory or g is being closed. */
static inline rn_channel *rni_stage_out(rn_group *g, size_t size, size_t cap, void (*drop)(void *),
                                        const char *site)
{
    return rn_channel_new(g, size, rni_align_of(size), cap, drop, site);
}

/* Cancels g for want of memory; rni_no_channel, for the caller to return. */
rn_channel *rni_stage_failed(rn_group *g);

/* The end of a stage's task: that its output was closed or its input ended is no error. */
static inline int rni_stage_result(int rc)
{
    return rc == -EPIPE || rc == -ECANCELED ? 0 : rc;
}

#endif
