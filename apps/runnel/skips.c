/* SPDX-License-Identifier: MIT */
/* Reasons in a map; which of them are shown does not depend on the order in which they came. */
#include "skips.h"
#include "str.h"

#include <stdlib.h>
#include <string.h>

enum { SHOWN = 15, LONGEST = 40 };

static const char prefix[] = "skipped: ";

const char *skips_add(skips *s, const char *why)
{
    skip *p = map_get(&s->by_why, why);
    if (!p) {
        str reason = { 0 };
        str_printf(&reason, "%s%s", prefix, why);
        p = xcalloc(1, sizeof *p);
        p->reason = str_take(&reason);
        p->why = p->reason + strlen(prefix);
        p->next = s->all;
        s->all = p;
        map_put(&s->by_why, p->why, p);
    }
    p->count++;
    return p->reason;
}

/* The most frequent first, then by name; names too long for a summary last. */
static int by_rank(const void *a, const void *b)
{
    const skip *p = *(skip *const *)a, *q = *(skip *const *)b;
    bool long_p = strlen(p->why) > LONGEST, long_q = strlen(q->why) > LONGEST;
    if (long_p != long_q)
        return long_p - long_q;
    if (p->count != q->count)
        return p->count < q->count ? 1 : -1;
    return strcmp(p->why, q->why);
}

static int by_why(const void *a, const void *b)
{
    return strcmp((*(skip *const *)a)->why, (*(skip *const *)b)->why);
}

void skips_seal(skips *s)
{
    size_t total = s->by_why.count;
    s->list = xmalloc((total + 1) * sizeof *s->list);
    for (skip *p = s->all; p; p = p->next)
        s->list[s->count++] = p;
    qsort(s->list, total, sizeof *s->list, by_rank);
    size_t shown = 0;
    while (shown < total && shown < SHOWN && strlen(s->list[shown]->why) <= LONGEST)
        shown++;
    qsort(s->list, shown, sizeof *s->list, by_why);
    s->other.why = "other schemes";
    for (size_t i = shown; i < total; i++)
        s->other.count += s->list[i]->count;
    s->count = shown;
    if (s->other.count)
        s->list[s->count++] = &s->other;
}

void skips_fini(skips *s)
{
    for (skip *p = s->all, *next; p; p = next) {
        next = p->next;
        free(p->reason);
        free(p);
    }
    free(s->list);
    map_fini(&s->by_why);
}
