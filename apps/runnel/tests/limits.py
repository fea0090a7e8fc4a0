#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""check/limits: --max-time and signals end a run in time, with what was found."""
import signal
import subprocess
import time

import lib
from lib import respond


def stalling(method, path, connection):
    """A front page with one broken link and many that never answer."""
    if path == "/":
        return respond(connection, body="<a href=gone>g</a>" +
                       "".join("<a href=s%d>s</a>" % i for i in range(40)))
    if path == "/gone":
        return respond(connection, 404)
    time.sleep(30)


class Limits(lib.Case):
    def test_max_time(self):
        for jobs, workers in ("1", "1"), ("16", "1"), ("16", "4"):
            with lib.serving(stalling) as server:
                r = lib.check("--max-time", "1", "--jobs", jobs, server.url,
                              environment={"RUNNEL_WORKERS": workers})
            self.assertEqual(r.status, 2)
            self.assertEqual(r.broken(), {server.url + "/gone": "404 Not Found"})
            self.assertEqual(r.summary()["stopped"], "stopped by --max-time")
            self.assertGreater(r.summary()["unchecked"], 30)
            self.assertLess(r.seconds, 2 * lib.SLOW)
            self.account_holds(r)

    def test_max_time_while_parsing(self):
        self.write("deep.html", "<div>" * 400000)
        r = lib.check("--max-time", "1", self.root)
        self.assertEqual(r.status, 1)
        self.assertLess(r.seconds, 3 * lib.SLOW)

    def test_timeout_of_a_page_that_takes_long_to_parse(self):
        self.write("deep.html", "<div>" * 400000)
        r = lib.check("--timeout", "1", self.root)
        self.assertEqual(r.broken(), {self.url("deep.html"): "timed out while parsing the page"})

    def interrupt(self, number, *arguments, workers="4"):
        with lib.serving(stalling) as server:
            command = [lib.RUNNEL, "check", "--format", "ndjson", *arguments, server.url]
            p = subprocess.Popen(command,
                                 stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                 env={**lib.ENVIRONMENT, "RUNNEL_WORKERS": workers})
            deadline = time.monotonic() + 20
            while len(server.requests) < 3 and time.monotonic() < deadline:
                time.sleep(0.01)
            time.sleep(0.3)
            start = time.monotonic()
            p.send_signal(number)
            out, err = p.communicate(timeout=20 * lib.SLOW)
            p.stdout, p.stderr = out, err
            r = lib.Result(p, time.monotonic() - start)
        self.assertLess(r.seconds, 1 * lib.SLOW)
        self.assertEqual(err, b"")
        self.account_holds(r)
        self.assertEqual(r.summary()["stopped"], "interrupted")
        return r, server.url

    def test_interrupt_reports_what_was_found(self):
        for number in signal.SIGINT, signal.SIGTERM:
            for workers in "1", "4":
                r, url = self.interrupt(number, workers=workers)
                self.assertEqual(r.broken(), {url + "/gone": "404 Not Found"})
                self.assertEqual(r.status, 2)

    def test_interrupt_without_findings(self):
        r, _ = self.interrupt(signal.SIGINT, "--exclude", "gone")
        self.assertEqual(r.broken(), {})
        self.assertEqual(r.status, 1)


if __name__ == "__main__":
    lib.main()
