# SPDX-License-Identifier: MIT
"""Which memory orders of runnel are needed, and how that is known; mutate.py asks.

A key is a file, the operation up to the order that is weakened, and what it is weakened to.
"""

# The files whose orders are changed, and the models that must notice, the fast ones first.
TARGETS = {
    "arch/cpu.h": ["park park-ready park-cancel park-deadline claim-cancel"],
    "base/refs.h": ["life refs life-unref"],
    "core/runq.h": ["runq runq-thief runq-symmetric runq-lifo"],
    "core/runq.c": ["runq runq-thief runq-symmetric runq-lifo", "runq runq-thieves"],
    "core/lock.h": ["lock lock-twice", "park park-ready park-cancel park-deadline"],
    "core/lock.c": ["lock lock-twice", "park park-cancel park-deadline"],
    "core/park.h": ["park park-ready park-cancel park-deadline park-told park-shielded "
                    "claim-cancel claim-shielded", "select select-close select-default-closing",
                    "life life-selected"],
    "core/park.c": ["park park-cancel park-deadline park-shielded claim-cancel claim-deadline "
                    "claim-twice claim-shielded", "select select-close"],
    "core/timer.c": ["timer timer-stop timer-passes timer-again timer-next"],
    "core/fork.c": ["fork"],
    "core/foreign.c": ["foreign foreign-wake foreign-deadline foreign-poll foreign-each "
                       "foreign-records foreign-again",
                       "idle idle-last idle-last-queues idle-stranger"],
    "core/idle.c": ["poll", "idle", "blocking blocking-last"],
    "core/poll.c": ["poll"],
    "core/verdict.c": ["blocking blocking-virtual blocking-last",
                       "idle idle-last idle-last-queues idle-stranger"],
    "core/blocking.c": ["blocking"],
    "sync/mutex.c": ["lock mutex-two mutex-try mutex-again mutex-handed-over mutex-cancel"],
    "sync/once.c": ["lot_order order-once order-once-again", "lot once-two once-cancel"],
    "sync/select_quick.c": ["select select-default-closing select-any-close select-any-pairs"],
    "sync/chan.h": ["life life-free life-kept life-unref"],
    "sync/chan_life.c": ["life"],
    "arch/portable.c": ["switch"],
    "core/descriptor.c": ["descriptor"],
    "core/dispatch.c": ["reports reports-task reports-task-told", "workers"],
    "core/panic.c": ["panic"],
    "core/spawn.c": ["reports reports-spawn-each reports-spawn-told reports-slabs reports-spawn"],
    "core/stack.c": ["stack stack-each stack-chunks stack-guard stack-two"],
    "core/start.c": ["reports reports-spawn-each reports-spawn-told", "runtime",
                     "workers workers-yield"],
    "core/virtual.c": ["workers workers-virtual", "runtime"],
    "core/watch.c": ["workers workers-watch workers-done"],
    "core/worker.h": ["workers"],
    "core/worker.c": ["workers", "runtime"],
    "io/tcp.c": ["tcp"],
    "obs/dump.c": ["reports reports-task reports-task-told"],
    "obs/report.c": ["reports reports-task reports-task-told"],
    "pattern/credits.c": ["credits"],
    "scope/after_func.c": ["group group-after"],
    "scope/context.h": ["context"],
    "scope/context.c": ["context", "group group-after group-close"],
    "scope/failures.c": ["group"],
    "scope/group.h": ["group"],
    "scope/group.c": ["group"],
    "scope/run.c": [],
    "scope/shield.c": ["group group-asks"],
    "scope/test_run.c": ["test_run"],
}

# The model that fails, or those that do if an operation is in several places.
CAUGHT = {
    "arch/cpu.h atomic_thread_fence(memory_order_seq_cst -> acq_rel": "park-cancel",
    "base/refs.h atomic_fetch_sub_explicit((refs), (n), memory_order_acq_rel -> acquire": "refs",
    "base/refs.h atomic_fetch_sub_explicit((refs), (n), memory_order_acq_rel -> release": "refs",
    "core/runq.h atomic_load_explicit(&q->thief, memory_order_acquire -> relaxed":
        ("runq-thief", "runq-thief"),
    "core/runq.h atomic_store_explicit(&q->busy, 0, memory_order_release -> relaxed":
        ("runq-thief", "runq-thief"),
    "core/runq.c atomic_load_explicit(&q->thief, memory_order_acquire -> relaxed": "runq-thief",
    "core/runq.c atomic_thread_fence(memory_order_seq_cst -> acq_rel":
        ("runq-symmetric", "runq-symmetric"),
    "core/runq.c atomic_store_explicit(&q->busy, 0, memory_order_release -> relaxed": "runq-thief",
    "core/runq.c atomic_store_explicit(&q->thief, none, memory_order_release -> relaxed":
        "runq-thief",
    "core/runq.c atomic_load_explicit(&q->busy, memory_order_acquire -> relaxed": "runq-thief",
    "core/lock.h atomic_store_explicit(&l->held, 0, memory_order_release -> relaxed": "lock-twice",
    "core/park.h atomic_load_explicit(t->cancelled, memory_order_acquire -> relaxed":
        ("park-told", "park-told"),
    "core/park.c atomic_load_explicit(&t->claim, memory_order_acquire -> relaxed": "claim-shielded",
    "core/timer.c atomic_load_explicit(&t->state, memory_order_acquire -> relaxed":
        ("timer-stop", "timer-stop"),
    "core/timer.c atomic_store_explicit(&t->state, RNI_TIMER_IDLE, memory_order_release -> relaxed":
        "timer-stop",
    "core/fork.c __atomic_store_n(&f->depth, 1, __ATOMIC_RELEASE -> RELAXED": "fork-thief",
    "core/fork.c __atomic_load_n(&f->taken, __ATOMIC_ACQUIRE -> RELAXED": "fork-thief",
    "core/fork.c __atomic_load_n(&r->joiner, __ATOMIC_ACQUIRE -> RELAXED": "fork-thief",
    "core/fork.c __atomic_compare_exchange_n(&r->joiner, &nobody, (uintptr_t)t, false, "
    "__ATOMIC_RELEASE, __ATOMIC_ACQUIRE -> RELAXED": "fork-thief",
    "core/fork.c atomic_thread_fence(memory_order_seq_cst -> acq_rel":
        ("fork-fenced", "fork-fenced"),
    "core/fork.c __atomic_load_n(&f->depth, __ATOMIC_ACQUIRE -> RELAXED": "fork-again",
    "core/fork.c __atomic_store_n(&f->taken, taken, __ATOMIC_RELEASE -> RELAXED": "fork-thief",
    "core/fork.c __atomic_exchange_n(&r->joiner, DONE, __ATOMIC_ACQ_REL -> ACQUIRE": "fork-thief",
    "core/foreign.c atomic_store_explicit(&made, r, memory_order_release -> relaxed":
        "foreign-each",
    "core/foreign.c atomic_store_explicit(&t->state, RNI_TASK_LIVE, memory_order_release -> "
    "relaxed": "foreign-each",
    "core/foreign.c atomic_exchange_explicit(&t->woken, 0, memory_order_acquire -> relaxed":
        "foreign-wake",
    "core/foreign.c atomic_store_explicit(&t->woken, 1, memory_order_release -> relaxed":
        "foreign-wake",
    "core/foreign.c atomic_load_explicit(&made, memory_order_acquire -> relaxed": "foreign-each",
    "core/foreign.c atomic_load_explicit(&r->task.state, memory_order_acquire -> relaxed":
        "foreign-each",
    "core/idle.c atomic_fetch_sub_explicit(&rni_rt.poller_users, 1, memory_order_release -> "
    "relaxed": "poll-stop",
    "core/idle.c atomic_thread_fence(memory_order_seq_cst -> acq_rel":
        ("idle-queue", "idle-last", "idle-last", "idle-beside"),
    "core/idle.c atomic_load_explicit(&rni_rt.io_waiters, memory_order_acquire -> relaxed":
        "poll-opened",
    "core/idle.c atomic_compare_exchange_strong_explicit(&rni_rt.poller, &none, 1, "
    "memory_order_acq_rel -> release": "poll-turns",
    "core/idle.c atomic_store_explicit(&rni_rt.poller, 0, memory_order_release -> relaxed":
        "poll-turns",
    "core/idle.c atomic_load_explicit(s->done, memory_order_acquire -> relaxed": "idle-done",
    "core/poll.c atomic_load_explicit(&is_open, memory_order_acquire -> relaxed": "poll-open",
    "core/poll.c atomic_store_explicit(&is_open, rc == 0, memory_order_release -> relaxed":
        "poll-open",
    "core/poll.c atomic_load_explicit(&rni_rt.poller_users, memory_order_acquire -> relaxed":
        "poll-stop",
    "sync/mutex.c atomic_compare_exchange_strong_explicit(state_of(m), &free_state, LOCKED, "
    "memory_order_acquire -> relaxed": "mutex-two",
    "sync/mutex.c atomic_exchange_explicit(state_of(m), CONTENDED, memory_order_acquire -> relaxed":
        "mutex-two",
    "sync/mutex.c atomic_compare_exchange_strong_explicit( state_of(m), &free_state, LOCKED, "
    "memory_order_acquire -> relaxed": "mutex-two",
    "sync/mutex.c atomic_exchange_explicit(state_of(m), CONTENDED, memory_order_acq_rel -> release":
        "mutex-handed-over",
    "sync/mutex.c atomic_exchange_explicit(state_of(m), UNLOCKED, memory_order_release -> relaxed":
        "mutex-two",
    "core/park.h __atomic_store_n(&q->head, w->next, __ATOMIC_RELEASE -> RELAXED":
        "select-default-closing",
    "sync/select_quick.c __atomic_load_n(&q->head, __ATOMIC_ACQUIRE -> RELAXED":
        "select-default-closing",
    "sync/once.c atomic_load_explicit(state_of(o), memory_order_acquire -> relaxed": "order-once",
    "sync/chan.h atomic_load_explicit(&c->refs, memory_order_acquire -> relaxed": "life-free",
    "sync/chan_life.c atomic_store_explicit(&slabs, s, memory_order_release -> relaxed":
        "life-each",
    "sync/chan_life.c atomic_store_explicit(&c->live, true, memory_order_release -> relaxed":
        "life-each",
    "sync/chan_life.c atomic_load_explicit(&slabs, memory_order_acquire -> relaxed":
        ("life-each", "life-slabs"),
    "sync/chan_life.c atomic_load_explicit(&s->channels[i].live, memory_order_acquire -> relaxed":
        "life-each",
    "arch/portable.c __atomic_store_n(&c->sp, s, __ATOMIC_RELEASE -> RELAXED": "switch",
    "arch/portable.c __atomic_load_n(&to->sp, __ATOMIC_ACQUIRE -> RELAXED": "switch",
    "core/descriptor.c atomic_load_explicit(&table[block], memory_order_acquire -> relaxed":
        "descriptor",
    "core/descriptor.c atomic_compare_exchange_strong_explicit(&table[block], &d, fresh, "
    "memory_order_acq_rel -> acquire": "descriptor",
    "core/descriptor.c atomic_compare_exchange_strong_explicit(&table[block], &d, fresh, "
    "memory_order_acq_rel, memory_order_acquire -> relaxed": "descriptor",
    "core/dispatch.c atomic_store_explicit(&t->state, RNI_TASK_LIVE, memory_order_release -> "
    "relaxed": "reports-task",
    "core/dispatch.c __atomic_load_n(&t->context.sp, __ATOMIC_ACQUIRE -> RELAXED": "workers-saved",
    "core/dispatch.c atomic_load_explicit(done, memory_order_acquire -> relaxed": "workers-done",
    "core/panic.c atomic_store_explicit(&handler, fn, memory_order_release -> relaxed":
        "panic-handler",
    "core/panic.c atomic_load_explicit(&handler, memory_order_acquire -> relaxed": "panic-handler",
    "core/spawn.c atomic_store_explicit(&slabs, s, memory_order_release -> relaxed":
        "reports-spawn-each",
    "core/spawn.c atomic_load_explicit(&slabs, memory_order_acquire -> relaxed":
        ("reports-spawn-each", "reports-slabs"),
    "core/spawn.c atomic_load_explicit(&r->queued, memory_order_acquire -> relaxed":
        "reports-spawn-each",
    "core/stack.c atomic_store_explicit(&chunk_count, n + 1, memory_order_release -> relaxed":
        "stack-chunks",
    "core/stack.c atomic_load_explicit(&chunk_count, memory_order_acquire -> relaxed":
        ("stack-chunks", "stack-guard"),
    "core/start.c atomic_store_explicit(&s->queued, true, memory_order_release -> relaxed":
        "reports-spawn-each",
    "core/start.c atomic_load_explicit(t->cancelled, memory_order_acquire -> relaxed":
        "workers-yield",
    "core/worker.h __atomic_load_n(&rni_rt.count, __ATOMIC_ACQUIRE -> RELAXED": "workers-look",
    "core/worker.h atomic_store_explicit(&w->callbacks, depth - 1, memory_order_release -> relaxed":
        "workers-callbacks",
    "core/worker.c __atomic_store_n(&rni_rt.count, count, __ATOMIC_RELEASE -> RELAXED":
        "workers-look",
    "core/worker.c atomic_thread_fence(memory_order_seq_cst -> acq_rel": "runtime-return",
    "core/worker.c atomic_load_explicit(&rni_rt.workers[i].callbacks, memory_order_acquire -> "
    "relaxed": "workers-callbacks",
    "core/worker.c atomic_load_explicit(done, memory_order_acquire -> relaxed": "workers-wait",
    "core/worker.c atomic_store_explicit(done, 1, memory_order_release -> relaxed": "workers-done",
    "io/tcp.c atomic_fetch_add_explicit(&s->users, 1, memory_order_seq_cst -> acq_rel": "tcp-close",
    "io/tcp.c atomic_load_explicit(&s->closed, memory_order_seq_cst -> acquire": "tcp-close",
    "io/tcp.c atomic_store_explicit(&s->closed, true, memory_order_seq_cst -> release": "tcp-close",
    "io/tcp.c atomic_load_explicit(&s->users, memory_order_seq_cst -> acquire": "tcp-close",
    "obs/dump.c atomic_load_explicit(&t->state, memory_order_acquire -> relaxed":
        "reports-task-told",
    "obs/report.c atomic_load_explicit(&t->state, memory_order_acquire -> relaxed": "reports-task",
    "pattern/credits.c atomic_load_explicit(&c->over, memory_order_acquire -> relaxed":
        "credits-end-one",
    "pattern/credits.c atomic_store_explicit(&c->over, true, memory_order_release -> relaxed":
        "credits-end-one",
    "scope/context.h atomic_load_explicit(&c->cause, memory_order_acquire -> relaxed":
        "context-cause",
    "scope/context.c atomic_load_explicit(&c->err, memory_order_acquire -> relaxed":
        "context-error",
    "scope/context.c atomic_load_explicit(&c->done, memory_order_acquire -> relaxed":
        "context-done",
    "scope/context.c atomic_store_explicit(&c->done, fresh, memory_order_release -> relaxed":
        "context-done",
    "scope/failures.c atomic_load_explicit(&g->live, memory_order_acquire -> relaxed":
        "group-keep-going",
    "scope/group.c atomic_compare_exchange_weak_explicit(&g->live, &n, n - 1, memory_order_acq_rel "
    "-> acquire": "group-wait",
    "scope/group.c atomic_load_explicit(&g->owner.cancelled, memory_order_acquire -> relaxed":
        "group-go",
    "scope/shield.c atomic_load_explicit(t->cancelled, memory_order_acquire -> relaxed":
        "group-asks",
    "scope/test_run.c atomic_compare_exchange_strong_explicit(&in_test_run, &no, true, "
    "memory_order_acq_rel -> release": "test-run",
    "scope/test_run.c atomic_store_explicit(&in_test_run, false, memory_order_release -> relaxed":
        "test-run",
}

FENCE = "rni_fence_after_rmw follows"
RESULT = "what the ender has done travels with rni_ready"
COMPARED = ("the futex only compares it: who reads the new value before it takes the lock takes it "
            "after who stored it, or the load would come before that store (coherence)")
LOADED = "the load before it has acquired the same value"
ONE = "nobody uses anything of the first: the others only wait for the end"
CHUNK = ("chunk_count, loaded before with acquire, publishes the chunk and its zeros; what is in a "
         "record its `state` publishes, after `used`")
NOW = ("only the number is used; who is woken for it reads what is no older than the wake "
       "(coherence)")
RECORD = ("it orders the last plain reads of a wait record before the record's end, and a model "
          "sees no plain accesses")
NEXT = "only the number is used; the heap is read under its lock"
FAILED = ("only the number is used before the group's tasks have ended, and their end is "
          "ordered by `live`")
LIMIT = "rni_semaphore_set comes between the two, and takes a lock with a full fence"
JOINER = "for rni_ready, which reads what a task has set of itself; the model's threads are foreign"
ABORT = "rni_owner_abort_all comes between the two, and begins with a full fence"

# What no model notices, and why it is not needed.
UNNEEDED = {
    "core/runq.c atomic_exchange_explicit(&q->busy, 1, memory_order_seq_cst -> acq_rel":
        "rni_fence_after_rmw follows",
    "core/runq.c atomic_compare_exchange_strong_explicit(&q->thief, &old, old | RNI_RUNQ_THIEF, "
    "memory_order_seq_cst -> acq_rel": "a full fence follows, heavy or not",
    "core/lock.c atomic_exchange_explicit(&l->held, 1, memory_order_seq_cst -> acq_rel":
        FENCE + " in rni_lock_take; rni_lock_try, which is for reports, needs no more than acquire",
    "core/lock.h atomic_exchange_explicit(&l->held, 1, memory_order_seq_cst -> acq_rel": FENCE,
    "core/park.c atomic_exchange_explicit(&t->claim, (c + RNI_CLAIM_STEP) | RNI_CLAIM_WAITING, "
    "memory_order_seq_cst -> acq_rel": FENCE,
    "core/park.c atomic_exchange_explicit(&t->timed_out, 1, memory_order_seq_cst -> acq_rel": FENCE,
    "core/park.c atomic_load_explicit(&t->claim, memory_order_acquire -> relaxed":
        "in rni_claim, where the compare-exchange acquires; that of abort_wait is caught",
    "core/park.c atomic_compare_exchange_strong_explicit(&t->claim, &c, "
    "c & ~(uint64_t)RNI_CLAIM_MASK, memory_order_acq_rel -> acquire": RESULT,
    "core/park.c atomic_compare_exchange_strong_explicit(&t->claim, &c, "
    "c & ~(uint64_t)RNI_CLAIM_MASK, memory_order_acq_rel -> release": LOADED,
    "core/park.c atomic_load_explicit(&t->announced, memory_order_acquire -> relaxed":
        "the lock is taken before anything else of the record is read",
    "core/park.h atomic_store_explicit(&t->announced, lock, memory_order_release -> relaxed":
        "the lock is taken before anything else of the record is read",
    "core/park.h atomic_load_explicit(&t->timed_out, memory_order_acquire -> relaxed":
        "a timer tells nothing but that; timeout_result is the task's own",
    "core/idle.c atomic_thread_fence(memory_order_seq_cst -> acq_rel":
        "in rni_wake_worker: what it looks at is under the lock, and so was what it has stored; "
        "the other three are caught",
    "core/idle.c atomic_compare_exchange_strong_explicit(&rni_rt.poller, &none, 1, "
    "memory_order_acq_rel -> acquire": "who takes the place has nothing to tell",
    "core/idle.c atomic_load_explicit(&rni_rt.stopping, memory_order_acquire -> relaxed":
        "a worker that is to stop reads nothing of who said so; its end is joined",
    "core/idle.c atomic_load_explicit(&w->timers.next, memory_order_acquire -> relaxed":
        "only the number is used; the heap is read under its lock",
    "core/poll.c atomic_fetch_add_explicit(&rni_rt.io_waiters, (uint32_t)change, "
    "memory_order_seq_cst -> acq_rel":
        "who counts up is a worker's task, and that worker looks before it sleeps",
    "core/blocking.c atomic_load_explicit(&work, memory_order_acquire -> relaxed": COMPARED,
    "core/blocking.c atomic_fetch_add_explicit(&work, 1, memory_order_release -> relaxed": COMPARED,
    "core/blocking.c atomic_load_explicit(&ended, memory_order_acquire -> relaxed": COMPARED,
    "core/blocking.c atomic_fetch_add_explicit(&ended, 1, memory_order_release -> relaxed":
        COMPARED,
    "core/blocking.c atomic_fetch_sub_explicit(&rni_rt.helpers_busy, 1, "
    "memory_order_seq_cst -> acq_rel":
        "in a helper rni_outside_gone follows, with a full fence; in fail_all the caller's worker "
        "asks later, under idle_lock",
    "core/verdict.c atomic_load_explicit(&rt->helpers_busy, memory_order_acquire -> relaxed":
        "the wake that comes before the count goes down takes idle_lock, which who asks holds, "
        "or has its full fence before that one's",
    "core/verdict.c atomic_load_explicit(&rt->io_waiters, memory_order_acquire -> relaxed":
        "workers' tasks count; the last worker asks under the lock that the others went idle under",
    "core/verdict.c atomic_load_explicit(&rni_rt.foreign_threads, "
    "memory_order_acquire -> relaxed":
        "it decides only on death, which is asked for again after a full fence (still_dead)",
    "core/verdict.c atomic_load_explicit(&rni_virtual_quiet()->next, "
    "memory_order_acquire -> relaxed": "the heap is read under its lock",
    "core/foreign.c atomic_fetch_sub_explicit(&rni_rt.foreign_threads, 1, "
    "memory_order_seq_cst -> acq_rel": "rni_outside_gone begins with a full fence",
    "core/park.h __atomic_store_n(&w->lock, NULL, __ATOMIC_RELEASE -> RELAXED": RECORD,
    "sync/select_quick.c __atomic_load_n(&w->lock, __ATOMIC_ACQUIRE -> RELAXED": RECORD,
    "sync/once.c atomic_store_explicit(state_of(o), DONE, memory_order_release -> relaxed":
        "the lock's full fence comes between what the function did and it",
    "sync/once.c atomic_compare_exchange_strong_explicit(state_of(o), &expected, RUNNING, "
    "memory_order_acquire -> relaxed": "nobody has stored NEW: there is nothing to acquire",
    "sync/once.c atomic_compare_exchange_strong_explicit(state_of(o), &expected, RUNNING, "
    "memory_order_acquire, memory_order_acquire -> relaxed":
        "who fails looks again under the lock",
    "sync/once.c atomic_load_explicit(state_of(o), memory_order_acquire -> relaxed":
        "in the slow path, under the lock that it is stored under; the fast path's is caught",
    "sync/mutex.c atomic_exchange_explicit(state_of(m), CONTENDED, "
    "memory_order_acq_rel -> acquire":
        "who is handed the mutex is told by rni_ready, and others acquire only UNLOCKED",
    "sync/chan_life.c atomic_load_explicit(&c->refs, memory_order_acquire -> relaxed":
        "whether to end calls that wait; what comes after needs the acq_rel of the release",
    "core/park.h atomic_load_explicit(&t->claim, memory_order_acquire -> relaxed":
        "rni_waiter_waits decides only whether a free is a mistake",
    "core/timer.c atomic_store_explicit(&h->next, root ? root->when : INT64_MAX, "
    "memory_order_release -> relaxed": "the lock's full fence comes before it",
    "core/timer.c atomic_store_explicit(&t->state, RNI_TIMER_ARMED, "
    "memory_order_release -> relaxed":
        "the lock's full fence comes before it",
    "core/timer.c atomic_load_explicit(&h->next, memory_order_acquire -> relaxed":
        "the lock is taken before the heap is read",
    "arch/portable.c __atomic_store_n(&c->sp, s, __ATOMIC_RELEASE -> RELAXED":
        "in rni_arch_prepare, whose worker switches to it at once; publish_left's is caught",
    "core/descriptor.c atomic_compare_exchange_strong_explicit(&table[block], &d, fresh, "
    "memory_order_acq_rel -> release": "it has read NULL, which nobody has stored",
    "core/panic.c atomic_exchange_explicit(&panicking, 1, memory_order_acq_rel -> acquire": ONE,
    "core/panic.c atomic_exchange_explicit(&panicking, 1, memory_order_acq_rel -> release": ONE,
    "core/stack.c atomic_store_explicit(&c->used, *i + 1, memory_order_release -> relaxed": CHUNK,
    "core/stack.c atomic_load_explicit(&chunks[k].used, memory_order_acquire -> relaxed": CHUNK,
    "core/stack.c atomic_load_explicit(&c->used, memory_order_acquire -> relaxed": CHUNK,
    "core/stack.c atomic_load_explicit(&chunk_count, memory_order_acquire -> relaxed":
        "in rni_stack_each, where `used` is acquired, too, and is 0 before the chunk is complete; "
        "one of the two is needed, and the other two are caught",
    "core/fork.c __atomic_compare_exchange_n(&f->taken, &taken, (taken + 1) | RNI_FORKS_BUSY, "
    "false, __ATOMIC_ACQUIRE -> RELAXED": "a full fence follows before anything else is read",
    "core/fork.c __atomic_compare_exchange_n(&r->joiner, &nobody, (uintptr_t)t, false, "
    "__ATOMIC_RELEASE -> RELAXED": JOINER,
    "core/fork.c __atomic_exchange_n(&r->joiner, DONE, __ATOMIC_ACQ_REL -> RELEASE": JOINER,
    "core/fork.c atomic_store_explicit(&s->queued, true, memory_order_release -> relaxed":
        "that of core/start.c is caught",
    "core/start.c atomic_fetch_add_explicit(&rni_rt.foreign_started, !o->internal, "
    "memory_order_seq_cst -> acq_rel":
        "rni_queue_anywhere, before `running` is read, takes a lock with a full fence",
    "core/virtual.c atomic_load_explicit(&virtual_now, memory_order_acquire -> relaxed": NOW,
    "core/virtual.c atomic_store_explicit(&virtual_now, next, memory_order_release -> relaxed": NOW,
    "core/virtual.c atomic_store_explicit(&virtual_now, start, memory_order_release -> relaxed":
        "only the number is used by threads that the start of the workers does not order",
    "core/virtual.c atomic_store_explicit(&virtual_now, 0, memory_order_release -> relaxed":
        "only the number is used by threads that the end of the workers does not order",
    "core/virtual.c atomic_load_explicit(&rni_rt.workers[i].timers.next, "
    "memory_order_acquire -> relaxed": NEXT,
    "core/watch.c atomic_load_explicit(&v->timers.next, memory_order_acquire -> relaxed": NEXT,
    "core/worker.c atomic_store_explicit(&rni_rt.stopping, 1, memory_order_seq_cst -> release":
        "rni_wake_all follows, with a full fence for each worker",
    "core/worker.c atomic_store_explicit(&rni_rt.running, 1, memory_order_seq_cst -> release":
        "who still reads 0 takes start_lock and finds 1",
    "core/worker.c atomic_load_explicit(&rni_rt.running, memory_order_seq_cst -> acquire":
        "its callers have executed a full fence since they queued: rni_queue_anywhere, "
        "rni_timer_arm",
    "core/worker.c atomic_store_explicit(&rni_rt.running, 0, memory_order_seq_cst -> release":
        "a full fence follows, which is caught",
    "core/worker.c atomic_thread_fence(memory_order_seq_cst -> acq_rel":
        "in rni_timer_arm, where rni_wake_worker begins with one; stop_workers' is caught",
    "obs/report.c atomic_exchange_explicit(&reporting, 1, memory_order_acq_rel -> acquire": ONE,
    "obs/report.c atomic_exchange_explicit(&reporting, 1, memory_order_acq_rel -> release": ONE,
    "scope/after_func.c atomic_compare_exchange_strong_explicit(&f->state, &pending, (int)to, "
    "memory_order_acq_rel -> acquire":
        "who loses uses nothing of who has won; what is started comes through the context's lock",
    "scope/after_func.c atomic_compare_exchange_strong_explicit(&f->state, &pending, (int)to, "
    "memory_order_acq_rel -> release": "it has read PENDING, which nobody has stored",
    "scope/context.c atomic_load_explicit(&c->done, memory_order_acquire -> relaxed":
        "in free_one, after the last reference has acquired the others; the other is caught",
    "scope/context.c atomic_store_explicit(&c->cause, cause, memory_order_release -> relaxed":
        "the lock's full fence comes between what the canceller did and it",
    "scope/context.c atomic_store_explicit(&c->err, err, memory_order_release -> relaxed":
        "the same fence; the channel is closed under its own lock, and read under that",
    "scope/context.c atomic_load_explicit(&c->cause, memory_order_acquire -> relaxed":
        "the lock is taken before err is read again",
    "scope/failures.c atomic_load_explicit(&g->first_error, memory_order_acquire -> relaxed":
        FAILED,
    "scope/failures.c atomic_compare_exchange_strong_explicit(&g->first_error, &none, rc, "
    "memory_order_acq_rel -> acquire": FAILED,
    "scope/failures.c atomic_compare_exchange_strong_explicit(&g->first_error, &none, rc, "
    "memory_order_acq_rel -> release": "it has read 0, which nobody has stored",
    "scope/failures.c atomic_store_explicit(&g->places, places, memory_order_seq_cst -> release":
        LIMIT,
    "scope/failures.c atomic_load_explicit(&g->owner.cancelled, memory_order_seq_cst -> acquire":
        LIMIT,
    "scope/group.c atomic_compare_exchange_weak_explicit(&g->live, &n, n - 1, "
    "memory_order_acq_rel -> release":
        "who is not the last reads nothing of the others; the last one's acquires all of them",
    "scope/group.c atomic_exchange_explicit(&g->owner.cancelled, cause, "
    "memory_order_seq_cst -> acq_rel": ABORT,
    "scope/group.c atomic_load_explicit(&g->places, memory_order_seq_cst -> acquire": ABORT,
    "scope/group.c atomic_load_explicit(&g->owner.cancelled, memory_order_acquire -> relaxed":
        "in take_place, where the place is given back under a lock, whose fence comes before the "
        "return; rn_group_go's is caught",
    "scope/group.h atomic_load_explicit(&g->places, memory_order_acquire -> relaxed":
        "what it points to is read under the lock of its bucket, whose fence comes before that",
    "scope/run.c atomic_store_explicit(&r.done, 1, memory_order_release -> relaxed":
        "the steward was not started: the same thread reads it",
    "scope/test_run.c atomic_compare_exchange_strong_explicit(&in_test_run, &no, true, "
    "memory_order_acq_rel -> acquire": "who reserves has nothing to tell",
}

# How many weakenings such a key stands for, if not for one.
TIMES = {
    "core/lock.c atomic_exchange_explicit(&l->held, 1, memory_order_seq_cst -> acq_rel": 2,
    "core/park.c atomic_compare_exchange_strong_explicit(&t->claim, &c, "
    "c & ~(uint64_t)RNI_CLAIM_MASK, memory_order_acq_rel -> acquire": 2,
    "core/park.c atomic_compare_exchange_strong_explicit(&t->claim, &c, "
    "c & ~(uint64_t)RNI_CLAIM_MASK, memory_order_acq_rel -> release": 2,
    "core/blocking.c atomic_fetch_sub_explicit(&rni_rt.helpers_busy, 1, "
    "memory_order_seq_cst -> acq_rel": 2,
    "core/blocking.c atomic_fetch_add_explicit(&work, 1, memory_order_release -> relaxed": 2,
}
