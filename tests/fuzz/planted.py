#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Shows that the program target finds what it is for: bugs planted in the library, one at a time.

    planted.py LIBRARY.a FOLDER [NAME...]

Each is a change of one line in a copy of one file. The copy is compiled and linked in front of the
library; then the target must fail within the inputs that stand beside it, and without the change it
must not. Prints in how many inputs each was found. The copies are in FOLDER.
"""
import os
import re
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
CC = os.environ.get("CC", "cc")
FLAGS = ["-std=gnu11", "-O1", "-g", "-fstack-clash-protection", "-ftls-model=initial-exec",
         "-I" + ROOT + "/include", "-I" + ROOT + "/src", "-I" + ROOT + "/tests"]
TARGET = ["program_fuzz.c", "program_read.c", "program_run.c", "run_calls.c",
          "program_model.c", "model_channels.c", "model_scopes.c", "plain.c", "no_exit.c"]

# Name, file, what to replace, by what, and the inputs within which it must be found.
BUGS = [
    ("buffer_last_in_first_out", "sync/chan.c",
     "store(c, dst, rni_chan_slot(c, 0), seen);\n        c->head = c->head + 1 == c->cap ? 0 : "
     "c->head + 1;",
     "store(c, dst, rni_chan_slot(c, c->count - 1), seen);", 1000),
    ("waiting_sender_overtakes_the_buffer", "sync/chan.c",
     "copy(rni_chan_slot(c, c->count), w->elem, c->size, seen);\n        rni_chan_set_count(c, "
     "c->count + 1);\n    } else {",
     "copy(rni_chan_slot(c, c->count), dst ? dst : w->elem, c->size, seen);\n        store(c, dst, "
     "w->elem, seen);\n        rni_chan_set_count(c, c->count + 1);\n    } else {", 1000),
    ("buffer_holds_one_too_many", "sync/chan.c", "if (c->count == c->cap)\n        return false;",
     "if (c->count == c->cap && c->cap != 2)\n        return false;", 1000),
    ("send_to_closed_succeeds", "sync/chan.c",
     "rni_unlock(&c->lock);\n        return -EPIPE;\n    }\n    return (seen ? send_seen",
     "rni_unlock(&c->lock);\n        return 0;\n    }\n    return (seen ? send_seen", 1000),
    ("end_is_not_zeroed", "sync/chan.c", "if (dst)\n            memset(dst, 0, size);",
     "(void)size;", 1000),
    ("quick_receive_leaves_the_value", "sync/chan_quick.c",
     "c->head = c->head + 1 == c->cap ? 0 : c->head + 1;", "", 1000),
    ("quick_send_overtakes_a_receiver", "sync/chan_quick.c",
     "if (usual(c) && w && !(w->flags & RNI_WAITER_CLAIM))\n        return send_to(t, c, elem, "
     "w);",
     "if (usual(c) && w && w->next && !(w->flags & RNI_WAITER_CLAIM))\n        return send_to(t, "
     "c, elem, w->next);", 3000),
    ("close_wakes_senders_as_served", "sync/chan_close.c",
     "w->index = (unsigned)(rc ? rc : -EPIPE);", "w->index = (unsigned)(rc ? rc : 0);", 1000),
    ("close_forgets_senders", "sync/chan_close.c",
     "end = take_waiters(c, &c->senders, end, rc);", "", 1000),
    ("close_loses_the_status_of_a_select", "sync/chan_close.c",
     "RNI_CONTAINER(w, rni_place, waiter)->of->status = rc ? rc : -EPIPE;", "(void)select;", 1000),
    ("select_says_another_case", "sync/chan.c",
     "return w->flags & RNI_WAITER_CLAIM ? (int)w->index : 0;", "return 0;", 1000),
    ("select_loses_a_value", "sync/chan.c",
     "store(c, w->elem, elem, seen);\n        if (w->ok)\n            *w->ok = true;",
     "if (!w->ok)\n            store(c, w->elem, elem, seen);\n        else\n            *w->ok = "
     "true;", 1000),
    ("select_stays_in_queues", "sync/select_quick.c", "rni_dequeue(w);", "(void)w;", 1000),
    ("ordered_select_takes_any", "sync/select.c", "if (s->ordered)\n            break;", "", 1000),
    ("select_takes_the_default_too_soon", "sync/select.c",
     "return c->closed || c->count < c->cap || c->receivers.head;",
     "return c->closed || c->count + 1 < c->cap || c->receivers.head;", 1000),
    ("last_come_first_served", "sync/chan.c",
     "rni_enqueue(q, &c->lock, own_waiter(t, elem));",
     "rni_enqueue(q, &c->lock, own_waiter(t, elem));\n    if (q->head != &t->waiter) {\n"
     "        rni_dequeue(&t->waiter);\n        t->waiter.prev = NULL;\n        t->waiter.next = "
     "q->head;\n        q->head->prev = &t->waiter;\n        q->head = &t->waiter;\n        "
     "t->waiter.lock = &c->lock;\n    }", 1000),
    ("cancel_loses_a_value", "sync/chan.c", "return rni_park(t, why, c, site);",
     "int rc = rni_park(t, why, c, site);\n    return rc ? rc : rni_refused_at_entry(t);", 3000),
    ("cancel_wakes_nobody", "core/park.c",
     "bool won = __atomic_load_n(&t->waiter.lock, __ATOMIC_RELAXED) == (void *)l &&\n"
     "               !shielded(t, cancel);\n    if (won)",
     "bool won = __atomic_load_n(&t->waiter.lock, __ATOMIC_RELAXED) == (void *)l &&\n"
     "               !shielded(t, cancel);\n    if (won && !cancel)", 3000),
    ("cancel_ignores_the_shield", "core/park.c",
     "return cancel && atomic_load_explicit(&t->shields, memory_order_relaxed) > 0;",
     "return false;", 3000),
    ("cancel_stops_at_the_group", "scope/context.c",
     "cancel_one(child, cause, err, &work);", "(void)err;", 3000),
    ("deadline_says_success", "core/park.c", "abort_wait(t, t->timeout_result, false);",
     "abort_wait(t, t->timeout_result < 0 ? 0 : t->timeout_result, false);", 1000),
    ("semaphore_overtakes", "sync/semaphore.c",
     "if (s->permits_ < n || rni_lot_first(b, s))", "if (s->permits_ < n)", 3000),
    ("semaphore_serves_only_one", "sync/semaphore.c",
     "while ((w = rni_lot_first(b, s)) != NULL && (int64_t)rni_lot_index(w) <= s->permits_) {",
     "if ((w = rni_lot_first(b, s)) != NULL && (int64_t)rni_lot_index(w) <= s->permits_) {",
     10000),
    ("semaphore_forgets_those_behind_a_cancelled_one", "sync/semaphore.c",
     "if (rc != 0) /* those behind this one may fit */", "if (0)", 10000),
    ("wait_group_drops_a_wakeup", "sync/waitgroup.c",
     "rni_ready_all(free_to_go, 0);", "if (free_to_go)\n        free_to_go->next = NULL;\n    "
     "rni_ready_all(free_to_go, 0);", 10000),
    ("mutex_drops_a_wakeup", "sync/mutex.c", "if (rni_unlikely(old == CONTENDED))",
     "if (rni_unlikely(old == CONTENDED) && rni_current()->timer.when == 0)", 3000),
    ("mutex_lets_two_in", "sync/mutex.c",
     "memory_order_acquire) == UNLOCKED) {\n            RNI_EDGE_IN(m);",
     "memory_order_acquire) != LOCKED) {\n            RNI_EDGE_IN(m);", 3000),
    ("signal_wakes_the_last", "sync/cond.c", "rni_waiter *w = rni_lot_first(b, c);",
     "rni_waiter *w = rni_lot_first(b, c);\n    for (rni_waiter *x = w; x; x = x->next)\n        "
     "w = x->elem == (void *)c ? x : w;", 3000),
    ("broadcast_forgets_one", "sync/cond.c", "rni_ready_all(woken, 0);",
     "rni_ready_all(woken ? woken->next : woken, 0);", 3000),
    ("readers_pass_a_waiting_writer", "sync/rwmutex.c",
     "if (m->writer_ || m->writers_waiting_ > 0)", "if (m->writer_)", 3000),
    ("a_cancelled_writer_holds_off_readers", "sync/rwmutex.c",
     "leave_and_ready(b, admit(b, m));\n    }\n    return rc;",
     "leave_and_ready(b, NULL);\n    }\n    return rc;", 30000),
    ("a_stopped_timer_leaves_its_value", "sync/chan_timer.c",
     "rni_chan_set_count(c, 0);\n    c->due", "c->due", 3000),
    ("done_comes_too_late", "scope/context.c",
     "    if (done)\n        rni_channel_close_once(done);\n    RNI_EDGE_OUT",
     "    if (done && err == -ETIMEDOUT)\n        rni_channel_close_once(done);\n    RNI_EDGE_OUT",
     3000),
    ("group_wait_forgets_the_error", "scope/group.c", "rni_ready_all(woken, result);",
     "rni_ready_all(woken, 0);", 1000),
    ("failure_cancels_nobody", "scope/group.c", "rn_ctx_cancel(&g->ctx, rc);", "(void)rc;", 1000),
    ("drop_misses_the_last", "sync/chan_life.c", "i < c->count; i++)", "i + 1 < c->count; i++)",
     1000),
]


def build(folder, library, name, file, source):
    os.makedirs(folder, exist_ok=True)
    objects = []
    if file:
        copy = os.path.join(folder, name + ".c")
        with open(copy, "w") as f:
            f.write(source)
        objects = [copy]
    program = os.path.join(folder, name)
    # What a changed file refers to beside itself.
    include = ["-I" + os.path.join(ROOT, "src", os.path.dirname(file))] if file else []
    subprocess.run([CC, *FLAGS, *include, "-o", program, *objects,
                    *[os.path.join(folder, t + ".o") for t in TARGET], library, "-lpthread"],
                   check=True)
    return program


def run(program, inputs, folder):
    corpus = os.path.join(HERE, "corpus", "program")
    r = subprocess.run([program, "-runs=%d" % inputs, "-seed=1", corpus], capture_output=True,
                       text=True, errors="replace", timeout=300, cwd=folder)
    found = re.search(r"^fuzz: input (\d+)", r.stderr, re.M)
    wrong = re.search(r"^program: (.*), at note", r.stderr, re.M) or \
        re.search(r"^(runnel: .*|fuzz: the library.*)$", r.stderr, re.M)
    return r.returncode, int(found[1]) if found else 0, wrong[1] if wrong else ""


def main():
    library, folder = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
    names = sys.argv[3:]
    os.makedirs(folder, exist_ok=True)
    for t in TARGET:
        subprocess.run([CC, *FLAGS, "-c", "-o", os.path.join(folder, t + ".o"),
                        os.path.join(HERE, t)], check=True)
    failed = 0
    rc, _, wrong = run(build(folder, library, "unchanged", None, None), 20000, folder)
    if rc != 0:
        print("planted: the unchanged library fails: %s" % wrong)
        failed += 1
    for name, file, old, new, inputs in BUGS:
        if names and name not in names:
            continue
        with open(os.path.join(ROOT, "src", file)) as f:
            source = f.read()
        if source.count(old) != 1:
            print("planted: %s: the place in %s is there %d times" %
                  (name, file, source.count(old)))
            failed += 1
            continue
        program = build(folder, library, name, file, source.replace(old, new))
        rc, found, wrong = run(program, inputs, folder)
        if rc == 0:
            print("planted: %s was not found in %d inputs" % (name, inputs))
            failed += 1
        else:
            print("planted: %-48s input %5d  %s" %
                  (name, found, wrong[:80] or "the process ended by signal %d" % -rc), flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
