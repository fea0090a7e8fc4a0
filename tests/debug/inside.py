# SPDX-License-Identifier: MIT
"""Runs inside gdb, for debug.py: the commands in RUNNEL_COMMANDS, one a line, with what they print
after a line "@ COMMAND". {name} stands for the number of the first task of that name."""
import os
import re

import gdb


def ids():
    found = {}
    for match in re.finditer(r"^  task (\d+) (\w+) \[", gdb.execute("runnel tasks", to_string=True),
                             re.M):
        found.setdefault(match.group(2), match.group(1))
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
