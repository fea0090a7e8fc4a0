#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The main job: `runnel check --offline` on a tree of HTML, beside other link checkers.

    bench/mainjob.py [--runs N] [--limit SECONDS] [--tree DIR] [--build DIR] [NAME ...]

The checkers run in turn, A B C A B C ...; one that had to be stopped at the limit is not run again.
Wall time, CPU time and peak memory are those of the whole process tree. What each found is judged
by a third opinion (findings.py) and every difference explained.

build/bench/ gets mainjob.json (every sample and finding), mainjob.md (the table, the settings and
the differences) and mainjob-findings.txt (finding by finding). Exit status: 0; 1 if a checker
failed, a difference has no explanation, or runnel missed what is broken; 2 if there is no tree.
"""
import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import checkers
import findings
import machine
import proctree
from command import first_line
from peers import clean_environment
from table import markdown_row

TREE = "/usr/share/doc/python3.11/html"
PACKAGE = "python3.11-doc"
GOAL = 10  # times faster than the faster of the others


def arguments():
    keys = [checker.key for checker in checkers.all_checkers()]
    parser = argparse.ArgumentParser(description="Compares runnel check with its peers.")
    parser.add_argument("names", nargs="*", metavar="NAME", help="of " + " ".join(keys))
    parser.add_argument("--runs", type=int, default=3, help="of each checker (3)")
    parser.add_argument("--limit", type=float, default=600, help="seconds for a run (600)")
    parser.add_argument("--tree", default=TREE, help=f"folder with an index.html ({TREE})")
    parser.add_argument("--build", type=Path, default=machine.ROOT / "build")
    options = parser.parse_args()
    options.build = options.build.resolve()
    if unknown := set(options.names) - set(keys):
        parser.error("no such checker: " + " ".join(sorted(unknown)))
    return options


def run_once(checker, limit_s):
    """One run: a sample, and the Outcome or None."""
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        work = Path(folder, "work")
        work.mkdir()
        out, err = Path(folder, "stdout"), Path(folder, "stderr")
        env = dict(clean_environment(), LC_ALL="C.UTF-8", NO_COLOR="1")
        m = proctree.measure(checker.command(work), limit_s, out, err, env=env, cwd=work)
        sample = {"wall_s": m.wall_s, "cpu_s": m.cpu_s, "peak_bytes": m.peak_bytes,
                  "status": m.status, "ended": m.ended}
        try:
            outcome = checker.read(out.read_text("utf-8", "replace"), work)
        except (OSError, ValueError, LookupError, StopIteration) as error:
            outcome, sample["error"] = None, f"its output was not understood: {error!r}"
        if m.ended and m.status not in checker.fine:
            tail = err.read_text("utf-8", "replace").strip().splitlines()[-1:]
            sample["error"] = f"exit status {m.status}: {' '.join(tail)}"
        return sample, outcome


def take(result, sample, outcome):
    """Adds a run to the result of its checker. Runs that differ in what they found: their union,
    and the counts of each."""
    result["samples"].append(sample)
    result["ended"] = sample["ended"]
    if outcome:
        result["links"], result["urls"] = outcome.links, outcome.urls
        result["findings"] |= outcome.findings
        result["found_each"].append(len(outcome.findings))


def run_all(sides, options):
    """All runs, interleaved. Returns {key: result}."""
    results = {side.key: {"samples": [], "ended": True, "links": None, "urls": None,
                          "findings": set(), "found_each": []} for side in sides}
    for count in range(options.runs):
        for side in sides:
            result = results[side.key]
            if not result["ended"] or any("error" in s for s in result["samples"]):
                continue
            take(result, *run_once(side, options.limit))
            sample = result["samples"][-1]
            print(f"{count + 1}/{options.runs} {side.label}: {sample['wall_s']:.2f} s, CPU "
                  f"{sample['cpu_s']:.2f} s, {sample['peak_bytes'] / 2**20:.0f} MiB, exit status "
                  f"{sample['status']}" + ("" if sample["ended"] else ", stopped at the limit") +
                  (f", {sample['error']}" if "error" in sample else ""), flush=True)
    for result in results.values():
        for name in ("wall_s", "cpu_s", "peak_bytes"):
            values = [sample[name] for sample in result["samples"]]
            result[name] = {"min": min(values), "median": statistics.median(values),
                            "max": max(values)}
    return results


def goals(results, lines):
    """What was aimed at, with the figures."""
    ours = results["runnel"]
    others = {key: r for key, r in results.items()
              if not key.startswith("runnel") and r["ended"] and r["found_each"]}
    if not others:
        return {}
    fastest = min(others, key=lambda key: others[key]["wall_s"]["median"])
    smallest = min(others, key=lambda key: others[key]["peak_bytes"]["min"])
    return {"faster_than": fastest, "smaller_than": smallest,
            "wall_ratio": others[fastest]["wall_s"]["median"] / ours["wall_s"]["median"],
            "wall_ratio_of_minima": others[fastest]["wall_s"]["min"] / ours["wall_s"]["min"],
            "cpu_ratio": min(r["cpu_s"]["median"] for r in others.values()) /
            ours["cpu_s"]["median"],
            "memory_ratio": others[smallest]["peak_bytes"]["min"] / ours["peak_bytes"]["max"],
            "superset": findings.is_superset(lines, "runnel", results)}


def table_lines(sides, results, lines):
    """The table of Markdown: one line for each checker."""
    broken = sum(line["broken"] for line in lines)
    head = ["checker", "wall s, min", "median", "CPU s", "peak MiB", "exit", "links", "URLs",
            f"found of {broken}", "wrong", "wall / runnel"]
    out = [markdown_row(head), markdown_row(["---"] + ["--:"] * 10)]
    for side in sides:
        result = results.get(side.key)
        if not result:
            out.append(markdown_row([side.label, side.missing] + ["-"] * 9))
            continue
        mine = [line for line in lines if side.key in line["found_by"]]
        least, median = result["wall_s"]["min"], result["wall_s"]["median"]
        more = "" if result["ended"] else "> "
        out.append(markdown_row([
            side.label, f"{more}{least:.2f}", f"{more}{median:.2f}",
            f"{more}{result['cpu_s']['median']:.2f}",
            f"{more}{result['peak_bytes']['median'] / 2**20:.0f}",
            result["samples"][-1]["status"] if result["ended"] else "stopped",
            result["links"] or "-", result["urls"] or "-",
            sum(line["broken"] for line in mine), sum(not line["broken"] for line in mine),
            f"{more}{median / results['runnel']['wall_s']['median']:.1f}"]))
    return out


def difference_lines(sides, lines):
    """The differences by class, as a list of Markdown."""
    labels = {side.key: side.label for side in sides}
    classes = Counter()
    for line in lines:
        for key, why in line["missed_by"].items():
            classes[f"{labels[key]} misses", why] += 1
        for key, why in line["wrong_in"].items():
            classes[f"{labels[key]} reports in error", why] += 1
    return [f"- {what} {n}: {why or '**not explained**'}"
            for (what, why), n in sorted(classes.items(), key=str)] or ["- none"]


def report_lines(facts, sides, results, lines, truth, reached):
    out = ["<!-- Written by bench/mainjob.py. -->", "", *table_lines(sides, results, lines), ""]
    if reached:
        out += [f"- runnel beside {reached['faster_than']}, the fastest of the others: "
                f"{reached['wall_ratio']:.1f} times faster by the medians, "
                f"{reached['wall_ratio_of_minima']:.1f} by the minima (goal {GOAL}); CPU time: "
                f"{reached['cpu_ratio']:.1f} times less than the least of the others",
                f"- peak memory: {reached['memory_ratio']:.1f} times less than "
                f"{reached['smaller_than']}, the smallest of the others (its least, our most)",
                f"- all that the others truly found is among what runnel found: "
                f"{'yes' if reached['superset'] else 'NO'}"]
    out += [f"- {len(truth.pages)} pages ({len(truth.reachable & set(truth.pages))} of them can be "
            f"reached from index.html), {truth.links} links by the third opinion", "",
            "What the checkers do not agree on:", "", *difference_lines(sides, lines), "",
            "The findings:", ""]
    out += [f"- `{line['target']}" + (f"#{line['fragment']}" if line["fragment"] else "") + "`: " +
            (f"broken, linked from {line['sources']} pages" if line["broken"] else "not broken")
            for line in lines]
    out += ["", "Settings and versions:", "", f"- tree: {facts['tree']}",
            f"- {facts['cpu']}, {facts['cores']} cores, Linux {facts['kernel']}, load "
            f"{facts['load_before']:.1f} before; meanwhile others used {facts['others_percent']} % "
            f"of the CPU time"]
    out += [f"- {side.label}: {side.version or side.missing}: `{side.settings}`" for side in sides]
    return out


def mistakes(results, lines):
    """What makes the run fail."""
    out = [f"{key}: {sample['error']}" for key, result in results.items()
           for sample in result["samples"] if "error" in sample]
    for line in lines:
        for key, why in (line["missed_by"] | line["wrong_in"]).items():
            if not why:
                out.append(f"{key}, {line['target']}#{line['fragment']}: not explained")
    return out


def write(folder, facts, sides, results, lines, truth, reached):
    folder.mkdir(parents=True, exist_ok=True)
    text = report_lines(facts, sides, results, lines, truth, reached)
    for result in results.values():
        result["findings"] = sorted(result["findings"])
    (folder / "mainjob.json").write_text(json.dumps(
        {"machine": facts, "goals": reached, "findings": lines, "checkers": {
            side.key: {"label": side.label, "version": side.version, "missing": side.missing,
                       "settings": side.settings, **results.get(side.key, {})}
            for side in sides}}, indent=1) + "\n")
    (folder / "mainjob.md").write_text("\n".join(text) + "\n")
    (folder / "mainjob-findings.txt").write_text("\n".join(findings.as_text(lines)) + "\n")
    return text


def main():
    options = arguments()
    tree = checkers.tree_of(options.tree)
    if not tree:
        print(f"mainjob: {options.tree} has no index.html: install the Debian package {PACKAGE}")
        return 2
    sides = [side for side in checkers.all_checkers()
             if not options.names or side.key in [*options.names, "runnel"]]
    for side in sides:
        side.prepare(options.build, tree, print)
    if sides[0].missing:
        print("mainjob: build/bin/runnel is not built: run make first")
        return 2
    facts = machine.facts(options.build)
    package = first_line(["dpkg-query", "-W", "-f", "${Version}", PACKAGE])
    facts["tree"] = f"{tree}" + (f" ({PACKAGE} {package})" if options.tree == TREE else "")
    before, start = machine.cpu_seconds(), time.monotonic()
    results = run_all([side for side in sides if not side.missing], options)
    facts.update(machine.cpu_shares(before, machine.cpu_seconds()))
    print(f"{time.monotonic() - start:.0f} s; now the third opinion", flush=True)
    truth = findings.Truth(tree)
    lines = findings.compare(sides, results, truth)
    reached = goals(results, lines)
    print("\n".join(write(options.build / "bench", facts, sides, results, lines, truth, reached)))
    wrong = mistakes(results, lines)
    print("\n".join(f"mainjob: FAILED: {line}" for line in wrong))
    return 1 if wrong or (reached and not reached["superset"]) else 0


if __name__ == "__main__":
    sys.exit(main())
