/* SPDX-License-Identifier: MIT */
/*
 * Stacks: two workers that take one at once get two, and who walks over all stacks, or looks for
 * the owner of an address, finds only what has been set up.
 */
#include <sys/mman.h>

#include "seam.h"

#include "core/stack.c"

enum { PAGE = 4096, CHUNKS = 2 };

typedef struct state {
    rni_stack_cache caches[2][RNI_STACK_CLASSES];
    rni_task *taken[2];
    unsigned seen;
} state;

/* Address space for the first chunks of an execution, the same in each. */
static char *space;
static _Atomic(unsigned) reserved;

static void begin(void *p)
{
    (void)p;
    model_begin();
    if (!space)
        space = mmap(NULL, CHUNKS * (size_t)stride(0) * classes[0].slots, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    RN_CHECK_ASSERT(space != MAP_FAILED);
    atomic_store_explicit(&reserved, 0, memory_order_relaxed);
    atomic_store_explicit(&chunk_count, 0, memory_order_relaxed);
    memset(chunks, 0, CHUNKS * sizeof chunks[0]);
    memset(pools, 0, sizeof pools);
    chunk_lock = (rni_lock){ 0 };
    for (unsigned i = 0; i < CHUNKS;
         i++) { /* the records that are used, as the system gives them */
        const chunk c = { .base = space + (size_t)i * stride(0) * classes[0].slots,
                          .colours = COLOURS };
        memset(slot_task(&c, 0), 0, sizeof(rni_task));
        memset(slot_task(&c, 1), 0, sizeof(rni_task));
    }
}

/* ---- the system ---- */

size_t rni_os_page(void)
{
    return PAGE;
}

void *rni_os_reserve(size_t bytes)
{
    return space + bytes * atomic_fetch_add_explicit(&reserved, 1, memory_order_relaxed);
}

void *rni_os_reserve_dense(size_t bytes)
{
    return rni_os_reserve(bytes);
}

void rni_os_unreserve(void *base, size_t bytes)
{
    (void)base;
    (void)bytes;
}

bool rni_os_guard_install(const rni_os_range *ranges, size_t n)
{
    (void)ranges;
    (void)n;
    return true;
}

/* ---- threads ---- */

/* A task that begins on the stack (core/dispatch.c). */
static void takes(void *p)
{
    state *s = p;
    unsigned i = (unsigned)rn_check_self() - 1;
    rni_task *t = s->taken[i] = rni_stack_take(s->caches[i], 0);
    atomic_store_explicit(&t->state, RNI_TASK_LIVE, memory_order_release);
}

static void sees(rni_task *t, void *arg)
{
    if (atomic_load_explicit(&t->state, memory_order_acquire) != RNI_TASK_LIVE)
        return;
    RN_CHECK_ASSERT(t->stack_size == stride(0) - guard_bytes(0));
    ++*(unsigned *)arg;
}

static void looks(void *p)
{
    rni_stack_each(sees, &((state *)p)->seen);
}

static void sees_chunk(const rni_stack_chunk *c, void *arg)
{
    RN_CHECK_ASSERT(c->base == (uintptr_t)space && c->stride == stride(0) && c->used <= 1);
    if (c->used == 1)
        sees(rni_stack_slot(c, 0), arg);
}

static void looks_at_chunks(void *p)
{
    rni_stack_chunks_each(sees_chunk, &((state *)p)->seen);
}

/* The handler of faults, at an address in the guard of the first slot. */
static void faults(void *p)
{
    state *s = p;
    rni_task *t = rni_stack_guard_owner(space + 1);
    RN_CHECK_ASSERT(t == NULL || t == slot_task(&chunks[0], 0));
    s->seen = t != NULL;
}

/* ---- what must be so then ---- */

static void one_at_most(void *p)
{
    RN_CHECK_ASSERT(((state *)p)->seen <= 1);
}

static void each_has_its_own(void *p)
{
    state *s = p;
    RN_CHECK_ASSERT(s->taken[0] && s->taken[1] && s->taken[0] != s->taken[1]);
}

static const model_run runs[] = {
    { MODEL("stack-two", begin, each_has_its_own, takes, takes), .options = { .preemptions = 2 } },
    { MODEL("stack-each", begin, one_at_most, takes, looks) },
    { MODEL("stack-chunks", begin, one_at_most, takes, looks_at_chunks) },
    { MODEL("stack-guard", begin, one_at_most, takes, faults) },
};

int main(int argc, char **argv)
{
    return model_main(runs, sizeof runs / sizeof runs[0], argc, argv);
}
