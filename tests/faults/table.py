# SPDX-License-Identifier: MIT
"""The tables: BUILD/faults.tsv of one run, and the sites in docs/faults.md."""
import os

from sites import ROOT

PAGE = os.path.join(ROOT, "docs", "faults.md")
BEGIN, END = "<!-- sites -->\n", "<!-- end of sites -->\n"


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


def read_page():
    """{key: outcomes} of the page's table."""
    try:
        with open(PAGE, encoding="utf-8") as file:
            text = file.read()
    except FileNotFoundError:
        return {}
    rows = text.split(BEGIN)[1].split(END)[0].splitlines()[2:]
    cells = ([cell.strip().strip("`") for cell in row.strip("|").split("|")] for row in rows)
    return {(call, by, file, function): outcomes for file, function, call, by, outcomes in cells}


def exists(key):
    """Whether the sources still have the function."""
    path = os.path.join(ROOT, key[2])
    if key[2] == "-":
        return True
    try:
        with open(path, encoding="utf-8") as file:
            return key[3] in file.read()
    except FileNotFoundError:
        return False


def update_page(driver, keys, known):
    rows = {key: {o for o in outcomes.split(", ") if o} for key, outcomes in known.items()
            if exists(key)}
    for key in keys:
        rows.setdefault(key, set()).update(driver.outcomes[key].keys() - {"WRONG"})
    with open(PAGE, encoding="utf-8") as file:
        head, rest = file.read().split(BEGIN)
    tail = rest.split(END)[1]
    with open(PAGE, "w", encoding="utf-8") as file:
        file.write(head + BEGIN + "| file | function | call | made by | outcomes |\n"
                   "| --- | --- | --- | --- | --- |\n")
        for key in sorted(rows, key=lambda k: (k[2], k[3], k[0], k[1])):
            call, by, name, function = key
            file.write(f"| `{name}` | `{function}` | `{call}` | `{by}` | "
                       f"{', '.join(sorted(rows[key]))} |\n")
        file.write(END + tail)


def check(driver, keys, update):
    """What is wrong with the tables."""
    print("faults: the figures are in", write_figures(driver, keys))
    failed = [f"never failed: {' '.join(key)}" for key in sorted(keys)
              if not driver.outcomes[key]]
    known = read_page()
    if update:
        update_page(driver, keys, known)
        return failed
    return failed + [f"not in docs/faults.md (--update): {' '.join(key)}"
                     for key in sorted(keys - known.keys())]
