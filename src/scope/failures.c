/* SPDX-License-Identifier: MIT */
/*
 * What tasks of a group returned that was not success, and the rules of a group about its tasks:
 * how many at once, and whether one that fails ends the others.
 *
 * The rules are read without a lock by every start and end; so they are set while no task runs,
 * which is checked.
 */
#include "scope/group.h"
#include "sync/lot.h"
#include "sync/semaphore.h"

int rni_group_result(rn_group *g)
{
    int cause = rni_ctx_cause(&g->ctx);
    if (cause)
        return cause;
    cause = atomic_load_explicit(&g->first_error, memory_order_acquire);
    RNI_EDGE_IN(&g->first_error);
    return cause;
}

void rni_group_failed(rn_group *g, int rc)
{
    /* The echo of a cancellation is no failure of its own. */
    if (rc == -ECANCELED && rni_ctx_cause(&g->ctx) != 0)
        return;
    int none = 0;
    RNI_EDGE_OUT(&g->first_error);
    atomic_compare_exchange_strong_explicit(&g->first_error, &none, rc, memory_order_acq_rel,
                                            memory_order_relaxed);
    rni_lock_take(&g->lock);
    if (g->failed == g->room && g->room < RNI_FAILURES_KEPT) {
        size_t room = g->room ? 4 * g->room : 4;
        int *grown = rni_os_resize(g->failures, room * sizeof *grown);
        if (grown) {
            g->failures = grown;
            g->room = room;
        }
    }
    if (g->failed < g->room)
        g->failures[g->failed] = rc;
    g->failed++;
    rni_unlock(&g->lock);
}

void rni_group_forget_failures(rn_group *g)
{
    rni_os_free(g->failures);
}

size_t rn_group_errors(rn_group *g, int *errors, size_t n)
{
    if (!g)
        rni_panic(NULL, "errors of a NULL group");
    rni_lock_take(&g->lock);
    size_t count = g->failed, kept = count < g->room ? count : g->room;
    for (size_t i = 0; i < n && i < kept; i++)
        errors[i] = g->failures[i];
    rni_unlock(&g->lock);
    RNI_WROTE(errors, (n < kept ? n : kept) * sizeof *errors);
    rni_spend_here(0);
    return count;
}

static void check_unused(rn_group *g, const char *what)
{
    if (!g)
        rni_panic(NULL, "%s of a NULL group", what);
    rni_bucket *b = rni_lot_enter(NULL, &g->live);
    long tasks = atomic_load_explicit(&g->live, memory_order_acquire) - !g->waited;
    rni_lot_leave(b);
    if (tasks > 0)
        rni_panic(g->site, "%s of a group set while tasks run in it", what);
}

int rn_group_limit(rn_group *g, int64_t n)
{
    check_unused(g, "limit");
    rn_semaphore *places = rni_group_places(g);
    if (n < 0 && !places)
        return 0;
    if (!places && !(places = rni_os_alloc(sizeof *places)))
        return -ENOMEM;
    /* seq_cst; partner: group_cancelled. Either it sees the places, or we its cancellation, which
     * has come from above. */
    atomic_store_explicit(&g->places, places, memory_order_seq_cst);
    rni_semaphore_set(places, n < 0 ? RNI_NO_LIMIT : n); /* somebody may wait for a place */
    if (atomic_load_explicit(&g->owner.cancelled, memory_order_seq_cst) != 0)
        rni_semaphore_set(places, RNI_NO_LIMIT);
    return 0;
}

void rn_group_keep_going(rn_group *g)
{
    check_unused(g, "keep_going");
    g->keep_going = true;
}
