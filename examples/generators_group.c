/* SPDX-License-Identifier: MIT */
/*
 * Chapter: Some handy generators; repeat, take, repeatFn and toString as calls of the library.
 *
 * take ends when it has passed on what it may. The endless generators behind it wait for a reader
 * that never comes; the group that they were started in stops them, and no `done` is needed.
 *
 * Prints "1 " ten times, ten numbers, and "message: Iam.Iam.I...", each on a line.
 */
#include <stdio.h>
#include <stdlib.h>

#include <runnel.h>

RN_SOURCE(rand, int);

static void use(rn_group *g)
{
    rn_receiver(int) ones = rn_take(g, rn_repeat(g, int, 1), 10);
    for (int num; rn_recv(ones, &num) == 0;)
        printf("%d ", num);

    printf("\n");
    rn_receiver(int) numbers = rn_take(g, rn_repeat_fn(g, rand), 10);
    for (int num; rn_recv(numbers, &num) == 0;)
        printf("%d ", num);

    printf("\nmessage: ");
    rn_receiver(rn_any) words = rn_repeat(g, rn_any, RN_ANY("I"), RN_ANY("am."));
    rn_receiver(const char *) tokens = rn_to_string(g, rn_take(g, words, 5));
    for (const char *token; rn_recv(tokens, &token) == 0;)
        printf("%s", token);
    printf("...\n");
}

static int chapter(rn_group *g, void *unused)
{
    (void)g, (void)unused;
    rn_group *generators = rn_group_new(NULL);
    use(generators);
    return rn_group_close(generators);
}

int main(void)
{
    return rn_run(chapter, NULL) == 0 ? 0 : 1;
}
