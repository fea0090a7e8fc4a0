# SPDX-License-Identifier: MIT
"""Which changes are tried.

The choice is made by hashes of the changed lines' texts, so that it and the mutants' names stay the
same where the code does: survivors.md goes on to fit, but for what is edited.
"""
import hashlib
import os
import re
import subprocess

from operators import candidates, tokens_of

ROOMS = ("sync", "core", "scope")
# What the library's build on this system does not compile, or only for a sanitizer.
NOT_BUILT = ("core/switch_sanitized.c",)


def sources(root):
    """Files of the rooms, as "core/park.c", but for tests."""
    for room in ROOMS:
        for name in sorted(os.listdir(os.path.join(root, "src", room))):
            if name.endswith((".c", ".h")) and not name.endswith("_test.c"):
                if f"{room}/{name}" not in NOT_BUILT:
                    yield f"{room}/{name}"


def built_lines(root, file):
    """Numbers of the lines that remain when the preprocessor has read the file."""
    path = os.path.join(root, "src", file)
    out = subprocess.run(["cc", "-E", "-std=gnu11", "-I", os.path.join(root, "src"), "-I",
                          os.path.join(root, "include"), "-x", "c", path],
                         capture_output=True, text=True, check=True).stdout
    lines, here, number = set(), False, 0
    for line in out.split("\n"):
        marker = re.match(r'# (\d+) "(.*?)"', line)
        if marker:
            here, number = marker.group(2) == path, int(marker.group(1))
            continue
        if here and line.strip():
            lines.add(number)
        number += 1
    return lines


def hash_of(text):
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def code_lines(text):
    return len({text.count("\n", 0, token.start) for token in tokens_of(text)})


def quotas(weights, count):
    """Shares of `count` in proportion to the weights, by largest remainder."""
    total = sum(weights.values())
    exact = {key: count * weight / total for key, weight in weights.items()}
    shares = {key: int(value) for key, value in exact.items()}
    rest = sorted(exact, key=lambda key: (shares[key] - exact[key], key))
    for key in rest[:count - sum(shares.values())]:
        shares[key] += 1
    return shares


def named(mutants, text):
    """{id: mutant}; the id is made of the line's text and the change."""
    lines, seen, found = text.split("\n"), {}, {}
    for mutant in mutants:
        what = "|".join((mutant.file, lines[mutant.line - 1].strip(), mutant.kind, mutant.old,
                         mutant.new.strip()))
        seen[what] = seen.get(what, 0) + 1
        found[hash_of(f"{what}|{seen[what]}")] = mutant
    return found


def ordered(mutants, seed):
    """(id, mutant): every kind of change in turn, one for a line as long as there are others."""
    def chance(key):
        return hash_of(f"{seed}|{key}")

    kinds = {}
    for name in sorted(mutants, key=chance):
        kinds.setdefault(mutants[name].kind, []).append(name)
    lines, again, turn = set(), [], 0
    while any(kinds.values()):
        for kind in sorted(kinds, key=lambda kind, turn=turn: chance(f"{kind}|{turn}")):
            while kinds[kind]:
                name = kinds[kind].pop(0)
                if mutants[name].line not in lines:
                    lines.add(mutants[name].line)
                    yield name, mutants[name]
                    break
                again.append(name)
        turn += 1
    yield from ((name, mutants[name]) for name in again)


def plan(root, seed, count):
    """[(file, text, quota, (id, mutant) in the order in which they are tried)]"""
    texts, found = {}, {}
    for file in sources(root):
        with open(os.path.join(root, "src", file), encoding="utf-8") as source:
            texts[file] = source.read()
        found[file] = named(candidates(file, texts[file], built_lines(root, file)), texts[file])
    weights = {file: code_lines(texts[file]) for file in texts if found[file]}
    shares = quotas(weights, count)
    return [(file, texts[file], shares[file], list(ordered(found[file], f"{seed}|{file}")))
            for file in texts if shares.get(file)]
