#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Finds each planted bug within the seeds that planted.c says, by every strategy.

    planted.py PROGRAM

Of each: the search fails; it prints one command, and that fails, too, in the same way; and the same
search through the mended program fails nowhere.
"""
import os
import re
import subprocess
import sys
import unittest

program = os.path.abspath(sys.argv.pop(1))


def run(arguments, **environment):
    environment = {"RUNNEL_" + name: str(value) for name, value in environment.items()}
    return subprocess.run([program, *arguments], capture_output=True, text=True, timeout=120,
                          env={**os.environ, **environment})


class Planted(unittest.TestCase):
    pass


def find(self, name, strategy, seeds):
    search = run([name], STRATEGY=strategy, SEEDS=seeds)
    self.assertNotEqual(search.returncode, 0, "not found in %d runs" % seeds)
    said = re.search(r"^runnel: simulated run (\d+) failed: (.*)$", search.stderr, re.M)
    self.assertTrue(said, search.stderr)
    self.assertLessEqual(int(said[1]), seeds)
    command = re.search(r"^runnel: it is repeated by RUNNEL_SCHEDULE=([0-9:,]+) (.*)$",
                        search.stderr, re.M)
    self.assertTrue(command, search.stderr)
    self.assertEqual(command[2], program + " " + name)
    again = run([name], SCHEDULE=command[1])
    self.assertEqual(again.returncode, search.returncode, again.stderr)
    # The mended program is right under the very schedules that broke the other.
    mended = run([name, "-"], STRATEGY=strategy, SEEDS=min(seeds, 30))
    self.assertEqual(mended.returncode, 0, mended.stderr)


for line in run([]).stdout.splitlines():
    name, *seeds = line.split()
    for strategy, most in zip(("random", "pct", "exhaustive"), seeds):
        setattr(Planted, "test_%s_by_%s" % (name, strategy),
                lambda self, n=name, s=strategy, k=int(most): find(self, n, s, k))

if __name__ == "__main__":
    unittest.main()
