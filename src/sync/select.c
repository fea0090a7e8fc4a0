/* SPDX-License-Identifier: MIT */
/*
 * Select.
 *
 * All channels of a select are locked at once, in ascending order of address, so that the decision
 * sees them at one instant and two selects cannot wait for each other. The list for that order and
 * the wait records are in places of the select's own: on its stack, unless there are many.
 *
 * A waiting select stands in the queue of every channel; the wait is ended by whoever wins its
 * claim (core/park.h). Others that meet its records afterwards skip them. Having resumed, the task
 * takes the remaining records out, one channel at a time, before it returns and its places go away.
 *
 * Descriptors among the cases are looked at before; select_fd.c tells why that is no gap.
 *
 * A record in a queue may belong to a select that has just been claimed by someone else, so a
 * channel can look ready and not be: the choice is confirmed by doing the operation, and made again
 * if that fails (each failure removes a stale record).
 *
 * A few cases on ordinary channels are select_quick.c's; here is all else, and the rest of those.
 *
 * Rejected: deciding without the locks alone. That sees the channels at different moments, and a
 * select with RN_DEFAULT may then miss what was ready all the time.
 */
#include <limits.h>
#include <string.h>

#include "sync/measure.h"
#include "sync/select.h"

/* ---- the cases in lock order ---- */

static bool has_channel(const rn_case *k)
{
    return (k->op == RN_OP_RECV || k->op == RN_OP_SEND) && k->ch;
}

static rni_place *merge(rni_place *a, rni_place *b)
{
    rni_place *head = NULL, **at = &head;
    while (a && b) {
        rni_place **least = (uintptr_t)b->ch < (uintptr_t)a->ch ? &b : &a;
        *at = *least;
        at = &(*least)->lock_next;
        *least = *at;
    }
    *at = a ? a : b;
    return head;
}

/* Those of [first, first + n) whose case has a channel, as a list in ascending order of it. */
static rni_place *sort(rni_place *first, size_t n)
{
    if (n == 1) {
        first->lock_next = NULL;
        return first->ch ? first : NULL;
    }
    size_t half = n / 2;
    rni_place *a = sort(first, half), *b = sort(first + half, n - half);
    return merge(a, b);
}

/* Puts p into the list; for a few. */
static inline void insert(rni_place **at, rni_place *p)
{
    while (*at && (uintptr_t)(*at)->ch < (uintptr_t)p->ch)
        at = &(*at)->lock_next;
    p->lock_next = *at;
    *at = p;
}

static void lock_all(rni_place *list)
{
    rn_channel *before = NULL;
    for (rni_place *p = list; p; p = p->lock_next) {
        rn_channel *c = p->ch;
        if (c != before)
            rni_lock_take(&c->lock);
        before = c;
    }
}

/* Unlocks every channel but one that has been unlocked already. */
static void unlock_all(rni_place *list, const rn_channel *except)
{
    rn_channel *before = NULL;
    for (rni_place *p = list; p; p = p->lock_next) {
        rn_channel *c = p->ch;
        if (c != before && c != except)
            rni_unlock(&c->lock);
        before = c;
    }
}

/* ---- choosing ---- */

static bool looks_ready(const rn_case *k)
{
    const rn_channel *c = k->ch;
    if (rni_unlikely(!has_channel(k)))
        return k->op == RN_OP_FD && k->status != 0;
    if (k->op == RN_OP_SEND)
        return c->closed || c->count < c->cap || c->receivers.head;
    return c->count > 0 || c->senders.head || c->closed ||
           (rni_unlikely(c->timer_freed != NULL) && rni_chan_is_due(c));
}

/* A case that looks ready: the first, or each with the same probability. NULL if none does. */
static rn_case *choose(const selection *s)
{
    rn_case *chosen = NULL;
    uint32_t ready = 0;
    for (size_t i = 0; i < s->n; i++) {
        if (!looks_ready(&s->cases[i]))
            continue;
        if (++ready == 1 || rni_choose(ready) == 0)
            chosen = &s->cases[i];
        if (s->ordered)
            break;
    }
    return chosen;
}

/* Does k's operation; all locks are held. False if it turned out not to be ready. On success all
 * locks have been let go and *result is what the select returns. */
static bool perform(const selection *s, rn_case *k, int *result)
{
    rn_channel *c = k->ch;
    *result = (int)(k - s->cases);
    if (rni_unlikely(k->op == RN_OP_FD)) {
        *result = rni_select_took_fd(s, k);
        unlock_all(s->list, NULL);
        return true;
    }
    if (k->op == RN_OP_SEND) {
        if (c->closed) {
            k->status = *result = -EPIPE;
            unlock_all(s->list, NULL);
            return true;
        }
        if (!rni_chan_send_locked(c, k->elem))
            return false;
        unlock_all(s->list, c);
        return true;
    }
    if (rni_chan_recv_locked(c, k->elem)) {
        unlock_all(s->list, c);
        if (k->ok)
            *k->ok = true;
        return true;
    }
    if (!c->closed)
        return false;
    size_t size = c->size; /* another who sees the end may free c */
    unlock_all(s->list, NULL);
    k->status = -EPIPE;
    if (k->elem)
        memset(k->elem, 0, size);
    if (k->ok)
        *k->ok = false;
    return true;
}

/* Takes a ready case, if there is one. The locks are held, and still are if there is none. */
static bool take_ready(const selection *s, int *result)
{
    rn_case *k;
    while ((k = choose(s)) != NULL)
        if (perform(s, k, result))
            return true;
    return false;
}

/* ---- waiting ---- */

static void enqueue_all(const selection *s, rni_task *t)
{
    for (size_t i = 0; i < s->n; i++) {
        rn_case *k = &s->cases[i];
        if (!has_channel(k))
            continue;
        rni_waiter *w = &s->places[i].waiter;
        w->task = t;
        w->elem = k->elem;
        w->ok = k->op == RN_OP_RECV ? k->ok : NULL;
        w->index = (unsigned)i;
        w->flags = RNI_WAITER_CLAIM;
        RNI_MEASURE(k->ch, rni_measure_waits(t));
        rni_enqueue(k->op == RN_OP_SEND ? &k->ch->senders : &k->ch->receivers, &k->ch->lock, w);
    }
}

/* Takes out the records that are still queued. */
static void dequeue_all(const selection *s)
{
    for (rni_place *p = s->list; p;) {
        rn_channel *c = p->ch;
        rni_lock_take(&c->lock);
        for (; p && p->ch == c; p = p->lock_next)
            if (p->waiter.lock == (void *)&c->lock)
                rni_dequeue(&p->waiter);
        rni_unlock(&c->lock);
    }
}

/* Waits until a case has been completed; the locks are held and let go. */
static int wait_for_any(selection *s, rni_task *t, const char *site)
{
    rni_claim_open(t);
    enqueue_all(s, t);
    int rc;
    bool park = !(rni_wait_refused(t, &rc) && rni_claim(t));
    unlock_all(s->list, NULL);
    if (park && s->fds) {
        rc = rni_select_park(s, t, site);
    } else if (park) {
        bool forever = !s->list && s->after < 0;
        rc = rni_park(t, forever ? RNI_WHY_SELECT_NONE : RNI_WHY_SELECT,
                      s->list ? s->list->ch : NULL, site);
    }
    dequeue_all(s);
    return rc;
}

static int select_or_wait(selection *s, rni_task *t, const char *site)
{
    int rc;
    if (s->otherwise < 0)
        rni_wait_prepare(t);
    int64_t deadline = 0;
    if (s->after >= 0)
        deadline = rni_add_ns(rni_now(), s->cases[s->after].ns);
    bool late = s->after >= 0 && s->cases[s->after].ns <= 0;
    if (rni_unlikely(s->fds))
        rni_select_look(s, t, s->otherwise < 0 && !late);
    lock_all(s->list);
    if (take_ready(s, &rc))
        return rni_spend(t, rc);
    if (s->otherwise >= 0 || late) {
        unlock_all(s->list, NULL);
        (void)rni_spend(t, -EAGAIN);
        return s->otherwise >= 0 ? s->otherwise : s->after;
    }
    if (s->after < 0)
        return wait_for_any(s, t, site);
    rni_deadline_start(t, deadline, s->after);
    rc = wait_for_any(s, t, site);
    rni_deadline_stop(t);
    return rc;
}

/* ---- discarding ---- */

/* A receive without destination from a channel with a drop function gets memory to receive into, so
 * that the value can be dropped. Rare, hence the allocation. */
static RNI_NOINLINE void prepare_discard(selection *s, rni_place *p, const char *site)
{
    rn_case *k = p->of;
    p->discard = k->ch->drop; /* noted now: once a value is there, the channel may be gone */
    k->elem = rni_os_alloc_aligned(k->ch->align, k->ch->size);
    if (!k->elem)
        rni_panic(site, "out of memory for a discarded element");
    s->discards = true;
}

static void finish_discards(selection *s, int chosen)
{
    for (size_t i = 0; i < s->n; i++) {
        rn_case *k = &s->cases[i];
        void (*discard)(void *) = s->places[i].discard;
        if (!discard)
            continue;
        if ((int)i == chosen && k->status == 0)
            discard(k->elem);
        rni_os_free(k->elem);
        k->elem = NULL;
    }
}

/* ---- under a sanitizer ---- */

/* What has been written besides what a channel has (RNI_RECEIVED). */
static RNI_NOINLINE void tell_written(rn_case *cases, size_t n, int chosen)
{
    for (size_t i = 0; i < n; i++) {
        rn_case *k = &cases[i];
        RNI_WROTE(k, sizeof *k);
        if ((int)i != chosen)
            continue;
        if (k->op == RN_OP_RECV)
            RNI_WROTE(k->ok, sizeof *k->ok);
        else if (k->op == RN_OP_FD)
            RNI_WROTE(k->ready, sizeof *k->ready);
    }
}

/* ---- the calls ---- */

/* A case without a channel; the first of several RN_AFTER that are equal comes last. */
static void note(selection *s, const rn_case *k, const char *site)
{
    int i = (int)(k - s->cases);
    if (k->op == RN_OP_DEFAULT) {
        if (s->otherwise >= 0)
            rni_panic(site, "select with two RN_DEFAULT cases");
        s->otherwise = i;
    } else if (k->op == RN_OP_AFTER) {
        if (s->after < 0 || k->ns <= s->cases[s->after].ns)
            s->after = i;
    } else if (k->op == RN_OP_FD) {
        s->fds++;
    }
}

/* Looks at each case, from the last. Channels that come in order of address, or in the reverse one,
 * need no sorting. */
static void look_at_cases(selection *s, const char *site)
{
    bool in_order = true;
    rni_place *last = NULL;
    for (size_t i = s->n; i-- > 0;) {
        rn_case *k = &s->cases[i];
        rni_place *p = &s->places[i];
        k->status = 0;
        p->of = k;
        p->ch = NULL;
        p->waiter.lock = NULL;
        p->discard = NULL;
        if (rni_unlikely(!has_channel(k))) {
            note(s, k, site);
            continue;
        }
        p->ch = k->ch;
        if (rni_unlikely(!k->elem && k->op == RN_OP_RECV && k->ch->drop))
            prepare_discard(s, p, site);
        if (!last || (uintptr_t)p->ch <= (uintptr_t)s->list->ch) {
            p->lock_next = s->list;
            s->list = p;
            last = last ? last : p;
        } else if ((uintptr_t)last->ch <= (uintptr_t)p->ch) {
            p->lock_next = NULL;
            last->lock_next = p;
            last = p;
        } else if (s->n <= RNI_SELECT_FEW) {
            insert(&s->list, p);
        } else {
            in_order = false;
        }
    }
    if (rni_unlikely(!in_order))
        s->list = sort(s->places, s->n);
}

static inline int run_with(rni_place *places, rn_case *cases, size_t n, bool ordered,
                           const char *site)
{
    rni_task *t = rni_current();
    int rc = rni_refused_at_entry(t);
    if (rni_unlikely(rc))
        return rc;
    selection s;
    s.cases = cases;
    s.n = n;
    s.places = places;
    s.list = NULL;
    s.otherwise = s.after = -1;
    s.ordered = ordered;
    s.discards = false;
    s.fds = 0;
    s.set = (rni_poll_set){ NULL, 0, 0 };
    look_at_cases(&s, site);
    rc = select_or_wait(&s, t, site);
    if (rni_san_is(RNI_SEES_WRITES))
        tell_written(cases, n, rc);
    if (rni_unlikely(s.fds))
        rni_select_done(&s, t);
    if (rni_unlikely(s.discards))
        finish_discards(&s, rc);
    return rc;
}

static RNI_NOINLINE int run_many(rn_case *cases, size_t n, bool ordered, const char *site)
{
    if (n > INT_MAX)
        return -EINVAL;
    rni_place *places = rni_os_alloc(n * sizeof *places);
    if (!places)
        return -ENOMEM;
    int rc = run_with(places, cases, n, ordered, site);
    rni_os_free(places);
    return rc;
}

/* The places are on the stack, unless there are too many for it. */
static RNI_NOINLINE int run(rn_case *cases, size_t n, bool ordered, const char *site)
{
    if (n > (rni_stack_is_tiny(rni_current()) ? RNI_SELECT_TINY : RNI_SELECT_SOME))
        return run_many(cases, n, ordered, site);
    rni_place places[n ? n : 1];
    return run_with(places, cases, n, ordered, site);
}

int rni_select_slowly(rn_case *cases, size_t n, const char *site)
{
    return run(cases, n, false, site);
}

int rni_select_among(rni_place *places, rn_case *cases, size_t n, const char *site)
{
    return run_with(places, cases, n, false, site);
}

int rn_select_ordered_at(rn_case *cases, size_t n, const char *site)
{
    return run(cases, n, true, site);
}
