#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Weakens the explicit memory orders of runnel one step, one at a time.

    tests/check/mutate.py LIBRARY_DIR [FILE...]
    tests/check/mutate.py --list
    tests/check/mutate.py --verify
    tests/check/mutate.py --self-test

For each order of src/ there is a verdict in orders.py: a model fails if it is weaker ("caught"), or
it is stronger than needed, for a written reason. The first form sees whether that is so: a copy of
src/ is changed in that place, and the models that reach it are compiled and run. LIBRARY_DIR has
librunnel_check.a. The others only read the sources: --list counts, --verify fails if an order has
no verdict or a verdict no order, and --self-test checks that.
"""
import collections
import os
import re
import shutil
import subprocess
import sys
import tempfile

import orders

ROOT = os.path.normpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
HERE = os.path.join(ROOT, "tests", "check")
SRC = os.path.join(ROOT, "src")

WEAKER = {
    ("load", "seq_cst"): ["acquire"], ("load", "acquire"): ["relaxed"],
    ("store", "seq_cst"): ["release"], ("store", "release"): ["relaxed"],
    ("update", "seq_cst"): ["acq_rel"], ("update", "acq_rel"): ["acquire", "release"],
    ("update", "acquire"): ["relaxed"], ("update", "release"): ["relaxed"],
    ("fence", "seq_cst"): ["acq_rel"],
}
TIMEOUT = 600  # seconds, of one program of models
OPERATION = re.compile(r"atomic_(\w+?)_explicit\(|atomic_(thread)_fence\(|__atomic_(\w+?)(?:_n)?\(")
ORDER = re.compile(r"memory_order_([a-z_]+)|__ATOMIC_([A-Z_]+)")

Mutant = collections.namedtuple("Mutant", "start end weaker key line")


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def parts():
    text = read(os.path.join(HERE, "CMakeLists.txt"))
    return re.search(r"set\(parts ([^)]*)\)", text).group(1).split()


def kind_of(name):
    if name in ("load", "store"):
        return name
    return "fence" if name == "thread" else "update"


def orders_of(text, start):
    """The orders among the arguments that begin at `start`, a parenthesis; not those of calls
    inside."""
    depth = 0
    for match in re.finditer(r"[()]|" + ORDER.pattern, text[start:]):
        depth += {"(": 1, ")": -1}.get(match.group(), 0)
        if depth == 0:
            return
        if depth == 1 and match.group() not in "()":
            order = match.group(1) or match.group(2)
            end = start + match.end()
            yield end - len(order), end, order


def mutants(file, text):
    """Each order that can be weaker."""
    for match in OPERATION.finditer(text):
        kind = kind_of(next(filter(None, match.groups())))
        for n, (start, end, order) in enumerate(orders_of(text, match.end() - 1)):
            if n > 0:  # the second is a failed exchange's, which is a load
                kind = "load"
            for weaker in WEAKER.get((kind, order.lower()), []):
                weaker = weaker.upper() if order.isupper() else weaker
                operation = " ".join(text[match.start():end].split())
                line = text.count("\n", 0, start) + 1
                yield Mutant(start, end, weaker, f"{file} {operation} -> {weaker}", line)


def sources():
    for folder, folders, names in os.walk(SRC):
        folders.sort()
        for name in sorted(names):
            if name.endswith((".c", ".h")) and not name.endswith("_test.c"):
                path = os.path.join(folder, name)
                yield os.path.relpath(path, SRC), read(path)


def caught_by(key):
    """The models that notice, one for each place where the operation is weakened."""
    names = orders.CAUGHT.get(key, ())
    return [names] if isinstance(names, str) else list(names)


def unneeded(key):
    return orders.TIMES.get(key, 1) if key in orders.UNNEEDED else 0


def compile_one(source, output, include):
    command = ["cc", "-std=gnu11", "-O1", "-fsanitize=thread", "-w", "-DRUNNEL_IN_MODEL=1",
               "-ffunction-sections", "-fdata-sections", f"-I{include}", f"-I{HERE}",
               f"-I{ROOT}/include", f"-I{ROOT}/ext/check/include", "-c", source, "-o", output]
    subprocess.run(command, check=True)


def includes(source, file):
    """Whether a program of models is made of the file, by itself or by a header beside it."""
    text = read(source)
    if f'#include "{file}"' in text:
        return True
    headers = [os.path.join(HERE, name) for name in re.findall(r'#include "(\w+\.h)"', text)]
    return any(includes(header, file) for header in headers)


class Scratch:
    def __init__(self, folder, library):
        self.folder, self.archives = folder, library
        self.src = os.path.join(folder, "src")
        shutil.copytree(SRC, self.src)
        self.made = {}

    def compiled(self, source, fresh):
        output = os.path.join(self.folder, re.sub(r"\W", "_", os.path.relpath(source, "/")) + ".o")
        if fresh or output not in self.made:
            compile_one(source, output, self.src)
            self.made[output] = True
        return output

    def caught(self, changed, runs):
        """The model that fails, and what it says. A header's change needs everything compiled
        again."""
        everything = changed.endswith(".h")
        objects = [self.compiled(os.path.join(self.src, part + ".c"),
                                 everything or changed == part + ".c") for part in parts()]
        objects.append(self.compiled(os.path.join(HERE, "seam.c"), everything))
        for run in runs:
            program, *models = run.split()
            binary = os.path.join(self.folder, program)
            source = os.path.join(HERE, program + ".c")
            included = includes(source, changed)
            main = self.compiled(source, everything or included)
            if included:  # the next one is not to find this one
                del self.made[main]
            subprocess.run(["cc", main] + objects + [os.path.join(self.archives,
                           "librunnel_check.a"), "-Wl,--gc-sections", "-o", binary], check=True)
            try:
                done = subprocess.run([binary] + models, capture_output=True, text=True,
                                      timeout=TIMEOUT, check=False)
            except subprocess.TimeoutExpired:
                sys.exit(f"mutate: {run}: not done in {TIMEOUT} s, so it says nothing")
            said = re.search(r"rn-check: (\S+) FAILS: (.*)", done.stdout)
            if done.returncode != 0 and said:
                return said.group(1), said.group(2)[:60]
        return None

    def restore(self, file, text):
        with open(os.path.join(self.src, file), "w", encoding="utf-8") as changed:
            changed.write(text)
        if file.endswith(".h"):
            self.made.clear()
        else:
            self.made = {o: True for o in self.made
                         if not o.endswith(re.sub(r"\W", "_", file) + ".o")}


def count():
    """Prints for each file its explicit orders, and the verdicts on those that can be weaker."""
    total = collections.Counter()
    for file, text in sources():
        n = len(ORDER.findall(text))
        if not n:
            continue
        keys = collections.Counter(m.key for m in mutants(file, text))
        row = collections.Counter(weakenings=sum(keys.values()),
                                  caught=sum(len(caught_by(key)) for key in keys),
                                  unneeded=sum(unneeded(key) for key in keys))
        total += row
        print(f"{file:20} {n:3} orders {row['weakenings']:3} weaker {row['caught']:3} caught "
              f"{row['unneeded']:3} unneeded")
    print(f"mutate: {total['weakenings']} weakenings, {total['caught']} caught, "
          f"{total['unneeded']} unneeded")
    return 0


def unmatched(found):
    """What is wrong with the verdicts, if `found` counts the keys of all orders there are."""
    for key in sorted(set(found) | set(orders.CAUGHT) | set(orders.UNNEEDED)):
        verdicts = len(caught_by(key)) + unneeded(key)
        if found[key] != verdicts:
            yield f"{found[key]} times in src/, {verdicts} verdicts: {key}"
        if key.split()[0] not in orders.TARGETS:
            yield f"no models are named for {key.split()[0]}"
    runs = [run.split() for runs in orders.TARGETS.values() for run in runs]
    models = {name for program in {run[0] for run in runs}
              for name in re.findall(r'MODEL\("([^"]+)"',
                                     read(os.path.join(HERE, program + ".c")))}
    named = {name for run in runs for name in run[1:]}
    named |= {name for key in orders.CAUGHT for name in caught_by(key)}
    for name in sorted(named - models):
        yield f"there is no model {name}"
    for key in orders.TIMES:
        if key not in orders.UNNEEDED:
            yield f"counted, and not listed as unneeded: {key}"


def all_keys():
    return collections.Counter(m.key for file, text in sources() for m in mutants(file, text))


def verify():
    wrong = list(unmatched(all_keys()))
    for line in wrong:
        print("mutate:", line)
    return len(wrong) != 0


def self_test():
    def made_of(text):
        return [(m.key.split(" ", 1)[1], m.line) for m in mutants("x", text)]

    cas = "atomic_compare_exchange_strong_explicit(&a, &b, f(c), memory_order_acq_rel"
    assert made_of(f"{cas},\n    memory_order_acquire)") == [
        (f"{cas} -> acquire", 1), (f"{cas} -> release", 1),
        (f"{cas}, memory_order_acquire -> relaxed", 2)]
    load = "atomic_load_explicit(&b, memory_order_acquire"
    assert made_of(f"atomic_store_explicit(&a, {load}) + 1, memory_order_release);") == [
        (f"atomic_store_explicit(&a, {load}) + 1, memory_order_release -> relaxed", 1),
        (f"{load} -> relaxed", 1)]
    assert made_of("__atomic_load_n(&p, __ATOMIC_ACQUIRE); atomic_thread_fence(memory_order_"
                   "seq_cst); atomic_fetch_add_explicit(&a, 1, memory_order_relaxed);") == [
        ("__atomic_load_n(&p, __ATOMIC_ACQUIRE -> RELAXED", 1),
        ("atomic_thread_fence(memory_order_seq_cst -> acq_rel", 1)]
    found = all_keys()
    assert sum(found.values()) > 100 and not list(unmatched(found))
    key = "core/runq.h atomic_store_explicit(&q->busy, 0, memory_order_release -> relaxed"
    for change in (1, -1):  # an order without a verdict, a verdict without an order
        found[key] += change
        assert len(list(unmatched(found))) == 1
        found[key] -= change
    found["core/new.c atomic_thread_fence(memory_order_seq_cst -> acq_rel"] = 1
    assert len(list(unmatched(found))) == 2
    return 0


def main():
    if sys.argv[1:] == ["--list"]:
        return count()
    if sys.argv[1:] == ["--verify"]:
        return verify()
    if sys.argv[1:] == ["--self-test"]:
        return self_test()
    library = os.path.abspath(sys.argv[1])
    files = sys.argv[2:] or list(orders.TARGETS)
    caught, left = collections.defaultdict(list), collections.Counter()
    wrong = 0
    with tempfile.TemporaryDirectory() as folder:
        scratch = Scratch(folder, library)
        for file in files:
            text = read(os.path.join(SRC, file))
            for m in mutants(file, text):
                with open(os.path.join(scratch.src, file), "w", encoding="utf-8") as changed:
                    changed.write(text[:m.start] + m.weaker + text[m.end:])
                why = scratch.caught(file, orders.TARGETS[file])
                if why:
                    caught[m.key].append(why[0])
                    why = ": ".join(why)
                else:
                    left[m.key] += 1
                    why = "unneeded: " + orders.UNNEEDED.get(m.key, "NO REASON")
                print(f"{file}:{m.line}: {text[m.start:m.end]} -> {m.weaker}: {why}", flush=True)
            scratch.restore(file, text)
    for key in list(caught) + list(orders.CAUGHT) + list(left) + list(orders.UNNEEDED):
        if key.split()[0] not in files:
            continue
        if (sorted(caught[key]) != sorted(caught_by(key))) or left[key] != unneeded(key):
            print(f"mutate: caught by {caught[key]} and {left[key]} times not, which is not what "
                  f"orders.py says: {key}")
            wrong += 1
    print(f"mutate: {sum(map(len, caught.values()))} caught, {sum(left.values())} unneeded, "
          f"{wrong} other than listed")
    return wrong != 0


if __name__ == "__main__":
    sys.exit(main())
