#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Tests the bench house itself, on programs of known times: the test bench/self-test."""
import contextlib
import io
import json
import os
import random
import sys
import tempfile
import unittest
import xml.dom.minidom
from pathlib import Path

import compare
import instructions
import plot
import publish
import table
from measure import Runs, measure, statistics_of, summarise
from peers import Side, notes_of
from rows import ROWS, Row

ROW = Row(1, "work", "some work", 1000, 0, "ns", 10)


class Fake(Side):
    """A side whose program prints a given line."""

    def __init__(self, key, ns=10.0, check=7, script=None, divisor=1):
        self.key = self.label = key
        self.names, self.command = ("work",), ["fake"]
        self.divisors = {"work": divisor}
        line = '{"n":int(a[2]),"workers":2,"ns_per_op":%s,"check":%s*int(a[2])}' % (ns, check)
        self.script = script or f"import sys,json; a=sys.argv; print(json.dumps({line}))"

    def program(self, row, workers, n):
        return [sys.executable, "-c", self.script, row.name, str(n)], dict(os.environ), None


def errors_of(*sides):
    result = measure([Fake("runnel"), *sides], ROW, 2, 1000, 2)
    return result, [(e["side"], e["error"]) for e in result["errors"]]


class Measure(unittest.TestCase):
    def test_agreeing_sides_are_compared(self):
        result, errors = errors_of(Fake("go", 200.0))
        self.assertEqual(errors, [])
        self.assertAlmostEqual(result["ratio"]["go"]["median"], 20)
        self.assertEqual(result["verdict"], "goal met")

    def test_other_work_fails(self):
        result, errors = errors_of(Fake("go", check=8))
        self.assertEqual(result["verdict"], "FAILED")
        self.assertEqual(errors[0][0], "go")
        self.assertIn("not the same work", errors[0][1])

    def test_a_slow_side_is_checked_for_its_share(self):
        result, errors = errors_of(Fake("slow", divisor=50))
        self.assertEqual(errors, [])
        self.assertEqual(result["sides"]["slow"]["n"], 20)
        _, errors = errors_of(Fake("slow", check=8, divisor=50))
        self.assertIn("check is 160, should be 140", errors[0][1])

    def test_crash_and_nonsense_fail(self):
        _, errors = errors_of(Fake("a", script="import sys; sys.exit('broken')"),
                              Fake("b", script="print('hello')"))
        self.assertEqual([side for side, _ in errors], ["a", "b"])
        self.assertIn("broken", errors[0][1])

    def test_without_runnel_nothing_is_right(self):
        broken = Fake("runnel", script="import sys; sys.exit('broken')")
        result = measure([broken, Fake("go")], ROW, 2, 1000, 2)
        self.assertEqual([e["side"] for e in result["errors"]], ["runnel", "go"])
        self.assertIn("not checked", result["errors"][1]["error"])

    def test_other_amount_of_work_fails(self):
        script = 'print(\'{"n":1,"workers":2,"ns_per_op":1,"check":7}\')'
        _, errors = errors_of(Fake("a", script=script))
        self.assertIn("n = 1", errors[0][1])

    def test_a_peer_without_the_row_is_left_out(self):
        lacking = Fake("boost")
        lacking.names = ()
        result, errors = errors_of(lacking)
        self.assertEqual(errors, [])
        self.assertEqual(list(result["sides"]), ["runnel"])

    def test_another_value_of_the_same_run_runs_nothing(self):
        script = 'import time; print(\'{"n":1000,"workers":2,"check":7,"ns_per_op":%d}\' % ' \
                 'time.monotonic_ns())'
        sides, shared = [Fake("runnel", script=script)], Runs()
        first = measure(sides, ROW, 2, 1000, 2, shared=shared)["sides"]["runnel"]["samples"]
        second = measure(sides, ROW, 2, 1000, 9, shared=shared)["sides"]["runnel"]["samples"]
        other = measure(sides, ROW._replace(capacity=9), 2, 1000, 2, shared=shared)
        self.assertEqual(first, second)
        self.assertNotEqual(first, other["sides"]["runnel"]["samples"])

    def test_statistics(self):
        found = statistics_of([5, 1, 3, 2, 4])
        self.assertEqual((found["min"], found["median"], found["q1"], found["q3"]), (1, 3, 2, 4))
        self.assertAlmostEqual(found["spread_percent"], 66.7)


class Compare(unittest.TestCase):
    def pairs(self, factor):
        noise = random.Random(4)
        return [(100 * noise.uniform(1, 1.1), factor * 100 * noise.uniform(1, 1.1))
                for _ in range(15)]

    def test_a_slower_build_is_seen(self):
        self.assertEqual(compare.verdict(*compare.interval(self.pairs(1.2))), "slower")
        self.assertEqual(compare.verdict(*compare.interval(self.pairs(0.8))), "faster")

    def test_equal_builds_are_equal(self):
        low, high = compare.interval(self.pairs(1))
        self.assertTrue(low < 1 < high)
        self.assertLess(high / low, 1.12)  # draws of single pairs would reach over 1.2

    def test_instructions_name_rows_once(self):
        keys = [instructions.key(name, capacity) for name, _, capacity in instructions.FIXED]
        self.assertEqual(len(keys), len(set(keys)))


class Output(unittest.TestCase):
    def results(self, quick=False):
        rows = []
        for i, ns in enumerate((200.0, 5.0)):
            sides = {"runnel": {"n": 1000, "samples": [10.0, 11.0]},
                     "go": {"n": 1000, "samples": [ns, ns]}}
            rows.append(summarise({"number": i, "title": "some <work>", "workers": 2, "n": 1000,
                                   "unit": "ns", "value": "ns_per_op", "goal": 10, "errors": [],
                                   "sides": sides}))
        return {"quick": quick, "machine": {"cores": 2, "date": "2020-01-01T00:00:00Z"},
                "peers": {"go": {"version": "go1"}}, "rows": rows}

    def test_plot_is_svg_and_shows_what_is_lost(self):
        picture = plot.draw(self.results())
        xml.dom.minidom.parseString(picture)
        self.assertEqual(picture.count('class="lost"'), 1)

    def test_no_quick_run_in_docs(self):
        with tempfile.TemporaryDirectory() as folder:
            source = Path(folder) / "results.json"
            source.write_text(json.dumps(self.results(quick=True)))
            arguments, sys.argv = sys.argv, ["plot.py", str(source)]
            try:
                with self.assertRaises(SystemExit):
                    plot.main()
            finally:
                sys.argv = arguments

    def test_page_takes_the_results_between_its_marks(self):
        run = {"machine": dict.fromkeys(("cpu", "cores", "kernel", "compiler", "flags", "revision",
                                         "others_percent", "stolen_percent"), "x"),
               "runs": 7, "quick": False, "rows": self.results()["rows"],
               "peers": {"go": {"label": "Go", "version": "go9"},
                         "neco": {"label": "neco", "version": None, "missing": "nowhere"}}}
        run["machine"].update(date="2026-01-02T03:04:05Z", memory_mib=2048)
        page = publish.publish(run, f"before\n{publish.BEGIN}\nold\n{publish.END}\nafter\n")
        self.assertRegex(page, "^before\n")
        self.assertRegex(page, f"{publish.END}\nafter\n$")
        self.assertNotIn("old", page)
        self.assertIn("neco (nowhere)", page)
        self.assertIn("LOST", page)
        self.assertEqual(publish.publish(run, page), page)

    def test_tables(self):
        rows, go, none = self.results()["rows"], Fake("go"), Fake("none")
        head, rule, *body = table.markdown(rows, [go, none])
        self.assertEqual({line.count("|") for line in (head, rule, *body)}, {head.count("|")})
        self.assertTrue(table.go_line(rows[1]).endswith("LOST"))
        self.assertIn("1 lost", table.summary(rows)[0])
        row = dict(rows[0], ratio={"floor": {"min": 0.5, "median": 0.5}})
        self.assertIn("slower than floor", "".join(table.summary([row])))
        self.assertNotIn("slower", "".join(table.summary([row], ["floor"])))
        self.assertEqual(len(table.peer_table(rows, [none])), 2)  # the head alone

    def test_notes_only_of_rows_shown(self):
        peer = Fake("slow", divisor=50)
        self.assertEqual(len(notes_of([peer], [ROW])), 1)
        self.assertEqual(notes_of([peer], [ROW._replace(name="other")]), [])
        peer.notes = {"work": "easier", "": "always"}
        self.assertEqual(len(notes_of([peer], [ROW])), 3)
        self.assertEqual(notes_of([peer], [ROW._replace(name="other")]), ["slow: always"])

    def test_rows_differ(self):
        keys = [(row.name, row.capacity, row.value) for row in ROWS]
        self.assertEqual(len(keys), len(set(keys)))


if __name__ == "__main__":
    with contextlib.redirect_stdout(io.StringIO()):
        outcome = unittest.main(exit=False).result
    sys.exit(0 if outcome.wasSuccessful() and outcome.testsRun else 1)
