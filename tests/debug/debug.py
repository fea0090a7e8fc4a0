#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Tests what a debugger shows of tasks: how stacks end.

    tests/debug/debug.py CASE PROGRAM SCRATCH

PROGRAM is parked.c, built one way or another; the cases are the functions at the end. 77 means that
gdb, or what else the case needs, is missing or not allowed here.
"""
import os
import re
import shutil
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
LIMIT = 60  # seconds for any one process


class Skipped(Exception):
    """What the case needs is not there."""


def must(text, patterns):
    for pattern in patterns:
        if not re.search(pattern, text, re.M):
            sys.exit(f"not found: {pattern}\nin:\n{text}")


def must_not(text, pattern):
    found = re.search(pattern, text, re.M)
    if found:
        sys.exit(f"found: {found.group(0)}\nin:\n{text}")


# ---- running ----

def run(words, **options):
    options = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True,
               "timeout": LIMIT, "errors": "replace", **options}
    return subprocess.run(words, check=False, **options)


def gdb(arguments, commands=(), script="inside.py", before=()):
    """What gdb prints when `commands` run in it, as {command: text}; "" is all of it."""
    environment = {**os.environ, "RUNNEL_WORKERS": "3", "RUNNEL_COMMANDS": "\n".join(commands),
                   "DEBUGINFOD_URLS": ""}
    words = ["gdb", "-nx", "-q", "-batch", "-iex", "set style enabled off",
             "-iex", "set width 0", "-iex", "set startup-with-shell off",
             "-iex", "set auto-load no", *arguments]
    for command in (*before, f"source {os.path.join(HERE, script)}"):
        words += ["-ex", command]
    words += ["-ex", "kill"] if "run" in before else []
    text = run(words, env=environment).stdout
    if re.search(r"ptrace: Operation not permitted|Could not attach", text):
        raise Skipped("gdb may not look at processes here")
    found = {"": text}
    for part in re.split(r"^@ ", text, flags=re.M)[1:]:
        command, _, rest = part.partition("\n")
        found[command] = rest
    return found


class Running:
    """The program, running freely, when every task is in its place."""

    def __init__(self, program, crowd):
        self.process = subprocess.Popen([program, str(crowd)], stdout=subprocess.PIPE, text=True,
                                        env={**os.environ, "RUNNEL_WORKERS": "3"})
        if self.process.stdout.readline() != "ready\n":
            sys.exit("the program did not come to its place")

    def __enter__(self):
        return self.process

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()


# ---- cases ----

def steps(program, _scratch):
    """At every instruction of the switch the stack can be unwound to its end."""
    seen = gdb([program], script="steps.py", before=("break rni_arch_switch", "set args 3", "run"))
    stacks = re.findall(r"^@ (rni_arch_.*) : (.*)$", seen[""], re.M)
    ends = ("rni_arch_entry", "main", "_start", "__clone3", "clone3", "__clone")
    for names, reason in stacks:
        names = names.split()
        if names[-1] not in ends or "??" in names or len(names) < 2 or "corrupt" in reason:
            sys.exit(f"a stack ends badly: {' '.join(names)}: {reason}")
    must(seen[""], [r"^@ rni_arch_switch rni_arch_entry : ",  # to a task that begins
                    r"^@ rni_arch_switch .* trampoline rni_arch_entry : ",
                    r"^@ rni_arch_switch .*rni_run_loop .* (main|clone3?|__clone3?) : "])


def perf(program, scratch):
    """perf's stacks end at the base of a task, too."""
    if not shutil.which("perf"):
        raise Skipped("no perf")
    data = os.path.join(scratch, "perf.data")
    with Running(program, 0) as process:
        said = run(["perf", "record", "-o", data, "-e", "cpu-clock", "-F", "99", "--call-graph",
                    "dwarf", "-p", str(process.pid), "--", "sleep", "0.4"])
    if said.returncode != 0:
        raise Skipped("perf may not look at processes here")
    text = run(["perf", "script", "-i", data], stderr=subprocess.DEVNULL).stdout
    stacks = [re.findall(r"^\s+[0-9a-f]+ (\S+?)(?:\+0x[0-9a-f]+)? \(", part, re.M)
              for part in text.split("\n\n")]
    spinning = [stack for stack in stacks if "spinner" in stack]
    if not spinning:
        sys.exit(f"nobody spins: {text}")
    want = ["spinner", "spinner_rn_entry", "trampoline", "rni_arch_entry"]
    for stack in spinning:
        if stack[stack.index("spinner"):] != want:
            sys.exit(f"a stack ends otherwise: {stack}")
    print(f"{len(spinning)} samples, all end well")


CASES = {case.__name__: case
         for case in (steps, perf)}


def main():
    name, program, scratch = sys.argv[1:]
    scratch = os.path.join(os.path.abspath(scratch), name)
    os.makedirs(scratch, exist_ok=True)
    try:
        if not shutil.which("gdb") or "4\n" not in run(["gdb", "-nx", "-batch", "-ex",
                                                        "python print(2 + 2)"]).stdout:
            raise Skipped("no gdb with Python")
        CASES[name](os.path.abspath(program), scratch)
    except Skipped as why:
        print(f"skipped: {why}")
        sys.exit(77)


if __name__ == "__main__":
    main()
