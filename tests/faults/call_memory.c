/* SPDX-License-Identifier: MIT */
/* Calls for memory. */
#define _GNU_SOURCE
#include <stdbool.h>
#include <sys/types.h>

#include "call.h"

/* For what dlsym allocates while the allocator is looked up. */
static _Alignas(16) char early[4096];
static size_t early_used; /* there is one thread then */

static bool is_early(const void *p)
{
    return (const char *)p >= early && (const char *)p < early + sizeof early;
}

static void *allocate_early(size_t bytes)
{
    bytes = (bytes + 15) & ~(size_t)15;
    if (bytes > sizeof early - early_used)
        return NULL;
    early_used += bytes;
    return early + early_used - bytes;
}

static _Atomic(void *) real_calloc;

#define MEMORY(name, params, args)                                                                 \
    TAKING(void *, name, "memory", NULL, params, args,                                             \
           live_took(result, n, #name, "memory", CALLER))

MEMORY(malloc, (size_t n), (n))
MEMORY(aligned_alloc, (size_t align, size_t n), (align, n))

DECLARE(posix_memalign);
int posix_memalign(void **out, size_t align, size_t n)
{
    int code = FAULT("posix_memalign", "memory");
    if (!code)
        code = REAL(posix_memalign)(out, align, n);
    if (!code)
        live_took(*out, n, "posix_memalign", "memory", CALLER);
    return code;
}

DECLARE(realloc);
void *realloc(void *p, size_t n)
{
    if (FAULT("realloc", "memory")) {
        errno = ENOMEM;
        return NULL;
    }
    size_t bytes = 0;
    int site = live_gave(p, &bytes);
    void *result = REAL(realloc)(p, n);
    if (result)
        live_took(result, n, "realloc", "memory", CALLER);
    else if (n > 0)
        live_restore(p, bytes, site);
    return result;
}

void *calloc(size_t n, size_t size)
{
    static __thread int resolving;
    if (!atomic_load_explicit(&real_calloc, memory_order_relaxed)) {
        if (resolving)
            return allocate_early(n * size);
        resolving = 1;
        (void)fault_real(&real_calloc, "calloc");
        resolving = 0;
    }
    if (FAULT("calloc", "memory")) {
        errno = ENOMEM;
        return NULL;
    }
    void *p = REAL(calloc)(n, size);
    live_took(p, n * size, "calloc", "memory", CALLER);
    return p;
}

DECLARE(free);
void free(void *p)
{
    static __thread int resolving; /* dlsym frees, too: that is left */
    if (!p || is_early(p) || resolving)
        return;
    resolving = 1;
    void (*real_one)(void *) = REAL(free);
    resolving = 0;
    (void)live_gave(p, NULL);
    real_one(p);
}

TAKING(void *, mmap, "mmap", (void *)-1,
       (void *at, size_t n, int protection, int flags, int fd, off_t offset),
       (at, n, protection, flags, fd, offset), live_took(result, n, "mmap", "mmap", CALLER))

DECLARE(munmap);
int munmap(void *at, size_t n)
{
    (void)live_gave(at, NULL); /* mappings are given back whole, or cut at their end */
    return REAL(munmap)(at, n);
}

PLAIN(int, madvise, "madvise", -1, (void *at, size_t n, int advice), (at, n, advice))
PLAIN(int, mprotect, "mprotect", -1, (void *at, size_t n, int protection), (at, n, protection))

PLAIN(ssize_t, getrandom, "getrandom", -1, (void *p, size_t n, unsigned flags), (p, n, flags))
