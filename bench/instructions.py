#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Counts the instructions of small fixed runs, which no other program on the machine can disturb.

    bench/instructions.py --check [BUILD]     compares with instructions.json
    bench/instructions.py --update [BUILD]    writes instructions.json

Each program runs once under Valgrind's callgrind, with one worker and little work: start, warm-up
and end are in the count. Its clock hardly goes (slow_clock.c); so runs differ
by less than a tenth of a percent, whatever the machine does meanwhile. What differs by more than
TOLERANCE_PERCENT is run again, and the run nearest to the stored count decides. The test
bench/instructions does this. Fewer instructions fail it too, so that a gain is stored and then
kept.

A count belongs to one compiler and its flags. instructions.json names them; with others, or without
Valgrind, the check is skipped, with a word (exit status 77).
"""
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import machine
from peers import Runnel
from rows import ROWS

STORED = Path(__file__).resolve().parent / "instructions.json"
TOLERANCE_PERCENT = 2
RUN_SECONDS = 300
SKIPPED = 77

# Operations, and the capacity where it matters: some millions of instructions, most of them in the
# operations. A benchmark that mostly waits for the clock, or looks at memory, is not here.
FIXED = [("yield", 12_000, 0), ("spawn", 10_000, 0), ("pingpong", 5_000, 0),
         ("unbuffered", 10_000, 0), ("buffered", 20_000, 100), ("mpmc", 10_000, 0),
         ("mpmc", 20_000, 100), ("select3", 6_000, 0), ("selectdefault", 20_000, 0),
         ("ring", 10_000, 503), ("sieve", 60, 0), ("generic", 3_000, 0), ("typed", 3_000, 0),
         ("batched", 30_000, 0), ("fused", 10_000, 0), ("fanout", 6_000, 0), ("orchannel", 10, 100),
         ("contexts", 1_000, 0), ("forkjoin", 5_000, 0), ("forked", 100_000, 0),
         ("skynet", 1_000, 0), ("mutex", 80_000, 0)]


def fixed_runs(build):
    """The fixed runs for which there is a program."""
    known = {row.name for row in ROWS}
    return [(name, n, capacity) for name, n, capacity in FIXED
            if name in known and (build / "bin" / f"bench-{name}").exists()]


def key(name, capacity):
    return f"{name} {capacity}" if capacity else name


def slow_clock(build):
    """The build's, or for one of a revision without it, this revision's."""
    for place in (build, machine.ROOT / "build"):
        path = place / "lib" / "slow_clock.so"
        if path.exists():
            return path
    raise SystemExit("instructions: no slow_clock.so: build this revision first")


def count(build, name, n, capacity):
    """The instructions of one run, all threads together."""
    row = next(row for row in ROWS if row.name == name)._replace(capacity=capacity)
    command, env, _ = Runnel(build).program(row, 1, n)
    env = {**env, "LD_PRELOAD": str(slow_clock(build))}
    valgrind = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", *command]
    done = subprocess.run(valgrind, env=env, stdin=subprocess.DEVNULL, capture_output=True,
                          text=True, errors="replace", timeout=RUN_SECONDS)
    found = re.search(r"Collected : (\d+)", done.stderr)
    if done.returncode or not found:
        raise SystemExit(f"instructions: {name} failed under valgrind:\n{done.stderr[-500:]}")
    return int(found[1])


def nearest(build, name, n, capacity, expected):
    """The count of one run, or if that is too far off, the nearest of five."""
    def distance(value):
        return abs(value - expected)

    value = count(build, name, n, capacity)
    for _ in range(4):
        if distance(value) * 100 <= TOLERANCE_PERCENT * expected:
            break
        value = min(value, count(build, name, n, capacity), key=distance)
    return value


def update(build):
    counts = {}
    for name, n, capacity in fixed_runs(build):
        of_three = sorted(count(build, name, n, capacity) for _ in range(3))
        counts[key(name, capacity)] = {"n": n, "instructions": of_three[1]}
        print(f"{key(name, capacity):16} {counts[key(name, capacity)]['instructions']:>12,}",
              flush=True)
    STORED.write_text(json.dumps({"compiler": machine.compiler(build),
                                  "flags": machine.compile_flags(build), "counts": counts},
                                 indent=1) + "\n")
    return 0


def why_not(build, stored):
    """Why the counts cannot be compared here, or None."""
    if not shutil.which("valgrind"):
        return "valgrind is not installed"
    for what, here in (("compiler", machine.compiler(build)),
                       ("flags", machine.compile_flags(build))):
        if here != stored[what]:
            return f"the counts are of {what} {stored[what]!r}, this build's is {here!r}"
    return None


def check(build):
    stored = json.loads(STORED.read_text())
    reason = why_not(build, stored)
    if reason:
        print(f"instructions: skipped: {reason}")
        return SKIPPED
    wrong = 0
    for name, n, capacity in fixed_runs(build):
        known = stored["counts"].get(key(name, capacity))
        if not known or known["n"] != n:
            print(f"instructions: no count of {key(name, capacity)} with n = {n} is stored")
            wrong += 1
            continue
        value = nearest(build, name, n, capacity, known["instructions"])
        percent = 100 * (value / known["instructions"] - 1)
        bad = abs(percent) > TOLERANCE_PERCENT
        wrong += bad
        print(f"{key(name, capacity):16} {known['instructions']:>12,} {value:>12,} "
              f"{percent:>+6.1f} %{'  FAILED' if bad else ''}", flush=True)
    if wrong:
        print(f"instructions: {wrong} counts differ by more than {TOLERANCE_PERCENT} %. If that is "
              f"meant: bench/instructions.py --update, and say why in the commit.")
    return 1 if wrong else 0


def main():
    if len(sys.argv) not in (2, 3) or sys.argv[1] not in ("--check", "--update"):
        print(__doc__)
        return 2
    build = Path(sys.argv[2]).resolve() if len(sys.argv) == 3 else machine.ROOT / "build"
    return check(build) if sys.argv[1] == "--check" else update(build)


if __name__ == "__main__":
    sys.exit(main())
