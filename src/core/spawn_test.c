/* SPDX-License-Identifier: MIT */
/* The records of tasks that have not started: pooled, and never lost. */
/* kit: once */
#include "core/spawn.h"

#include <stdlib.h>
#include <string.h>

#include "kit/kit.h"

enum { RECORDS = 5000 };

static int by_address(const void *a, const void *b)
{
    const rni_spawn *const *left = a, *const *right = b;
    return *left < *right ? -1 : *left > *right;
}

static void take_all(rni_spawn_cache *cache, rni_spawn **records)
{
    for (int i = 0; i < RECORDS; i++) {
        records[i] = rni_spawn_take(cache, RNI_SPAWN_INLINE);
        CHECK(records[i] && !records[i]->big);
        memset(records[i]->args, i, RNI_SPAWN_INLINE); /* each has room for its arguments */
    }
    for (int i = 0; i < RECORDS; i++)
        CHECK_EQ(records[i]->args[RNI_SPAWN_INLINE - 1], (char)i);
    qsort(records, RECORDS, sizeof *records, by_address);
    for (int i = 1; i < RECORDS; i++)
        CHECK(records[i] != records[i - 1]);
}

TEST(spawn_records_are_used_again)
{
    static rni_spawn *first[RECORDS], *again[RECORDS];
    rni_spawn_cache here = { NULL, 0 }, there = { NULL, 0 };
    take_all(&here, first);
    rni_spawn_flush(&here);
    for (int i = 0; i < RECORDS; i++)
        rni_spawn_give(&there, first[i]);
    CHECK(rni_spawn_take(&there, 1) == first[RECORDS - 1]); /* the hottest */
    rni_spawn_give(&there, first[RECORDS - 1]);
    CHECK(there.n < RECORDS); /* the rest is for everybody */
    rni_spawn_flush(&there);
    CHECK(there.n == 0 && !there.head);

    take_all(NULL, again); /* as a thread without a cache does */
    int known = 0;
    for (int i = 0; i < RECORDS; i++)
        known += bsearch(&again[i], first, RECORDS, sizeof *first, by_address) != NULL;
    CHECK(known > RECORDS - 256); /* but for what the last slab had left */
}

TEST(spawn_record_with_many_arguments_is_one_of_its_own)
{
    rni_spawn_cache cache = { NULL, 0 };
    rni_spawn *s = rni_spawn_take(&cache, RNI_SPAWN_INLINE + 1);
    CHECK(s && s->big);
    s->args[RNI_SPAWN_INLINE] = 1;
    rni_spawn_give(&cache, s);
    CHECK(cache.n == 0 && !cache.head);
    CHECK(rni_spawn_take(&cache, SIZE_MAX - 10) == NULL);
}
