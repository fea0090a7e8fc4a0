#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Changes runnel's code in one place at a time and asks whether the test suite notices.

    tests/mutants/mutants.py FOLDER [--count N] [--seed N] [--jobs N] [--only FILE[:LINE]]
                                    [--again IDS] [--quick] [--list | --report]

FOLDER is the script's own: a copy of the sources is made and built there, and results.jsonl holds
one line a mutant, so that an interrupted run goes on where it was. A result counts as long as the
file is the same. operators.py tells what is changed, sample.py which changes are tried, suite.py in
which order tests run.

A mutant is caught when a test fails with it twice in a row. A test fails, too, that takes five
times its usual time and five seconds more, and then three times as long. A mutant that does not
compile, or that the compiler makes the same code of, is replaced by another. One that nothing
notices survived; if survivors.md does not tell why, that is an error, and so is catching fewer than
90 %.
"""
import argparse
import collections
import concurrent.futures
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import time

import sample
import suite

ROOT = os.path.normpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
COPIED = ("CMakeLists.txt", "LICENSE", "README.md", "runnel.pc.in", "cmake", "docs", "examples",
          "ext", "include", "src", "tests", "tools", "apps")


def modelled():
    """The files that models are made of, as "core/park"."""
    with open(os.path.join(ROOT, "tests", "check", "CMakeLists.txt"), encoding="utf-8") as file:
        return re.search(r"set\(parts (.*?)\)", file.read(), re.S).group(1).split()


def copy_changed(source, target):
    """Copies what differs, so that the rest is not built again."""
    if os.path.isdir(source):
        os.makedirs(target, exist_ok=True)
        names = [n for n in os.listdir(source) if n != "__pycache__"]
        for gone in set(os.listdir(target)) - set(names):
            path = os.path.join(target, gone)
            shutil.rmtree(path) if os.path.isdir(path) else os.remove(path)
        for name in names:
            copy_changed(os.path.join(source, name), os.path.join(target, name))
        return
    with open(source, "rb") as file:
        content = file.read()
    if os.path.exists(target):
        with open(target, "rb") as file:
            if file.read() == content:
                return
    with open(target, "wb") as file:
        file.write(content)
    shutil.copymode(source, target)


class Workshop:
    """The copy of the sources, its build and the tests."""

    def __init__(self, folder, jobs, quick):
        self.quick = quick
        self.tree, self.build = os.path.join(folder, "tree"), os.path.join(folder, "build")
        self.times_path = os.path.join(folder, "seconds.json")
        self.jobs, self.tree_state = jobs, None
        os.makedirs(self.tree, exist_ok=True)
        for name in COPIED:
            copy_changed(os.path.join(ROOT, name), os.path.join(self.tree, name))
        self.run("cmake", "-S", self.tree, "-B", self.build, "-G", "Ninja",
                 "-DRUNNEL_BUILD_APPS=OFF", "-DRUNNEL_BUILD_BENCH=OFF",
                 "-DRUNNEL_INSTALL=OFF", "--log-level=WARNING",
                 f"-DCMAKE_PROJECT_runnel_INCLUDE={ROOT}/tests/mutants/shared.cmake")
        self.run("ninja", "-C", self.build, "-j", str(jobs))
        self.tests = suite.tests_of(self.build)
        self.seconds = {}
        if os.path.exists(self.times_path):
            with open(self.times_path, encoding="utf-8") as file:
                known = json.load(file)
            if known["tree"] == self.state():
                self.seconds = known["seconds"]

    def state(self):
        """A hash of all that tests are made of: another one, and they must pass again first."""
        digest = hashlib.sha256()
        for name in ("src", "include", "tests", "examples"):
            for folder, folders, files in os.walk(os.path.join(self.tree, name)):
                folders.sort()
                for file in sorted(files):
                    with open(os.path.join(folder, file), "rb") as content:
                        digest.update(content.read())
        return digest.hexdigest()

    @staticmethod
    def run(*command):
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              check=False)
        if done.returncode != 0:
            sys.exit(f"{' '.join(command)}\n{done.stdout[-3000:]}")

    def ninja(self, *targets):
        return subprocess.run(["ninja", "-C", self.build, "-j", str(self.jobs), *targets],
                              capture_output=True, check=False).returncode == 0

    def measure(self):
        """Runs each test unchanged for its usual time. They must pass."""
        wrong = []
        self.tree_state = self.state()
        for test in self.tests:
            if test.name in self.seconds:
                continue
            failed, seconds, _ = suite.run(test, 120)
            if failed is not None:
                failed, seconds, _ = suite.run(test, 120)
            if failed is not None:
                wrong.append(f"{test.name}: {failed}")
                continue
            self.seconds[test.name] = round(seconds, 2)
        with open(self.times_path, "w", encoding="utf-8") as file:
            json.dump({"tree": self.tree_state, "seconds": self.seconds}, file)
        if wrong:
            sys.exit("fails although nothing is changed: " + ", ".join(wrong))

    def limit(self, test):
        return 5 + 5 * self.seconds[test.name]

    def write(self, file, text):
        with open(os.path.join(self.tree, "src", file), "w", encoding="utf-8") as target:
            target.write(text)

    def code(self):
        """The machine code of the library, without what debuggers read."""
        stripped = os.path.join(self.build, "stripped.so")
        subprocess.run(["objcopy", "--strip-debug", "--remove-section=.note.gnu.build-id",
                        os.path.join(self.build, "lib", "librunnel.so"), stripped], check=True)
        with open(stripped, "rb") as file:
            return file.read()

    def run_test(self, test, patience=1):
        return suite.run(test, patience * self.limit(test))

    def catch(self, mutant, passed_quick):
        """(the test that fails with the mutant, seconds, whether by its limit), or None."""
        key = suite.rank(mutant.file, os.path.splitext(mutant.file)[0] in modelled(), self.seconds)
        order = sorted(self.tests, key=key)
        if self.quick:
            order = [test for test in order if key(test)[0] < suite.FAR]
        elif passed_quick:
            order = [test for test in order if key(test)[0] >= suite.FAR]
        header = mutant.file.endswith(".h")
        suspects = []
        while order:
            batch = [order.pop(0)]
            while order and len(batch) < self.jobs and not (order[0].alone or batch[0].alone):
                batch.append(order.pop(0))
            stale = {test.target for test in batch
                     if test.target and (header or test.name.startswith("models/"))}
            if stale:
                self.ninja(*stale)
            with concurrent.futures.ThreadPoolExecutor(self.jobs) as pool:
                results = list(pool.map(self.run_test, batch))
            for test, (failed, seconds, timeout) in zip(batch, results):
                if failed is None:
                    continue
                again, _, timeout_again = self.run_test(test, 3 if timeout else 1)
                if again is not None:
                    return f"{test.name} {failed}".strip(), round(seconds, 1), \
                        timeout and timeout_again
                suspects.append(test.name)
        return "", 0, False, suspects


class Results:
    def __init__(self, folder):
        self.path = os.path.join(folder, "results.jsonl")
        self.known = {}
        if os.path.exists(self.path):
            with open(self.path, encoding="utf-8") as file:
                for line in file:
                    entry = json.loads(line)
                    self.known[entry["id"], entry["source"]] = entry

    def add(self, entry):
        self.known[entry["id"], entry["source"]] = entry
        with open(self.path, "a", encoding="utf-8") as file:
            file.write(json.dumps(entry) + "\n")


def judge(shop, name, mutant, text, unchanged, before):
    """The mutant's entry in results.jsonl; before is an earlier one, or None."""
    entry = {"id": name, "source": sample.hash_of(text), "file": mutant.file,
             "line": mutant.line, "kind": mutant.kind, "old": mutant.brief(mutant.old),
             "new": mutant.new.strip()}
    shop.write(mutant.file, text[:mutant.start] + mutant.new + text[mutant.end:])
    start = time.monotonic()
    try:
        if not shop.ninja("lib/librunnel.so"):
            entry["verdict"] = "does not compile"
        elif shop.code() == unchanged:
            entry["verdict"] = "same code"
        else:
            test, seconds, timeout, *suspects = shop.catch(
                mutant, before and before.get("quick") == shop.tree_state)
            entry.update(verdict="caught" if test else "survived", test=test, seconds=seconds,
                         timeout=timeout)
            if not test and shop.quick:
                entry["quick"] = shop.tree_state
            if suspects and suspects[0]:
                entry["failed once"] = suspects[0]
    finally:
        shop.write(mutant.file, text)
    entry["in all"] = round(time.monotonic() - start, 1)
    return entry


def wanted(mutant, only):
    return not only or f"{mutant.file}:{mutant.line}:".startswith(only + ":")


# Counts that are not of mutants.
NO_VERDICTS = ("by time", "does not compile", "same code")


def told():
    """{id: class} of the rows of survivors.md, which tells what the classes are."""
    path = os.path.join(ROOT, "tests", "mutants", "survivors.md")
    with open(path, encoding="utf-8") as file:
        return dict(re.findall(r"^\| `([0-9a-f]{12})` \| (\w+) \|", file.read(), re.M))


def report(results, options):
    """Prints every mutant of the sample and the counts. Returns the exit status."""
    tally, missing, untold, reasons = collections.Counter(), 0, 0, told()
    for _, text, quota, mutants in sample.plan(ROOT, options.seed, options.count):
        for name, mutant in mutants:
            if quota == 0:
                break
            entry = results.known.get((name, sample.hash_of(text)))
            if not entry:
                missing += quota
                break
            verdict = entry["verdict"]
            if verdict not in ("caught", "survived"):
                tally[verdict] += 1
                continue
            quota -= 1
            if verdict == "survived":
                verdict = reasons.get(name, "survived, not explained")
                untold += name not in reasons
            tally[verdict] += 1
            tally["by time"] += bool(entry.get("timeout"))
            by = f" by {entry['test']} in {entry['seconds']} s" if entry["test"] else ""
            by += ", its time limit" if entry.get("timeout") else ""
            print(f"{mutant.name()} {verdict}{by} [{name}]")
    caught, same = tally["caught"], tally["equivalent"] + tally["speed"]
    all_of_them = sum(n for what, n in tally.items() if what not in NO_VERDICTS)
    percent = 100 * caught / max(1, all_of_them - same)
    print(f"{all_of_them} mutants: {caught} caught ({tally['by time']} by a time limit), "
          f"{tally['equivalent']} equivalent, {tally['speed']} that change only how fast, "
          f"{all_of_them - caught - same} survived")
    print(f"{percent:.1f} % caught; "
          f"{100 * caught / max(1, all_of_them - tally['equivalent']):.1f} % if speed counts; "
          f"{100 * caught / max(1, all_of_them):.1f} % of all")
    print(f"replaced: {tally['does not compile']} do not compile, {tally['same code']} compile to "
          f"the same code; {missing} not judged, {untold} not explained")
    return percent < 90 or missing > 0 or untold > 0


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder")
    parser.add_argument("--count", type=int, default=120)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--only", default="", help="FILE or FILE:LINE")
    parser.add_argument("--again", default="", help="judge these again: ids, comma between them, "
                        "or survived, or timeout")
    parser.add_argument("--quick", action="store_true", help="without the slow tests and those of "
                        "other rooms with 1 and 4 workers; a run without --quick makes up for it")
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--report", action="store_true")
    options = parser.parse_args()
    folder = os.path.abspath(options.folder)
    os.makedirs(folder, exist_ok=True)
    results = Results(folder)
    if options.report:
        return report(results, options)
    chosen = sample.plan(ROOT, options.seed, options.count)
    if options.list:
        for _, _, quota, mutants in chosen:
            print("\n".join(mutant.name() for _, mutant in mutants[:quota]))
        return 0
    shop = Workshop(folder, options.jobs, options.quick)
    shop.measure()
    unchanged = shop.code()
    for file, text, quota, mutants in chosen:
        for name, mutant in mutants:
            if quota == 0:
                break
            entry = results.known.get((name, sample.hash_of(text)))
            again = entry and (name in options.again.split(",") or entry["verdict"] ==
                               options.again or entry.get("quick") and not options.quick or
                               options.again == "timeout" and entry.get("timeout"))
            if wanted(mutant, options.only) and (not entry or again):
                entry = judge(shop, name, mutant, text, unchanged, entry)
                results.add(entry)
                print(f"{mutant.name()} {entry['verdict']} {entry.get('test', '')} "
                      f"({entry['in all']} s)", flush=True)
            if not entry or entry["verdict"] in ("caught", "survived"):
                quota -= 1
    return report(results, options)


if __name__ == "__main__":
    sys.exit(main())
