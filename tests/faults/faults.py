#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Fails every call that can fail, one site after the other, in real programs.

    faults.py --build BUILD [--full] [--seconds N] [--program REGEX] [--site REGEX] [--update]

Each program is run once to count its sites (site.c), then again with one of them failing: at its
first call, in the full run also at its last and one in the middle; once, and from then on
everything of its kind. programs.py says what a program must do then, account.py what it may still
hold when it ends. The short run fails each site in the quickest program that has it, and each call
for memory in the programs of rest.c, also at that site only; the full one in every program, with
every error of the call.

Fails if an outcome is wrong, if something is not given back, if a site that was counted was never
failed, and if one is not in the table of docs/faults.md; --update writes that. BUILD/faults.tsv has
the lines and the figures.
"""
import argparse
import collections
import concurrent.futures
import os
import random
import re
import subprocess
import sys
import tempfile
import threading
import time

import account
import programs
import sites
import table

Job = collections.namedtuple("Job", "program site key nth mode code others")
TRIES = 12
QUICK = 0.5     # seconds of a program that is run so often
CALLS_MAX = 32


class Driver:
    def __init__(self, options, all_programs):
        self.options = options
        self.programs = all_programs
        self.symbols = {}
        self.sites = {}     # program name: {key: [Site]}
        self.seconds = {}   # program name: of a run without faults
        self.outcomes = collections.defaultdict(collections.Counter)  # key: outcome: times
        self.lines = {}     # key: file:line
        self.wrong = []
        self.missed = collections.Counter()
        self.kept = table.read_kept()
        self.lock = threading.Lock()
        self.interposer = os.path.join(options.build, "tests", "libfaults.so")
        self.end = time.monotonic() + options.seconds if options.seconds else None

    def run_with(self, program, fail=None):
        """The run, and the lines of the log."""
        with tempfile.NamedTemporaryFile(prefix="faults.") as log:
            preload = [self.interposer]
            extra = {"LD_PRELOAD": ":".join(preload), "FAULTS_LOG": log.name,
                     "FAULTS_WRAPPERS": self.symbols[program.path].wrapper_ranges}
            if fail:
                extra["FAULTS_FAIL"] = fail
            result = program.run(extra)
            return result, log.read().decode().splitlines()

    def check_account(self, program, log, outcome, err):
        with self.lock:
            account.check(self.symbols[program.path], log, outcome, err, self.kept)

    def prove_account(self, lost):
        """The account names everything that a program loses which does so on purpose."""
        self.symbols.setdefault(lost.path, sites.Symbols(lost.path))
        (status, _, err, _), log = self.run_with(lost)
        try:
            self.check_account(lost, log, "", err)
            said = "nothing"
        except programs.Wrong as wrong:
            said = str(wrong)
        if status != 0 or not all(re.search(what, said) for what in account.LOST):
            raise SystemExit(f"{lost.name}: status {status}, {said}")

    def count(self, program):
        """Runs it without faults: what it must do, its sites."""
        with self.lock:
            if program.path not in self.symbols:
                self.symbols[program.path] = sites.Symbols(program.path)
        (status, out, err, seconds), log = self.run_with(program)
        outcome = program.judge(status, out, err)
        try:
            self.check_account(program, log, outcome, err)
        except programs.Wrong as wrong:
            with self.lock:
                self.wrong.append((None, "", wrong))
                print(f"WRONG {program.name}, without a fault: {wrong}", flush=True)
        if outcome != "as if nothing had failed":
            raise SystemExit(f"{program.name}: {outcome} without a fault: {err} {vars(program)}")
        found = [sites.parse(line) for line in log if line.startswith("site ")]
        found = [s for s in found if sites.is_ours(s)]
        symbols = self.symbols[program.path]
        by_key = collections.defaultdict(list)
        with self.lock:
            symbols.learn(a for s in found for a in (s.at, s.origin) if a)
            for s in found:
                if s.call not in sites.CODES:
                    raise SystemExit(f"no errors are known for {s.call}")
                name = sites.key(symbols, s)
                if (s.call, name[1]) in sites.CANNOT:
                    continue
                by_key[name].append(s)
                place = symbols.place(s.origin) if s.origin else None
                self.lines.setdefault(name, f"{place.file}:{place.line}" if place else "-")
        self.sites[program.name] = by_key
        self.seconds[program.name] = seconds
        program.seconds = max(10, 10 * seconds + 5)

    def each_call(self, program, site, name):
        """A job for each of the first calls of a site that asks for memory, in programs that take
        no time: such a site serves many callers, and each has to give back what it has by then."""
        often = isinstance(program, programs.Rest) or \
            (self.options.full and self.seconds[program.name] < QUICK)
        if not often or site.kind != "memory" or site.module != "-":
            return []
        code = sites.errors_of(site.call, name)[0][0]
        return [Job(program, site, name, nth, mode, code, []) for mode in ("once", "here")
                for nth in range(1, min(site.calls, CALLS_MAX if mode == "once" else 2) + 1)]

    def plan(self):
        """The jobs, the likeliest to tell something first."""
        by_key = collections.defaultdict(list)
        for program in sorted(self.programs, key=lambda p: self.seconds[p.name]):
            for name, found in self.sites[program.name].items():
                if re.search(self.options.site, " ".join(name)):
                    by_key[name].append((program, found))
        jobs, later = [], []
        for name, having in sorted(by_key.items()):
            for program, found in having[:None if self.options.full else 1]:
                others = [(p, f[0]) for p, f in having]
                for s in found:
                    once, on = sites.errors_of(s.call, name)
                    jobs += [Job(program, s, name, 1, "once", once[0], others)]
                    jobs += [Job(program, s, name, 1, "on", on[0], others)] if on else []
                    if self.options.full:
                        later += [Job(program, s, name, nth, mode, code, [])
                                  for nth in sorted({1, (s.calls + 1) // 2, s.calls})
                                  for mode, these in (("once", once), ("on", on))
                                  for code in these
                                  if (nth, code) != (1, these[0])]
            later += [job for program, found in having for s in found
                      for job in self.each_call(program, s, name)]
        random.Random(1).shuffle(later)
        return jobs + later

    def fail(self, job):
        """Runs one job; again, also in other programs, while threads decide not to get there."""
        if self.end and time.monotonic() > self.end:
            return False
        for attempt in range(TRIES if job.others else 2):
            program, s = job.program, job.site
            if attempt > 2:
                program, s = job.others[attempt % len(job.others)]
            nth = 1 if attempt else job.nth
            fail = f"{s.call} {s.kind} {s.at:x} {s.module} {s.origin:x} {nth} {job.mode} {job.code}"
            (status, out, err, seconds), log = self.run_with(program, fail)
            try:
                outcome = program.judge(status, out, err)
                self.check_account(program, log, outcome, err)
            except programs.Wrong as wrong:
                self.note_wrong(job, program, fail, f"{wrong} ({seconds:.1f} s)")
                outcome = "WRONG"
            if any(line.startswith("hit") for line in log):
                with self.lock:
                    self.outcomes[job.key][outcome] += 1
                return True
        with self.lock:
            self.missed[job.key] += 1
        return True

    def note_wrong(self, job, program, fail, why):
        with self.lock:
            self.wrong.append((job, fail, why))
            print(f"WRONG {program.name}: {why}\n    {job.site.call} {' '.join(job.key)} at "
                  f"{self.lines[job.key]}, call {job.nth}, {job.mode}, code {job.code}\n    "
                  f"FAULTS_FAIL='{fail}'", flush=True)

    def run(self):
        with concurrent.futures.ThreadPoolExecutor(self.options.jobs) as pool:
            list(pool.map(self.count, self.programs))
            jobs = self.plan()
            keys = {job.key for job in jobs}
            begun = time.monotonic()
            done = sum(pool.map(self.fail, jobs))
        print(f"faults: {len(self.programs)} programs, {len(keys)} sites; {done} of {len(jobs)} "
              f"runs with a fault in {time.monotonic() - begun:.0f} s, "
              f"{sum(self.missed.values())} of which did not reach it")
        return keys


def all_programs(build, root, site):
    examples = os.path.join(programs.ROOT, "examples")
    found = []
    for file in sorted(os.listdir(examples)):
        name, ending = os.path.splitext(file)
        if ending == ".c":
            expected = [os.path.join(examples, name + e) for e in (".rules", ".expected")]
            found.append(programs.Example(name, os.path.join(build, "examples", name),
                                          next(filter(os.path.exists, expected)), site))
    rest = os.path.join(build, "tests", "faults_rest")
    parts = subprocess.run([rest], check=True, capture_output=True, text=True).stdout.split()
    found += [programs.Rest("rest: " + part, rest, part) for part in parts]
    found += [programs.Rest("rest: simulated", rest, "scopes", RUNNEL_SEEDS="3"),
              programs.Rest("rest: network in memory", rest, "tcp", RUNNEL_SEEDS="3"),
              programs.Rest("rest: exhaustive", rest, "discards", RUNNEL_SEEDS="20",
                            RUNNEL_STRATEGY="exhaustive"),
              programs.Rest("rest: as many workers as CPUs", rest, "scale", RUNNEL_WORKERS=""),
              programs.Rest("rest: hog", rest, "scale", RUNNEL_HOG="10")]
    runnel = os.path.join(build, "bin", "runnel")
    if os.path.exists(runnel):
        found += [programs.Check("check of a tree", runnel, root),
                  programs.Check("check of a site", runnel, site),
                  programs.DemoSite("demo-site", runnel),
                  programs.Tool("check for people", runnel, "check", "--root", root,
                                "--cacert", os.path.join(root, "index.html"), root),
                  programs.Tool("help", runnel, "check", "--help"),
                  programs.Tool("version", runnel, "--version"),
                  programs.Tool("list of the tour", runnel, "tour")]
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", required=True)
    parser.add_argument("--full", action="store_true", help="every program, call and error")
    parser.add_argument("--seconds", type=float, help="begin no run after so many")
    parser.add_argument("--program", default="", help="only programs that match")
    parser.add_argument("--site", default="", help="only sites that match")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--update", action="store_true", help="write docs/faults.md's table")
    options = parser.parse_args()
    options.build = os.path.abspath(options.build)
    runnel = os.path.join(options.build, "bin", "runnel")
    with tempfile.TemporaryDirectory(prefix="faults.") as root, programs.demo_site(runnel) as site:
        root = os.path.realpath(root)
        programs.write_tree(root)
        chosen = [p for p in all_programs(options.build, root, site)
                  if re.search(options.program, p.name)]
        driver = Driver(options, chosen)
        rest = os.path.join(options.build, "tests", "faults_rest")
        driver.prove_account(programs.Rest("rest: lost", rest, "lost"))
        keys = driver.run()
    failed = table.check(driver, keys, options.update)
    for line in failed:
        print(line)
    return 1 if failed or driver.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
