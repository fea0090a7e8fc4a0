/* SPDX-License-Identifier: MIT */
/* kit: once */
/* The parking lot's table: objects are spread evenly over its buckets, and there are enough. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "kit/kit.h"
#include "sync/lot.h"

enum { OBJECTS = 400000 };

static int ascending(const void *a, const void *b)
{
    uintptr_t x = *(const uintptr_t *)a, y = *(const uintptr_t *)b;
    return (x > y) - (x < y);
}

/* How many others a search for one of these objects passes on the average, if each has a waiter. */
static double passed(uintptr_t first, uintptr_t stride)
{
    uintptr_t *bucket = malloc(OBJECTS * sizeof *bucket);
    if (!bucket)
        return 1e9;
    for (uintptr_t i = 0; i < OBJECTS; i++) {
        rni_bucket *b = rni_lot_enter(NULL, (const void *)(first + i * stride));
        bucket[i] = (uintptr_t)b;
        rni_lot_leave(b);
    }
    qsort(bucket, OBJECTS, sizeof *bucket, ascending);
    double sum = 0;
    for (size_t i = 0, end; i < OBJECTS; i = end) {
        for (end = i; end < OBJECTS && bucket[end] == bucket[i];)
            end++;
        sum += (double)(end - i) * (double)(end - i - 1);
    }
    free(bucket);
    return sum / OBJECTS;
}

/* By chance it is 12 with 32,768 buckets. 65,600 and 69,632 are distances of tasks' stacks. */
TEST(lot_objects_of_any_distance_share_a_bucket_with_few)
{
    const uintptr_t strides[] = { 4,   8,    16,    48,    64,    96,    272,
                                  400, 4096, 32768, 65536, 65600, 69632, 1 << 20 };
    for (size_t i = 0; i < sizeof strides / sizeof strides[0]; i++) {
        double others = passed(UINT64_C(0x7f1234567010), strides[i]);
        if (others > 16)
            printf("distance %zu: %.1f others\n", (size_t)strides[i], others);
        CHECK(others <= 16);
    }
}
