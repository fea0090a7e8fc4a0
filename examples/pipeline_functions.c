/* SPDX-License-Identifier: MIT */
/*
 * Chapter: Pipelines, stream processing with functions.
 *
 * A stage is a function from a value to a value; the loop pulls one value at a time through all of
 * them. No list is copied, but the loop body has to know the whole pipeline, and nothing overlaps.
 *
 * Prints 6, 10, 14 and 18, one a line.
 */
#include <stdio.h>

static int multiply(int value, int multiplier)
{
    return value * multiplier;
}

static int add(int value, int additive)
{
    return value + additive;
}

int main(void)
{
    const int ints[] = { 1, 2, 3, 4 };
    for (size_t i = 0; i < 4; i++)
        printf("%d\n", multiply(add(multiply(ints[i], 2), 1), 2));
    return 0;
}
