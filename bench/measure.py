# SPDX-License-Identifier: MIT
"""Runs one row: all sides in turn, again and again, with every result checked.

The result is the part of results.json that tells of the row:

    sides: {side: {n, check, samples: [each], min, median, q1, q3, spread_percent}}
    ratio: {peer: {min, median}}, the peer's time divided by runnel's
    verdict: of runnel against Go; errors: [{side, error}]
"""
import json
import statistics
import subprocess
import time

RUN_SECONDS = 60  # far beyond any honest run: what takes longer hangs


class Failed(Exception):
    """A program crashed, hung, printed something else than its line, or did other work."""


def run_once(command, env, cpus=None):
    """Runs one benchmark program, on the CPUs given, and returns its line of JSON."""
    if cpus:
        command = ["taskset", "-c", ",".join(map(str, cpus)), *command]
    try:
        done = subprocess.run(command, env=env, stdin=subprocess.DEVNULL, capture_output=True,
                              text=True, timeout=RUN_SECONDS)
    except subprocess.TimeoutExpired:
        raise Failed(f"still running after {RUN_SECONDS} s")
    if done.returncode:
        lines = done.stderr.strip().splitlines() or ["(nothing on stderr)"]
        raise Failed(f"exit status {done.returncode}: {lines[0]}")
    try:
        return json.loads(done.stdout)
    except ValueError:
        raise Failed(f"not a line of JSON: {done.stdout[:200]!r}")


def run_side(side, row, workers, n):
    """One run of a side, refused if it did not do what it was asked for."""
    line = run_once(*side.program(row, workers, n))
    if line["workers"] != workers or line["n"] != n:
        raise Failed(f"ran with {line['workers']} workers and n = {line['n']}")
    return line


class Runs:
    """The runs of all sides, so that rows that only look at another value of the same programs do
    not run them again."""

    def __init__(self):
        self.lines = {}   # {(side, what it did): [line or Failed]}
        self.rounds = {}  # {what was done: how many rounds}

    def line(self, side, row, workers, n, count):
        """The line of the count-th run of a side; the first row to ask makes it run."""
        known = self.lines.setdefault((side.key, row.name, row.capacity, workers, n), [])
        if count == len(known):
            try:
                known.append(run_side(side, row, workers, n))
            except Failed as error:
                known.append(error)
        if isinstance(known[count], Failed):
            raise known[count]
        return known[count]


def expected_check(runnel, row, workers, n, result):
    """What runnel's program hands back for n operations: the check of a side that does fewer."""
    if n == result["n"]:
        return result["sides"]["runnel"].get("check")
    return run_side(runnel, row, workers, n)["check"]


def measure(sides, row, workers, n, runs, seconds=None, shared=None):
    """Runs the sides that have the row in turn, `runs` times, or less often once `seconds` are
    over (but at least twice, unless there was no second left). The first side is runnel.
    shared: the Runs of the rows before."""
    shared = shared or Runs()
    work = (row.name, row.capacity, workers, n)
    sides = [side for side in sides if side.has(row)]
    result = {"number": row.number, "bench": row.name, "title": row.title, "workers": workers,
              "n": n, "capacity": row.capacity, "unit": row.unit, "goal": row.goal,
              "value": row.value, "errors": [],
              "sides": {side.key: {"n": side.operations(row, n), "samples": []}
                        for side in sides}}
    expected, dead = {}, set()
    start = time.monotonic()
    for count in range(shared.rounds.get(work, runs)):
        least = 2 if seconds is None or seconds > 0 else 1
        if seconds is not None and count >= least and time.monotonic() - start > seconds:
            break
        shared.rounds[work] = count + 1
        for side in sides:
            if side.key in dead:
                continue
            mine = result["sides"][side.key]
            try:
                line = shared.line(side, row, workers, mine["n"], count)
                if side.key not in expected:
                    mine["check"] = line["check"]
                    expected[side.key] = expected_check(sides[0], row, workers, mine["n"], result)
                if expected[side.key] is None:
                    raise Failed("not checked, because runnel failed")
                if line["check"] != expected[side.key]:
                    raise Failed(f"not the same work: check is {line['check']}, should be "
                                 f"{expected[side.key]}")
                mine["samples"].append(line[row.value])
            except Failed as error:
                dead.add(side.key)
                result["errors"].append({"side": side.key, "error": str(error)})
    return summarise(result)


def statistics_of(samples):
    """Minimum, median, quartiles and the spread: the middle half in percent of the median."""
    if len(samples) == 1:
        q1 = median = q3 = samples[0]
    else:
        q1, median, q3 = statistics.quantiles(samples, n=4, method="inclusive")
    return {"min": min(samples), "median": median, "q1": q1, "q3": q3,
            "spread_percent": round(100 * (q3 - q1) / max(median, 1e-9), 1)}


def summarise(result):
    """Adds the statistics of each side, the ratios and the verdict."""
    for side in result["sides"].values():
        if side["samples"]:
            side.update(statistics_of(side["samples"]))
    result["ratio"], result["verdict"] = {}, "FAILED" if result["errors"] else ""
    ours = result["sides"]["runnel"]
    for name, theirs in result["sides"].items():
        if name != "runnel" and "min" in ours and "min" in theirs:
            result["ratio"][name] = {k: theirs[k] / max(ours[k], 1e-9) for k in ("min", "median")}
    if "go" in result["ratio"] and not result["errors"]:
        worse = min(result["ratio"]["go"].values())
        result["verdict"] = ("LOST" if worse < 1 else
                             "goal met" if worse >= result["goal"] else "short of goal")
    return result
