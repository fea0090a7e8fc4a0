#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""check/demo-site: what is found on the bundled site is what demo/EXPECTED.md says, every time."""
import contextlib
import os
import re
import subprocess

import lib

EXPECTED = os.path.join(os.path.dirname(__file__), "..", "demo", "EXPECTED.md")


def expected():
    rows = {}
    with open(EXPECTED) as f:
        for line in f:
            row = re.match(r"\| `(.*)` \| (.*) \| (`.*`) \|$", line)
            if row:
                rows[row[1]] = (row[2], sorted(re.findall(r"`([^`]*)`", row[3])))
    return rows


@contextlib.contextmanager
def site(workers):
    p = subprocess.Popen([lib.RUNNEL, "demo-site"], stdout=subprocess.PIPE,
                         env={**lib.ENVIRONMENT, "RUNNEL_WORKERS": workers})
    try:
        yield p.stdout.readline().decode().strip()
    finally:
        p.terminate()
        p.stdout.close()
        status = p.wait(timeout=20 * lib.SLOW)
    assert status == 0, status


class DemoSite(lib.Case):
    def compare(self, jobs, workers):
        with site(workers) as url:
            r = lib.check("--jobs", jobs, url, environment={"RUNNEL_WORKERS": workers})
        self.assertEqual(r.status, 2)
        found = {}
        for o in r.objects()[:-1]:
            link = o["url"].removeprefix(url.rstrip("/"))
            link = re.sub(r"^http://127\.0\.0\.1:\d+/", "http://127.0.0.1:CLOSED/", link)
            pages = sorted(p["url"].removeprefix(url.rstrip("/")) for p in o["pages"])
            found[link] = (o["reason"], pages)
        self.assertEqual(found, expected())
        self.assertEqual(len(found), 20)
        s = r.summary()
        self.assertEqual([s[k] for k in ("pages", "links", "unique", "ok", "broken", "skipped",
                                         "redirected")], [23, 110, 56, 32, 20, 4, 3])
        self.account_holds(r)

    def test_jobs_1_workers_1(self):
        self.compare("1", "1")

    def test_jobs_1_workers_4(self):
        self.compare("1", "4")

    def test_jobs_16_workers_1(self):
        self.compare("16", "1")

    def test_jobs_16_workers_4(self):
        self.compare("16", "4")


if __name__ == "__main__":
    lib.main()
