/* SPDX-License-Identifier: MIT */
/*
 * Chapter: Pipelines; stages that are "reified by the language so that they may be passed around".
 *
 * One line after a function makes it usable as a stage. A stage is a value, two composed are a
 * stage again, and starting one does not use it up. How it runs is for the library: a task for each
 * step, as in the chapter; all steps in one task; or many values at a time. The results and their
 * order are the same.
 *
 * Prints the book's pipeline, "6 10 14 18", in the three ways, then the chapter's, "4 6 8 10".
 */
#include <stdio.h>

#include <runnel.h>

static int multiply(int value, int multiplier)
{
    return value * multiplier;
}
RN_STAGE(multiply, int, int, int);

static int add(int value, int additive)
{
    return value + additive;
}
RN_STAGE(add, int, int, int);

static void print(const char *title, rn_receiver(int) stream)
{
    printf("%-8s", title);
    for (int v; rn_recv(stream, &v) == 0;)
        printf(" %d", v);
    printf("\n");
}

static int chapter(rn_group *g, void *unused)
{
    (void)unused;
    rn_stage(int, int) twice = rn_stage_map(g, multiply, 2);
    rn_stage(int, int) plus_one = rn_stage_map(g, add, 1);
    rn_stage(int, int) book = rn_compose(int, twice, plus_one, twice);

    print("tasks", rn_start(g, rn_generator(g, int, 1, 2, 3, 4), book));
    print("fused", rn_start_with(g, rn_generator(g, int, 1, 2, 3, 4), book, RN_FUSED));
    print("batched", rn_start_with(g, rn_generator(g, int, 1, 2, 3, 4), book, RN_BATCHED));

    rn_receiver(int) ints = rn_generator(g, int, 1, 2, 3, 4);
    print("chapter", rn_map(g, rn_map(g, ints, add, 1), multiply, 2));
    return 0;
}

int main(void)
{
    return rn_run(chapter, NULL) == 0 ? 0 : 1;
}
