#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs a program and compares what it does with what it must do.

    examples/run-example.py PROGRAM EXPECTED
    examples/run-example.py --self-test

EXPECTED is a file NAME.expected with the exact stdout of a program that writes nothing to stderr
and exits with 0; or NAME.rules, a line for each thing that must hold:

    exit N          the exit status (0 if the file does not say)
    line TEXT       the next line of stdout
    match REGEX     the next line of stdout matches
    near N REGEX    the same, and the two numbers that its groups match differ by N % at most
    either TEXT     with the `either` lines beside it: the next lines of stdout, in any order
    stderr REGEX    a line of stderr matches, below the one that the last `stderr` rule found
    set NAME=VALUE  the program is run with this in its environment
    site            it is run with the address of a web server that answers "200 OK"
    # ...           a remark

Nothing else may stand on stdout; without a `stderr` rule, nothing may stand on stderr.
"""
import contextlib
import http.server
import os
import re
import subprocess
import sys
import tempfile
import threading

TIMEOUT_SECONDS = 50


def read_rules(text):
    """The exit status, the groups of stdout lines and the list of stderr patterns; how to run it
    is for read_manner."""
    status, out, err = 0, [], []
    before = None
    for line in text.splitlines():
        word, _, rest = line.partition(" ")
        if word == "exit":
            status = int(rest)
        elif word in ("line", "match", "near") or (word == "either" and before != "either"):
            out.append((word, [rest]))
        elif word == "either":
            out[-1][1].append(rest)
        elif word == "stderr":
            err.append(rest)
        elif line and word not in ("#", "set", "site"):
            raise SystemExit(f"no such rule: {line}")
        before = word
    return status, out, err


def read_manner(text):
    """The environment that rules ask for, and whether they ask for a site."""
    lines = text.splitlines()
    settings = [line[4:].split("=", 1) for line in lines if line.startswith("set ")]
    return dict(settings), "site" in lines


def is_near(percent, pattern, line):
    found = re.search(pattern, line)
    if not found:
        return False
    a, b = (float(group) for group in found.groups())
    return abs(a - b) <= max(abs(a), abs(b)) * float(percent) / 100


def check_stdout(groups, lines):
    at = 0
    for kind, texts in groups:
        got = lines[at:at + len(texts)]
        at += len(texts)
        if kind == "match":
            fine = len(got) == 1 and re.search(texts[0], got[0])
        elif kind == "near":
            fine = len(got) == 1 and is_near(*texts[0].split(" ", 1), got[0])
        else:
            fine = sorted(got) == sorted(texts)
        if not fine:
            yield f"stdout: wanted {kind} {texts}, got {got}"
    if lines[at:]:
        yield f"stdout: more than wanted: {lines[at:]}"


def check_stderr(patterns, lines):
    if not patterns and lines:
        yield f"stderr: not empty: {lines}"
    at = 0
    for pattern in patterns:
        found = [i for i in range(at, len(lines)) if re.search(pattern, lines[i])]
        if found:
            at = found[0] + 1
        else:
            yield f"stderr: nothing matches {pattern} in {lines[at:]}"


def check(expected, is_rules, status, out, err):
    """The complaints about one run."""
    if not is_rules:
        if status != 0:
            yield f"exit status {status}, wanted 0"
        if out != expected:
            yield f"stdout: wanted {expected!r}, got {out!r}"
        if err:
            yield f"stderr: not empty: {err!r}"
        return
    wanted, groups, patterns = read_rules(expected)
    if status != wanted:
        yield f"exit status {status}, wanted {wanted}"
    yield from check_stdout(groups, out.splitlines())
    yield from check_stderr(patterns, err.splitlines())


class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()

    def log_message(self, *arguments):
        pass


@contextlib.contextmanager
def serving():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        server.server_close()


def run(program, expected_file):
    with open(expected_file, encoding="utf-8") as file:
        expected = file.read()
    is_rules = expected_file.endswith(".rules")
    settings, needs_site = read_manner(expected) if is_rules else ({}, False)
    with serving() if needs_site else contextlib.nullcontext() as site:
        return run_once([program, site] if site else [program], {**os.environ, **settings},
                        expected, is_rules)


def run_once(command, environment, expected, is_rules):
    # Files, not pipes: a program whose child kept a pipe open would keep us waiting.
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        try:
            status = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=out, stderr=err,
                                    env=environment, timeout=TIMEOUT_SECONDS,
                                    check=False).returncode
        except subprocess.TimeoutExpired:
            status = f"none after {TIMEOUT_SECONDS} s"
        texts = []
        for stream in (out, err):
            stream.seek(0)
            texts.append(stream.read().decode("utf-8", "backslashreplace"))
    errors = list(check(expected, is_rules, status, *texts))
    for error in errors:
        print(error)
    if errors:
        print(f"--- stdout\n{texts[0]}--- stderr\n{texts[1]}---")
    return 1 if errors else 0


def self_test():
    rules = "set A=b=c\nsite\n"
    rules += "# remark\nexit 2\nline a\neither b\neither c\nmatch ^d\\d$\nstderr x\nstderr y\n"
    assert read_manner(rules) == ({"A": "b=c"}, True)
    assert read_manner("line site\nline set A=b\n") == ({}, False)
    good = (2, "a\nc\nb\nd1\n", "has x\nnoise\nhas y\n")
    assert not list(check(rules, True, *good))
    for bad in [(0, *good[1:]),
                (2, "a\nc\nc\nd1\n", good[2]),
                (2, "c\nb\na\nd1\n", good[2]),
                (2, "a\nc\nb\nd\n", good[2]),
                (2, "a\nc\nb\nd1\ne\n", good[2]),
                (2, "a\nc\nb\n", good[2]),
                (2, good[1], "has y\nhas x\n"),
                (2, good[1], "")]:
        assert list(check(rules, True, *bad)), bad
    assert list(check("line a\n", True, 0, "a\n", "noise\n"))
    near = "near 10 ^x (\\S+) y (\\S+)$\n"
    for line in ("x 10 y 10", "x 9.00 y 10", "x 10 y 9", "x 0 y 0"):
        assert not list(check(near, True, 0, line + "\n", "")), line
    for line in ("x 10 y 8.9", "x 8.9 y 10", "x 10 z 10", ""):
        assert list(check(near, True, 0, line + "\n", "")), line
    assert not list(check("a\n", False, 0, "a\n", ""))
    for bad in [(1, "a\n", ""), (0, "a", ""), (0, "a\n", "noise")]:
        assert list(check("a\n", False, *bad)), bad
    return 0


if __name__ == "__main__":
    if sys.argv[1:] == ["--self-test"]:
        sys.exit(self_test())
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    sys.exit(run(sys.argv[1], sys.argv[2]))
