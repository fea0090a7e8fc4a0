#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""check/limits: --max-time and signals end a run in time, with what was found."""
import os
import resource
import shutil
import signal
import socket
import subprocess
import time
import unittest

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


def calendar(method, path, connection):
    """A page for every month there will ever be, each with links to the next two."""
    while path:
        year, month = map(int, path.strip("/").split("/")) if path != "/" else (2024, 1)
        months = [12 * year + month + i for i in (0, 1)]
        body = "".join("<a href=/%d/%02d>x</a>" % (m // 12, m % 12 + 1) for m in months)
        connection.sendall(("HTTP/1.1 200 X\r\nContent-Type: text/html\r\n"
                            "Content-Length: %d\r\n\r\n%s" % (len(body), body)).encode())
        path = b" ".join(connection.recv(65536).split(b" ")[1:2]).decode()


class Limits(lib.Case):
    def calendar(self, *arguments, answer=calendar):
        with lib.serving(answer) as server:
            r = lib.check(*arguments, server.url, timeout=100)
        self.account_holds(r)
        return r, r.summary()

    def test_a_calendar_ends(self):
        r, s = self.calendar()
        self.assertEqual((s["pages"], s["stopped"]), (10000, "stopped at --max-pages"))
        self.assertEqual((r.status, s["broken"]), (1, 0))

    def test_max_pages_is_not_a_clean_bill(self):
        r, s = self.calendar("--max-pages", "10")
        self.assertEqual((r.status, s["pages"], s["broken"]), (1, 10, 0))

        def answer(method, path, connection):
            if path == "/":
                return respond(connection, body="<a href=/2024/01>c</a><a href=/gone>g</a>")
            respond(connection, 404) if path == "/gone" else calendar(method, path, connection)
        r, s = self.calendar("--max-pages", "10", answer=answer)
        self.assertEqual((r.status, s["pages"], s["broken"]), (2, 10, 1))

    def test_max_pages_says_how_to_raise_it(self):
        for arguments, stream in ([], "out"), (["--quiet"], "err"):
            with lib.serving(calendar) as server:
                r = lib.run("check", "--max-pages", "10", *arguments, server.url)
            self.assertEqual(r.status, 1)
            self.assertIn(b"stopped at --max-pages: further pages were not followed (--max-pages N "
                          b"raises the limit, 0 lifts it)\n", getattr(r, stream))

    def test_a_site_of_exactly_max_pages_is_complete(self):
        def answer(method, path, connection):
            respond(connection, body="<a href=/%d>x</a>" % (int(path[1:] or 0) % 5 + 1))
        for limit in "6", "0":
            r, s = self.calendar("--max-pages", limit, answer=answer)
            self.assertEqual((r.status, s["pages"]), (0, 6))
            self.assertNotIn("stopped", s)

    def test_max_time(self):
        for jobs, workers in ("1", "1"), ("16", "1"), ("16", "4"):
            with lib.serving(stalling) as server:
                r = lib.check("--max-time", "2", "--jobs", jobs, server.url,
                              environment={"RUNNEL_WORKERS": workers})
            self.assertEqual(r.status, 2)
            self.assertEqual(r.broken(), {server.url + "/gone": "404 Not Found"})
            self.assertEqual(r.summary()["stopped"], "stopped by --max-time")
            self.assertGreater(r.summary()["unchecked"], 30)
            self.assertLess(r.seconds, 10 * lib.SLOW)  # not the 30 seconds that the server takes
            self.account_holds(r)

    def test_max_time_while_parsing(self):
        self.write("deep.html", "<div>" * 400000)
        r = lib.check("--max-time", "1", self.root)
        self.assertEqual(r.status, 1)
        self.assertLess(r.seconds, 10 * lib.SLOW)  # not the 20 seconds of --timeout

    def test_timeout_of_a_page_that_takes_long_to_parse(self):
        self.write("deep.html", "<div>" * 400000)
        r = lib.check("--timeout", "1", self.root)
        self.assertEqual(r.broken(), {self.url("deep.html"): "timed out while parsing the page"})

    def test_links_and_bases_have_a_length(self):
        long, many = "a" * (8 << 20), "<a href=%00></a>" * 2000
        self.write("a.html", "<base href='/%s'>%s" % (long, many))
        self.write("b.html", "<base href='http://h.invalid/%s'>%s" % (long, many))
        self.write("c.html", "<a href='%s'>1</a><a href='http://h.invalid/%s'>2</a>"
                             "<img src='data:,%s'><a href='b%s'>3</a>"
                   % (long, long, long, "b" * 65535))
        r = lib.check("--offline", "--timeout", str(20 * lib.SLOW), self.root)
        self.assertEqual(sorted(r.broken().values()),
                         ["its <base> is longer than 64 KiB"] * 2 +
                         ["malformed URL: longer than 64 KiB"] * 2 + ["the name is too long"])
        self.assertEqual(r.summary()["skipped"], 1)
        self.assertLess(r.seconds, 10 * lib.SLOW)
        self.account_holds(r)

    def test_a_page_of_links_that_take_long_is_interrupted(self):
        self.write("a.html", "<base href='/%s'>%s" % ("a" * 65000, "<a href=%00></a>" * 40000))
        r = lib.check("--max-time", "2", self.root)
        self.assertEqual((r.status, r.summary()["stopped"]), (1, "stopped by --max-time"))
        self.assertLess(r.seconds, 5 * lib.SLOW)
        r = lib.check("--timeout", "2", self.root)
        self.assertEqual(r.broken(), {self.url("a.html"): "timed out while parsing the page"})
        self.assertLess(r.seconds, 5 * lib.SLOW)

    def many_at_once(self, soft, hard):
        """Links checked by 100 jobs under a limit of open files."""
        def answer(method, path, connection):
            time.sleep(0.2)
            respond(connection, body="".join("<a href=%d>x</a>" % i for i in range(200))
                    if path == "/" else "")
        with lib.serving(answer) as server:
            return lib.run("check", "--format", "ndjson", "--jobs", "100", "--per-host", "100",
                           server.url, preexec_fn=lambda: resource.setrlimit(
                               resource.RLIMIT_NOFILE, (soft, hard)))

    def test_too_few_descriptors_break_no_links(self):
        r = self.many_at_once(64, 2000)
        self.assertEqual((r.status, r.broken(), r.err), (0, {}, b""))
        r = self.many_at_once(64, 128)
        self.assertEqual((r.status, r.broken()), (0, {}))
        self.assertEqual(r.err, b"runnel check: 9 links at once, not 100, as the limit of open "
                                b"files is 128\n")
        r = self.many_at_once(16, 16)
        self.assertEqual((r.status, r.out), (1, b""))
        self.assertIn(b"the limit of open files is 16", r.err)

    @unittest.skipUnless(os.getuid() == 0, "a limit of processes holds for other users only")
    def test_too_few_threads_break_no_links(self):
        command = os.path.join(self.root, "runnel")
        shutil.copy(lib.RUNNEL, command)
        os.chmod(self.root, 0o755)
        # A name that is looked up: libcurl knows localhost by itself.
        self.write("a.html", "<a href=http://%s:1/>x</a><a href=b.html>b</a>"
                   % socket.gethostname())
        user, seen = 60000 + os.getpid() % 5000, set()
        # LeakSanitizer, in such a build, wants a thread of its own.
        environment = {**lib.ENVIRONMENT, "RUNNEL_WORKERS": "2",
                       "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") + ":detect_leaks=0"}
        for limit in range(1, 9):
            p = subprocess.run([command, "check", "--jobs", "2", self.root + "/a.html"], user=user,
                               group=user, extra_groups=[], capture_output=True, timeout=60,
                               env=environment,
                               preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NPROC,
                                                                     (limit, limit)))
            seen.add((p.returncode, p.stderr))
            if p.stdout:
                self.assertIn(b"b.html\n  no such file", p.stdout)
                self.assertEqual(b", 1 not checked" in p.stdout, p.returncode == 1)
        self.assertIn((1, b"runnel check: 1 URL was not checked: no thread could be started to "
                          b"look up a host (ulimit -u)\n"), seen)
        self.assertIn((1, b"runnel check: the run failed: no thread could be started "
                          b"(ulimit -u)\n"), seen)
        self.assertLessEqual(len(seen), 3, seen)  # and a run with threads enough

    def interrupt(self, number, *arguments, workers="4", times=1):
        with lib.serving(stalling) as server:
            command = [lib.RUNNEL, "check", "--format", "ndjson", *arguments, server.url]
            p = subprocess.Popen(command,
                                 stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                 env={**lib.ENVIRONMENT, "RUNNEL_WORKERS": workers})
            # The front page, and eight requests that wait: the most for one host, unless /gone,
            # which is the first, has been answered and made room for one more.
            wanted = 9 if "gone" in arguments else 10
            deadline = time.monotonic() + 20
            while len(server.requests) < wanted and time.monotonic() < deadline:
                time.sleep(0.01)
            self.assertEqual(len(server.requests), wanted)
            time.sleep(0.1)
            start = time.monotonic()
            for _ in range(times):
                p.send_signal(number)
                time.sleep(0.001)
            out, err = p.communicate(timeout=20 * lib.SLOW)
            p.stdout, p.stderr = out, err
            r = lib.Result(p, time.monotonic() - start)
        self.assertLess(r.seconds, 10 * lib.SLOW)  # not the 30 seconds that the server takes
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

    def test_interrupts_in_a_row_lose_nothing(self):
        for times in 2, 5:
            r, url = self.interrupt(signal.SIGINT, times=times)
            self.assertEqual((r.status, len(r.broken())), (2, 1))

    def test_an_ignored_interrupt_is_ignored(self):
        with lib.serving(stalling) as server:
            p = subprocess.Popen([lib.RUNNEL, "check", "--max-time", "1", server.url],
                                 stdout=subprocess.PIPE, env=lib.ENVIRONMENT,
                                 preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_IGN))
            while len(server.requests) < 3 and p.poll() is None:
                time.sleep(0.01)
            p.send_signal(signal.SIGINT)
            self.assertIn(b"stopped by --max-time", p.communicate(timeout=60)[0])

    def test_interrupt_without_findings(self):
        r, _ = self.interrupt(signal.SIGINT, "--exclude", "gone")
        self.assertEqual(r.broken(), {})
        self.assertEqual(r.status, 1)


if __name__ == "__main__":
    lib.main()
