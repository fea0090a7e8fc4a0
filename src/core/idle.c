/* SPDX-License-Identifier: MIT */
/*
 * How workers wait for work without burning CPU and without missing any.
 *
 * Waking a sleeping CPU costs the waker about 16 us here, a thousand times what queueing a task
 * costs, so making a task ready wakes nobody. Instead one idle worker, the watcher, looks at the
 * others' queues now and then and helps when something has waited too long (watch.c):
 *   close  it spins for SPIN_NS, then sleeps NAP_NS at a time, CLOSE_NAPS times;
 *   deep   then it sleeps FAR_NS at a time; `want_kick` is 1 and a worker with backlog wakes it;
 *   off    when all workers are idle nobody looks; `want_kick` is 2.
 * The other idle workers sleep for RELIEF_NS and then see whether the watcher's place is free.
 *
 * No lost wake-up. Work reaches a worker that sleeps in four ways, and for each the sleeper first
 * becomes visible (it is on the idle list, its timer heap and descriptors are armed), then executes
 * a full fence, then looks a last time; whoever brings the work stores it, executes a full fence
 * (rni_wake_one), then looks for sleepers:
 *   the inject queue and a pinned inbox: as described;
 *   a timer: a worker's own heap bounds its sleep; it arms its timers itself, and a thread that
 *   arms one in another's heap wakes that worker (rni_timer_arm);
 *   a descriptor: level of the poller, which reports readiness that came before the wait;
 *   another worker's queue: that worker runs it; waking is only a matter of speed.
 *
 * The idle list and the flags idle and polling change under idle_lock. Exactly one sleeper at a
 * time sleeps in the poller, the rest on their futex.
 */
#include "core/descriptor.h"
#include "core/fork.h"
#include "core/hooks.h"
#include "core/park.h"
#include "core/worker.h"

enum {
    SPIN_NS = 20 * 1000,
    NAP_NS = 50 * 1000,
    CLOSE_NAPS = 20,
    FAR_NS = 2 * 1000 * 1000,
    RELIEF_NS = 20 * 1000 * 1000,
    UNSURE_NS = 100 * 1000 * 1000,
    POLL_EVERY_NS = 50 * 1000
};

/* ---- waking ---- */

/* Takes w off the idle list; idle_lock is held. */
static void leave_idle_list(rni_worker *w)
{
    rni_list_remove(&w->idle_link);
    w->idle = false;
    uint32_t left = atomic_load_explicit(&rni_rt.idle_count, memory_order_relaxed) - 1;
    atomic_store_explicit(&rni_rt.idle_count, left, memory_order_relaxed);
    if (left == 0)
        atomic_store_explicit(&rni_rt.want_kick, 0, memory_order_relaxed);
}

/* Takes w off the list for its waker; idle_lock is held. Whether it sleeps in the poller; then the
 * poller stays open until it has been roused. */
static bool take_sleeper(rni_worker *w)
{
    leave_idle_list(w);
    if (w->polling)
        atomic_fetch_add_explicit(&rni_rt.poller_users, 1, memory_order_relaxed);
    return w->polling;
}

/* Wakes a worker that has been taken off the list; no lock is held. */
static void rouse(rni_worker *w, bool polling)
{
    /* Only for the futex, which does not sleep then; idle_lock orders what the sleeper reads. */
    atomic_store_explicit(&w->signal, 1, memory_order_relaxed);
    if (!polling) {
        rni_os_futex_wake(&w->signal, 1);
        return;
    }
    rni_os_poller_wake();
    /* release; partner: rni_poll_stop */
    atomic_fetch_sub_explicit(&rni_rt.poller_users, 1, memory_order_release);
}

static void count_wake(void)
{
    rni_worker *self = rni_worker_self();
    if (self)
        rni_count(&self->wakes, 1);
}

void rni_wake_one(void)
{
    rni_runtime *rt = &rni_rt;
    atomic_thread_fence(memory_order_seq_cst); /* partner: the fence in doze */
    if (atomic_load_explicit(&rt->idle_count, memory_order_relaxed) == 0)
        return;
    rni_worker *w = NULL;
    rni_lock_take(&rt->idle_lock);
    for (rni_link *n = rt->idle_list.prev; n != &rt->idle_list; n = n->prev) {
        w = RNI_CONTAINER(n, rni_worker, idle_link);
        if (!w->polling)
            break; /* rather leave the one that listens where it is */
    }
    bool polling = false;
    if (w) {
        polling = take_sleeper(w);
        atomic_store_explicit(&rt->want_kick, 0, memory_order_relaxed);
    }
    rni_unlock(&rt->idle_lock);
    if (w) {
        rouse(w, polling);
        count_wake();
    }
}

void rni_wake_worker(rni_worker *w)
{
    atomic_thread_fence(memory_order_seq_cst); /* partner: the fence in doze */
    rni_lock_take(&rni_rt.idle_lock);
    bool idle = w->idle, polling = idle && take_sleeper(w);
    rni_unlock(&rni_rt.idle_lock);
    if (idle) {
        rouse(w, polling);
        count_wake();
    }
}

void rni_outside_gone(void)
{
    atomic_thread_fence(memory_order_seq_cst); /* partner: the fence before the verdict in doze */
    uint32_t idle = atomic_load_explicit(&rni_rt.idle_count, memory_order_relaxed);
    if (idle > 0 && idle == rni_active())
        rni_wake_one();
}

void rni_wake_all(void)
{
    for (unsigned i = 0; i < rni_rt.count; i++)
        rni_wake_worker(&rni_rt.workers[i]);
}

/* ---- looking around ---- */

/* Takes the place in the poller; at most one worker has it. */
static bool poller_enter(void)
{
    uint32_t none = 0;
    /* acquire; partner: rni_poll_count. Who sees a waiter sees the poller's descriptors. */
    return atomic_load_explicit(&rni_rt.io_waiters, memory_order_acquire) != 0 &&
           atomic_compare_exchange_strong_explicit(&rni_rt.poller, &none, 1, memory_order_acq_rel,
                                                   memory_order_relaxed);
}

static void poller_leave(void)
{
    atomic_store_explicit(&rni_rt.poller, 0, memory_order_release);
}

static void poll_events(int64_t timeout_ns)
{
    rni_os_event events[64];
    int n = rni_os_poller_wait(events, 64, timeout_ns);
    poller_leave();
    for (int i = 0; i < n; i++)
        rni_descriptor_ready(events[i].key, events[i].events);
}

void rni_look_around(rni_worker *w, int64_t now)
{
    __atomic_store_n(&w->looked_at, now, __ATOMIC_RELAXED);
    w->clock = rni_clock_is_virtual() ? rni_now() : now;
    rni_timers_run(&w->timers, w->clock);
    if (now - w->polled_at >= POLL_EVERY_NS) {
        w->polled_at = now;
        if (poller_enter())
            poll_events(0);
    }
}

/* ---- sleeping ---- */

typedef struct idling {
    bool watcher;
    unsigned naps; /* as the watcher */
    int64_t spin_until;
    _Atomic(uint32_t) *done;
} idling;

static bool must_stop(const idling *s)
{
    return atomic_load_explicit(&rni_rt.stopping, memory_order_acquire) ||
           (s->done && atomic_load_explicit(s->done, memory_order_acquire));
}

static void take_watch(rni_worker *w, idling *s)
{
    uint32_t none = 0;
    if (!s->watcher && rni_active() > 1 &&
        atomic_compare_exchange_strong_explicit(&rni_rt.watcher, &none, 1 + w->id,
                                                memory_order_relaxed, memory_order_relaxed)) {
        s->watcher = true;
        s->naps = 0;
        atomic_store_explicit(&rni_rt.want_kick, 0, memory_order_relaxed);
    }
}

/* Whether something may come due while the workers that run compute and the others sleep: a queue
 * or a forked call that nobody takes, a timer of w, a descriptor that nobody listens to. */
static bool needs_watcher(const rni_worker *w)
{
    rni_runtime *rt = &rni_rt;
    if (atomic_load_explicit(&w->timers.next, memory_order_relaxed) != INT64_MAX)
        return true;
    if (atomic_load_explicit(&rt->io_waiters, memory_order_relaxed) != 0 &&
        atomic_load_explicit(&rt->poller, memory_order_relaxed) == 0)
        return true;
    for (unsigned i = 0; i < rt->count; i++) {
        const rni_worker *v = &rt->workers[i];
        if (rni_runq_length(&v->queue) > 0 ||
            (v != w &&
             (atomic_load_explicit(&v->queue.lifo, memory_order_relaxed) || rni_fork_offered(v))))
            return true;
    }
    return false;
}

/* The watcher goes to work: the next backlog wakes another, and so does what is there already. */
static void leave_watch(rni_worker *w, idling *s)
{
    if (!s->watcher)
        return;
    s->watcher = false;
    atomic_store_explicit(&rni_rt.watcher, 0, memory_order_relaxed);
    if (atomic_load_explicit(&rni_rt.idle_count, memory_order_relaxed) == 0)
        return;
    atomic_store_explicit(&rni_rt.want_kick, 2, memory_order_relaxed);
    if (needs_watcher(w))
        rni_wake_one();
}

/* How long to sleep at most if nobody wakes us; negative: for ever. */
static int64_t patience(rni_worker *w, idling *s, bool alone, int64_t now)
{
    int64_t limit = alone ? INT64_MAX : RELIEF_NS;
    if (s->watcher && !alone)
        limit = s->naps++ < CLOSE_NAPS ? NAP_NS : FAR_NS;
    int64_t next = atomic_load_explicit(&w->timers.next, memory_order_acquire);
    if (next != INT64_MAX && !rni_clock_is_virtual() && next - now < limit)
        limit = next > now ? next - now : 0;
    return limit == INT64_MAX ? -1 : limit;
}

/* Asks again after the strangers were counted: one that came, readied a task and went before the
 * count is not among them, but what it has done shows here. */
static bool still_dead(void)
{
    rni_lock_take(&rni_rt.idle_lock);
    bool dead = atomic_load_explicit(&rni_rt.idle_count, memory_order_relaxed) == rni_active() &&
                rni_ask() == RNI_ALL_DEAD;
    rni_unlock(&rni_rt.idle_lock);
    return dead;
}

static void doze(rni_worker *w, idling *s, int64_t now)
{
    rni_runtime *rt = &rni_rt;
    atomic_store_explicit(&w->signal, 0, memory_order_relaxed);
    rni_lock_take(&rt->idle_lock);
    w->idle = true;
    rni_list_push(&rt->idle_list, &w->idle_link);
    uint32_t idle = atomic_load_explicit(&rt->idle_count, memory_order_relaxed) + 1;
    atomic_store_explicit(&rt->idle_count, idle, memory_order_relaxed);
    bool alone = idle == rni_active(); /* nobody runs */
    if (alone)
        atomic_thread_fence(memory_order_seq_cst); /* partner: rni_outside_gone */
    rni_verdict verdict = alone ? rni_ask() : RNI_MAY_GO_ON;
    if (verdict == RNI_ALL_QUIET || verdict == RNI_ALL_WAIT) {
        leave_idle_list(w);
        rni_unlock(&rt->idle_lock);
        rni_virtual_pass(verdict);
        return;
    }
    bool dead = verdict == RNI_ALL_DEAD;
    int64_t limit = patience(w, s, alone, now);
    bool close = s->watcher && !alone && s->naps <= CLOSE_NAPS;
    if (!close && (s->watcher || alone))
        atomic_store_explicit(&rt->want_kick, alone ? 2 : 1, memory_order_relaxed);
    if (alone && s->watcher) { /* whoever wakes first watches */
        s->watcher = false;
        atomic_store_explicit(&rt->watcher, 0, memory_order_relaxed);
    }
    w->polling = poller_enter();
    rni_unlock(&rt->idle_lock);
    if (dead && (rni_clock_is_virtual() || !rni_strangers()) && still_dead())
        rni_report_deadlock();
    if (dead)
        limit = UNSURE_NS;

    atomic_thread_fence(memory_order_seq_cst); /* partner: rni_wake_one, rni_wake_worker */
    bool work = atomic_load_explicit(&rt->inject_full, memory_order_relaxed) ||
                atomic_load_explicit(&w->inbox_full, memory_order_relaxed) || must_stop(s);
    if (w->polling)
        poll_events(work ? 0 : limit);
    else if (!work)
        rni_os_futex_wait(&w->signal, 0, limit);

    rni_lock_take(&rt->idle_lock);
    if (w->idle)
        leave_idle_list(w);
    else
        s->naps = 0; /* woken on purpose: look closely again */
    w->polling = false;
    if (s->watcher)
        atomic_store_explicit(&rt->want_kick, 0, memory_order_relaxed);
    rni_unlock(&rt->idle_lock);
}

/* Whether anything may happen soon that is worth spinning for, and a CPU is left to spin on: helper
 * threads that make blocking calls take those of idle workers, and may well compute. */
static bool worth_spinning(const idling *s)
{
    rni_runtime *rt = &rni_rt;
    uint32_t idle = atomic_load_explicit(&rt->idle_count, memory_order_relaxed);
    return s->watcher && idle + 1 < rni_active() &&
           atomic_load_explicit(&rt->helpers_busy, memory_order_relaxed) <= idle;
}

rni_runnable rni_idle(rni_worker *w, _Atomic(uint32_t) *done)
{
    idling s = { .done = done };
    int64_t now = rni_real_now();
    s.spin_until = now + SPIN_NS;
    rni_runnable r = 0;
    take_watch(w, &s);
    while (!must_stop(&s)) {
        rni_look_around(w, now);
        r = rni_pick(w);
        if (!r && s.watcher) {
            if (rni_watch_timers(w, w->clock))
                r = rni_pick(w);
            if (!r)
                r = rni_watch(w, now);
        }
        if (r)
            break;
        if (now < s.spin_until && worth_spinning(&s)) {
            for (int i = 0; i < 32; i++)
                rni_cpu_relax();
        } else {
            doze(w, &s, now);
            take_watch(w, &s);
            w->polled_at = 0;
        }
        now = rni_real_now();
        if (s.naps == 0 && s.spin_until < now)
            s.spin_until = now + SPIN_NS;
    }
    leave_watch(w, &s);
    return r;
}
