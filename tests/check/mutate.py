#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Weakens the explicit memory orders of runnel's checked parts one step, one at a time.

    tests/check/mutate.py LIBRARY_DIR [FILE...]

For each order a copy of src/ is changed in that place, the models that reach it are compiled and
run, and at least one must fail ("caught"). An order that may be weakened unnoticed is either listed
below with the reason, or an error. LIBRARY_DIR has librunnel_check.a.
"""
import os
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = os.path.normpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
PARTS = ["core/runq", "core/lock", "core/park", "core/timer", "sync/lot", "sync/mutex", "sync/chan",
         "sync/chan_close", "sync/chan_timer", "sync/select"]

# The files whose orders are changed, and the models that must notice, the fast ones first.
TARGETS = {
    "core/runq.h": ["runq runq-thief runq-symmetric runq-lifo"],
    "core/runq.c": ["runq runq-thief runq-symmetric runq-lifo", "runq runq-thieves"],
    "core/lock.h": ["lock lock-twice", "park park-ready park-cancel park-deadline"],
    "core/lock.c": ["lock lock-twice", "park park-cancel park-deadline"],
    "core/park.h": ["park park-ready park-cancel park-deadline park-told park-shielded "
                    "claim-cancel claim-shielded", "select select-close"],
    "core/park.c": ["park park-cancel park-deadline park-shielded claim-cancel claim-deadline "
                    "claim-twice claim-shielded", "select select-close"],
    "core/timer.c": ["timer timer-stop timer-passes timer-again timer-next"],
    "sync/mutex.c": ["lock mutex-two mutex-try mutex-cancel"],
}

FENCE = "rni_fence_after_rmw follows"
RESULT = "what the ender has done travels with rni_ready"
LOADED = "the load before it has acquired the same value"

# What no model notices, by the operation, and why: it is not needed, or no model gets there.
UNNEEDED = {
    "core/runq.c atomic_load_explicit(&q->thief, memory_order_acquire -> relaxed":
        "the load that ends the loop around it acquires",
    "core/runq.c atomic_exchange_explicit(&q->busy, 1, memory_order_seq_cst -> acq_rel":
        "rni_fence_after_rmw follows",
    "core/runq.c atomic_compare_exchange_strong_explicit(&q->thief, &none, 1, "
    "memory_order_seq_cst -> acq_rel": "a full fence follows, heavy or not",
    "core/runq.c atomic_store_explicit(&q->thief, 0, memory_order_release -> relaxed":
        "the thief that gives up has written nothing since its full fence, a release fence",
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
    "core/park.h atomic_load_explicit(&t->claim, memory_order_acquire -> relaxed":
        "rni_waiter_waits is only for a channel's last rites (chan_life.c); no model gets there",
    "core/timer.c atomic_store_explicit(&h->next, root ? root->when : INT64_MAX, "
    "memory_order_release -> relaxed": "the lock's full fence comes before it",
    "core/timer.c atomic_store_explicit(&t->state, RNI_TIMER_ARMED, "
    "memory_order_release -> relaxed":
        "the lock's full fence comes before it",
    "core/timer.c atomic_load_explicit(&h->next, memory_order_acquire -> relaxed":
        "the lock is taken before the heap is read",
    "sync/mutex.c atomic_exchange_explicit(state_of(m), CONTENDED, "
    "memory_order_acq_rel -> acquire": "no model has a waiter lose four times",
    "sync/mutex.c atomic_exchange_explicit(state_of(m), CONTENDED, "
    "memory_order_acq_rel -> release": "no model has a waiter lose four times",
}

WEAKER = {
    ("load", "seq_cst"): "acquire", ("load", "acquire"): "relaxed",
    ("store", "seq_cst"): "release", ("store", "release"): "relaxed",
    ("update", "seq_cst"): "acq_rel", ("update", "acquire"): "relaxed",
    ("update", "release"): "relaxed",
    ("fence", "seq_cst"): "acq_rel",
}
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
        for order in orders[:1]:  # a failed exchange's is second, and relaxed everywhere
            name = order.group(1)
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

    def object(self, source, fresh):
        output = os.path.join(self.folder, re.sub(r"\W", "_", os.path.relpath(source, "/")) + ".o")
        if fresh or output not in self.made:
            compile_one(source, output, self.src)
            self.made[output] = True
        return output

    def caught(self, changed, runs):
        """Whether a model fails. A header's change needs everything compiled again."""
        everything = changed.endswith(".h")
        objects = [self.object(os.path.join(self.src, part + ".c"),
                               everything or changed == part + ".c") for part in PARTS]
        here = os.path.join(ROOT, "tests", "check")
        objects.append(self.object(os.path.join(here, "seam.c"), everything))
        for run in runs:
            program, *models = run.split()
            binary = os.path.join(self.folder, program)
            main = self.object(os.path.join(here, program + ".c"), everything)
            subprocess.run(["cc", main] + objects + [os.path.join(self.archives,
                           "librunnel_check.a"), "-o", binary], check=True)
            try:
                done = subprocess.run([binary] + models, capture_output=True, text=True,
                                      timeout=60, check=False)
            except subprocess.TimeoutExpired:
                continue
            said = re.search(r"rn-check: (\S+) FAILS: (.*)", done.stdout)
            if done.returncode != 0 and said:
                return f"{said.group(1)}: {said.group(2)[:60]}"
        return None


def main():
    library = os.path.abspath(sys.argv[1])
    files = sys.argv[2:] or list(TARGETS)
    wrong = caught = unneeded = 0
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
                if why:
                    caught += 1
                elif key in UNNEEDED:
                    unneeded += 1
                    why = "unneeded: " + UNNEEDED[key]
                else:
                    wrong += 1
                    why = "NOT NOTICED: " + key
                print(f"{file}:{line}: {text[start:end]} -> {weaker}: {why}", flush=True)
            with open(path, "w", encoding="utf-8") as changed:
                changed.write(text)
            if file.endswith(".h"):
                scratch.made.clear()
    print(f"mutate: {caught} caught, {unneeded} unneeded, {wrong} not noticed")
    return wrong != 0


if __name__ == "__main__":
    sys.exit(main())
