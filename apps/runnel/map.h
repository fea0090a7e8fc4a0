/* SPDX-License-Identifier: MIT */
/* A hash map from strings to pointers. It stores neither the keys' bytes nor the values: both must
 * stay where they are as long as the map lives. */
#ifndef APP_MAP_H
#define APP_MAP_H

#include <stddef.h>
#include <stdint.h>

typedef struct map_entry {
    uint64_t hash;
    const char *key;
    void *value;
} map_entry;

typedef struct map {
    map_entry *entries;
    size_t cap, count;
    uint64_t seed[2];
} map;

void map_fini(map *m);
void *map_get(const map *m, const char *key);
/* Stores a key that is not in the map yet. */
void map_put(map *m, const char *key, void *value);

#endif
