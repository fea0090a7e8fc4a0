/* SPDX-License-Identifier: MIT */
/*
 * Select.
 *
 * All channels of a select are locked at once, in ascending order of address, so that the decision
 * sees them at one instant and two selects cannot wait for each other. The cases carry the list
 * for that order and the wait records, so a select of any size allocates nothing.
 *
 * A waiting select stands in the queue of every channel; the wait is ended by whoever wins its
 * claim (core/park.h). Others that meet its records afterwards skip them. Having resumed, the task
 * takes the remaining records out, one channel at a time, before it returns and the cases go away.
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

static rn_case *merge(rn_case *a, rn_case *b)
{
    rn_case *head = NULL, **at = &head;
    while (a && b) {
        rn_case **least = (uintptr_t)b->ch < (uintptr_t)a->ch ? &b : &a;
        *at = *least;
        at = &(*least)->lock_next_;
        *least = *at;
    }
    *at = a ? a : b;
    return head;
}

/* The cases of [first, first + n) that have a channel, as a list in ascending order of it. */
static rn_case *sort(rn_case *first, size_t n)
{
    if (n == 1) {
        first->lock_next_ = NULL;
        return has_channel(first) ? first : NULL;
    }
    size_t half = n / 2;
    rn_case *a = sort(first, half), *b = sort(first + half, n - half);
    return merge(a, b);
}

/* Puts k into the list; for a few. */
static inline void insert(rn_case **at, rn_case *k)
{
    while (*at && (uintptr_t)(*at)->ch < (uintptr_t)k->ch)
        at = &(*at)->lock_next_;
    k->lock_next_ = *at;
    *at = k;
}

static void lock_all(rn_case *list)
{
    rn_channel *before = NULL;
    for (rn_case *k = list; k; k = k->lock_next_) {
        if (k->ch != before)
            rni_lock_take(&k->ch->lock);
        before = k->ch;
    }
}

/* Unlocks every channel but one that has been unlocked already. */
static void unlock_all(rn_case *list, const rn_channel *except)
{
    rn_channel *before = NULL;
    for (rn_case *k = list; k; k = k->lock_next_) {
        if (k->ch != before && k->ch != except)
            rni_unlock(&k->ch->lock);
        before = k->ch;
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
        k->waiter_.task = t;
        k->waiter_.elem = k->elem;
        k->waiter_.ok = k->op == RN_OP_RECV ? k->ok : NULL;
        k->waiter_.index = (unsigned)i;
        k->waiter_.flags = RNI_WAITER_CLAIM;
        RNI_MEASURE(k->ch, rni_measure_waits(t));
        rni_enqueue(k->op == RN_OP_SEND ? &k->ch->senders : &k->ch->receivers, &k->ch->lock,
                    &k->waiter_);
    }
}

/* Takes out the records that are still queued. */
static void dequeue_all(const selection *s)
{
    for (rn_case *k = s->list; k;) {
        rn_channel *c = k->ch;
        rni_lock_take(&c->lock);
        for (; k && k->ch == c; k = k->lock_next_)
            if (k->waiter_.lock == (void *)&c->lock)
                rni_dequeue(&k->waiter_);
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
static RNI_NOINLINE void prepare_discard(selection *s, rn_case *k, const char *site)
{
    k->discard_ = k->ch->drop; /* noted now: once a value is there, the channel may be gone */
    k->elem = rni_os_alloc_aligned(k->ch->align, k->ch->size);
    if (!k->elem)
        rni_panic(site, "out of memory for a discarded element");
    s->discards = true;
}

static void finish_discards(selection *s, int chosen)
{
    for (size_t i = 0; i < s->n; i++) {
        rn_case *k = &s->cases[i];
        if (!k->discard_)
            continue;
        if ((int)i == chosen && k->status == 0)
            k->discard_(k->elem);
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

/* Looks at each case, from the last, so that few in lock order are put in front one by one. */
static void look_at_cases(selection *s, const char *site)
{
    enum { FEW = 8 };
    bool few = s->n <= FEW;
    for (size_t i = s->n; i-- > 0;) {
        rn_case *k = &s->cases[i];
        k->status = 0;
        k->waiter_.lock = NULL;
        k->discard_ = NULL;
        if (rni_unlikely(!has_channel(k))) {
            note(s, k, site);
            continue;
        }
        if (rni_unlikely(!k->elem && k->op == RN_OP_RECV && k->ch->drop))
            prepare_discard(s, k, site);
        if (few)
            insert(&s->list, k);
    }
    if (rni_unlikely(!few))
        s->list = sort(s->cases, s->n);
}

static int run(rn_case *cases, size_t n, bool ordered, const char *site)
{
    rni_task *t = rni_current();
    int rc = rni_refused_at_entry(t);
    if (rni_unlikely(rc))
        return rc;
    if (n > INT_MAX)
        return -EINVAL;
    selection s;
    s.cases = cases;
    s.n = n;
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

int rni_select_slowly(rn_case *cases, size_t n, const char *site)
{
    return run(cases, n, false, site);
}

int rn_select_ordered_at(rn_case *cases, size_t n, const char *site)
{
    return run(cases, n, true, site);
}
