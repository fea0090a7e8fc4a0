# SPDX-License-Identifier: MIT
"""Runs inside gdb, for debug.py: the commands in RUNNEL_COMMANDS, one a line, with what they print
after a line "@ COMMAND". {name} stands for the number of the first task of that name, {inner} and
{outer} for those of the first frames of these functions in the receiver."""
import os
import re

import gdb


def ids():
    found = {}
    for match in re.finditer(r"^  task (\d+) (\w+) \[", gdb.execute("runnel tasks", to_string=True),
                             re.M):
        found.setdefault(match.group(2), match.group(1))
    # How many frames of the library's come first depends on the compiler.
    stack = gdb.execute(f"runnel bt {found['receiver']}", to_string=True)
    for function in ("inner", "outer"):
        match = re.search(rf"^#(\d+) .* in {function} ", stack, re.M)
        found[function] = match.group(1) if match else "0"
    return found


def main():
    known = None
    for command in os.environ["RUNNEL_COMMANDS"].splitlines():
        print("@ " + command)
        try:
            if "{" in command:
                known = known or ids()
                command = command.format(**known)
            print(gdb.execute(command, to_string=True), end="")
        except gdb.error as error:
            print(f"error: {error}")


main()
