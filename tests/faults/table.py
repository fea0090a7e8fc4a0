# SPDX-License-Identifier: MIT
"""The tables: BUILD/faults.tsv of one run, and the sites in docs/faults.md."""
import os

import listing
from sites import ROOT

PAGE = os.path.join(ROOT, "docs", "faults.md")
BEGIN, END = "<!-- sites -->\n", "<!-- end of sites -->\n"
LEFT_BEGIN, LEFT_END = "<!-- not reached -->\n", "<!-- end of not reached -->\n"
KEPT_BEGIN, KEPT_END = "<!-- kept -->\n", "<!-- end of kept -->\n"


def write_figures(driver, keys):
    path = os.path.join(driver.options.build, "faults.tsv")
    with open(path, "w", encoding="utf-8") as file:
        file.write("call\tby\tline\tfunction\ttimes failed\toutcomes\n")
        for key in sorted(keys):
            outcomes = driver.outcomes[key]
            file.write("\t".join([key[0], key[1], driver.lines[key], key[3],
                                  str(sum(outcomes.values())),
                                  ", ".join(f"{o} {n}" for o, n in sorted(outcomes.items()))])
                       + "\n")
    return path


def read_rows(begin, end):
    with open(PAGE, encoding="utf-8") as file:
        rows = file.read().split(begin)[1].split(end)[0].splitlines()[2:]
    return [[cell.strip().strip("`") for cell in row.strip("|").split("|")] for row in rows]


def read_page():
    """{key: outcomes} of the page's table."""
    return {(call, by, file, function): outcomes
            for file, function, call, by, outcomes in read_rows(BEGIN, END)}


def read_left():
    """{key: why} of the sites that no program reaches."""
    return {(call, by, file, function): why
            for file, function, call, by, why in read_rows(LEFT_BEGIN, LEFT_END)}


def read_kept():
    """{key: why} of the sites that keep what they are given until the process ends."""
    return {(call, by, file, function): why
            for file, function, call, by, why in read_rows(KEPT_BEGIN, KEPT_END)}


def replace(text, begin, end, last, rows):
    head, rest = text.split(begin)
    lines = [f"| file | function | call | made by | {last} |", "| --- | --- | --- | --- | --- |"]
    for key in sorted(rows, key=lambda k: (k[2], k[3], k[0], k[1])):
        call, by, name, function = key
        lines.append(f"| `{name}` | `{function}` | `{call}` | `{by}` | {rows[key]} |")
    return head + begin + "\n".join(lines) + "\n" + end + rest.split(end)[1]


def exists(key):
    """Whether the sources still have the function."""
    path = os.path.join(ROOT, key[2])
    if key[2] == "-" or key[2].startswith(".."):
        return key[2] == "-"
    try:
        with open(path, encoding="utf-8") as file:
            return key[3] in file.read()
    except FileNotFoundError:
        return False


def update_page(driver, keys, known, left):
    rows = {key: {o for o in outcomes.split(", ") if o} for key, outcomes in known.items()
            if exists(key)}
    for key in keys:
        rows.setdefault(key, set()).update(driver.outcomes[key].keys() - {"WRONG"})
    rows = {key: ", ".join(sorted(outcomes)) for key, outcomes in rows.items()}
    with open(PAGE, encoding="utf-8") as file:
        text = file.read()
    reasons = read_left()
    text = replace(text, BEGIN, END, "outcomes", rows)
    text = replace(text, LEFT_BEGIN, LEFT_END, "why",
                   {key: reasons.get(key, "") for key in left if key not in rows})
    with open(PAGE, "w", encoding="utf-8") as file:
        file.write(text)


def check(driver, keys, update):
    """What is wrong with the tables."""
    print("faults: the figures are in", write_figures(driver, keys))
    failed = [f"never failed: {' '.join(key)}" for key in sorted(keys)
              if not driver.outcomes[key]]
    known = read_page()
    listed = listing.sites_of(os.path.join(driver.options.build, "lib", "librunnel.so"), "src/")
    listed |= listing.sites_of(os.path.join(driver.options.build, "bin", "runnel"), "apps/")
    if update:
        reached = {**known, **dict.fromkeys(keys)}
        update_page(driver, keys, known, listing.not_reached(listed, reached))
        known = read_page()
    failed += [f"not in docs/faults.md (--update): {' '.join(key)}"
               for key in sorted(keys - known.keys())]
    left = read_left()
    failed += [f"reached by no program and not in docs/faults.md (--update): {' '.join(key)}"
               for key in sorted(listing.not_reached(listed, known) - left.keys())]
    failed += [f"kept, and docs/faults.md does not say why: {' '.join(key)}"
               for key, why in sorted(driver.kept.items()) if not why]
    failed += [f"kept, says docs/faults.md, but no site: {' '.join(key)}"
               for key in sorted(driver.kept.keys() - known.keys())]
    return failed + [f"reached by no program, and docs/faults.md does not say why: {' '.join(key)}"
                     for key, why in sorted(left.items()) if not why]
