#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What has not run, out of a listing of llvm-cov show.

    coverage.py LISTING             with branches by count, and MC/DC
    coverage.py --rooms REPORT      of llvm-cov report: sums, a room each

The first prints a line for each line of code that never ran, for each branch that was never taken
(of lines that ran) and for each condition that was never seen to decide alone: FILE:LINE what, and
the code.
"""
import collections
import re
import sys



def rooms(report):
    """The table of docs/coverage.md."""
    sums = collections.OrderedDict()
    for text in open(report):
        words = text.split()
        if len(words) < 10 or "/" not in words[0]:
            continue
        numbers = [int(w) for w in words[1:] if w.isdigit()]
        if len(numbers) != 8:
            continue
        for room in (words[0].split("/")[0], "all"):
            old = sums.get(room, [0] * 6)
            sums[room] = [a + b for a, b in zip(old, numbers[2:])]
    sums.move_to_end("all")
    print("| room | lines | have run | branches | taken | conditions | decide alone |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for room, (lines, no_lines, branches, no_branches, conditions, no_conditions) in sums.items():
        cells = [room]
        for n, missed in ((lines, no_lines), (branches, no_branches), (conditions, no_conditions)):
            cells += [str(n), "%.1f %%" % (100.0 * (n - missed) / n) if n else "-"]
        print("| " + " | ".join(cells) + " |")


if sys.argv[1] == "--rooms":
    rooms(sys.argv[2])
    sys.exit()

file = None
code = {}
line = 0
lines_never, branches_never, conditions_never = [], [], []
for text in open(sys.argv[1], errors="replace"):
    text = text.rstrip("\n")
    named = re.match(r"^(/\S+\.[ch]):$", text)
    if named:
        file = re.sub(r".*/(?=src/)", "", named[1])
        code = {}
        continue
    numbered = re.match(r"^ *(\d+)\| *([0-9.]+[kMGTE]?)?\|(.*)$", text)
    if numbered:
        line = int(numbered[1])
        code[line] = numbered[3].strip()
        if numbered[2] == "0":
            lines_never.append((file, line, "line", code[line]))
        continue
    branch = re.match(r"^ *\|? *Branch \((\d+):(\d+)\): \[(.*)\]", text)
    if branch:
        counts = re.findall(r"(True|False): ([0-9.]+[kMGTE]?)", branch[3])
        if counts and any(n != "0" for _, n in counts):
            for which, n in counts:
                if n == "0":
                    branches_never.append((file, int(branch[1]), "never " + which.lower(),
                                           code.get(int(branch[1]), "")))
        continue
    decision = re.match(r"^ *\|---> MC/DC Decision Region \((\d+):", text)
    if decision:
        line = int(decision[1])
    pair = re.match(r"^ *\| +C(\d+)-Pair: not covered", text)
    if pair:
        conditions_never.append((file, line, "condition %s decides nothing alone" % pair[1],
                                 code.get(line, "")))

ran = {(f, n) for f, n, _, _ in lines_never}
never = set(lines_never)
never.update(at for at in branches_never + conditions_never if at[:2] not in ran)
for name, n, what, source in sorted(never):
    print("%s:%d %s: %s" % (name, n, what, source))
