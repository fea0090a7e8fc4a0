#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Compares two builds of runnel, pair by pair.

    bench/compare.py BUILD_A BUILD_B [--pairs N] [--workers 2,1] [--share N] [NAME ...]

Runs A B, B A, A B, ... of each row, so that both see the same machine, and prints B's time divided
by A's: the ratio of the medians and its 99 % interval. That comes from the bootstrap: pairs are
drawn again, with replacement, 4,000 times. B is called slower or faster only if the interval
lies wholly on one side of 1. Under Valgrind's callgrind, where that is installed, the instructions
of small fixed runs are compared too; they tell a change of code from one of the machine's mood.

Exit status: 0; 1 if a row is slower, or has more instructions, by more than --allow percent (3).
"""
import argparse
import random
import shutil
import statistics
import sys
from pathlib import Path

import instructions
from measure import Failed, run_side
from peers import Runnel
from rows import ROWS

RESAMPLES = 4000
INTERVAL = 0.99


def ratio_of_medians(pairs):
    return statistics.median(b for _, b in pairs) / statistics.median(a for a, _ in pairs)


def interval(pairs, seed=1):
    """The bootstrap interval of the ratio of the medians; the same pairs give the same."""
    draw = random.Random(seed)
    ratios = sorted(ratio_of_medians(draw.choices(pairs, k=len(pairs))) for _ in range(RESAMPLES))
    cut = int(RESAMPLES * (1 - INTERVAL) / 2)
    return ratios[cut], ratios[-1 - cut]


def verdict(low, high):
    return "slower" if low > 1 else "faster" if high < 1 else "no difference seen"


def measure_pairs(sides, row, workers, n, count):
    """[(A's value, B's value)], with A first in every other pair."""
    pairs = []
    for i in range(count):
        order = (0, 1) if i % 2 == 0 else (1, 0)
        lines = {j: run_side(sides[j], row, workers, n) for j in order}
        if lines[0]["check"] != lines[1]["check"]:
            raise Failed(f"not the same work: {lines[0]['check']} and {lines[1]['check']}")
        pairs.append((lines[0][row.value], lines[1][row.value]))
    return pairs


def compare_times(options, rows, sides):
    """Prints a line for each row. Returns those that are slower than is allowed."""
    print(f"{'#':>2} {'one operation':36}{'workers':>7}{'A median':>13}{'B median':>11}"
          f"{'B / A':>8}   {'99 % interval':16}")
    slower = []
    for row in rows:
        for workers in options.workers:
            n = max(row.n // options.share, 1)
            pairs = measure_pairs(sides, row, workers, n, options.pairs)
            low, high = interval(pairs)
            a, b = (statistics.median(values) for values in zip(*pairs))
            unit = "ns" if row.value == "ns_per_op" else row.unit
            print(f"{row.number:>2} {row.title:36}{workers:>4} {unit:2}{a:>13.1f}{b:>11.1f}"
                  f"{b / a:>8.3f}   {low:.3f} to {high:.3f}   {verdict(low, high)}", flush=True)
            if low > 1 + options.allow / 100:
                slower.append(f"{row.title}, workers {workers}")
    return slower


def compare_instructions(options, names):
    """Prints a line for each fixed run that both builds have. Returns those with too many more."""
    if not shutil.which("valgrind"):
        print("\nNo instruction counts: valgrind is not installed.")
        return []
    print(f"\n{'instructions, 1 worker':38}{'A':>13}{'B':>13}{'B / A':>8}")
    more = []
    theirs = instructions.fixed_runs(options.b)
    for run in instructions.fixed_runs(options.a):
        name, n, capacity = run
        if name not in names or run not in theirs:
            continue
        a = instructions.count(options.a, *run)
        b = instructions.nearest(options.b, *run, a)
        print(f"{instructions.key(name, capacity):38}{a:>13,}{b:>13,}{b / a:>8.3f}", flush=True)
        if b > a * (1 + options.allow / 100):
            more.append(f"{instructions.key(name, capacity)}, in instructions")
    return more


def arguments():
    parser = argparse.ArgumentParser(description="Compares two builds of runnel, pair by pair.")
    parser.add_argument("a", type=Path, metavar="BUILD_A")
    parser.add_argument("b", type=Path, metavar="BUILD_B")
    parser.add_argument("names", nargs="*", metavar="NAME", help="benchmarks (all)")
    parser.add_argument("--pairs", type=int, default=15, help="runs of each build (15)")
    parser.add_argument("--workers", default="2,1", help="numbers of workers (2,1)")
    parser.add_argument("--share", type=int, default=10, help="of the work: one N-th (10)")
    parser.add_argument("--allow", type=float, default=3, help="percent (3)")
    options = parser.parse_args()
    options.workers = [int(w) for w in options.workers.split(",")]
    options.a, options.b = options.a.resolve(), options.b.resolve()
    unknown = set(options.names) - {row.name for row in ROWS}
    if unknown:
        parser.error("no such benchmark: " + " ".join(sorted(unknown)))
    if options.pairs < 5:
        parser.error("fewer than 5 pairs tell nothing")
    return options


def main():
    options = arguments()
    both = [row for row in ROWS if (not options.names or row.name in options.names) and
            all((build / f"bin/bench-{row.name}").exists() for build in (options.a, options.b))]
    if not both:
        print("compare: no benchmark is built in both folders")
        return 2
    print(f"A: {options.a}\nB: {options.b}\n")
    try:
        worse = compare_times(options, both, [Runnel(options.a), Runnel(options.b)])
    except Failed as error:
        print(f"compare: {error}")
        return 1
    worse += compare_instructions(options, {row.name for row in both})
    for line in worse:
        print(f"SLOWER by more than {options.allow:g} %: {line}")
    return 1 if worse else 0


if __name__ == "__main__":
    sys.exit(main())
