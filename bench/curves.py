#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The cost curves of runnel and the memory of its objects.

    bench/curves.py [--quick] [--seconds S] [--curves WORD,..] [--workers 1,2] [--check]

Runs build/bin/bench-curves for every point of every curve, several times as long as the seconds
last, keeps the least, and holds each curve against what its algorithm promises:

    cost(n) <= 2 * promise(n) / promise(base) * (cost(base) + lines * (miss(n) - miss(base)))

promise is 1, log2 n, n or n log2 n. miss(n) is what the machine charges for one load from the next
of n objects of the size that is stated with the curve, in random order, measured in the same run
(the curve `chase`); lines, also stated, is how many cache lines of these objects an operation
touches at the base. So a curve may rise because the caches are full, but not further. The factor 2
is for noise. `slope` is the least-squares slope of log cost over log n from the base on, caches
included: 0 would be constant, 1 linear.

With one worker the time is CPU time, which other programs do not stretch, though they take their
part of the caches. With more it is the clock's: there only a quiet machine tells the truth.

Leaves curves.json, curves.txt, curves.md and curves-FAMILY.svg in build/bench. Exit status 1 if a
point failed; with --check, 3 if a curve is worse than promised.
"""
import argparse
import json
import math
import sys
import time
from pathlib import Path
from typing import NamedTuple

import curveplot
import machine
import measure
from peers import clean_environment
from table import markdown_row

ROOT = Path(__file__).resolve().parent.parent
TOLERANCE = 2
PROMISES = {"1": lambda n: 1, "log n": lambda n: math.log2(max(n, 2)), "n": lambda n: n,
            "n log n": lambda n: n * math.log2(max(n, 2))}
TO_MILLION = (1, 10, 100, 1000, 10000, 100000, 1000000)
TO_WIDE = (1, 2, 4, 8, 16, 32, 64)
TO_DEEP = (1, 10, 100, 1000)
TO_LOT = (10, 100, 1000, 10000, 100000, 400000)
QUICK_MOST = 10000  # the largest n of a quick run


class Curve(NamedTuple):
    name: str
    family: str
    title: str    # of one operation
    promise: str  # a key of PROMISES
    points: tuple
    base: int     # the n from which on the promise counts
    ops: int      # at least, of a point
    size: int     # bytes of an object: how far from each other they are
    lines: int    # cache lines of objects that an operation touches at the base
    most_workers: int = 2


CURVES = [
    Curve("task_yield", "tasks", "a yield among n tasks", "1", TO_MILLION, 10, 500000, 4096, 6),
    Curve("task_hop", "tasks", "a hop in a ring of n tasks", "1", (2, *TO_MILLION[1:]), 10, 300000,
          4096, 8),
    Curve("channel_use", "channels", "a send and a receive, the next of n channels", "1",
          TO_MILLION, 10, 500000, 192, 3),
    Curve("channel_life", "channels", "making and freeing one of n channels", "1", TO_MILLION, 10,
          200000, 192, 4),
    Curve("select_ready", "select", "a select of n ready cases", "n log n", TO_WIDE, 8, 50000, 192,
          24),
    Curve("select_default", "select", "a select of n cases, none ready, with a default", "n log n",
          TO_WIDE, 8, 50000, 192, 3),
    Curve("select_waits", "select", "a select of n cases that waits, and the send", "n log n",
          TO_WIDE, 8, 50000, 192, 3),
    Curve("group_go", "groups", "starting and joining one of n tasks of a group", "1", TO_MILLION,
          10, 300000, 192, 3),
    Curve("group_cancel", "groups", "cancelling one of n waiting tasks of a group", "1", TO_MILLION,
          10, 100000, 4096, 12),
    Curve("timer_set", "timers", "setting and cancelling a timer, n pending", "log n", TO_MILLION,
          10, 100000, 320, 3),
    Curve("timer_reset", "timers", "resetting one of n pending timers", "log n", TO_MILLION, 10,
          200000, 320, 3),
    Curve("timer_expire", "timers", "expiry of one of n timers, with its task", "log n",
          (100, 1000, 10000, 100000, 1000000), 1000, 2000, 320, 4, 1),  # another would fire them
    Curve("context_err", "contexts", "rn_ctx_err at depth n", "1", TO_DEEP, 10, 500000, 256, 2),
    Curve("context_value", "contexts", "a value bound n contexts higher", "n", TO_DEEP, 10, 20000,
          256, 20),
    Curve("context_cancel", "contexts", "cancelling one of n contexts in a chain", "1", TO_DEEP,
          100, 100000, 256, 3),
    Curve("lot_waitgroup", "lot", "ending a wait, n wait groups waited for", "1", TO_LOT,
          100, 2000, 4096, 12),
    Curve("lot_mutex", "lot", "unlocking a mutex, n mutexes waited for", "1", TO_LOT, 100, 2000,
          4096, 12),
    Curve("lot_group", "lot", "starting and joining a task of the next of n groups", "1", TO_LOT,
          100, 200000, 384, 8),
]
MEMORY = [  # name in the program, words, how many
    ("task_default", "parked task, default class", 100000),
    ("task_tiny", "parked task, tiny class (2 KiB)", 100000),
    ("task_small", "parked task, small class (16 KiB)", 100000),
    ("task_normal", "parked task, normal class (64 KiB)", 100000),
    ("task_large", "parked task, large class (256 KiB)", 100000),
    ("channel_0", "channel of 8-byte elements, capacity 0", 200000),
    ("channel_1", "channel, capacity 1, full", 200000),
    ("channel_100", "channel, capacity 100, full", 50000),
    ("timer", "timer with its channel", 200000),
    ("context", "context (rn_ctx_with_cancel)", 200000),
    ("context_done", "context whose done channel was asked for", 200000),
    ("group", "empty group", 100000),
]


def run(program, workers, name, n, ops=1, size=64):
    """A point's line; measure.Failed with a reason."""
    line = measure.run_once([str(program), name, str(n), str(ops), str(size)],
                            dict(clean_environment(), RUNNEL_WORKERS=str(workers)))
    if line["curve"] != name or line["n"] != n or line["workers"] != workers:
        raise measure.Failed(f"did {line['curve']} {line['n']} with {line['workers']} workers")
    return line


def plan(curves, workers, most):
    """Every (curve or size of chase, workers, n) there is to run."""
    points = [(curve, count, n) for curve in curves for count in workers
              for n in curve.points if n <= most and count <= curve.most_workers]
    chased = {(curve.size, n) for curve, _, n in points}
    return [(size, 1, n) for size, n in sorted(chased)] + points


def collect(program, points, seconds, most_rounds=5):
    """The least cost of each point, and the failures. The first round is always a whole one."""
    costs, failures, start = {}, [], time.monotonic()
    for rounds in range(most_rounds):
        for key in points:
            if rounds and time.monotonic() - start > seconds:
                return costs, failures
            what, workers, n = key
            try:
                if isinstance(what, Curve):
                    line = run(program, workers, what.name, n, what.ops)
                else:
                    line = run(program, workers, "chase", n, 100000, what)
                costs.setdefault(key, []).append(line["ns_per_op"])
            except measure.Failed as error:
                failures.append(f"{getattr(what, 'name', 'chase')} {n}, workers {workers}: {error}")
        if failures:
            break
    return costs, failures


def slope(costs):
    """Least squares over logarithms."""
    x = [math.log(n) for n in costs]
    y = [math.log(max(c, 1e-3)) for c in costs.values()]
    middle = sum(x) / len(x)
    spread = sum((v - middle) ** 2 for v in x)
    return sum((a - middle) * b for a, b in zip(x, y)) / spread if spread else 0.0


def judge(curve, costs, miss):
    """costs and miss: {n: ns}. What the promise allows at each n, and whether it is kept."""
    promise = PROMISES[curve.promise]
    judged = {n: c for n, c in sorted(costs.items()) if n >= curve.base}
    base = min(judged)
    allowed = {n: TOLERANCE * promise(n) / promise(base) *
               (costs[base] + curve.lines * max(miss[n] - miss[base], 0)) for n in judged}
    worst = max(judged, key=lambda n: judged[n] / allowed[n])
    factor = judged[worst] / allowed[worst]
    return {"allowed": allowed, "slope": slope(judged), "worst_n": worst,
            "worst_factor": factor, "verdict": "worse" if factor > 1 else "kept"}


def evaluate(curves, workers, costs):
    """The results of all curves, from the samples of collect."""
    least = {key: min(samples) for key, samples in costs.items()}
    results = []
    for curve in curves:
        for count in workers:
            mine = {n: c for (what, w, n), c in least.items() if what == curve and w == count}
            miss = {n: c for (what, _, n), c in least.items() if what == curve.size}
            if any(n >= curve.base for n in mine):
                results.append({**curve._asdict(), "workers": count, "cost_ns": mine,
                                "miss_ns": {n: miss[n] for n in mine},
                                "samples": min(len(costs[curve, count, n]) for n in mine),
                                **judge(curve, mine, miss)})
    return results


def weigh(program, divisor):
    """Bytes of each kind of object."""
    rows, failures = [], []
    for name, title, n in MEMORY:
        try:
            line = run(program, 1, "memory_" + name, n // divisor)
            rows.append({"name": name, "title": title, "n": line["n"], "bytes": line["bytes"]})
        except measure.Failed as error:
            failures.append(f"memory_{name}: {error}")
    return rows, failures


def short(ns):
    return f"{ns:.0f}" if ns >= 100 else f"{ns:.1f}"


def cells(result):
    """The cells of a row of the table: the first, the base, the last cost, and what was allowed."""
    cost, last = result["cost_ns"], max(result["cost_ns"])
    verdict = result["verdict"]
    if verdict == "worse":
        verdict = f"WORSE: {result['worst_factor']:.1f} times the allowed at {result['worst_n']}"
    return [result["title"], result["workers"], f"O({result['promise']})",
            *(f"{short(cost[n])} at {n}" for n in (min(cost), result["base"], last)),
            short(result["allowed"][last]), f"{result['slope']:.2f}", verdict]


def tables(results, memory):
    """The Markdown: curves, every cost, memory."""
    head = ["one operation", "workers", "promise", "first, ns", "base, ns", "last, ns",
            "allowed, ns", "slope", "verdict"]
    lines = [markdown_row(head), markdown_row(["---", "--:", "---"] + ["--:"] * 5 + ["---"])]
    lines += [markdown_row(cells(result)) for result in results]
    if memory:
        lines += ["", markdown_row(["one", "bytes of RAM", "measured over"]),
                  markdown_row(["---", "--:", "--:"])]
        lines += [markdown_row([m["title"], m["bytes"], m["n"]]) for m in memory]
    return lines


def text(results, memory):
    lines = []
    for result in results:
        first = f"{result['name']:16}{result['workers']} O({result['promise']})"
        points = " ".join(f"{n}:{short(c)}" for n, c in sorted(result["cost_ns"].items()))
        lines.append(f"{first:27} {points}  slope {result['slope']:.2f}  {cells(result)[-1]}")
    return lines + [f"{m['title']:44}{m['bytes']:>8} bytes" for m in memory]


def options():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--build", type=Path, default=ROOT / "build")
    parser.add_argument("--quick", action="store_true", help=f"n up to {QUICK_MOST}, one round")
    parser.add_argument("--seconds", type=float, default=200, help="begin no second round after")
    parser.add_argument("--curves", default="", help="only names with one of these words in them")
    parser.add_argument("--workers", default="1,2")
    parser.add_argument("--check", action="store_true", help="exit status 3 if one is worse")
    return parser.parse_args()


def main():
    asked = options()
    words = asked.curves.split(",")
    curves = [c for c in CURVES if any(word in c.name for word in words)]
    if not curves:
        raise SystemExit("curves: no such curve")
    workers = [int(w) for w in asked.workers.split(",")]
    program, before = asked.build / "bin/bench-curves", machine.cpu_seconds()
    most = QUICK_MOST if asked.quick else max(TO_MILLION)
    costs, failures = collect(program, plan(curves, workers, most), asked.seconds,
                              1 if asked.quick else 5)
    memory, light = weigh(program, 10 if asked.quick else 1) if not asked.curves else ([], [])
    results = evaluate(curves, workers, costs) if not failures else []
    facts = {**machine.facts(asked.build),
             **machine.cpu_shares(before, machine.cpu_seconds())}
    out = asked.build / "bench"
    out.mkdir(exist_ok=True)
    (out / "curves.json").write_text(json.dumps(
        {"quick": asked.quick, "tolerance": TOLERANCE, "machine": facts, "curves": results,
         "memory": memory, "failures": failures + light}, indent=1) + "\n")
    (out / "curves.md").write_text("\n".join(tables(results, memory)) + "\n")
    lines = text(results, memory) + [f"FAILED {f}" for f in failures + light]
    lines.append(f"{facts['cpu']}, {facts['cores']} cores; {facts['revision']}; others used "
                 f"{facts['others_percent']} % of the machine")
    (out / "curves.txt").write_text("\n".join(lines) + "\n")
    print("\n".join(lines))
    for family in dict.fromkeys(result["family"] for result in results):
        mine = [result for result in results if result["family"] == family]
        (out / f"curves-{family}.svg").write_text(curveplot.draw(mine))
    if failures or light:
        return 1
    return 3 if asked.check and any(result["verdict"] == "worse" for result in results) else 0


if __name__ == "__main__":
    sys.exit(main())
