#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Tests bench/mainjob.py and its parts, without the tools: the test bench/mainjob-self-test."""
import os
import sys
import tempfile
import unittest
from pathlib import Path

import checkers
import findings
import mainjob
import proctree

MIB = 1 << 20
PAGES = {
    "index.html": '<a href="a.html">a</a> <a href=a.html#no>b</a> <a href="/a.html#yes">c</a>'
                  '<a href="a.html#top"></a> <img src="gone.png"> <a href="http://x/y">d</a>',
    "a.html": '<p id=yes>x</p> <a href="sub/?q=1#n">e</a> <a href="gone.png#frag">f</a>',
    "sub/index.html": "<a name=n></a>",
    "lonely.html": '<a href="nowhere.html">g</a>',
}


class Folder(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.path = Path(self.folder.name).resolve()

    def tree(self):
        for name, text in PAGES.items():
            (self.path / name).parent.mkdir(exist_ok=True)
            (self.path / name).write_text(text)
        return self.path

    def measure(self, script, limit_s=60):
        return proctree.measure([sys.executable, "-c", script], limit_s, self.path / "out",
                                self.path / "err")


class Measuring(Folder):
    CHILD = "import time; x = bytearray(60 << 20); t = time.process_time()\n"

    def test_children_count(self):
        work = self.CHILD + "while time.process_time() < t + 0.3: pass\ntime.sleep(0.3)"
        m = self.measure("import subprocess, sys\nps = [subprocess.Popen([sys.executable, '-c', "
                         f"{work!r}]) for _ in range(2)]\n[p.wait() for p in ps]\nsys.exit(3)")
        self.assertEqual((m.status, m.ended), (3, True))
        self.assertGreaterEqual(m.cpu_s, 0.6)
        self.assertGreaterEqual(m.peak_bytes, 120 * MIB)
        self.assertLess(m.peak_bytes, 240 * MIB)

    def test_the_limit_interrupts(self):
        m = self.measure("import time\ntry: time.sleep(50)\nexcept KeyboardInterrupt: "
                         "print('so far')", 0.5)
        self.assertFalse(m.ended)
        self.assertLess(m.wall_s, 20)
        self.assertEqual((self.path / "out").read_text(), "so far\n")


class Reading(Folder):
    """Each tool's own words."""

    def test_a_missing_file_is_one_finding(self):
        tree = self.tree()
        self.assertEqual(checkers.finding(f"file://{tree}/gone.png#a"), (f"{tree}/gone.png", ""))
        self.assertEqual(checkers.finding(f"{tree}/a.html#caf%C3%A9"),
                         (f"{tree}/a.html", "café"))
        self.assertEqual(checkers.finding(f"file://{tree}/sub/#x"),
                         (f"{tree}/sub/index.html", "x"))
        self.assertEqual(checkers.finding("http://x/y#%z"), ("http://x/y", "%z"))

    def test_runnel(self):
        o = checkers.Runnel().read(
            '{"type":"broken","url":"file:///none","kind":"file"}\n{"type":"skipped","url":"x"}\n'
            '{"type":"summary","links":5,"unique":4}\n', self.path)
        self.assertEqual((o.links, o.urls, o.findings), (5, 4, {("/none", "")}))

    def test_linkchecker(self):
        (self.path / "out.csv").write_text(
            "# created by LinkChecker\nurlname;warningstring;valid;url\n"
            "x;;False;file:///none\ny;Leading or trailing whitespace in URL;True;http://x\n"
            f'z;"Anchor `q\' (decoded: `q\') not found.";True;file://{self.tree()}/a.html#q\n')
        o = checkers.LinkChecker().read(
            "That's it. 14 links in 12 URLs checked. 2 warnings found.", self.path)
        self.assertEqual((o.links, o.urls), (14, 12))
        self.assertEqual(o.findings, {("/none", ""), (f"{self.path}/a.html", "q")})

    def test_linkinator(self):
        o = checkers.Linkinator().read(
            '→ crawling\n{"links":[{"url":"/none","state":"BROKEN"},{"url":"/","state":"OK"},'
            '{"url":"/none","state":"BROKEN"}],"passed":false}', self.path)
        self.assertEqual((o.urls, o.findings), (2, {("/none", "")}))


class Judging(Folder):
    def setUp(self):
        super().setUp()
        self.truth = findings.Truth(self.tree())
        self.gone, self.no, self.nowhere = (
            (f"{self.path}/gone.png", ""), (f"{self.path}/a.html", "no"),
            (f"{self.path}/nowhere.html", ""))

    def compare(self, **found):
        sides = [side for side in checkers.all_checkers() if side.key in found]
        results = {key: {"findings": set(value), "ended": True} for key, value in found.items()}
        return findings.compare(sides, results, self.truth)

    def whys(self, lines):
        return {why for line in lines for why in line["missed_by"].values()}

    def test_truth(self):
        self.assertEqual(self.truth.broken, {self.gone, self.no, self.nowhere})
        self.assertEqual(len(self.truth.sources[self.gone]), 2)
        self.assertEqual(self.truth.links, 9)
        self.assertNotIn(f"{self.path}/lonely.html", self.truth.reachable)

    def test_what_cannot_be_read_is_refused(self):
        (self.path / "base.html").write_text("<base href=/x/>")
        with self.assertRaises(ValueError):
            findings.Truth(self.path)

    def test_differences_are_explained(self):
        lines = self.compare(runnel=self.truth.broken, linkchecker={self.gone})
        self.assertTrue(findings.is_superset(lines, "runnel", ["linkchecker"]))
        self.assertEqual(len(self.whys(lines)), 2)
        self.assertNotIn(None, self.whys(lines))
        self.assertEqual(mainjob.mistakes({}, lines), [])

    def test_what_runnel_misses_is_a_mistake(self):
        lines = self.compare(runnel={self.gone}, linkinator={self.gone, self.nowhere})
        self.assertFalse(findings.is_superset(lines, "runnel", ["linkinator"]))
        self.assertEqual(len(mainjob.mistakes({}, lines)), 2)

    def test_a_false_alarm_needs_a_reason(self):
        right = (f"{self.path}/a.html", "yes")
        lines = self.compare(runnel=self.truth.broken | {right})
        self.assertEqual([line["fragment"] for line in lines if not line["broken"]], ["yes"])
        self.assertEqual(len(mainjob.mistakes({}, lines)), 1)
        self.assertIn("NOT EXPLAINED", "\n".join(findings.as_text(lines)))

    def test_goals_compare_with_the_best_that_ended(self):
        def result(wall, peak, ended=True):
            return {"wall_s": {"min": wall, "median": wall}, "ended": ended, "found_each": [1],
                    "cpu_s": {"median": wall},
                    "peak_bytes": {"min": peak, "median": peak, "max": peak}}
        reached = mainjob.goals({"runnel": result(1, 100), "a": result(20, 150),
                                 "b": result(12, 300), "c": result(2, 10, False)}, [])
        self.assertEqual((reached["faster_than"], reached["smaller_than"]), ("b", "a"))
        self.assertEqual((reached["wall_ratio"], reached["memory_ratio"]), (12, 1.5))


if __name__ == "__main__":
    os.chdir("/")
    outcome = unittest.main(exit=False).result
    sys.exit(0 if outcome.wasSuccessful() and outcome.testsRun else 1)
