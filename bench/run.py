#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs the benchmarks of runnel and of its peers side by side and prints the table of ratios.

    bench/run.py [--quick] [--runs N] [--workers 1,2] [NAME ...]

For each benchmark and number of workers: runnel, Go, runnel, Go, ..., then the minimum and the
median of each, and Go's time divided by runnel's. README.md tells how to read it. All samples go to
build/bench/results.json. Exit status: 0; 1 if a program failed or the two did not agree on the
result of the work; 2 if there is nothing to run.
"""
import argparse
import json
import os
import platform
import re
import statistics
import subprocess
import sys
import time
from collections import namedtuple
from pathlib import Path

import gotool

ROOT = Path(__file__).resolve().parent.parent
RUN_SECONDS = 60  # far beyond any honest run: what takes longer hangs

# number: of the row in the list of goals. goal: Go's value divided by runnel's; the smaller value
# is always the better one. value: its name in the programs' line. ns_per_op is printed as the time
# of one operation in ns or us, and of all n of them in ms; other values are in the row's unit
# already.
# load: the programs are servers, which bin/bench-load starts and measures, with the raw one of
# peers/epoll as a third; capacity is then the number of connections.
Row = namedtuple("Row", "number name title n capacity unit goal value load",
                 defaults=["ns_per_op", False])
ROWS = [
    Row(1, "yield", "yield, two tasks of different code", 5_000_000, 0, "ns", 15),
    Row(2, "spawn", "spawn and end of an empty task", 1_000_000, 0, "ns", 20),
    Row(3, "pingpong", "ping-pong over two channels", 2_000_000, 0, "ns", 10),
    Row(4, "unbuffered", "1 producer, 1 consumer, no buffer", 4_000_000, 0, "ns", 8),
    Row(5, "buffered", "1 producer, 1 consumer, buffer 100", 10_000_000, 100, "ns", 6),
    Row(5, "buffered", "1 producer, 1 consumer, buffer 1024", 10_000_000, 1024, "ns", 6),
    Row(6, "mpmc", "4 producers, 4 consumers, no buffer", 1_500_000, 0, "ns", 3),
    Row(6, "mpmc", "4 producers, 4 consumers, buffer 100", 6_000_000, 100, "ns", 3),
    Row(6, "mpmc", "4 producers, 4 consumers, buffer 1024", 6_000_000, 1024, "ns", 3),
    Row(7, "select3", "select over 3 unbuffered channels", 1_500_000, 0, "ns", 5),
    Row(8, "selectdefault", "select with default, nothing ready", 5_000_000, 0, "ns", 5),
    Row(9, "ring", "a hop in a ring of 503 tasks", 3_000_000, 503, "ns", 8, "hop_ns"),
    Row(9, "ring", "a hop in a ring of 65,536 tasks", 1_500_000, 65_536, "ns", 8, "hop_ns"),
    Row(9, "ring", "a hop in a ring of 1 M tasks", 1_000_000, 1_000_000, "ns", 8, "hop_ns"),
    Row(10, "sieve", "2,500 primes from the sieve, in all", 2_500, 0, "ms", 8),
    Row(11, "generic", "repeat, take, toString: tasks", 500_000, 0, "ns", 8),
    Row(11, "typed", "repeat, take, of strings: tasks", 1_000_000, 0, "ns", 8),
    Row(11, "batched", "repeat, take, toString: batched", 500_000, 0, "ns", 30),
    Row(11, "fused", "repeat, take, toString: fused", 500_000, 0, "ns", 100),
    Row(12, "fanout", "fan-out to 4, fan-in", 1_500_000, 0, "ns", 6),
    Row(13, "orchannel", "or-channel of 1,000: make, close one", 1_000, 1_000, "us", 20),
    Row(14, "contexts", "make a child context, its task waits", 200_000, 0, "ns", 5, "make_ns"),
    Row(14, "contexts", "cancel it with 200 k others, and end", 200_000, 0, "ns", 5, "cancel_ns"),
    Row(15, "forkjoin", "fork-join fib(27), tasks, in all", 635_621, 0, "ms", 10),
    Row(16, "skynet", "skynet, a tree of 1 M tasks, in all", 1_000_000, 0, "ms", 12),
    Row(17, "mutex", "lock and unlock a mutex, 8 tasks", 10_000_000, 0, "ns", 2),
    Row(18, "parked", "a waiting task of 1 M, default stack", 1_000_000, 0, "B", 0.5, "task_bytes"),
    Row(18, "parked", "wake all, per task", 1_000_000, 0, "ns", 4, "wake_ns"),
    Row(18, "parked_small", "a waiting task of 1 M, small stack", 1_000_000, 0, "B", 1.1,
        "task_bytes"),
    Row(18, "parked_small", "wake all, per task", 1_000_000, 0, "ns", 4, "wake_ns"),
    Row(19, "sleepers", "1 M sleepers over 1 s, the last late", 1_000_000, 0, "ms", 8, "late_ms"),
    Row(20, "echo", "TCP echo, 64 B on 64 connections", 100_000, 64, "us", 1.3, load=True),
    Row(20, "echo", "TCP echo, CPU time of the server", 100_000, 64, "ns", 1.3, "cpu_ns", True),
    Row(20, "echo", "TCP echo, p50 with 1 connection", 10_000, 1, "us", 2, "p50_us", True),
    Row(20, "echo", "TCP echo, memory of 5,000 idle, each", 10_000, 5_000, "B", 2, "conn_bytes",
        True),
]

HEAD = (f"{'':>2} {'':36}{'':>7}{'runnel':>17}{'Go':>18}{'Go / runnel':>16}\n"
        f"{'#':>2} {'one operation':36}{'workers':>7}{'min  median':>17}{'min  median':>18}"
        f"{'min median':>16}{'goal':>6}")


def say(line):
    print(line, flush=True)


class Failed(Exception):
    """A program crashed, hung, or printed something else than its line."""


def run_once(command, env):
    """Runs one benchmark program and returns its line of JSON."""
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


def sides(build, go, row, workers, n):
    """The programs of a row as {name: (command, environment)}, in the order in which they run."""
    numbers = [str(n), str(row.capacity)]
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("RUNNEL_", "GO"))}
    programs = {"runnel": ([build / "bin" / f"bench-{row.name}"],
                           dict(clean, RUNNEL_WORKERS=str(workers)))}
    if go:  # its best settings; see README.md
        programs["go"] = ([go.program, row.name],
                          dict(clean, GOMAXPROCS=str(workers), GOGC="400"))
    if not row.load:
        return {side: ([*command, *numbers], env) for side, (command, env) in programs.items()}
    programs["epoll"] = ([build / "bin" / f"bench-{row.name}-epoll", str(workers)], clean)
    load = [build / "bin/bench-load", row.name, *numbers, "--"]
    return {side: ([*load, *command], env) for side, (command, env) in programs.items()}


def measure(programs, row, workers, n, runs):
    """Runs the sides in turn. Returns what results.json keeps of the row."""
    result = {"number": row.number, "bench": row.name, "title": row.title, "workers": workers,
              "n": n, "capacity": row.capacity, "goal": row.goal, "check": {}, "errors": [],
              "value": row.value, "samples": {name: [] for name in programs}}
    for _ in range(runs):
        for name, (command, env) in programs.items():
            if name in (e["side"] for e in result["errors"]):
                continue
            try:
                line = run_once(command, env)
                if line["workers"] != workers or line["n"] != n:
                    raise Failed(f"ran with {line['workers']} workers and n = {line['n']}")
                check = result["check"].setdefault(name, line["check"])
                if check != line["check"]:
                    raise Failed(f"check is {line['check']}, was {check}")
                result["samples"][name].append(line[row.value])
            except Failed as error:
                result["errors"].append({"side": name, "error": str(error)})
    if len(set(result["check"].values())) > 1:
        result["errors"].append({"side": "both", "error": f"not the same work: {result['check']}"})
    return result


def summarise(result):
    """Adds the minima, the medians, the ratios and the verdict."""
    for name, samples in result["samples"].items():
        if samples:
            result[name] = {"min": min(samples), "median": statistics.median(samples)}
    result["verdict"] = "FAILED" if result["errors"] else ""
    if "runnel" in result and "go" in result:
        ratio = {k: result["go"][k] / max(result["runnel"][k], 1e-9) for k in ("min", "median")}
        result["ratio"] = ratio
        if not result["errors"]:
            worse = min(ratio.values())
            result["verdict"] = ("LOST" if worse < 1 else
                                 "goal met" if worse >= result["goal"] else "short of goal")


def print_row(row, result):
    def pair(numbers, form):
        return f"{numbers['min']:>{form}} {numbers['median']:>{form}}" if numbers else f"{'-':>17}"

    scale = 1
    if row.value == "ns_per_op":
        scale = {"ns": 1, "us": 1e-3, "ms": result["n"] / 1e6}[row.unit]
    times = [{k: v * scale for k, v in result[name].items()} if name in result else None
             for name in ("runnel", "go")]
    say(f"{row.number:>2} {row.title:36}{result['workers']:>4} {row.unit} "
        f"{pair(times[0], '8.1f')} {pair(times[1], '8.1f')}  "
        f"{pair(result.get('ratio'), '6.1f'):>14}{row.goal:>6}  {result['verdict']}".rstrip())
    if "epoll" in result:
        raw = {k: result["epoll"][k] * scale for k in ("min", "median")}
        say(f"   {'the same by raw epoll':36}{'':4} {row.unit} {'':17} {pair(raw, '8.1f')}")
    for error in result["errors"]:
        say(f"   FAILED {error['side']}: {error['error']}")


def cpu_seconds():
    """CPU time so far: of the whole machine, idle or not; spent by our own programs; spent by all
    others; taken by the hypervisor."""
    ticks = [int(t) for t in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]]
    total, idle, stolen = (t / os.sysconf("SC_CLK_TCK")
                           for t in (sum(ticks), ticks[3] + ticks[4], ticks[7]))
    own = sum(os.times()[:4])
    return total, own, total - idle - stolen - own, stolen


def output_of(command):
    try:
        return subprocess.run(command, cwd=ROOT, capture_output=True, text=True).stdout.strip()
    except OSError:
        return ""


def compile_flags(build):
    """How the library was compiled, as far as it matters for speed."""
    try:
        commands = json.loads((build / "compile_commands.json").read_text())
        command = next(c["command"] for c in commands if "/src/core/" in c["file"])
    except (OSError, ValueError, StopIteration):
        return "?"
    return " ".join(re.findall(r"(?<= )-(?:O|D|m|fl|fno-lto|fsan)\S*", command))


def machine_facts(build, go):
    model = re.search(r"model name\s*:\s*(.*)", Path("/proc/cpuinfo").read_text())
    cache = (build / "CMakeCache.txt").read_text()
    compiler = re.search(r"^CMAKE_C_COMPILER:\w+=(.*)$", cache, re.M)
    return {
        "date": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "cpu": model[1] if model else platform.machine(),
        "cores": len(os.sched_getaffinity(0)),
        "memory_mib": os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") >> 20,
        "kernel": platform.release(),
        "load_before": os.getloadavg()[0],
        "compiler": (output_of([compiler[1] if compiler else "cc", "--version"]) or "?")
                    .splitlines()[0],
        "flags": compile_flags(build),
        "revision": output_of(["git", "describe", "--always", "--dirty"]),
        "go": go.version if go else None,
    }


def arguments():
    parser = argparse.ArgumentParser(description="Compares runnel with its peers.")
    parser.add_argument("names", nargs="*", metavar="NAME",
                        help="one of: " + " ".join(dict.fromkeys(row.name for row in ROWS)))
    parser.add_argument("--runs", type=int, help="of each side (7; with --quick 3)")
    parser.add_argument("--quick", action="store_true", help="3 runs of a tenth of the work")
    parser.add_argument("--workers", default="2,1", help="numbers of workers (2,1)")
    parser.add_argument("--build", type=Path, default=ROOT / "build", help="build folder (build)")
    parser.add_argument("--go", help="the go command to use")
    parser.add_argument("--no-go", action="store_true", help="runnel alone")
    options = parser.parse_args()
    options.runs = max(1, options.runs or (3 if options.quick else 7))
    options.workers = [int(w) for w in options.workers.split(",")]
    unknown = set(options.names) - {row.name for row in ROWS}
    if unknown:
        parser.error("no such benchmark: " + " ".join(sorted(unknown)))
    return options


def print_summary(results):
    """Says again, where nobody overlooks it, what was lost and what failed."""
    verdicts = [result["verdict"] for result in results]
    say(f"\n{len(results)} rows: {verdicts.count('goal met')} met the goal, "
        f"{verdicts.count('short of goal')} short of it, {verdicts.count('LOST')} lost, "
        f"{verdicts.count('FAILED')} failed")
    for result in results:
        if result["verdict"] in ("LOST", "FAILED"):
            say(f"{result['verdict']}: {result['title']}, workers {result['workers']}")


def main():
    options = arguments()
    rows = [row for row in ROWS if not options.names or row.name in options.names]
    missing = [row.name for row in rows if not (options.build / f"bin/bench-{row.name}").exists()]
    if missing:
        say(f"bench: not built: {' '.join(missing)}; run make first")
        return 2
    go = None if options.no_go else gotool.get(options.build / "bench/go", options.go, say)
    facts = machine_facts(options.build, go)
    say(f"{facts['cpu']}, {facts['cores']} cores, Linux {facts['kernel']}, load "
        f"{facts['load_before']:.1f}; {facts['compiler']} {facts['flags']}")
    say(f"runnel {facts['revision'] or '?'} beside " +
        (f"{go.version} ({os.path.relpath(go.path)})" if go else
         "nothing: there is no Go, so these are runnel's numbers alone"))
    say(f"\n{HEAD}")

    before, results = cpu_seconds(), []
    for row in rows:
        for workers in options.workers:
            n = row.n // 10 if options.quick else row.n
            result = measure(sides(options.build, go, row, workers, n), row, workers, n,
                             options.runs)
            summarise(result)
            print_row(row, result)
            results.append(result)
    total, _, others, stolen = (b - a for a, b in zip(before, cpu_seconds()))
    facts["others_percent"] = round(100 * max(others, 0) / total, 1)
    facts["stolen_percent"] = round(100 * stolen / total, 1)

    path = options.build / "bench/results.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"machine": facts, "runs": options.runs, "quick": options.quick,
                                "rows": results}, indent=1) + "\n")
    print_summary(results)
    say(f"Meanwhile other programs used {facts['others_percent']} % of the CPU time, and the "
        f"hypervisor took {facts['stolen_percent']} %.")
    say(f"All samples: {os.path.relpath(path)}")
    return 1 if any(result["errors"] for result in results) else 0


if __name__ == "__main__":
    sys.exit(main())
