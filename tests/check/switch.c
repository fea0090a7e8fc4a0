/* SPDX-License-Identifier: MIT */
/*
 * The switch of CPUs without a file of their own (arch/portable.c): who resumes a context finds it
 * saved. Its two halves, without the system's swapcontext between them, which no model can follow.
 */
#include "seam.h"

#include "arch/switch.h"

/* Each of the model's threads has its own. */
typedef struct saved saved;
static rni_context *contexts[RN_CHECK_THREADS + 1];
static rni_context **own_context(void)
{
    return &contexts[rn_check_self()];
}
static saved *places[RN_CHECK_THREADS + 1];
static saved **own_place(void)
{
    return &places[rn_check_self()];
}
#pragma GCC diagnostic ignored "-Wstrict-prototypes"
#define __thread
#define left_context (*own_context())
#define left_saved (*own_place())
#include "arch/portable.c"
#undef __thread
#undef left_context
#undef left_saved

typedef struct state {
    rni_context context;
    saved here;
} state;

static void begin(void *p)
{
    (void)p;
    model_begin();
    memset(contexts, 0, sizeof contexts);
    memset(places, 0, sizeof places);
}

static void first(void)
{
}

/* What swapcontext writes is here the function. */
static void leaves(void *p)
{
    state *s = p;
    set_left(&s->context, &s->here);
    s->here.fn = first;
    publish_left();
}

static void resumes(void *p)
{
    state *s = p;
    while (!__atomic_load_n(&s->context.sp, __ATOMIC_RELAXED))
        rn_check_spin();
    RN_CHECK_ASSERT(take(&s->context) == &s->here && s->here.fn == first);
}

static void was_resumed(void *p)
{
    RN_CHECK_ASSERT(((state *)p)->context.sp == NULL);
}

static const model_run runs[] = {
    { MODEL("switch", begin, was_resumed, leaves, resumes) },
};

int main(int argc, char **argv)
{
    return model_main(runs, sizeof runs / sizeof runs[0], argc, argv);
}
