/* SPDX-License-Identifier: MIT */
/* What the machine itself charges for many objects: a load from the next of n objects of a size, in
 * random order, each load needing the one before. The curves are held against it. */
#include "curves.h"

typedef struct cell {
    struct cell *next;
} cell;

static cell *at(char *memory, const curve_point *p, int64_t i)
{
    /* In different lines of their pages, as stacks are coloured, or few sets of the cache would
     * have to take them all. */
    int64_t colour = p->size >= 4096 ? i % (p->size / 64) * 64 : 0;
    return (cell *)(void *)(memory + i * p->size + colour);
}

static int chase(curve_point *p)
{
    uint64_t random = 1;
    char *memory = aligned_alloc(64, (size_t)((p->n * p->size + 63) / 64 * 64));
    int64_t *order = calloc((size_t)p->n, sizeof *order);
    if (!memory || !order || p->size < (int64_t)sizeof(cell)) {
        free(memory);
        free(order);
        return memory && order ? -EINVAL : -ENOMEM;
    }
    for (int64_t i = 0; i < p->n; i++) { /* a shuffle */
        int64_t j = (int64_t)(curve_random(&random) % (uint64_t)(i + 1));
        order[i] = order[j];
        order[j] = i;
    }
    for (int64_t i = 0; i < p->n; i++)
        at(memory, p, order[i])->next = at(memory, p, order[(i + 1) % p->n]);
    int64_t rounds = curve_rounds(p);
    cell *c = at(memory, p, 0);
    int64_t start = curve_now();
    for (p->done = 0; p->done < rounds * p->n; p->done++)
        c = c->next;
    p->check = c == at(memory, p, 0);
    p->ns = curve_now() - start;
    p->expected = 1; /* whole rounds end where they began */
    free(memory);
    free(order);
    return 0;
}

const curve chase_curves[] = { { "chase", chase }, { 0 } };
