#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Checks what mutants.py is made of: which changes it finds, and how it runs a test."""
import os
import sys
import tempfile

import sample
import suite
from operators import candidates

TEXT = '''\
#define SKIPPED(x) ((x) < 1)
enum { ROOM = 4 };
static const int table[] = { 7 };
int f(int a, int *p) /* a < 1 */
{
    int b = a + 1;
    RNI_ASSERT(a < 2 && b > 3);
    if (a == b && !p)
        return -22;
    *p = b;
    g(a,
      b);
    panic("a < b");
    put(a < b ? "x" : "y");
    for (int i = 0; i <= a; i++)
        h();
    return 0;
}
'''

EXPECTED = {
    (2, "constant", "4", "5"), (2, "constant", "4", "3"),
    (6, "arithmetic", "+", "-"), (6, "constant", "1", "2"), (6, "constant", "1", "0"),
    (8, "relation", "==", "!="), (8, "connective", "&&", "||"), (8, "negation", "!", ""),
    (8, "condition negated", "(a == b && !p)", "(!(a == b && !p))"),
    (8, "branch dropped", "(a == b && !p)", "(0 && (a == b && !p))"),
    (8, "branch always", "(a == b && !p)", "(1 || (a == b && !p))"),
    (9, "return", "return -22;", "return 0;"), (9, "constant", "22", "23"),
    (9, "constant", "22", "21"),
    (10, "assignment deleted", "*p = b;", ";"),
    (11, "call deleted", "g(a,\n      b);", ";\n"),
    (13, "call deleted", 'panic("a < b");', ";"),
    (15, "constant", "0", "1"), (15, "relation", "<=", "<"), (15, "relation", "<=", ">"),
    (16, "call deleted", "h();", ";"),
    (17, "return", "return 0;", "return -5;"), (17, "constant", "0", "1"),
}


def check_operators():
    found = {(m.line, m.kind, m.old, m.new) for m in
             candidates("x.c", TEXT, set(range(1, 30)))}
    for missing in sorted(EXPECTED - found):
        yield f"not found: {missing}"
    for extra in sorted(found - EXPECTED):
        yield f"not expected: {extra}"
    if any(m.line != 8 for m in candidates("x.c", TEXT, {8})):
        yield "a line that is not built was changed"


def check_sample():
    def chosen(text, count):
        found = sample.named(candidates("x.c", text, set(range(1, 40))), text)
        return list(sample.ordered(found, "1|x.c"))[:count]

    first = chosen(TEXT, 8)
    if len({mutant.line for _, mutant in first}) != 8:
        yield "two changes of one line before the others had one"
    if len({mutant.kind for _, mutant in first}) < 5:
        yield "the kinds of changes do not take turns"
    moved = chosen(TEXT.replace("enum {", "\n\nenum {"), 8)
    if [name for name, _ in first] != [name for name, _ in moved]:
        yield "lines that moved have other names"
    shares = sample.quotas({"a": 1, "b": 2, "c": 4}, 10)
    if shares != {"a": 1, "b": 3, "c": 6}:
        yield f"shares of ten in proportion to 1, 2, 4: {shares}"


def check_run():
    def run(script, limit=10):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "test.sh")
            with open(path, "w", encoding="utf-8") as file:
                file.write(script)
            return suite.run(suite.Test("t", ["sh", path], {"A": "5"}, folder, False, None), limit)

    for script, limit, expected in (
            ("exit 0", 10, (None, False)), ("exit 77", 10, (None, False)),
            ("exit $A", 10, ("exit status 5", False)),
            ("kill -9 $$", 10, ("exit status -9", False)),
            ("echo 'FAIL some (3 ms)'; sleep 60", 30, ("some", False)),
            ("echo 'ok one (3 ms)'; sleep 60 & wait", 1, ("(after one)", True)),
            ("sleep 60 & exit 0", 10, (None, False))):
        failed, seconds, timeout = run(script, limit)
        if (failed, timeout) != expected or seconds > 9:
            yield f"{script}: {failed}, {timeout} in {seconds} s"


def main():
    errors = [*check_operators(), *check_sample(), *check_run()]
    print("\n".join(errors))
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main())
