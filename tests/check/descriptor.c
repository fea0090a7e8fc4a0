/* SPDX-License-Identifier: MIT */
/*
 * The table of descriptors: two that need the same block of entries at once get the same one, with
 * the zeros that it was made of, and the other block is freed.
 */
#include "seam.h"

#include "core/descriptor.c"

enum { FD = 3 };

typedef struct state {
    rni_descriptor *got[2];
} state;

static void begin(void *p)
{
    (void)p;
    model_begin();
    atomic_store_explicit(&table[0], NULL, memory_order_relaxed);
}

static void counts(void *p)
{
    state *s = p;
    rni_descriptor *d = s->got[rn_check_self() - 1] = rni_descriptor_of(FD);
    rni_lock_take(&d->lock);
    d->armings++;
    rni_unlock(&d->lock);
}

static void both_counted(void *p)
{
    state *s = p;
    RN_CHECK_ASSERT(s->got[0] == s->got[1] && s->got[0]->armings == 2);
    rni_os_free(atomic_load_explicit(&table[0], memory_order_relaxed));
}

static const model_run runs[] = {
    { MODEL("descriptor", begin, both_counted, counts, counts) },
};

int main(int argc, char **argv)
{
    return model_main(runs, sizeof runs / sizeof runs[0], argc, argv);
}
