/* SPDX-License-Identifier: MIT */
/*
 * Replicated requests: the first result wins.
 *
 * Each replica has arguments and room for a result of its own, so nothing is shared until one has
 * won, by a compare-and-swap; it cancels the group of all. The caller waits for the group and
 * copies the winner's result, which happens after everything the replicas did.
 */
#include <runnel/scale.h>
#include <runnel/scope.h>

#include <limits.h>
#include <string.h>

#include "core/park.h"

typedef struct contest {
    rn_group *group;
    int (*entry)(void *args);
    void (*drop)(void *result);
    _Atomic(int) winner; /* or -1 */
    _Atomic(int) error;  /* the first, or 0 */
    char *args, *results;
    size_t args_size, size; /* of one replica's; they keep the alignment */
} contest;

typedef struct replica {
    contest *contest;
    int number;
} replica;

static int run_replica(void *args)
{
    replica r = *(replica *)args;
    contest *c = r.contest;
    int none = -1, no_error = 0;
    int rc = c->entry(c->args + (size_t)r.number * c->args_size);
    if (rc < 0) {
        atomic_compare_exchange_strong_explicit(&c->error, &no_error, rc, memory_order_relaxed,
                                                memory_order_relaxed);
    } else if (atomic_compare_exchange_strong_explicit(
                   &c->winner, &none, r.number, memory_order_relaxed, memory_order_relaxed)) {
        rn_group_cancel(c->group, 0);
    } else if (c->drop) {
        c->drop(c->results + (size_t)r.number * c->size);
    }
    return 0;
}

/* Room for n replicas' arguments, each a copy, and results. */
static char *make_room(contest *c, size_t n, size_t align, const void *args, size_t result_offset)
{
    enum { ARGS_ALIGN = 64 };
    size_t stride = (c->args_size + ARGS_ALIGN - 1) & ~(size_t)(ARGS_ALIGN - 1), args_bytes, bytes;
    if (align < ARGS_ALIGN)
        align = ARGS_ALIGN;
    if (__builtin_mul_overflow(stride, n, &args_bytes) ||
        __builtin_mul_overflow(c->size, n, &bytes) ||
        __builtin_add_overflow(bytes, args_bytes + align, &bytes))
        return NULL;
    args_bytes = (args_bytes + align - 1) & ~(align - 1);
    char *room = rni_os_alloc_aligned(align, bytes);
    if (!room)
        return NULL;
    c->args = room;
    c->results = room + args_bytes;
    for (size_t i = 0; i < n; i++) {
        char *own = c->args + i * stride, *result = c->results + i * c->size;
        int number = (int)i;
        memcpy(own, args, c->args_size);
        memcpy(own, &number, sizeof number);
        memcpy(own + result_offset, &result, sizeof result);
    }
    c->args_size = stride;
    return room;
}

int rn_replicate_at(rn_group *g, size_t count, void *result, size_t size, size_t align,
                    void (*drop)(void *result), int (*entry)(void *args), const void *args,
                    size_t args_size, size_t result_offset, const char *name, const char *site)
{
    if (!g)
        rni_panic(site, "rn_replicate" RNI_NEEDS_A_GROUP);
    if (count == 0 || count > INT_MAX)
        return -EINVAL;
    contest c = { .entry = entry, .drop = drop, .args_size = args_size, .size = size };
    atomic_init(&c.winner, -1);
    char *room = make_room(&c, count, align, args, result_offset);
    if (!room)
        return -ENOMEM;
    c.group = rn_group_new_at(rn_group_ctx(g), site);
    int rc = c.group ? 0 : -ENOMEM;
    for (size_t i = 0; i < count && rc == 0; i++)
        rc = rn_group_go(c.group, run_replica, &(replica){ &c, (int)i }, sizeof(replica), NULL,
                         name, site);
    if (c.group) {
        int waited = rn_group_wait_at(c.group, site);
        rn_group_close_at(c.group, site); /* also when the caller was cancelled */
        if (rc != -ENOMEM) /* no replica fails its group: it has been cancelled from outside */
            rc = waited && waited != -ENOMEM ? -ECANCELED : waited;
    }
    int winner = atomic_load_explicit(&c.winner, memory_order_relaxed);
    int error = atomic_load_explicit(&c.error, memory_order_relaxed);
    if (winner >= 0)
        memcpy(result, c.results + (size_t)winner * size, size);
    rni_os_free(room);
    if (winner >= 0)
        return winner;
    return rc ? rc : error;
}
