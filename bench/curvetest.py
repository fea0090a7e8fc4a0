#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Tests the cost curves: bench/curvetest.py BUILD. Every curve does its work, wrong work is seen,
and curves of known shapes get the right verdict."""
import contextlib
import io
import json
import subprocess
import sys
import unittest
import xml.dom.minidom
from pathlib import Path

import curveplot
import curves
import measure
from peers import clean_environment

PROGRAM = Path(sys.argv.pop(1) if len(sys.argv) > 1 else "build") / "bin/bench-curves"
CURVE = curves.Curve("work", "works", "some <work>", "1", (1, 10, 100, 1000, 10000), 10, 10, 64, 2)
FLAT = {n: 1.0 for n in CURVE.points}  # a machine without caches


def verdict(promise, cost, miss=FLAT):
    curve = CURVE._replace(promise=promise)
    return curves.judge(curve, {n: cost(n) for n in curve.points}, miss)["verdict"]


class Verdict(unittest.TestCase):
    def test_what_grows_as_promised_is_kept(self):
        for promise, growth in curves.PROMISES.items():
            self.assertEqual(verdict(promise, lambda n, g=growth: 10 * g(n)), "kept", promise)

    def test_what_grows_faster_is_worse(self):
        names = list(curves.PROMISES)  # in ascending order of growth
        for i, promise in enumerate(names):
            for faster in names[i + 1:]:
                growth = curves.PROMISES[faster]
                self.assertEqual(verdict(promise, lambda n, g=growth: 10 * g(n)), "worse",
                                 f"{faster} for {promise}")
        self.assertEqual(verdict("n log n", lambda n: n * n), "worse")

    def test_before_the_base_nothing_is_promised(self):
        self.assertEqual(verdict("1", lambda n: 1000 if n < 10 else 10), "kept")

    def test_caches_are_allowed_for_as_far_as_measured(self):
        miss = {n: 1 + (90 if n >= 1000 else 0) for n in CURVE.points}
        self.assertEqual(verdict("1", lambda n: 10 + 2 * miss[n], miss), "kept")
        self.assertEqual(verdict("1", lambda n: 10 + 2 * miss[n]), "worse")
        self.assertEqual(verdict("1", lambda n: 10 + 6 * miss[n], miss), "worse")

    def test_slope(self):
        self.assertAlmostEqual(curves.slope({n: 5 * n for n in CURVE.points}), 1)
        self.assertAlmostEqual(curves.slope({n: 5 for n in CURVE.points}), 0)


class Output(unittest.TestCase):
    def test_the_least_of_a_point_counts_and_is_shown(self):
        points = curves.plan([CURVE], [1], 10000)
        costs = {key: [900.0, 10.0] for key in points}
        costs[CURVE, 1, 10000] = [400.0]
        result, = curves.evaluate([CURVE], [1], costs)
        self.assertEqual(result["cost_ns"][10], 10.0)
        self.assertIn("WORSE: 20.0 times the allowed at 10000", curves.cells(result))
        memory = [{"title": "thing", "bytes": 7, "n": 9}]
        table = curves.tables([result], memory)
        self.assertEqual({line.count("|") for line in table[:3]}, {10})
        self.assertEqual({line.count("|") for line in table[4:]}, {4})
        json.dumps(result)
        xml.dom.minidom.parseString(curveplot.draw([result]))

    def test_a_point_that_fails_is_a_failure(self):
        lacking = CURVE._replace(name="no_such_curve", points=(1,))
        _, failures = curves.collect(PROGRAM, curves.plan([lacking], [1], 1), 0)
        self.assertEqual(len(failures), 1)
        self.assertIn("no_such_curve", failures[0])


class Program(unittest.TestCase):
    def names(self):
        return subprocess.run([PROGRAM, "list"], capture_output=True, text=True).stdout.split()

    def test_every_curve_is_known_to_both_sides(self):
        known = [c.name for c in curves.CURVES] + ["memory_" + m[0] for m in curves.MEMORY]
        self.assertEqual(sorted(self.names()), sorted([*known, "chase"]))

    def test_every_curve_does_its_work(self):
        for name in self.names():
            for workers in (1, 2):
                for n in (2, 50):
                    line = curves.run(PROGRAM, workers, name, n, 60)
                    self.assertGreaterEqual(line["ops"], n if name.startswith("memory") else 60,
                                            name)

    def test_wrong_work_fails(self):
        env = dict(clean_environment(), CURVES_SPOIL="1")
        for name in self.names():
            with self.assertRaisesRegex(measure.Failed, "wrong work"):
                measure.run_once([PROGRAM, name, "3", "3"], env)


if __name__ == "__main__":
    with contextlib.redirect_stdout(io.StringIO()):
        outcome = unittest.main(exit=False).result
    sys.exit(0 if outcome.wasSuccessful() and outcome.testsRun else 1)
