/* SPDX-License-Identifier: MIT */
/*
 * The model's heap. The program's own calls of malloc and its kin during an execution are served
 * here, so that addresses are the same in every execution, whatever order it has (each thread has a
 * region), and so that use after free, double free, accesses between blocks and leaks are noticed.
 *
 * Memory is not used again within an execution, so that what is freed stays recognisable; with
 * options.reuse that is a choice, and an execution for each answer. Then malloc and free are steps,
 * whose order decides what there is to be used, and a free happens before the malloc that uses its
 * memory again (C11, 7.22.3). Calls from the C library, from other libraries and outside of
 * executions go to the system's allocator.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "engine.h"

extern void *__libc_malloc(size_t bytes);
extern void *__libc_calloc(size_t n, size_t bytes);
extern void *__libc_realloc(void *memory, size_t bytes);
extern void *__libc_memalign(size_t align, size_t bytes);
extern void __libc_free(void *memory);
extern char __executable_start[], etext[];

enum { UNIT = 16, REGION = 2 << 20, REDZONE = 32 };
#define ARENA ((size_t)REGION * RNI_CK_THREADS)

typedef struct block {
    uintptr_t address;
    size_t bytes;
    bool live;
    const void *made_at, *freed_at;
    const rni_ck_clock *freed; /* what the thread knew that freed it; with options.reuse */
} block;

static char *arena;
static size_t used[RNI_CK_THREADS]; /* of each region */
static uint32_t *owners;            /* of each unit, its block's index + 1 */
static block *blocks;
static uint32_t block_count, block_room;

int rni_ck_heap_create(void)
{
    if (arena)
        return 0;
    int prot = PROT_READ | PROT_WRITE, flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
    void *a = mmap(NULL, ARENA, prot, flags, -1, 0);
    void *o = mmap(NULL, ARENA / UNIT * sizeof *owners, prot, flags, -1, 0);
    if (a == MAP_FAILED || o == MAP_FAILED)
        return -ENOMEM;
    arena = a;
    owners = o;
    return 0;
}

void rni_ck_heap_reset(void)
{
    for (unsigned t = 0; t < RNI_CK_THREADS; t++) {
        memset(owners + (size_t)t * (REGION / UNIT), 0, used[t] / UNIT * sizeof *owners);
        used[t] = 0;
    }
    block_count = 0;
}

void *rni_ck_alloc(size_t bytes)
{
    void *memory = __libc_calloc(1, bytes);
    if (!memory)
        abort();
    return memory;
}

void *rni_ck_resize(void *memory, size_t bytes)
{
    memory = __libc_realloc(memory, bytes);
    if (!memory)
        abort();
    return memory;
}

bool rni_ck_heap_owns(uintptr_t address)
{
    return arena && address - (uintptr_t)arena < ARENA;
}

static block *block_at(uintptr_t address)
{
    uint32_t owner = owners[(address - (uintptr_t)arena) / UNIT];
    return owner ? &blocks[owner - 1] : NULL;
}

const char *rni_ck_heap_error(uintptr_t address, size_t bytes)
{
    if (!rni_ck_heap_owns(address))
        return NULL;
    const block *b = block_at(address);
    if (!b || address + bytes > b->address + b->bytes)
        return "out of the bounds of a block";
    static char said[600];
    if (b->live)
        return NULL;
    snprintf(said, sizeof said, "use after free at %s", rni_ck_place(b->freed_at));
    return said;
}

/* Freed memory that fits, if the execution chooses to use it again. */
static block *reused(size_t align, size_t bytes)
{
    for (uint32_t i = block_count; i-- > 0 && rni_ck_options.reuse;) {
        block *b = &blocks[i];
        if (!b->live && b->bytes == bytes && b->address % align == 0)
            return rni_ck_parallel && rni_ck_choose(2) == 0 ? NULL : b;
    }
    return NULL;
}

static void step(const void *pc)
{
    if (rni_ck_options.reuse)
        rni_ck_visible((rni_ck_operation){ RNI_CK_HEAP, 0 }, pc);
}

static void *model_alloc(size_t align, size_t bytes, const void *pc)
{
    step(pc);
    unsigned t = (unsigned)rni_ck_current->index;
    block *b = reused(align, bytes);
    if (b) {
        rni_ck_learn(rni_ck_current, b->freed);
    } else {
        if (align < UNIT)
            align = UNIT;
        size_t start = (used[t] + REDZONE + align - 1) & ~(align - 1);
        if (start >= REGION || bytes > REGION - start - UNIT) /* sums would wrap around */
            return NULL;
        size_t end = (start + (bytes ? bytes : 1) + UNIT - 1) & ~(size_t)(UNIT - 1);
        used[t] = end;
        if (block_count == block_room) {
            block_room = block_room ? 2 * block_room : 256;
            blocks = rni_ck_resize(blocks, block_room * sizeof *blocks);
        }
        b = &blocks[block_count++];
        start += (size_t)t * REGION;
        end += (size_t)t * REGION;
        b->address = (uintptr_t)arena + start;
        b->bytes = bytes;
        for (size_t unit = start / UNIT; unit < end / UNIT; unit++)
            owners[unit] = block_count;
    }
    b->live = true;
    b->made_at = pc;
    memset((void *)b->address, 0xcd, bytes);
    rni_ck_plain(b->address, bytes, true, pc);
    return (void *)b->address;
}

static void model_free(void *memory, const void *pc)
{
    step(pc);
    uintptr_t address = (uintptr_t)memory;
    block *b = block_at(address);
    if (!b || b->address != address)
        rni_ck_fail("free of what malloc has not returned (%s)", rni_ck_place(pc));
    if (!b->live)
        rni_ck_fail("double free (%s)", rni_ck_place(pc));
    rni_ck_plain(address, b->bytes, true, pc);
    b->live = false;
    b->freed_at = pc;
    if (rni_ck_options.reuse)
        b->freed = rni_ck_tell(rni_ck_current);
}

void rni_ck_heap_leaks(void)
{
    for (uint32_t i = 0; i < block_count; i++) {
        if (blocks[i].live)
            rni_ck_fail("leak: %zu bytes from %s are still allocated at the end", blocks[i].bytes,
                        rni_ck_place(blocks[i].made_at));
    }
}

/* ---- what replaces the C library's ---- */

static bool from_model(const void *pc)
{
    return rni_ck_user && (const char *)pc >= __executable_start && (const char *)pc < etext;
}

static void *allocate(size_t align, size_t bytes, const void *pc)
{
    rni_ck_user = 0;
    void *memory = model_alloc(align, bytes, pc);
    rni_ck_user = 1;
    return memory;
}

void *malloc(size_t bytes)
{
    const void *pc = __builtin_return_address(0);
    return from_model(pc) ? allocate(UNIT, bytes, pc) : __libc_malloc(bytes);
}

void *calloc(size_t n, size_t bytes)
{
    const void *pc = __builtin_return_address(0);
    size_t all;
    if (!from_model(pc))
        return __libc_calloc(n, bytes);
    if (__builtin_mul_overflow(n, bytes, &all))
        return NULL;
    void *memory = allocate(UNIT, all, pc);
    rni_ck_user = 0; /* the zeroes are part of the allocation */
    if (memory)
        memset(memory, 0, all);
    rni_ck_user = 1;
    return memory;
}

void *aligned_alloc(size_t align, size_t bytes)
{
    const void *pc = __builtin_return_address(0);
    return from_model(pc) ? allocate(align, bytes, pc) : __libc_memalign(align, bytes);
}

int posix_memalign(void **out, size_t align, size_t bytes)
{
    const void *pc = __builtin_return_address(0);
    *out = from_model(pc) ? allocate(align, bytes, pc) : __libc_memalign(align, bytes);
    return *out ? 0 : ENOMEM;
}

/* What the model frees that is not its own would be freed once more by the next execution. */
static void free_outside(void *memory, const void *pc)
{
    if (from_model(pc)) {
        rni_ck_user = 0;
        rni_ck_fail("free of what the model has not allocated (%s)", rni_ck_place(pc));
    }
    __libc_free(memory);
}

void free(void *memory)
{
    if (!memory)
        return;
    if (!rni_ck_heap_owns((uintptr_t)memory)) {
        free_outside(memory, __builtin_return_address(0));
        return;
    }
    if (!rni_ck_user)
        return; /* kept beyond its execution, which has ended it */
    rni_ck_user = 0;
    model_free(memory, __builtin_return_address(0));
    rni_ck_user = 1;
}

void *realloc(void *memory, size_t bytes)
{
    const void *pc = __builtin_return_address(0);
    if (!from_model(pc) || (memory && !rni_ck_heap_owns((uintptr_t)memory)))
        return __libc_realloc(memory, bytes);
    rni_ck_user = 0;
    void *bigger = model_alloc(UNIT, bytes, pc);
    if (bigger && memory) {
        const block *b = block_at((uintptr_t)memory);
        if (!b || b->address != (uintptr_t)memory)
            rni_ck_fail("realloc of what malloc has not returned (%s)", rni_ck_place(pc));
        size_t kept = b->bytes < bytes ? b->bytes : bytes;
        rni_ck_plain(b->address, kept, false, pc);
        memcpy(bigger, memory, kept);
        model_free(memory, pc);
    }
    rni_ck_user = 1;
    return bigger;
}
