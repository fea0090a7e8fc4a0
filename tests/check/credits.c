/* SPDX-License-Identifier: MIT */
/*
 * Credits: a first part that waits for one, or has one already, learns of the end of a part behind
 * it, and of what that had done; and a credit that is given back ends the wait, too.
 */
#include "seam.h"

#include "pattern/credits.c"

typedef struct state {
    rni_credits credits;
    int done; /* plain: by the part that ends */
    size_t got;
} state;

static void begin(state *s, int64_t n)
{
    model_begin();
    RN_CHECK_ASSERT(rni_credits_init(&s->credits, 1, ""));
    rni_credits_add(&s->credits, 1, n);
    model_lot_empty(0, &s->credits.limits[0].credits);
}

static void begin_with_none(void *p)
{
    begin(p, 0);
}

static void begin_with_one(void *p)
{
    begin(p, 1);
}

static void receives(void *p)
{
    state *s = p;
    s->got = rni_credits_get(&s->credits, 2);
    if (s->got == 0)
        RN_CHECK_ASSERT(s->done == 1);
    else
        rni_credits_use(&s->credits, s->got);
}

static void ends(void *p)
{
    state *s = p;
    s->done = 1;
    rni_credits_end(&s->credits);
}

static void passes_on(void *p)
{
    rni_credits_more(&((state *)p)->credits, 1);
}

static void has_learnt(void *p)
{
    state *s = p;
    RN_CHECK_ASSERT(s->got == 0);
    rni_credits_free(&s->credits);
}

/* Both, if the end came between the two. */
static void has_some_or_has_learnt(void *p)
{
    state *s = p;
    RN_CHECK_ASSERT(s->got <= 2);
    rni_credits_free(&s->credits);
}

static void has_one(void *p)
{
    state *s = p;
    RN_CHECK_ASSERT(s->got == 1 && s->credits.permits == 0);
    rni_credits_free(&s->credits);
}

static const model_run runs[] = {
    { MODEL("credits-end", begin_with_none, has_learnt, receives, ends) },
    { MODEL("credits-end-one", begin_with_one, has_some_or_has_learnt, receives, ends) },
    { MODEL("credits-more", begin_with_none, has_one, receives, passes_on) },
};

int main(int argc, char **argv)
{
    return model_main(runs, sizeof runs / sizeof runs[0], argc, argv);
}
