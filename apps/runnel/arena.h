/* SPDX-License-Identifier: MIT */
/*
 * Memory that is freed all at once: what one page needs while it is read.
 *
 * arena_alloc and arena_release fit gumbo's allocator hooks. Released blocks are used again for
 * blocks of the same size class; nothing goes back to the system before arena_free.
 */
#ifndef APP_ARENA_H
#define APP_ARENA_H

#include <stddef.h>

typedef struct arena arena;

/* Never hands out more than limit_bytes in all. */
arena *arena_new(size_t limit_bytes);
void arena_free(arena *a);
/* 16-byte aligned memory, or NULL when the limit is reached or memory is short. */
void *arena_alloc(arena *a, size_t n);
void arena_release(arena *a, void *p);

#endif
