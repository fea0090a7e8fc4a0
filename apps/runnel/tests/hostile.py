#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""check/hostile: servers that refuse, reset, stall, lie and never end."""
import socket
import struct
import threading
import time
import zlib

import lib
from lib import respond


def page_of(*links):
    return "".join("<a href='%s'>x</a>\n" % link for link in links)


def reset(connection):
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


class Hostile(lib.Case):
    def one(self, answer, *arguments, link="/x", timeout=30, status=2):
        """Checks a local page with one link to a server, as an external site."""
        with lib.serving(answer) as server:
            page = self.write("page.html", page_of(server.url + link))
            r = lib.check(*arguments, page, timeout=timeout)
            self.assertEqual(r.status, status, r.out)
            self.account_holds(r)
            self.requests = server.requests
            return r, r.broken().get(server.url + link)

    def site(self, answer, *arguments, timeout=30):
        """Checks a server from its front page; {path: reason}."""
        with lib.serving(answer) as server:
            r = lib.check(*arguments, server.url + "/", timeout=timeout)
            self.account_holds(r)
            self.requests = server.requests
            return r, {k.removeprefix(server.url): v for k, v in r.broken().items()}

    def test_refused(self):
        port = lib.free_port()
        r = lib.check("http://127.0.0.1:%d/" % port)
        self.assertEqual(r.broken(), {"http://127.0.0.1:%d/" % port: "connection refused"})
        self.assertEqual(r.status, 2)

    def test_unknown_host(self):
        r = lib.check(self.write("a.html", page_of("http://nowhere.invalid/")), timeout=60)
        self.assertEqual(list(r.broken()), ["http://nowhere.invalid/"])

    def test_head_then_get(self):
        for code in 405, 501, 403, 404, 400, 500:
            _, reason = self.one(lambda m, p, c: respond(c, code if m == "HEAD" else 200,
                                                         head=m == "HEAD"), status=0)
            self.assertIsNone(reason)
            self.assertEqual([m for m, _ in self.requests], ["HEAD", "GET"])
        _, reason = self.one(lambda m, p, c: m == "GET" and respond(c), status=0)
        self.assertIsNone(reason)  # HEAD: closed without an answer

    def test_statuses(self):
        for code, reason in ((404, "404 Not Found"), (410, "410 Gone"), (418, "418"), (999, "999"),
                             (503, "503 Service Unavailable")):
            self.assertEqual(self.one(lambda m, p, c: respond(c, code))[1], reason)

    def test_external_bodies_are_not_read(self):
        def answer(method, path, c):
            if method == "HEAD":
                return respond(c, 405)
            c.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
            while True:
                c.sendall(b"x" * 65536)
        r, _ = self.one(answer, status=0)
        self.assertLess(r.seconds, 10 * lib.SLOW)

    def test_reset_and_silence(self):
        def answer(method, path, c):
            if path == "/":
                return respond(c, body=page_of("r", "s", "m"))
            if path == "/r":
                reset(c)
            if path == "/m":
                c.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n"
                          b"Content-Length: 999\r\n\r\n<a href=q>")
                time.sleep(0.2)
                reset(c)
        _, broken = self.site(answer)
        self.assertEqual(broken, {
            "/r": "connection reset", "/m": "connection reset",
            "/s": "the server closed the connection without an answer"})

    def test_stalls(self):
        def answer(method, path, c):
            if path == "/":
                return respond(c, body=page_of("head", "body", "drip"))
            if path != "/head":
                c.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<p>")
            for _ in range(100):
                time.sleep(0.3)
                if path == "/drip":
                    c.sendall(b"<p>")
        r, broken = self.site(answer, "--timeout", "1.5")
        self.assertEqual(broken, dict.fromkeys(["/head", "/body", "/drip"],
                                               "timed out after 1.5 s"))
        self.assertLess(r.seconds, 15 * lib.SLOW)  # not the 30 seconds that the server takes

    def test_garbage(self):
        answers = {"/a": b"\x00\x01\x02\xff\xfe\r\n\r\n", "/b": b"HTTP/1.1 abc\r\n\r\n",
                   "/c": b"HTTP/9.9 200 OK\r\n\r\n", "/d": b"HTTP/1.1 200 OK\r\n" + b"\0\r\n\r\n",
                   "/e": b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n",
                   "/f": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
                   "/g": b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n"
                         b"Content-Type: text/html\r\nContent-Length: 4\r\n\r\nnope",
                   "/h": b"\n" * 1000, "/i": b"HTTP/1.1 200 OK",
                   "/j": b"HTTP/1.1 404 " + b"x" * 200000 + b"\r\n\r\n"}

        def answer(method, path, c):
            if path == "/":
                return respond(c, body=page_of(*answers))
            c.sendall(answers[path])
        _, broken = self.site(answer)
        self.assertEqual(set(broken) - {"/d", "/i"}, set(answers) - {"/d", "/i"})
        self.assertEqual(broken["/a"], "the answer is not HTTP")
        self.assertEqual(broken["/f"], "the body is not chunked as HTTP demands")
        self.assertEqual(broken["/j"], "a header larger than libcurl takes")

    def test_endless_headers(self):
        def answer(method, path, c):
            c.sendall(b"HTTP/1.1 200 OK\r\n")
            while True:
                c.sendall(b"X-Y: " + b"z" * 1000 + b"\r\n")
        r, reason = self.one(answer)
        self.assertEqual(reason, "headers larger than 256 KiB")
        self.assertLess(r.seconds, 10 * lib.SLOW)

    def test_bodies_without_end(self):
        def answer(method, path, c):
            if path == "/":
                return respond(c, body=page_of("endless", "hundred", "bomb", "bin"))
            if path == "/hundred":
                c.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n"
                          b"Content-Length: 104857600\r\n\r\n")
            elif path == "/bomb":
                z = zlib.compressobj(9, wbits=31)
                body = z.compress(bytes(64 << 20)) + z.flush()
                return c.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n"
                                 b"Content-Encoding: gzip\r\n\r\n" + body)
            elif path == "/bin":
                c.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: video/mp4\r\n\r\n")
            else:
                c.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n")
            while True:
                c.sendall(b"<p>and so on" * 8192)
        r, broken = self.site(answer, "--max-body", "4")
        self.assertEqual(broken, dict.fromkeys(["/endless", "/hundred", "/bomb"],
                                               "larger than 4 MiB (--max-body)"))
        self.assertLess(r.seconds, 15 * lib.SLOW)

    def test_cut_short(self):
        def answer(method, path, c):
            if path == "/":
                return respond(c, body=page_of("x"))
            c.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n"
                      b"Content-Length: 1000\r\n\r\n<a href=gone>")
        self.assertEqual(self.site(answer)[1], {"/x": "the body was cut short"})

    def test_redirects(self):
        def answer(method, path, c):
            if path == "/":
                return respond(c, body=page_of("ok", "ok#a", "ok#b", "self", "ping", "grow0",
                                               "bare", "ftp", "file", "bad", "dead"))
            target = {"/ok": "/ok2", "/ok2": "end", "/self": "/self", "/ping": "/pong",
                      "/pong": "/ping", "/ftp": "ftp://h/", "/file": "file:///etc/passwd",
                      "/bad": "http://[", "/dead": "/404"}.get(path)
            if path.startswith("/grow"):
                target = "/grow%d" % (int(path[5:]) + 1)
            if target:
                return respond(c, 302, headers="Location: %s\r\n" % target)
            if path == "/end":
                return respond(c, body="<p id=a>")
            respond(c, 302 if path == "/bare" else 404)
        r, broken = self.site(answer, "--max-redirects", "5")
        self.assertEqual(broken, {
            "/ok#b": 'nothing on the page has the id or name "b"',
            "/self": "redirect loop", "/ping": "redirect loop", "/grow0": "too many redirects",
            "/bare": "redirect (302) without a Location", "/dead": "404 Not Found",
            "/ftp": "redirect to what is not an http URL",
            "/file": "redirect to what is not an http URL",
            "/bad": "redirect to a malformed URL"})
        self.assertEqual(len(self.requests), len(set(self.requests)))
        self.assertEqual(r.summary()["redirected"], 2)
        self.assertIn("redirected_to", next(o for o in r.objects() if o["url"].endswith("/dead")))

    def test_where_redirects_lead(self):
        """A Location is a reference like any other: relative, with odd bytes, or none at all."""
        leads = {"/d/query": b"?x", "/d/fragment": b"#x", "/d/dots": b"../e", "/d/space": b"/a b",
                 "/d/latin": b"/\xe9", "/d/host": b"//127.0.0.1:1/", "/d/empty": b"",
                 "/d/upper": b"HTTP://127.0.0.1:1/", "/d/umlaut": "http://\u00fc.invalid/".encode()}

        def answer(method, path, c):
            if path == "/":
                return respond(c, body=page_of(*leads))
            if path in leads:
                return c.sendall(b"HTTP/1.1 301 X\r\nContent-Length: 0\r\nConnection: close\r\n"
                                 b"Location: " + leads[path] + b"\r\n\r\n")
            respond(c, 404)
        r, broken = self.site(answer)
        to = {o["url"].rpartition("/")[2]: o.get("redirected_to", "").rpartition("127.0.0.1:")[2]
              for o in r.objects()[:-1]}
        self.assertEqual({k: v.partition("/")[2] for k, v in to.items()}, {
            "query": "d/query?x", "fragment": "", "dots": "e", "space": "a%20b", "latin": "%E9",
            "host": "", "empty": "", "upper": "", "umlaut": "/xn--tda.invalid/"})
        self.assertEqual(broken["/d/fragment"], "redirect loop")
        self.assertEqual(broken["/d/empty"], "redirect (301) without a Location")
        self.assertEqual((broken["/d/host"], broken["/d/upper"]), ("connection refused",) * 2)

    def test_a_site_that_moved_is_followed_whoever_linked_to_it(self):
        """The input old redirects to new, whose pages another input links to, as another site's:
        before, while and after they are looked at as that."""
        def new(method, path, c):
            if method == "HEAD":
                time.sleep(waits[1])
            if path == "/moved":
                return respond(c, 301, headers="Location: /c\r\n")
            respond(c, 404 if path.startswith("/gone") else 200, head=method == "HEAD",
                    body="<p id=x>" + page_of("/gone" + path[1:], "/a", "/b#x"))

        def old(method, path, c):
            time.sleep(waits[0])
            if path == "/":
                return respond(c, 301, headers="Location: /next\r\n")
            respond(c, 301, headers="Location: %s/\r\n" % site.url)

        reports = []
        for waits in (0, 0), (0.4, 0), (0, 0.6):
            for jobs in "1", "16":
                with lib.serving(new) as site, lib.serving(old) as moved:
                    self.write("in/p.html", page_of(site.url + "/", site.url + "/b#no",
                                                    moved.url + "/next", site.url + "/moved"))
                    r = lib.check("--jobs", jobs, moved.url, self.root + "/in")
                self.assertEqual(r.status, 2)
                self.account_holds(r)
                reports.append((
                    {k.removeprefix(site.url): v for k, v in r.broken().items()},
                    {k: v for k, v in r.summary().items() if k.split("_")[0] not in
                     ("seconds", "tasks", "workers")}))
        self.assertEqual(set(reports[0][0]), {"/gone", "/gonea", "/goneb", "/gonec", "/b#no"})
        for report in reports:
            self.assertEqual(report, reports[0])

    def test_a_proxy_of_the_environment_is_used(self):
        with lib.serving(lambda m, p, c: respond(c, 404 if p.endswith("/gone") else 200)) as proxy:
            page = self.write("p.html", page_of("http://h.invalid/x", "http://h.invalid/gone",
                                                "http://127.0.0.1:1/"))
            r = lib.check(page, environment={"http_proxy": proxy.url, "no_proxy": "127.0.0.1"})
        self.assertEqual(r.broken(), {"http://h.invalid/gone": "404 Not Found",
                                      "http://127.0.0.1:1/": "connection refused"})

    def test_a_page_may_not_look_at_the_disk(self):
        r, broken = self.site(lambda m, p, c: respond(c, body=page_of("file:///etc/no-such")))
        self.assertEqual((broken, r.summary()["skipped_by"]), ({}, {"file": 1}))

    def test_a_local_page_may_look_at_what_a_page_may_not(self):
        """One link, looked at for one page and not for the other, whichever came first."""
        gone = self.url("gone.html")

        def answer(method, path, c):
            time.sleep(wait)
            respond(c, body=page_of(gone, gone + "#x"))
        for wait in 0, 0.3:
            with lib.serving(answer) as server:
                page = self.write("p.html", "<!--" + "x" * 100000 + "-->" + page_of(gone))
                r = lib.check("--verbose", server.url, page)
            self.assertEqual([(o["type"], o["url"], [p["url"] for p in o["pages"]])
                              for o in r.objects()[:-1]],
                             [("broken", gone, [self.url("p.html")]),
                              ("skipped", gone, [server.url + "/"]),
                              ("skipped", gone + "#x", [server.url + "/"])])
            self.assertEqual((r.status, r.summary()["skipped_by"]), (2, {"file": 2}))
            self.account_holds(r)

    def test_retry_after(self):
        times = {}

        def answer(method, path, c):
            if path == "/":
                return respond(c, body=page_of("busy", "never", "other"))
            times.setdefault(path, []).append(time.monotonic())
            if path == "/never" or path == "/busy" and len(times[path]) == 1:
                return respond(c, 429, headers="Retry-After: 1\r\n")
            respond(c)
        r, broken = self.site(answer, "--retries", "2")
        self.assertEqual(broken, {"/never": "429 Too Many Requests"})
        self.assertEqual((len(times["/busy"]), len(times["/never"])), (2, 3))
        self.assertGreaterEqual(times["/busy"][1] - times["/busy"][0], 0.9)

    def test_a_host_that_stays_busy_is_given_up(self):
        """Else a page of 1,000 links to it would take --retries minutes for every few of them."""
        def answer(method, path, c):
            if path == "/":
                return respond(c, body=page_of(*("b%d" % i for i in range(40))))
            respond(c, 503, headers="Retry-After: 1\r\n")
        r, broken = self.site(answer, "--retries", "2", "--per-host", "2")
        self.assertEqual(set(broken.values()), {"503 Service Unavailable"})
        self.assertEqual(len(broken), 40)
        self.assertLess(r.seconds, 8 * lib.SLOW)

    def test_retry_after_is_bounded(self):
        r, reason = self.one(lambda m, p, c: respond(c, 429, headers="Retry-After: 86400\r\n"))
        self.assertEqual(reason, "429 Too Many Requests")
        self.assertLess(r.seconds, 5 * lib.SLOW)

    def test_per_host_limit(self):
        busy, most = 0, 0
        lock = threading.Lock()

        def answer(method, path, c):
            nonlocal busy, most
            with lock:
                busy += 1
                most = max(most, busy)
            time.sleep(0.05)
            with lock:  # before the answer: with it the client may send the next request
                busy -= 1
            respond(c, body=page_of(*("p%d" % i for i in range(40))) if path == "/" else "")
        self.site(answer, "--per-host", "3", "--jobs", "16")
        self.assertEqual(most, 3)
        self.assertEqual(len(self.requests), 41)
        most = 0
        self.site(answer, "--jobs", "1")
        self.assertEqual(most, 1)

    def test_each_url_is_asked_for_once(self):
        def answer(method, path, c):
            respond(c, body=page_of(*("p%d#%d" % (i, i) for i in range(30)), "/?", "/#x"))
        for jobs, workers in ("1", "1"), ("16", "1"), ("16", "4"):
            with lib.serving(answer) as server:
                r = lib.check("--jobs", jobs, "--no-fragments", server.url,
                              environment={"RUNNEL_WORKERS": workers})
                self.assertEqual(r.status, 0)
                paths = [p for _, p in server.requests]
                self.assertEqual(sorted(paths), sorted(set(paths)))
                self.account_holds(r)

    def test_a_site_without_end(self):
        def answer(method, path, c):
            n = int(path[1:] or 0)
            respond(c, body=page_of(2 * n + 1, 2 * n + 2))
        r, _ = self.site(answer, "--max-time", "1.5")
        self.assertEqual(r.summary()["stopped"], "stopped by --max-time")
        self.assertLess(r.seconds, 4 * lib.SLOW)
        r, _ = self.site(answer, "--max-pages", "50")
        self.assertEqual(r.summary()["pages"], 50)

    def test_pages_of_any_bytes(self):
        bodies = [b"", b"\0" * 100, bytes(range(256)) * 50, b"\xff\xfe<\0a\0>\0", b"<" * 10000,
                  b"<a " * 5000, b"<!--" * 5000, b"<a href='" + b"x" * 300000 + b"'>",
                  b"<svg><math>" * 2000, b"<table><a>" * 2000, b"&#x110000;&#0;&" * 500]

        def answer(method, path, c):
            if path == "/":
                return respond(c, body=page_of(*("b%d" % i for i in range(len(bodies)))))
            respond(c, body=bodies[int(path[2:])])
        r, broken = self.site(answer)
        self.assertEqual(r.summary()["pages"], len(bodies) + 1)
        self.assertEqual(set(broken.values()), {"malformed URL: longer than 64 KiB"})


if __name__ == "__main__":
    lib.main()
