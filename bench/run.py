#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs the benchmarks of runnel and of its peers side by side and prints the tables of ratios.

    bench/run.py [--quick] [--runs N] [--workers 1,2] [--peers go,tokio] [NAME ...]

For each benchmark and number of workers: runnel, Go, tokio, ..., runnel, Go, tokio, ..., then the
minimum, median and spread of each, and each peer's time divided by runnel's. README.md tells how to
read it. build/bench/ gets results.json (every sample), results.txt and results.md (the tables).
Exit status: 0; 1 if a program failed or the sides did not agree on the result of the work; 2 if
there is nothing to run.
"""
import argparse
import json
import os
import sys
import time
from pathlib import Path

import machine
import table
from measure import Runs, measure
from peers import Runnel, all_peers, notes_of
from rows import ROWS

QUICK_SECONDS = 100  # for all rows of --quick together


class Report:
    """Prints lines and keeps them for results.txt."""

    def __init__(self):
        self.lines = []

    def say(self, *lines):
        for line in lines:
            print(line, flush=True)
        self.lines += lines


def arguments():
    keys = [peer.key for peer in all_peers()]
    parser = argparse.ArgumentParser(description="Compares runnel with its peers.")
    parser.add_argument("names", nargs="*", metavar="NAME",
                        help="one of: " + " ".join(dict.fromkeys(row.name for row in ROWS)))
    parser.add_argument("--runs", type=int, help="of each side (7; with --quick 3)")
    parser.add_argument("--quick", action="store_true",
                        help=f"3 runs of a tenth of the work, {QUICK_SECONDS} s for all")
    parser.add_argument("--workers", default="2,1", help="numbers of workers (2,1)")
    parser.add_argument("--build", type=Path, default=machine.ROOT / "build",
                        help="build folder (build)")
    parser.add_argument("--peers", default=",".join(keys),
                        help=f"of {','.join(keys)} (all); 'none': runnel alone")
    parser.add_argument("--go", help="the go command to use")
    parser.add_argument("--crates-io", action="store_true",
                        help="take the newest crates from the network, not Debian's")
    options = parser.parse_args()
    options.runs = max(1, options.runs or (3 if options.quick else 7))
    options.workers = [int(w) for w in options.workers.split(",")]
    options.peers = [] if options.peers == "none" else options.peers.split(",")
    options.build = options.build.resolve()
    for kind, unknown in (("benchmark", set(options.names) - {row.name for row in ROWS}),
                          ("peer", set(options.peers) - set(keys))):
        if unknown:
            parser.error(f"no such {kind}: " + " ".join(sorted(unknown)))
    return options


def prepare(options, report):
    """The peers that were asked for, built where that is possible."""
    peers = [peer for peer in all_peers() if peer.key in options.peers]
    for peer in peers:
        peer.build = options.build
        peer.prepare(options, report.say)
    return peers


def measure_all(options, rows, sides, report):
    """Measures row after row, and prints each when it is known."""
    end, left = time.monotonic() + QUICK_SECONDS, len(rows) * len(options.workers)
    results, shared = [], Runs()
    for row in rows:
        for workers in options.workers:
            seconds = max((end - time.monotonic()) / left, 0) if options.quick else None
            result = measure(sides, row, workers, row.n // 10 if options.quick else row.n,
                             options.runs, seconds, shared)
            report.say(table.go_line(result), *table.error_lines(result))
            results.append(result)
            left -= 1
    return results


def write_results(options, facts, peers, results, report):
    folder = options.build / "bench"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "results.json").write_text(json.dumps(
        {"machine": facts, "runs": options.runs, "quick": options.quick,
         "peers": {peer.key: {"label": peer.label, "version": peer.version,
                              "missing": peer.missing} for peer in peers},
         "rows": results}, indent=1) + "\n")
    report.say(f"All samples: {os.path.relpath(folder)}/results.json; the tables: results.txt, "
               f"results.md")
    (folder / "results.txt").write_text("\n".join(report.lines) + "\n")
    (folder / "results.md").write_text("\n".join(
        ["<!-- Written by bench/run.py. -->", "", *table.markdown(results, peers), ""] +
        [f"- {line}" for line in about(facts, peers)]) + "\n")


def about(facts, peers):
    """The machine and the versions, as lines."""
    lines = [f"{facts['cpu']}, {facts['cores']} cores, Linux {facts['kernel']}, load "
             f"{facts['load_before']:.1f}",
             f"runnel {facts['revision'] or '?'}: {facts['compiler']} {facts['flags']}"]
    return lines + [f"{peer.label}: {peer.version or peer.missing}" for peer in peers]


def main():
    options, report = arguments(), Report()
    rows = [row for row in ROWS if not options.names or row.name in options.names]
    missing = [row.name for row in rows if not (options.build / f"bin/bench-{row.name}").exists()]
    if missing:
        print(f"bench: not built: {' '.join(missing)}; run make first")
        return 2
    peers = prepare(options, report)
    facts = machine.facts(options.build)
    report.say(*about(facts, peers), "", *table.HEAD.split("\n"))

    sides = [Runnel(options.build), *peers]
    before = machine.cpu_seconds()
    results = measure_all(options, rows, sides, report)
    facts.update(machine.cpu_shares(before, machine.cpu_seconds()))

    others = [peer for peer in peers if peer.key != "go" and peer.command]
    if others:
        report.say("", *table.peer_table(results, others))
    report.say("", *notes_of(sides, rows), "",
               *table.summary(results, [side.key for side in sides if side.limit]),
               f"Meanwhile other programs used {facts['others_percent']} % of the CPU time, and "
               f"the hypervisor took {facts['stolen_percent']} %.")
    write_results(options, facts, peers, results, report)
    return 1 if any(result["errors"] for result in results) else 0


if __name__ == "__main__":
    sys.exit(main())
