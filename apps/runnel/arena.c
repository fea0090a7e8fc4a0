/* SPDX-License-Identifier: MIT */
/*
 * Chunks from malloc, cut from front to back. Each block has a 16-byte header with its size class,
 * and classes are powers of two up to 64 KiB; a larger block gets a chunk of its own, which is
 * given back at once when it is released (gumbo's buffers double, and a page's text would otherwise
 * be kept in every size it ever had).
 */
#include "arena.h"
#include "str.h"

#include <stdlib.h>

enum { HEADER = 16, SMALLEST = 5, LARGEST = 16, CLASSES = LARGEST + 1, CHUNK = 256 * 1024 };

typedef struct chunk {
    struct chunk *next, *prev;
    size_t size;
    size_t used; /* only the first chunk of the list is cut from */
} chunk;

typedef union header {
    struct {
        unsigned bin; /* 0: a chunk of its own */
        union header *next_free;
    } h;
    char pad[HEADER];
} header;

struct arena {
    chunk *chunks; /* cut from the head */
    chunk *big;    /* blocks larger than the largest class */
    header *free_[CLASSES];
    size_t total, limit;
};

_Static_assert(sizeof(header) == HEADER, "headers keep the alignment");
_Static_assert(sizeof(chunk) % 16 == 0, "chunks start aligned");

arena *arena_new(size_t limit_bytes)
{
    arena *a = xcalloc(1, sizeof *a);
    a->limit = limit_bytes;
    return a;
}

static void free_list(chunk *c)
{
    while (c) {
        chunk *next = c->next;
        free(c);
        c = next;
    }
}

void arena_free(arena *a)
{
    if (!a)
        return;
    free_list(a->chunks);
    free_list(a->big);
    free(a);
}

static chunk *add_chunk(arena *a, chunk **list, size_t payload)
{
    if (payload > a->limit - a->total)
        return NULL;
    /* NULL means that the page asks for too much: that is so for its large blocks only. */
    chunk *c = payload > CHUNK ? malloc(sizeof *c + payload) : xmalloc(sizeof *c + payload);
    if (!c)
        return NULL;
    *c = (chunk){ .next = *list, .size = payload };
    if (*list)
        (*list)->prev = c;
    *list = c;
    a->total += payload;
    return c;
}

void *arena_alloc(arena *a, size_t n)
{
    header *h;
    if (n > (1u << LARGEST) - HEADER) {
        chunk *c = n > SIZE_MAX / 2 ? NULL : add_chunk(a, &a->big, n + HEADER);
        if (!c)
            return NULL;
        h = (header *)(void *)(c + 1);
        h->h.bin = 0;
        return h + 1;
    }
    unsigned bin = SMALLEST;
    while ((1u << bin) - HEADER < n)
        bin++;
    h = a->free_[bin];
    if (h) {
        a->free_[bin] = h->h.next_free;
        return h + 1;
    }
    chunk *c = a->chunks;
    size_t size = (size_t)1 << bin;
    if ((!c || c->size - c->used < size) && !(c = add_chunk(a, &a->chunks, CHUNK)))
        return NULL;
    h = (header *)(void *)((char *)(c + 1) + c->used);
    c->used += size;
    h->h.bin = bin;
    return h + 1;
}

void arena_release(arena *a, void *p)
{
    if (!p)
        return;
    header *h = (header *)p - 1;
    if (h->h.bin) {
        h->h.next_free = a->free_[h->h.bin];
        a->free_[h->h.bin] = h;
        return;
    }
    chunk *c = (chunk *)(void *)h - 1;
    *(c->prev ? &c->prev->next : &a->big) = c->next;
    if (c->next)
        c->next->prev = c->prev;
    a->total -= c->size;
    free(c);
}
