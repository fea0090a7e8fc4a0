/* SPDX-License-Identifier: MIT */
/*
 * Open addressing with linear probing, at most half full, nothing is ever removed. The keys come
 * from web pages, so the hash is SipHash-1-3 with a random key: nobody can choose colliding URLs.
 * (Aumasson, Bernstein: SipHash: a fast short-input PRF, 2012.)
 */
#include "map.h"
#include "str.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

static inline uint64_t rotl(uint64_t x, int b)
{
    return x << b | x >> (64 - b);
}

static inline void sip_round(uint64_t v[4])
{
    v[0] += v[1];
    v[1] = rotl(v[1], 13) ^ v[0];
    v[0] = rotl(v[0], 32);
    v[2] += v[3];
    v[3] = rotl(v[3], 16) ^ v[2];
    v[0] += v[3];
    v[3] = rotl(v[3], 21) ^ v[0];
    v[2] += v[1];
    v[1] = rotl(v[1], 17) ^ v[2];
    v[2] = rotl(v[2], 32);
}

static uint64_t hash_of(const map *m, const char *key, size_t n)
{
    uint64_t v[4] = { m->seed[0] ^ 0x736f6d6570736575, m->seed[1] ^ 0x646f72616e646f6d,
                      m->seed[0] ^ 0x6c7967656e657261, m->seed[1] ^ 0x7465646279746573 };
    uint64_t last = (uint64_t)n << 56, word;
    for (; n >= 8; n -= 8, key += 8) {
        memcpy(&word, key, 8);
        v[3] ^= word;
        sip_round(v);
        v[0] ^= word;
    }
    for (size_t i = 0; i < n; i++)
        last |= (uint64_t)(unsigned char)key[i] << (8 * i);
    v[3] ^= last;
    sip_round(v);
    v[0] ^= last;
    v[2] ^= 0xff;
    for (int i = 0; i < 3; i++)
        sip_round(v);
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}

static map_entry *place_of(const map *m, uint64_t hash, const char *key)
{
    size_t i = hash & (m->cap - 1);
    while (m->entries[i].key &&
           !(m->entries[i].hash == hash && key && strcmp(m->entries[i].key, key) == 0))
        i = (i + 1) & (m->cap - 1);
    return &m->entries[i];
}

static void grow(map *m)
{
    map old = *m;
    m->cap = old.cap ? old.cap * 2 : 64;
    m->entries = xcalloc(m->cap, sizeof *m->entries);
    /* Without entropy the map still works; it is only easier to slow down. */
    if (!old.cap && getrandom(m->seed, sizeof m->seed, GRND_NONBLOCK) < 0)
        m->seed[0] = (uintptr_t)m->entries;
    for (size_t i = 0; i < old.cap; i++)
        if (old.entries[i].key)
            *place_of(m, old.entries[i].hash, NULL) = old.entries[i];
    free(old.entries);
}

void map_fini(map *m)
{
    free(m->entries);
    *m = (map){ 0 };
}

void *map_get(const map *m, const char *key)
{
    return m->cap ? place_of(m, hash_of(m, key, strlen(key)), key)->value : NULL;
}

void map_put(map *m, const char *key, void *value)
{
    if (m->count >= m->cap / 2)
        grow(m);
    uint64_t hash = hash_of(m, key, strlen(key));
    *place_of(m, hash, key) = (map_entry){ hash, key, value };
    m->count++;
}
