/* SPDX-License-Identifier: MIT */
/*
 * What memory the library knows more about than that it is memory: a sorted list of ranges, to be
 * asked what an address is in.
 */
#ifndef RNI_OBS_SPANS_H
#define RNI_OBS_SPANS_H

#include <stddef.h>
#include <stdint.h>

typedef enum rni_span_kind {
    RNI_SPAN_STACKS,   /* a chunk of task stacks; first: the node of its slot 0 */
    RNI_SPAN_CHANNELS, /* an array of channel headers; first: the node of the first */
    RNI_SPAN_RING,     /* a channel's buffer */
    RNI_SPAN_SPAWNS,   /* an array of spawn records; first: the node of the first */
    RNI_SPAN_CONTEXT,  /* a context or a group; first: its node */
    RNI_SPAN_OWN       /* the check's own */
} rni_span_kind;

typedef struct rni_span {
    uintptr_t base, end;
    rni_span_kind kind;
    uint32_t first;
    uint32_t used, stride, guard; /* of STACKS */
} rni_span;

typedef struct rni_spans {
    rni_span *at;
    size_t n;
} rni_spans;

/* Sorts by address. Allocates nothing. */
void rni_spans_sort(rni_spans *s);
/* Of sorted ones: the last that begins at or below address, or NULL. */
const rni_span *rni_spans_below(const rni_spans *s, uintptr_t address);
/* The one that holds address, or NULL. */
static inline const rni_span *rni_spans_find(const rni_spans *s, uintptr_t address)
{
    const rni_span *found = rni_spans_below(s, address);
    return found && address < found->end ? found : NULL;
}

#endif
