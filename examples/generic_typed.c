/* SPDX-License-Identifier: MIT */
/*
 * Chapter: Some handy generators, what the generic stages cost (the book's BenchmarkGeneric and
 * BenchmarkTyped; the notes have only the sentence "type-specific stages are twice as fast").
 *
 * The generic pipeline carries rn_any and needs a third stage, to_string, to get strings back; the
 * typed one carries strings. An rn_any is two words and is never allocated, so what is paid for is
 * the stage: most of the factor is three channels to pass instead of two. As the chapter says, that
 * seldom matters beside what real stages do.
 *
 * Prints the nanoseconds for a value in both, and their ratio.
 */
#include <stdio.h>

#include <runnel.h>

enum { VALUES = 20 * 1000, ROUNDS = 5 };

static rn_receiver(const char *) generic_pipeline(rn_group *g)
{
    return rn_to_string(g, rn_take(g, rn_repeat(g, rn_any, RN_ANY("a")), VALUES));
}

static rn_receiver(const char *) typed_pipeline(rn_group *g)
{
    return rn_take(g, rn_repeat(g, const char *, "a"), VALUES);
}

typedef rn_receiver(const char *) pipeline(rn_group *g);

/* Nanoseconds for a value. */
static double measure(pipeline *make)
{
    rn_group *g = rn_group_new(NULL);
    int64_t start = rn_now();
    rn_receiver(const char *) strings = make(g);
    for (const char *s; rn_recv(strings, &s) == 0;)
        ;
    double ns = (double)(rn_now() - start) / VALUES;
    rn_group_close(g);
    return ns;
}

static int chapter(rn_group *g, void *unused)
{
    (void)g, (void)unused;
    double generic = 1e9, typed = 1e9; /* the best of some rounds */
    for (int i = 0; i < ROUNDS; i++) {
        double a = measure(generic_pipeline), b = measure(typed_pipeline);
        generic = a < generic ? a : generic;
        typed = b < typed ? b : typed;
    }
    printf("BenchmarkGeneric %6.0f ns/op\n", generic);
    printf("BenchmarkTyped   %6.0f ns/op\n", typed);
    printf("the generic stages take %.1f times as long\n", generic / typed);
    return 0;
}

int main(void)
{
    return rn_run(chapter, NULL) == 0 ? 0 : 1;
}
