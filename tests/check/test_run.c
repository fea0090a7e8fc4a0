/* SPDX-License-Identifier: MIT */
/* Test runs: one at a time, and what one has set up and taken down comes before the next. */
#include "seam.h"

#include "core/runtime.h"
#include "scope/test_run.c"

typedef struct state {
    int clock, ran, refused[2]; /* plain: of who has the run */
} state;

static void begin(void *p)
{
    (void)p;
    model_begin();
    atomic_store_explicit(&in_test_run, false, memory_order_relaxed);
}

bool rni_runtime_rest(void)
{
    return rn_check_choose(2) == 0; /* else workers run */
}

static void runs_one(void *p)
{
    state *s = p;
    int *refused = &s->refused[rn_check_self() - 1];
    if (!rni_test_reserve()) {
        ++*refused;
        return;
    }
    RN_CHECK_ASSERT(s->clock++ == 0);
    s->ran++;
    s->clock--;
    rni_test_release();
}

static void runs_two(void *p)
{
    runs_one(p);
    runs_one(p);
}

static void all_are_over(void *p)
{
    state *s = p;
    RN_CHECK_ASSERT(!in_test_run && s->clock == 0);
    RN_CHECK_ASSERT(s->ran + s->refused[0] + s->refused[1] == 3);
}

static const model_run models[] = {
    { MODEL("test-run", begin, all_are_over, runs_one, runs_two) },
};

int main(int argc, char **argv)
{
    return model_main(models, sizeof models / sizeof models[0], argc, argv);
}
