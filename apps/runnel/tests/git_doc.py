#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""check/git-doc: real documentation, and the same numbers as an independent count.

The tree is Debian's git-doc, or RUNNEL_TEST_TREE. Exit status 77: it is not installed.
"""
import os
import sys
import urllib.parse

import count
import lib

TREE = os.environ.get("RUNNEL_TEST_TREE", "/usr/share/doc/git/html")


class GitDoc(lib.Case):
    def test_the_numbers_are_those_of_an_independent_count(self):
        expected = count.count(TREE)
        self.assertGreater(expected["pages"], 0)
        for jobs, workers in ("1", "1"), ("16", "1"), ("16", "4"):
            r = lib.check("--offline", "--jobs", jobs, TREE,
                          environment={"RUNNEL_WORKERS": workers})
            self.account_holds(r)
            found = {"file": [], "fragment": [], "url": []}
            for o in r.objects()[:-1]:
                found[o["kind"]].append(urllib.parse.unquote(o["url"]).removeprefix("file://"))
            got = {k: r.summary()[k] for k in ("pages", "links", "unique", "skipped")}
            got.update(broken_targets=sorted(found["file"]), malformed=sorted(found["url"]),
                       broken_fragments=sorted(found["fragment"]))
            self.assertEqual(got, expected)
            self.assertEqual(r.status, 2 if r.broken() else 0)


if __name__ == "__main__":
    if not os.path.exists(os.path.join(TREE, "git.html")) and "RUNNEL_TEST_TREE" not in os.environ:
        print("git-doc is not installed")
        sys.exit(77)
    lib.main()
