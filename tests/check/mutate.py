#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Weakens the explicit memory orders of runnel's checked parts one step, one at a time.

    tests/check/mutate.py LIBRARY_DIR [FILE...]
    tests/check/mutate.py --list

The second form only counts: the orders of every file of src/, and whether it is among those.

For each order a copy of src/ is changed in that place, the models that reach it are compiled and
run, and at least one must fail ("caught"). An order that may be weakened unnoticed is either listed
below with the reason, or an error. LIBRARY_DIR has librunnel_check.a.
"""
import collections
import os
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = os.path.normpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
HERE = os.path.join(ROOT, "tests", "check")


def parts():
    with open(os.path.join(HERE, "CMakeLists.txt"), encoding="utf-8") as build:
        return re.search(r"set\(parts ([^)]*)\)", build.read()).group(1).split()


# The files whose orders are changed, and the models that must notice, the fast ones first.
TARGETS = {
    "arch/cpu.h": ["park park-ready park-cancel park-deadline claim-cancel"],
    "base/refs.h": ["life refs life-unref"],
    "core/runq.h": ["runq runq-thief runq-symmetric runq-lifo"],
    "core/runq.c": ["runq runq-thief runq-symmetric runq-lifo", "runq runq-thieves"],
    "core/lock.h": ["lock lock-twice", "park park-ready park-cancel park-deadline"],
    "core/lock.c": ["lock lock-twice", "park park-cancel park-deadline"],
    "core/park.h": ["park park-ready park-cancel park-deadline park-told park-shielded "
                    "claim-cancel claim-shielded", "select select-close",
                    "life life-selected"],
    "core/park.c": ["park park-cancel park-deadline park-shielded claim-cancel claim-deadline "
                    "claim-twice claim-shielded", "select select-close"],
    "core/timer.c": ["timer timer-stop timer-passes timer-again timer-next"],
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
    "sync/chan.h": ["life life-free life-kept life-unref"],
    "sync/chan_life.c": ["life"],
}

FENCE = "rni_fence_after_rmw follows"
RESULT = "what the ender has done travels with rni_ready"
COMPARED = ("the futex only compares it: who reads the new value before it takes the lock takes it "
            "after who stored it, or the load would come before that store (coherence)")
LOADED = "the load before it has acquired the same value"

# What no model notices, by the operation, and why: it is not needed, or no model gets there.
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

WEAKER = {
    ("load", "seq_cst"): "acquire", ("load", "acquire"): "relaxed",
    ("store", "seq_cst"): "release", ("store", "release"): "relaxed",
    ("update", "seq_cst"): "acq_rel", ("update", "acquire"): "relaxed",
    ("update", "release"): "relaxed",
    ("fence", "seq_cst"): "acq_rel",
}
TIMEOUT = 600  # seconds, of one program of models
OPERATION = re.compile(r"atomic_(\w+?)_explicit\(|atomic_(thread)_fence\(")
ORDER = re.compile(r"memory_order_(\w+)")


def kind_of(name):
    if name in ("load", "store"):
        return name
    return "fence" if name == "thread" else "update"


def statement_end(text, start):
    depth = 0
    for position in range(start, len(text)):
        depth += {"(": 1, ")": -1}.get(text[position], 0)
        if depth == 0 and text[position] == ")":
            return position
    return len(text)


def mutants(text):
    """(position, end, replacement) of each order that can be weaker."""
    for match in OPERATION.finditer(text):
        kind = kind_of(match.group(1) or match.group(2))
        end = statement_end(text, match.end() - 1)
        orders = list(ORDER.finditer(text, match.end(), end))
        for order in orders:  # the second is a failed exchange's, which is a load
            name = order.group(1)
            if order is not orders[0]:
                kind = "load"
            if kind == "update" and name == "acq_rel":
                replacements = ["acquire", "release"]
            else:
                replacements = [WEAKER.get((kind, name))]
            for weaker in filter(None, replacements):
                yield order.start(1), order.end(1), weaker


def compile_one(source, output, include):
    command = ["cc", "-std=gnu11", "-O1", "-fsanitize=thread", "-w", "-DRUNNEL_IN_MODEL=1",
               f"-I{include}", f"-I{ROOT}/include", f"-I{ROOT}/ext/check/include", "-c", source,
               "-o", output]
    subprocess.run(command, check=True)


class Scratch:
    def __init__(self, folder, library):
        self.folder, self.archives = folder, library
        self.src = os.path.join(folder, "src")
        shutil.copytree(os.path.join(ROOT, "src"), self.src)
        self.made = {}

    def compiled(self, source, fresh):
        output = os.path.join(self.folder, re.sub(r"\W", "_", os.path.relpath(source, "/")) + ".o")
        if fresh or output not in self.made:
            compile_one(source, output, self.src)
            self.made[output] = True
        return output

    def caught(self, changed, runs):
        """Whether a model fails. A header's change needs everything compiled again."""
        everything = changed.endswith(".h")
        objects = [self.compiled(os.path.join(self.src, part + ".c"),
                                 everything or changed == part + ".c") for part in parts()]
        objects.append(self.compiled(os.path.join(HERE, "seam.c"), everything))
        for run in runs:
            program, *models = run.split()
            binary = os.path.join(self.folder, program)
            source = os.path.join(HERE, program + ".c")
            included = f'#include "{changed}"' in with_headers(source)
            main = self.compiled(source, everything or included)
            if included:  # the next one is not to find this one
                del self.made[main]
            subprocess.run(["cc", main] + objects + [os.path.join(self.archives,
                           "librunnel_check.a"), "-o", binary], check=True)
            try:
                done = subprocess.run([binary] + models, capture_output=True, text=True,
                                      timeout=TIMEOUT, check=False)
            except subprocess.TimeoutExpired:
                sys.exit(f"mutate: {run}: not done in {TIMEOUT} s, so it says nothing")
            said = re.search(r"rn-check: (\S+) FAILS: (.*)", done.stdout)
            if done.returncode != 0 and said:
                return f"{said.group(1)}: {said.group(2)[:60]}"
        return None


def with_headers(source):
    """The program's text, and that of the headers beside it which it includes."""
    with open(source, encoding="utf-8") as file:
        text = file.read()
    for name in re.findall(r'^#include "(\w+\.h)"', text, re.MULTILINE):
        header = os.path.join(HERE, name)
        if os.path.exists(header):
            text += with_headers(header)
    return text


def count():
    """Prints for each file its explicit orders, its weakenings and whether they are made."""
    made = left = 0
    for folder, folders, names in sorted(os.walk(os.path.join(ROOT, "src"))):
        folders.sort()
        for name in sorted(names):
            if not name.endswith((".c", ".h")) or name.endswith("_test.c"):
                continue
            path = os.path.join(folder, name)
            with open(path, encoding="utf-8") as source:
                text = source.read()
            orders = len(ORDER.findall(text))
            if not orders:
                continue
            file = os.path.relpath(path, os.path.join(ROOT, "src"))
            n = len(list(mutants(text)))
            covered = file in TARGETS
            made, left = made + n * covered, left + n * (not covered)
            how = "all relaxed" if n == 0 else "checked" if covered else "NOT checked"
            print(f"{file:24} {orders:3} orders {n:3} weakenings  {how}")
    print(f"mutate: {made} weakenings in {len(TARGETS)} checked files, {left} in others")


def main():
    if sys.argv[1:] == ["--list"]:
        return count()
    library = os.path.abspath(sys.argv[1])
    files = sys.argv[2:] or list(TARGETS)
    used, stale = collections.Counter(), False
    table = {}  # caught, unneeded, not noticed
    with tempfile.TemporaryDirectory() as folder:
        scratch = Scratch(folder, library)
        for file in files:
            path = os.path.join(scratch.src, file)
            with open(path, encoding="utf-8") as source:
                text = source.read()
            for start, end, weaker in mutants(text):
                line = text.count("\n", 0, start) + 1
                first = text[text.rfind("atomic_", 0, text.rfind("memory_order", 0, end)):end]
                with open(path, "w", encoding="utf-8") as changed:
                    changed.write(text[:start] + weaker + text[end:])
                why = scratch.caught(file, TARGETS[file])
                key = f"{file} {' '.join(first.split())} -> {weaker}"
                row = table.setdefault(file, [0, 0, 0])
                if why:
                    row[0] += 1
                elif key in UNNEEDED:
                    row[1] += 1
                    used[key] += 1
                    why = "unneeded: " + UNNEEDED[key]
                else:
                    row[2] += 1
                    why = "NOT NOTICED: " + key
                print(f"{file}:{line}: {text[start:end]} -> {weaker}: {why}", flush=True)
            with open(path, "w", encoding="utf-8") as changed:
                changed.write(text)
            if file.endswith(".h"):
                scratch.made.clear()
            else:
                scratch.made = {o: True for o in scratch.made
                                if not o.endswith(re.sub(r"\W", "_", file) + ".o")}
    for file, row in table.items():
        print(f"{file:20} {row[0]:3} caught {row[1]:3} unneeded {row[2]:3} not noticed")
    for key in UNNEEDED:
        if key.split()[0] in files and used[key] != TIMES.get(key, 1):
            print(f"mutate: unneeded {used[key]} times, which is not what is listed: {key}")
            stale = True
    caught, unneeded, wrong = (sum(row[i] for row in table.values()) for i in range(3))
    print(f"mutate: {caught} caught, {unneeded} unneeded, {wrong} not noticed")
    return wrong != 0 or stale


if __name__ == "__main__":
    sys.exit(main())
