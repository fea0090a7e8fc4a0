/* SPDX-License-Identifier: MIT */
/* Sorted ranges of memory. Heapsort, because qsort may allocate, which a stopped world forbids. */
#include "obs/spans.h"

static void sift(rni_span *at, size_t root, size_t n)
{
    rni_span moved = at[root];
    for (size_t child; (child = 2 * root + 1) < n; root = child) {
        if (child + 1 < n && at[child + 1].base > at[child].base)
            child++;
        if (at[child].base <= moved.base)
            break;
        at[root] = at[child];
    }
    at[root] = moved;
}

void rni_spans_sort(rni_spans *s)
{
    for (size_t i = s->n / 2; i-- > 0;)
        sift(s->at, i, s->n);
    for (size_t n = s->n; n > 1;) {
        rni_span last = s->at[--n];
        s->at[n] = s->at[0];
        s->at[0] = last;
        sift(s->at, 0, n);
    }
}

const rni_span *rni_spans_below(const rni_spans *s, uintptr_t address)
{
    size_t low = 0, high = s->n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (s->at[middle].base <= address)
            low = middle + 1;
        else
            high = middle;
    }
    return low > 0 ? &s->at[low - 1] : NULL;
}
