#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""check/tour: every program of examples/ is in the tour, and does there what it does by itself."""
import glob
import importlib.util
import os
import re

import lib

EXAMPLES = os.path.join(os.path.dirname(__file__), "..", "..", "..", "examples")


def load_runner():
    spec = importlib.util.spec_from_file_location("run_example",
                                                  os.path.join(EXAMPLES, "run-example.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


RUNNER = load_runner()


def programs():
    names = glob.glob(os.path.join(EXAMPLES, "*.c"))
    return sorted(os.path.basename(name)[:-2] for name in names)


def tour(*arguments, environment=None):
    environment = {"RUNNEL_LEAKS": "fail", **(environment or {})}
    return lib.run("tour", *arguments, environment=environment)


class Tour(lib.Case):
    def test_list_has_every_program_under_a_heading(self):
        r = tour()
        self.assertEqual((r.status, r.err), (0, b""))
        lines = r.out.decode().splitlines()
        self.assertRegex(lines[0], r"^\w")
        rows = [line.split(None, 1) for line in lines if line.startswith("  ")]
        self.assertEqual(sorted(name for name, _ in rows), programs())
        for line in lines:
            self.assertLessEqual(len(line), 100)
            self.assertRegex(line, r"^(  \w+ +\S.*|\w.*|)$")

    def test_programs_by_name(self):
        for name in programs():
            expected_file = os.path.join(EXAMPLES, name + ".rules")
            is_rules = os.path.exists(expected_file)
            if not is_rules:
                expected_file = os.path.join(EXAMPLES, name + ".expected")
            with open(expected_file, encoding="utf-8") as file:
                expected = file.read()
            settings, _ = RUNNER.read_manner(expected) if is_rules else ({}, False)
            clock = settings.pop("RUNNEL_CLOCK", "real")
            with self.subTest(name):
                fast = ["--fast"] if clock == "virtual" else []
                r = tour(*fast, name, environment=settings)
                found = RUNNER.check(expected, is_rules, r.status, r.out.decode(), r.err.decode())
                self.assertEqual(list(found), [])

    def test_all(self):
        r = tour("--all", "--fast", environment={"RUNNEL_LEAKS": "report"})
        self.assertEqual(r.status, 0, r.err)
        out = r.out.decode()
        self.assertEqual(sorted(re.findall(r"^\$ runnel tour (\w+)$", out, re.M)), programs())
        self.assertIn("\nConfinement\n", "\n" + out)
        self.assertIn("$ runnel tour pipeline_batch\n3\n5\n7\n9\n\n", out)
        self.assertIn("$ runnel tour for_select_send_deadlock\n(exit status 2)\n", out)

    def test_all_tells_of_a_wrong_status(self):
        r = tour("--all", "--fast")
        self.assertEqual(r.status, 1)
        self.assertIn(b"runnel tour: leak_send: exit status 3, not 0\n", r.err)

    def test_dashes_and_options_behind(self):
        r = tour("or-channel", "--fast")
        self.assertEqual((r.status, r.out[:17]), (0, b"done after 1.000s"))

    def test_unknown_names(self):
        for given, nearest in (("or_chanel", "; the nearest: or_channel"),
                               ("leak", "; the nearest: leak_receive, leak_receive_fixed, "),
                               ("confinement", "; the nearest: confinement_adhoc, "),
                               ("", " ("), ("zzzzzz", " ("), ("x" * 1000, " (")):
            r = tour(given)
            self.assertEqual((r.status, r.out), (1, b""))
            start = f"runnel tour: there is no program '{given}'{nearest}"
            self.assertEqual(r.err.decode()[:len(start)], start)
            self.assertEqual(r.err.count(b"\n"), 1)
        self.assertIn(b"'\\x1b[2J'", tour("\x1b[2J").err)

    def test_wrong_usage(self):
        for arguments in (["--slow"], ["or_channel", "tee"], ["--all", "tee"], ["tee", "--all"]):
            r = tour(*arguments)
            self.assertEqual((r.status, r.out), (1, b""))
            self.assertTrue(r.err.startswith(b"Usage: runnel tour"))
        self.assertEqual(tour("--help").status, 0)


if __name__ == "__main__":
    lib.main()
