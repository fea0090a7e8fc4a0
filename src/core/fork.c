/* SPDX-License-Identifier: MIT */
/* Forked calls: the first of a stack, those that are taken, and their joins. fork.h has the
 * protocol. */
#include "core/fork.h"

#include "core/hooks.h"
#include "core/park.h"
#include "core/queue.h"
#include "core/stack.h"
#include "os/os.h"

enum { DONE = 1 }; /* of `joiner`; no task is there */

/* The models of tests/check have no time. */
#if defined(RUNNEL_IN_MODEL)
enum { JOIN_SPINS = 1 };
#else
enum { JOIN_SPINS = 100 };
#endif

/* A steal costs about 10 us; a call that took less than SMALL_NS was not worth it. */
enum { RIPE_NS = 5 * 1000, SMALL_NS = 20 * 1000, RIPEST_NS = 1000 * 1000 };

static uint32_t count_of(uint32_t taken)
{
    return taken & RNI_FORKS_COUNT;
}

/* ---- the owner ---- */

/* The calling task's; a worker's loop has some, too, for code that it calls between tasks. */
static rn_forks_ *own_forks(rni_worker *w)
{
    rni_task *t = w ? w->seat.current : rni_current();
    return t ? &t->forks : &w->loop.forks;
}

/* The outermost fork of a task, or the code does not know the task. Here the backlog begins that
 * may be worth waking a worker for. */
void rn_fork_first_(rn_fork_ *r, const rn_fork_fn_ *fn)
{
    rni_worker *w = rni_worker_self();
    rn_forks_ *f = own_forks(w);
    if (f->newest) {
        rn_fork_push_(f, f->newest, r, fn);
        return;
    }
    RNI_ASSERT(f->depth == 0);
    if (w && (atomic_load_explicit(&w->queue.thief, memory_order_relaxed) & RNI_RUNQ_FENCED))
        __atomic_fetch_or(&f->taken, RNI_FORKS_FENCED, __ATOMIC_RELAXED);
    r->fn = fn;
    r->forks = f;
    r->prev = NULL;
    r->depth = 0;
    f->first = f->newest = r;
    RNI_EDGE_OUT(&f->depth); /* later ones are stored by users' code, which TSan sees */
    __atomic_store_n(&f->depth, 1, __ATOMIC_RELEASE); /* partner: has_more */
    if (w)
        rni_kick(w, 1);
}

void rn_fork_misplaced_(const rn_fork_ *r, const char *site)
{
    if (!r)
        rni_panic(site, "a task has ended without joining what it has forked");
    rni_panic(site, "a join of a call that is not the task's last fork");
}

static uint32_t without_thief(rn_forks_ *f)
{
    uint32_t taken;
    unsigned spins = 0;
    while ((taken = __atomic_load_n(&f->taken, __ATOMIC_ACQUIRE)) & RNI_FORKS_BUSY) {
        if (spins++ < 200)
            rni_cpu_relax();
        else
            rni_os_thread_yield();
    }
    return taken;
}

/* Makes r, which was taken, the owner's again, for the count. Nothing is left to take, but a thief
 * that has not noticed may come and go. */
static void take_back(rn_forks_ *f, const rn_fork_ *r)
{
    uint32_t taken;
    do {
        taken = without_thief(f);
        RNI_ASSERT(count_of(taken) == r->depth + 1 && f->last == r);
    } while (!__atomic_compare_exchange_n(&f->taken, &taken, taken | RNI_FORKS_BUSY, false,
                                          __ATOMIC_RELAXED, __ATOMIC_RELAXED));
    f->last = r->prev;
    /* Relaxed: a thief reads `last` when it has seen the depth of a later fork. */
    __atomic_store_n(&f->taken, taken - 1, __ATOMIC_RELAXED);
}

static void wait_for(rn_fork_ *r, rni_task *t, const char *site)
{
    for (unsigned spins = 0; spins < JOIN_SPINS; spins++) {
        if (__atomic_load_n(&r->joiner, __ATOMIC_ACQUIRE) == DONE)
            return;
        rni_cpu_relax();
    }
    uintptr_t nobody = 0;
    /* release, else acquire; partner: rni_fork_done, which readies t or has left the result */
    if (__atomic_compare_exchange_n(&r->joiner, &nobody, (uintptr_t)t, false, __ATOMIC_RELEASE,
                                    __ATOMIC_ACQUIRE))
        rni_park(t, RNI_WHY_JOIN, r, site);
}

bool rn_fork_join_(rn_fork_ *r, const char *site)
{
    rn_forks_ *f = r->forks;
    if (__atomic_load_n(&f->taken, __ATOMIC_RELAXED) & RNI_FORKS_FENCED)
        atomic_thread_fence(memory_order_seq_cst); /* partner: rni_fork_claim */
    if (count_of(without_thief(f)) <= r->depth)
        return true;
    take_back(f, r);
    wait_for(r, RNI_CONTAINER(f, rni_task, forks), site);
    RNI_EDGE_IN(r);
    return false;
}

/* ---- thieves ---- */

static bool fence(uint32_t taken)
{
    if (!(taken & RNI_FORKS_FENCED))
        return rni_os_heavy_fence();
    atomic_thread_fence(memory_order_seq_cst); /* partner: rn_fork_join_ */
    return true;
}

static bool bound(const rni_task *t)
{
    return atomic_load_explicit(&t->shields, memory_order_relaxed) != 0 ||
           __atomic_load_n(&t->pinned, __ATOMIC_RELAXED) != NULL;
}

static bool has_more(const rn_forks_ *f, uint32_t taken)
{
    /* acquire; partner: the stores in runnel/fork.h */
    return __atomic_load_n(&f->depth, __ATOMIC_ACQUIRE) > count_of(taken);
}

rn_fork_ *rni_fork_claim(rni_task *t)
{
    rn_forks_ *f = &t->forks;
    uint32_t taken = __atomic_load_n(&f->taken, __ATOMIC_RELAXED);
    if ((taken & RNI_FORKS_BUSY) || !has_more(f, taken) || bound(t))
        return NULL;
    /* acquire: what other thieves did; partner: the store below */
    if (!__atomic_compare_exchange_n(&f->taken, &taken, (taken + 1) | RNI_FORKS_BUSY, false,
                                     __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
        return NULL;
    rn_fork_ *r = NULL;
    if (fence(taken) && has_more(f, taken) && !bound(t) && t->owner->is_group) {
        r = f->last ? f->last->next : f->first;
        RNI_ASSERT(r->depth == count_of(taken));
        __atomic_store_n(&r->joiner, 0, __ATOMIC_RELAXED);
        f->last = r;
        taken++;
    }
    __atomic_store_n(&f->taken, taken, __ATOMIC_RELEASE); /* partner: without_thief */
    return r;
}

void rni_fork_done(rn_fork_ *r)
{
    RNI_EDGE_OUT(r);
    /* acq_rel: the result is for the joiner; partner: wait_for */
    uintptr_t joiner = __atomic_exchange_n(&r->joiner, DONE, __ATOMIC_ACQ_REL);
    if (joiner)
        rni_ready((rni_task *)joiner, 0);
}

/* ---- what is taken ---- */

static void learn(rni_worker *w, int64_t took)
{
    int64_t longer = 2 * w->fork_patience;
    if (took >= SMALL_NS || longer < RIPE_NS)
        longer = RIPE_NS;
    w->fork_patience = longer < RIPEST_NS ? longer : RIPEST_NS;
}

static int run_taken(void *args)
{
    rn_fork_ *r = *(rn_fork_ **)args;
    int64_t began = rni_real_now();
    rni_task *t = rni_current();
    /* To its group in the background, since it has no place of its own; to the reports what its
     * parent is. */
    t->background = RNI_CONTAINER(r->forks, rni_task, forks)->background;
    r->fn->run(r);
    t->background = true;
    learn(rni_worker_self(), rni_real_now() - began);
    rni_fork_done(r);
    return 0;
}

bool rni_fork_offered(const rni_worker *v)
{
    const rni_task *t = __atomic_load_n(&v->seat.current, __ATOMIC_RELAXED);
    return t && has_more(&t->forks, __atomic_load_n(&t->forks.taken, __ATOMIC_RELAXED)) &&
           !bound(t);
}

bool rni_fork_ripe(const rni_worker *w, rni_sighting *s, const rni_worker *v, int64_t now)
{
    const rni_task *t = __atomic_load_n(&v->seat.current, __ATOMIC_RELAXED);
    if (w->seat.current || !rni_fork_offered(v)) {
        s->forker = NULL;
        return false;
    }
    if (s->forker != t) {
        s->forker = t;
        s->forks_at = now;
    }
    return now - s->forks_at >= (w->fork_patience ? w->fork_patience : RIPE_NS);
}

/* Whether w can begin a task of that class: what has been claimed must be called. */
static bool has_stack(rni_worker *w, unsigned cls)
{
    rni_task *t = rni_stack_at_hand(w->stacks, cls) ? NULL : rni_stack_take(w->stacks, cls);
    if (t)
        rni_stack_give(w->stacks, t);
    return rni_stack_at_hand(w->stacks, cls);
}

rni_runnable rni_fork_take(rni_worker *w, rni_worker *v)
{
    rni_task *t = __atomic_load_n(&v->seat.current, __ATOMIC_RELAXED);
    rni_spawn *s = t && has_stack(w, t->stack_class)
                       ? rni_spawn_take(&w->spawns, sizeof(rn_fork_ *))
                       : NULL;
    rn_fork_ *r = s ? rni_fork_claim(t) : NULL;
    w->sightings[v->id].forker = NULL;
    if (!r) {
        if (s)
            rni_spawn_give(&w->spawns, s);
        if (s)
            learn(w, 0); /* popped meanwhile: it is short */
        return 0;
    }
    /* From here on its owner and its task live until rni_fork_done. */
    t = RNI_CONTAINER(r->forks, rni_task, forks);
    rni_owner *o = t->owner;
    RNI_EDGE_IN(&t->forks.depth);
    bool counted = rni_group_takes_call(o);
    RNI_ASSERT(counted);
    rni_spawn_fill(s, o, run_taken, &r, sizeof r);
    s->stack_class = (uint8_t)t->stack_class;
    s->background = true;
    atomic_store_explicit(&s->name, r->fn->name, memory_order_relaxed);
    atomic_store_explicit(&s->site, r->fn->site, memory_order_relaxed);
    atomic_store_explicit(&s->queued, true, memory_order_release); /* partner: rni_spawn_each */
    rni_count(&w->started, !o->internal);
    rni_count(&w->steals, 1);
    return rni_run_spawn(s);
}
