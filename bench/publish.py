#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Puts the results of a full run into the documents.

    bench/publish.py [RESULTS]

Writes the table and the machine of docs/performance.md, between its two marks, and draws
docs/performance.svg (plot.py). RESULTS is build/bench/results.json unless given. A quick run is
refused: its work is too little for a document.
"""
import json
import sys
from pathlib import Path

import plot
import table

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs/performance.md"
PICTURE = ("![Go's time divided by runnel's, a bar for each benchmark and number of workers]"
           "(performance.svg)")
BEGIN, END = "<!-- results: bench/publish.py -->", "<!-- end of the results -->"


def machine_lines(run):
    m = run["machine"]
    peers = [p["version"] for p in run["peers"].values() if p["version"]]
    missing = [f"{p['label']} ({p['missing']})" for p in run["peers"].values() if not p["version"]]
    lines = [f"{m['date'][:10]}: {m['cpu']}, {m['cores']} CPUs, {m['memory_mib'] >> 10} GiB, Linux "
             f"{m['kernel']}; {m['compiler']}, `{m['flags']}`; runnel {m['revision']}; "
             f"{run['runs']} runs of each side in turn. Beside: {'; '.join(peers)}.",
             f"Other programs used {m['others_percent']} % of the CPU time meanwhile, and the "
             f"hypervisor took {m['stolen_percent']} %."]
    return lines + ([f"Missing: {', '.join(missing)}."] if missing else [])


def rows(run):
    """Medians in the row's unit, Go's divided by runnel's, and the others' likewise."""
    others = [key for key, p in run["peers"].items() if key != "go" and p["version"]]
    yield table.markdown_row(["#", "one operation", "workers", "unit", "runnel", "±%", "Go", "±%",
                              "Go / runnel", "goal", ""] +
                             [f"{run['peers'][key]['label']} / runnel" for key in others])
    yield table.markdown_row(["--:", "---", "--:", "---"] + ["--:"] * 6 + ["---"] +
                             ["--:"] * len(others))
    for result in run["rows"]:
        cells = [result["number"], result["title"], result["workers"], result["unit"],
                 *table.side_cells(result, "runnel")[1:], *table.side_cells(result, "go")[1:],
                 table.ratio_cells(result, "go")[1], result["goal"], result["verdict"] or "-"]
        yield table.markdown_row(cells + [table.ratio_cells(result, key)[1] for key in others])


def publish(run, page):
    """The page with the run's results in it."""
    head, rest = page.split(BEGIN, 1)
    tail = rest.split(END, 1)[1]
    summary = table.summary(run["rows"])[0]
    block = "\n".join([PICTURE, "", *machine_lines(run), "", summary + ".", "", *rows(run)])
    return f"{head}{BEGIN}\n{block}\n{END}{tail}"


def main():
    source = Path(sys.argv[1] if len(sys.argv) > 1 else ROOT / "build/bench/results.json")
    run = json.loads(source.read_text())
    if run["quick"]:
        raise SystemExit(f"publish: {source} is of a quick run, which is not for docs/")
    PAGE.write_text(publish(run, PAGE.read_text()))
    (ROOT / "docs/performance.svg").write_text(plot.draw(run))
    print(f"publish: {PAGE}, docs/performance.svg")


if __name__ == "__main__":
    main()
