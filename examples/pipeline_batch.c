/* SPDX-License-Identifier: MIT */
/*
 * Chapter: Pipelines, batch processing.
 *
 * A stage is a function from a list to a list of the same type; nothing here needs runnel. Each
 * stage leaves its input alone and makes a list of the same length, which in C somebody must free.
 *
 * Prints 3, 5, 7 and 9, one a line.
 */
#include <stdio.h>
#include <stdlib.h>

static int *multiply(const int *values, size_t n, int multiplier)
{
    int *multiplied = malloc(n * sizeof *multiplied);
    for (size_t i = 0; multiplied && i < n; i++)
        multiplied[i] = values[i] * multiplier;
    return multiplied;
}

static int *add(const int *values, size_t n, int additive)
{
    int *added = malloc(n * sizeof *added);
    for (size_t i = 0; added && i < n; i++)
        added[i] = values[i] + additive;
    return added;
}

int main(void)
{
    const int ints[] = { 1, 2, 3, 4 };
    int *multiplied = multiply(ints, 4, 2);
    int *added = multiplied ? add(multiplied, 4, 1) : NULL;
    for (size_t i = 0; added && i < 4; i++)
        printf("%d\n", added[i]);
    int status = added ? 0 : 1;
    free(added);
    free(multiplied);
    return status;
}
