# SPDX-License-Identifier: MIT
"""What debug.py expects to read of the tasks and channels of parked.c, as patterns."""
import os
import re
import sys

HERE = os.path.dirname(os.path.abspath(__file__))


def lines_of_source():
    with open(os.path.join(HERE, "parked.c"), encoding="utf-8") as file:
        return {name: number for number, line in enumerate(file, 1)
                for name in re.findall(r"/\* at: ([\w ]+) \*/", line)}


LINES = lines_of_source()


def site(name):
    return rf"\S*parked\.c:{LINES[name]}\b"


def task_lines(crowd):
    """A pattern for each line of `runnel tasks`."""
    channel, age = r"0x[0-9a-f]+", r"(, \d+ s)?"
    waits = {
        "receiver": rf"\[chan receive{age}\] at {site('inner')} on channel {channel},",
        "sender": rf"\[chan send{age}\] at {site('sender')} on channel {channel},",
        "selecter": rf"\[select{age}\] at {site('selecter')} on channels {channel}, {channel},",
        "sleeper": rf"\[sleep{age}\] at {site('sleeper')},",
        "locker": rf"\[mutex lock{age}\] at {site('locker')} on 0x[0-9a-f]+,",
        "blocker": rf"\[blocking call{age}\] at {site('blocker')},",
        "waiter": rf"\[group wait{age}\] at {site('waiter')} on 0x[0-9a-f]+,",
        "spinner": r"\[running, on worker \d+, thread \d+ \(LWP \d+\)\],",
        "main": r"\[running, on worker \d+, thread \d+ \(LWP \d+\)\], started at rn_run$",
    }
    lines = [rf"^  task \d+ {name} {rest}" for name, rest in waits.items()]
    lines.append(rf"^  task \d+ spinner .*, started at {site('go spinner')}$")
    lines.append(rf"^runnel: {9 + crowd} tasks$")
    return lines


def channel_lines(crowd):
    several = r", receiving: \d+(, \d+)*" + (f" and {crowd - 8} more" if crowd > 8 else "")
    return [
        r"^  0x[0-9a-f]+: 4-byte elements, 0 of 0 buffered, receiving: "
        r"({receiver}, {selecter}|{selecter}, {receiver}), made at",
        r"^  0x[0-9a-f]+: 4-byte elements, 2 of 2 buffered, sending: "
        r"({sender}, {selecter}|{selecter}, {sender}), made at",
        r"^  0x[0-9a-f]+: 1-byte elements, 0 of 4 buffered, closed, made at \S*parked\.c:\d+$",
        rf"^  0x[0-9a-f]+: 1-byte elements, 0 of 0 buffered{several if crowd else ''}, made at",
        r"^runnel: 4 channels$",
    ]


def frame(name, arguments, at):
    return rf"^#\d+ +0x[0-9a-f]+ in {name} \({arguments}\) at {site(at)}$"


RECEIVER = [
    frame("inner", r'c=0x[0-9a-f]+, depth=3, word=0x[0-9a-f]+ "seven"', "inner"),
    frame("outer", r"c=0x[0-9a-f]+, depth=3", "outer"),
    frame("outer", r"c=0x[0-9a-f]+, depth=2", "outer"),
    frame("outer", r"c=0x[0-9a-f]+, depth=1", "outer"),
]
OTHERS = [
    frame("sender", r"c=0x[0-9a-f]+, value=4711", "sender"),
    frame("selecter", r"a=0x[0-9a-f]+, b=0x[0-9a-f]+", "selecter"),
    frame("sleeper", "seconds=3600", "sleeper"),
    frame("locker", "n=8", "locker"),
    frame("blocker", "n=9", "blocker"),
    frame("waiter", "g=0x[0-9a-f]+, n=11", "waiter"),
    frame("spinner", "n=10", "spinner"),
]
LAST = r"^#\d+ +0x[0-9a-f]+ in rni_arch_entry \(\)"


# An optimised program: arguments may be gone, names and lines are not.
OTHERS_OPTIMISED = [
    rf"^#\d+ .*\b(inner|outer) \(.*\) at {site('inner')}$",
    rf"^#\d+ .*\bsender \(.*\) at {site('sender')}$",
    rf"^#\d+ .*\bselecter \(.*\) at {site('selecter')}$",
    rf"^#\d+ .*\blocker \(.*n=8.*\) at {site('locker')}$",
    rf"^#\d+ .*\bmember \(.*\) at {site('member')}$",
    rf"^12 tasks with one stack: ", LAST,
]


def must(text, patterns):
    for pattern in patterns:
        if not re.search(pattern, text, re.M):
            sys.exit(f"not found: {pattern}\nin:\n{text}")


def must_not(text, pattern):
    if re.search(pattern, text, re.M):
        sys.exit(f"found: {pattern}\nin:\n{text}")
