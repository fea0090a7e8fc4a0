#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""check/tree: links of local pages against the disk."""
import os
import shutil
import signal
import subprocess
import time

import lib


class Tree(lib.Case):
    def test_follows_the_tree_and_checks_each_link_once(self):
        self.write("index.html", "<a href=a.html>a</a><a href=sub/b.html>b</a>"
                                 "<a href=no.html>x</a>")
        self.write("a.html", "<a href=index.html>up</a>\n<a href=no.html>x</a>")
        self.write("sub/b.html", "<a href=../a.html>a</a><a href=../no.html>x</a>")
        self.write("sub/unlinked.html", "<a href=gone.html>x</a>")
        for jobs in "1", "16":
            for workers in "1", "4":
                r = lib.check("--jobs", jobs, self.root, environment={"RUNNEL_WORKERS": workers})
                self.assertEqual(r.status, 2)
                self.assertEqual(r.broken(), {self.url("no.html"): "no such file",
                                              self.url("sub/gone.html"): "no such file"})
                s = r.summary()
                self.assertEqual((s["pages"], s["links"], s["unique"], s["ok"]), (4, 8, 5, 3))
                self.account_holds(r)
                self.assertEqual(len(r.objects()[0]["pages"]), 3)
                self.assertEqual(r.objects()[0]["pages"][0], {"url": self.url("a.html"), "line": 2})

    def test_a_file_stays_in_its_directory(self):
        self.write("in/start.html", "<a href=next.html>n</a><a href=../out.html#yes>o</a>"
                                    "<a href=../out.html#no>o</a>")
        self.write("in/next.html", "")
        self.write("in/unlinked.html", "<a href=gone.html>x</a>")
        self.write("out.html", "<p id=yes><a href=gone.html>not followed</a>")
        r = lib.check(os.path.join(self.root, "in/start.html"))
        self.assertEqual(list(r.broken()), [self.url("out.html#no")])
        self.assertEqual(r.summary()["pages"], 2)

    def test_paths_are_decoded(self):
        self.write("a b.html", "<p id='c d'>")
        self.write("100%.html")
        self.write(b"caf\xe9.html")
        self.write("q?.html")
        self.write("index.html", b"<a href='a b.html'>1</a><a href=a%20b.html>1</a>"
                   b"<a href='a%20b.html?x=1#c%20d'>2</a><a href=100%25.html>3</a>"
                   b"<a href=100%.html>3</a><a href='caf\xe9.html'>4</a><a href=caf%e9.html>4</a>"
                   b"<a href=q%3f.html>5</a><a href=q?.html>6</a>")
        r = lib.check(self.root)
        self.assertEqual(r.broken(), {self.url("q"): "no such file"})
        self.assertEqual((r.summary()["unique"], r.summary()["links"]), (6, 9))

    def test_names_that_are_not_utf_8(self):
        self.write(b"caf\xe9.html", b"<p id=\xe9><a name='\xe8&amp;'></a><p id=\xc3\xa9>")
        self.write("index.html", b"<a href='caf\xe9.html?a=1&b=2'>1</a>"
                   b"<a href='caf\xe9.html#\xe9'>2</a><a href='caf%E9.html#%E9'>3</a>"
                   b"<a href='caf\xe9.html#\xe8&'>4</a><a href='caf\xe9.html#\xc3\xa9'>5</a>"
                   b"<a href='caf\xe9.html#\xe7'>6</a>")
        r = lib.check(self.root)
        self.assertEqual(list(r.broken()), [self.url("caf%E9.html#\ufffd")])
        self.assertEqual(r.summary()["ok"], 5)

    def test_directories_lead_to_their_index(self):
        self.write("index.html", "<a href=d>1</a><a href=d/>2</a><a href=d/#x>3</a>"
                                 "<a href=d#y>4</a>"
                                 "<a href=e/>5</a><a href=f/>6</a><a href=d/index.html/>7</a>")
        self.write("d/index.html", "<p id=x><a href=there.html>t</a>")
        self.write("d/there.html")
        os.mkdir(os.path.join(self.root, "e"))
        r = lib.check(self.root)
        self.assertEqual(r.broken(), {
            self.url("d#y"): 'nothing on the page has the id or name "y"',
            self.url("d/index.html/"): "not a directory",
            self.url("f/"): "no such file"})
        self.assertEqual(r.summary()["redirected"], 0)

    def test_fragments(self):
        self.write("index.html", "<a name=old></a><p id=new><a href='#old'>1</a>"
                                 "<a href='#new'>2</a>"
                                 "<a href='#'>3</a><a href='#top'>4</a><a href='#nil'>5</a>"
                                 "<a href='p.html#no'>6</a><a href='x.txt#page=3'>7</a>")
        self.write("p.html")
        self.write("x.txt")
        r = lib.check(self.root)
        self.assertEqual(set(r.broken()), {self.url("index.html#nil"), self.url("p.html#no")})
        self.assertEqual(r.summary()["fragments_unverified"], 1)
        self.write("p.html", "<p id=a><a href='#a%00junk'>1</a>")
        self.assertEqual(lib.check(os.path.join(self.root, "p.html")).broken(), {
            self.url("p.html#a%00junk"): 'nothing on the page has the id or name "a%00junk"'})
        self.write("p.html")
        self.assertEqual(lib.check("--no-fragments", self.root).status, 0)

    def test_base_and_refresh(self):
        self.write("index.html", "<base href=sub/><a href=a.html>1</a><a href=b.html>2</a>"
                                 "<meta http-equiv=refresh content='0;url=c.html'>")
        self.write("sub/a.html")
        self.assertEqual(set(lib.check(self.root).broken()),
                         {self.url("sub/b.html"), self.url("sub/c.html")})

    def test_other_schemes_are_counted(self):
        self.write("index.html", "<a href=mailto:a@b>1</a><a href=MAILTO:c@d>2</a>"
                                 "<a href=tel:1>3</a>"
                                 "<a href='javascript:void(0)'>4</a><img src='data:image/gif,x'>"
                                 "<a href=http://example.invalid/>5</a>")
        r = lib.check("--offline", self.root)
        self.assertEqual(r.status, 0)
        self.assertEqual(r.summary()["skipped_by"],
                         {"data": 1, "javascript": 1, "mailto": 2, "offline": 1, "tel": 1})

    def test_any_number_of_schemes(self):
        """Each is itself, however long, and the summary stays one."""
        self.write("a.html", "<a href=a234567890123456:1>1</a><a href=a23456789012345:1>2</a>"
                             "<a href=A23456789012345:2>3</a>")
        r = lib.check(self.root)
        self.assertEqual(r.summary()["skipped_by"], {"a234567890123456": 1, "a23456789012345": 2})
        n = 200000
        self.write("a.html", "<a href=mailto:1>1</a><a href=%s:1>2</a>" % ("x" * 60000) +
                   "".join("<a href=s%d:x>x</a>\n" % i for i in range(n)) +
                   "<a href=s7:y>1</a><a href=mailto:2>2</a>")
        for jobs in "1", "16":
            r = lib.check("--jobs", jobs, self.root)
            by = r.summary()["skipped_by"]
            self.assertEqual((len(by), by["mailto"], by["s7"], by["a very long scheme"]),
                             (16, 2, 2, 1))
            self.assertEqual(by["other schemes"], n + 4 - (2 + 2 + 13))
            self.account_holds(r)
            self.assertLess(r.seconds, 20 * lib.SLOW)

    def test_malformed_urls_are_findings(self):
        self.write("index.html", "<a href='http://[::1'>1</a><a href='http://'>2</a>"
                                 "<a href='a%00b.html'>3</a><a href='//host/x'>4</a>")
        r = lib.check("--offline", self.root)
        self.assertEqual(r.status, 2)
        self.assertEqual(len(r.broken()), 4)
        self.assertEqual(r.broken()["//host/x"],
                         "malformed URL: protocol-relative, on a local page")
        self.assertTrue(all(reason.startswith("malformed") for reason in r.broken().values()))

    def test_host_names_of_all_scripts(self):
        """Whatever the locale; and the name in the DNS is the same host."""
        self.write("a.html", "<a href=http://m\u00fcnchen.invalid:1/>1</a>"
                             "<a href=http://M%C3%9CNCHEN.invalid:1/>2</a>"
                             "<a href=http://xn--mnchen-3ya.invalid:1/>3</a>")
        for locale in "C", "C.UTF-8":
            r = lib.check(self.root, timeout=90, environment={"LC_ALL": locale})
            self.assertEqual(list(r.broken()), ["http://xn--mnchen-3ya.invalid:1/"])
            self.assertNotIn("URL", r.broken().popitem()[1])

    def test_exclude_and_root(self):
        self.write("index.html", "<a href=gone-1.html>1</a><a href=gone-2.html>2</a>"
                                 "<a href=/r.html>3</a>")
        self.write("r.html")
        r = lib.check("--exclude", r"gone-1\.html$", "--root", self.root, self.root)
        self.assertEqual(list(r.broken()), [self.url("gone-2.html")])
        self.assertEqual(r.summary()["skipped_by"], {"excluded": 1})

    def test_root_holds_for_a_base(self):
        self.write("a/index.html", "<base href=/b/><a href=c.html>1</a><a href=/b/c.html>2</a>"
                                   "<a href=d.html>3</a>")
        self.write("b/c.html")
        r = lib.check("--root", self.root, self.root)
        self.assertEqual(r.broken(), {self.url("b/d.html"): "no such file"})
        self.assertEqual(r.summary()["unique"], 2)

    def test_what_is_excluded_is_skipped_whatever_it_is(self):
        self.write("a.html", "<a href='http://[bad'>1</a><a href=mailto:x>2</a><a href=b.html>3</a>"
                             "<a href=a.html>4</a><a href='//host/'>5</a>")
        self.write("b.html")
        for tree in self.root, self.root + "/a.html":
            r = lib.check("--exclude", ".", tree)
            self.assertEqual((r.status, r.broken()), (0, {}))
            self.assertEqual((r.summary()["ok"], r.summary()["skipped_by"]), (0, {"excluded": 5}))

    def test_link_loops_end(self):
        self.write("a.html", "<a href=loop/a.html>1</a><a href=loop/loop/b.html>2</a>"
                             "<a href=self/x.html>3</a>")
        self.write("b.html", "<a href='loop/b.html#no'>1</a>")
        os.symlink(".", os.path.join(self.root, "loop"))
        os.symlink("self", os.path.join(self.root, "self"))
        os.symlink("nowhere.html", os.path.join(self.root, "dangling.html"))
        r = lib.check(self.root)
        self.assertEqual(r.broken(), {
            self.url("self/x.html"): "too many symbolic links",
            self.url("loop/b.html#no"): 'nothing on the page has the id or name "no"'})
        self.assertEqual(r.summary()["pages"], 2)

    def test_odd_files(self):
        self.write("nul.html", b"<a href=x.html\0>1</a>\0<a href=ok.html>2</a>\xff\xfe")
        self.write("ok.html", b"\x00\xff" * 1000)
        self.write("empty.html")
        os.mkfifo(os.path.join(self.root, "fifo.html"))
        self.write("index.html", "<a href=fifo.html>f</a><a href=%s>long</a>" % ("n" * 5000))
        r = lib.check(self.root, timeout=20)
        self.assertEqual(r.summary()["pages"], 4)
        self.assertEqual(set(r.broken().values()), {"no such file", "the name is too long"})

    def test_pages_in_utf_16(self):
        text = "\ufeff<p id='\u00e9\u20ac\U0001f600'>\n<a href=gone.html>1</a><a href=%s>2</a>"
        for coding in "utf-16-le", "utf-16-be":
            link = "#%C3%A9%E2%82%AC%F0%9F%98%80"
            self.write("a.html", (text % link).encode(coding))
            r = lib.check(os.path.join(self.root, "a.html"))
            self.assertEqual(r.broken(), {self.url("gone.html"): "no such file"})
            self.assertEqual((r.objects()[0]["pages"][0]["line"], r.summary()["ok"]), (2, 1))
        for odd in b"\xff\xfe", b"\xfe\xff<", b"\xff\xfe\x00\xd8", b"\xff\xfe\x00\xd8<\0p\0":
            self.write("a.html", odd)
            self.assertEqual(lib.check(self.root).summary()["pages"], 1)

    def test_a_page_that_its_parser_gives_up_costs_no_other_finding(self):
        self.write("a.html", "<table><math><mi><![CDATA[>]]>#")
        self.write("b.html", "<a href=gone.html>x</a><a href=a.html#x>y</a>")
        for jobs in "1", "16":
            r = lib.check("--jobs", jobs, self.root)
            self.assertEqual((r.status, r.err), (2, b""))
            self.assertEqual(r.broken()[self.url("gone.html")], "no such file")
            # A parser that can read it is welcome.
            self.assertIn(r.broken().get(self.url("a.html")),
                          (None, "cannot be parsed: the HTML parser gave up on it"))
            self.account_holds(r)

    def test_large_and_deep_pages(self):
        self.write("big.html", "<p>" + "x" * (3 << 20))
        self.write("deep.html", "<div>" * 10000 + "<a href=gone.html>x</a>")
        self.write("many.html", "".join("<a href=gone.html#%d>x</a>\n" % i for i in range(50000)))
        r = lib.check("--max-body", "2", self.root)
        self.assertEqual(r.broken()[self.url("big.html")], "larger than 2 MiB (--max-body)")
        self.assertEqual(r.broken()[self.url("gone.html")], "no such file")
        self.assertEqual((r.summary()["links"], r.summary()["broken"]), (50001, 50002))

    def test_max_pages(self):
        for i in range(20):
            self.write("%d.html" % i, "<a href=%d.html>next</a>" % (i + 1))
        r = lib.check("--max-pages", "5", self.root)
        self.assertEqual(r.summary()["pages"], 5)
        self.assertEqual(r.summary()["stopped"], "stopped at --max-pages")


class Inputs(lib.Case):
    def bad(self, *arguments, line, **options):
        r = lib.run("check", *arguments, **options)
        self.assertEqual(r.status, 1, r.err)
        self.assertEqual(r.err.count(b"\n"), 1, r.err)
        self.assertIn(line, r.err)
        return r

    def test_usage_errors(self):
        self.bad(line=b"nothing to check")
        self.bad("--nope", "x", line=b"unknown option --nope")
        self.bad("-z", "x", line=b"no option -z")
        self.bad("--offline", "-zq", "x", line=b"no option -z")
        self.bad("--quiet=1", "x", line=b"--quiet takes no value")
        self.bad("--off=1", "x", line=b"--offline takes no value")
        self.bad("--max", "1", "x", line=b"--max could be --max-pages, --max-time, "
                                         b"--max-redirects, --max-body")
        self.bad("--no=1", "x", line=b"--no could be --no-fragments, --no-progress")
        self.bad("--jobs", line=b"--jobs needs a value")
        for value in "0", "x", "-1", "1.5", "1e9", "":
            self.bad("--jobs", value, "x", line=b"--jobs needs a")
        self.bad("--timeout", "nan", "x", line=b"--timeout needs a number")
        self.bad("--format", "xml", "x", line=b"--format is text or ndjson")
        self.bad("--exclude", "(", "x", line=b"--exclude '('")
        self.bad("--root", "/nonexistent", "x", line=b"--root '/nonexistent'")
        self.bad("--root", "/dev/null", "x", line=b"--root '/dev/null': not a directory")

    def test_help_and_version(self):
        r = lib.run("check", "--help")
        self.assertEqual((r.status, r.err), (0, b""))
        for words in b"--max-time", b".xhtml", b"hidden", b"matter of chance", b"cookies", b"proxy":
            self.assertIn(words, r.out)
        self.assertTrue(all(len(line) <= 100 for line in r.out.splitlines()))
        self.assertEqual(lib.run("--help").status, 0)
        for arguments in (["check", "--help"], ["--help"], ["--version"]):
            with open("/dev/full", "wb") as full:
                p = subprocess.run([lib.RUNNEL, *arguments], stdout=full, stderr=subprocess.PIPE)
            self.assertEqual((p.returncode, p.stderr),
                             (1, b"runnel: cannot write: No space left on device\n"))
        self.assertRegex(lib.run("--version").out, rb"^runnel \d+\.\d+\.\d+\n$")
        self.assertEqual(lib.run().status, 1)
        self.assertEqual(lib.run("frobnicate").status, 1)

    def test_inputs_that_cannot_be_read(self):
        os.mkdir(os.path.join(self.root, "empty"))
        self.bad(os.path.join(self.root, "missing.html"), line=b"No such file")
        self.bad("", line=b"an empty name")
        self.bad("/dev/null", line=b"neither a file nor a directory")
        self.bad("x" * 5000, line=b"File name too long")
        self.bad("ftp://example.invalid/", line=b"not an http")
        self.bad("mailto:x@y", line=b"not a URL that can be checked")
        self.bad("http://[x/", line=b"bad IPv6 address")
        self.bad("http:", line=b"malformed URL")
        self.bad("--offline", "http://127.0.0.1:1/", line=b"--offline")

    def test_a_directory_without_pages(self):
        r = lib.check(self.root)
        self.assertEqual((r.status, r.err.count(b"\n")), (1, 1))
        self.assertIn(b"no HTML files", r.err)

    def test_a_directory_whose_pages_all_fail(self):
        self.write("large.html", "x" * (1 << 20) + "x")
        r = lib.check("--max-body", "1", self.root)
        self.assertEqual((r.status, r.err), (2, b""))
        self.assertEqual(r.broken(), {self.url("large.html"): "larger than 1 MiB (--max-body)"})

    def test_one_of_two_directories_without_pages(self):
        self.write("a/p.html")
        os.mkdir(self.root + "/b")
        self.assertEqual(lib.check(self.root + "/a", self.root + "/b").status, 0)

    def test_other_inputs_are_still_checked(self):
        self.write("a.html", "<a href=gone.html>x</a>")
        r = lib.check(os.path.join(self.root, "missing.html"), os.path.join(self.root, "a.html"))
        self.assertEqual(r.status, 1)
        self.assertEqual(list(r.broken()), [self.url("gone.html")])

    def check_as_somebody(self, *arguments):
        """Root may read everything, so somebody else has to try, with a command he can reach."""
        command, options = lib.RUNNEL, {}
        os.chmod(self.root, 0o755)
        if os.getuid() == 0:
            command = os.path.join(self.root, "runnel")
            shutil.copy(lib.RUNNEL, command)
            os.chmod(command, 0o755)
            options = {"user": 65534, "group": 65534, "extra_groups": []}
        p = subprocess.run([command, "check", "--format", "ndjson", *arguments],
                           capture_output=True, env=lib.ENVIRONMENT, timeout=60, **options)
        return lib.Result(p, 0)

    def test_permissions(self):
        self.write("a.html", "<a href=secret.html>s</a><a href=shut/x.html>d</a>")
        os.chmod(os.fsdecode(self.write("secret.html")), 0)
        self.write("shut/x.html")
        os.chmod(os.path.join(self.root, "shut"), 0)
        self.addCleanup(os.chmod, os.path.join(self.root, "shut"), 0o700)
        r = self.check_as_somebody(self.root)
        self.assertEqual(r.status, 1, r.err)  # a directory of the input is missing
        self.assertEqual(r.err.count(b"\n"), 1, r.err)
        self.assertEqual(r.broken(), {self.url("secret.html"): "permission denied",
                                      self.url("shut/x.html"): "permission denied"})

    def test_a_directory_whose_entries_cannot_be_examined(self):
        self.write("a.html")
        self.write("list/x.html", "<a href=gone.html>x</a>")
        os.chmod(os.path.join(self.root, "list"), 0o644)
        self.addCleanup(os.chmod, os.path.join(self.root, "list"), 0o700)
        os.symlink("list/x.html", os.path.join(self.root, "there.html"))
        os.symlink("nowhere.html", os.path.join(self.root, "dangling.html"))
        r = self.check_as_somebody(self.root)
        self.assertEqual(r.broken(), {self.url("there.html"): "permission denied"})
        self.assertEqual(r.err.decode(), "runnel check: %s/list: permission denied\n" % self.root)
        self.assertEqual(r.status, 1)

    def test_exit_statuses(self):
        good = os.fsdecode(self.write("good/a.html", "<a href=a.html>x</a>"))
        self.assertEqual(lib.run("check", good).status, 0)
        bad = os.fsdecode(self.write("bad/a.html", "<a href=b.html>x</a>"))
        self.assertEqual(lib.run("check", bad).status, 2)


class Output(lib.Case):
    def test_terminals_get_no_controls(self):
        self.write("a.html", b"<a href='mailto:\x1b[31m\x07x'>1</a>"
                   b"<a href='\x1b]0;t\x07.html'>2</a>"
                   b"<a href='http://[\x1b[2J'>3</a><a href='#\x1b[1m\xc2\x9b\xff'>4</a>"
                   b"<a href='\xe2\x80\xae.html'>5</a>")
        for arguments in ["-v"], []:
            r = lib.run("check", "--offline", *arguments, self.root)
            self.assertEqual(r.status, 2)
            text = r.out.decode("utf-8")
            self.assertNotRegex(text, "[\0-\x09\x0b-\x1f\x7f-\x9f]")
            self.assertNotIn("\u202e", text)
        self.assertEqual(len(lib.check("--offline", self.root).broken()), 4)

    def test_the_report_is_the_same_every_time(self):
        for i in range(30):
            self.write("%d.html" % i, "".join("<a href=%d.html>x</a>\n" % k for k in range(40)))
        reports = {lib.run("check", "-q", "--jobs", jobs, self.root).out
                   for jobs in ("1", "3", "16", "100")}
        self.assertEqual(len(reports), 1)

    def test_the_words_of_the_report(self):
        self.write("x.txt")
        self.write("a.html", "<a href='x.txt#page=3'>1</a><a href='file:///a%00b'>2</a>")
        r = lib.run("check", self.root)
        self.assertIn(b"1 fragments not verified;", r.out)
        self.assertIn(b"file:///a%00b\n  malformed URL: %00 in a file name\n", r.out)

    def test_colours_only_on_request(self):
        self.write("a.html", "<a href=b.html>x</a>")
        self.assertNotIn(b"\x1b", lib.run("check", self.root).out)

    def test_progress_only_on_a_terminal(self):
        self.write("a.html", "<a href=b.html>x</a>")
        self.assertEqual(lib.run("check", self.root).err, b"")
        for arguments, environment, coloured, live in (
                ([], {}, True, True), (["--no-progress"], {"NO_COLOR": "1"}, False, False),
                ([], {"TERM": "dumb"}, False, False)):
            master, slave = os.openpty()
            p = subprocess.Popen([lib.RUNNEL, "check", *arguments, self.root], stdout=slave,
                                 stderr=slave, env={**lib.ENVIRONMENT, "TERM": "xterm",
                                                    **environment})
            os.close(slave)
            seen = b""
            while True:
                try:
                    data = os.read(master, 65536)
                except OSError:
                    break
                if not data:
                    break
                seen += data
            os.close(master)
            self.assertEqual(p.wait(), 2)
            self.assertEqual(b"\x1b[31m" in seen, coloured)
            self.assertEqual(b"\r\x1b[K" in seen, live)
            self.assertEqual(b"\x1b" in seen, coloured or live)
            self.assertIn(b"1 broken", seen)

    def test_urls_longer_than_any_screen_are_cut(self):
        self.write("a.html", "<a href='%s'>x</a>" % ("\u00e9" * 10000))
        r = lib.run("check", self.root)
        self.assertLess(len(r.out), 10000)
        self.assertRegex(r.out.decode(), r"\.\.\. \(\d+ bytes\)\n  the name is too long")
        self.assertEqual(len(next(iter(lib.check(self.root).broken()))),
                         len(self.url("")) + 6 * 10000)

    def test_closed_standard_descriptors(self):
        """Else a socket could become stderr, and get what is meant for people."""
        def answer(method, path, connection):
            time.sleep(1)
        with lib.serving(answer) as server:
            p = subprocess.Popen(["sh", "-c", 'exec "$0" check "$1" <&- >&- 2>&-', lib.RUNNEL,
                                  server.url], env=lib.ENVIRONMENT)
            while not server.requests and p.poll() is None:
                time.sleep(0.01)
            names = [os.readlink("/proc/%d/fd/%d" % (p.pid, fd)) for fd in range(3)]
            self.assertEqual(p.wait(60), 1)  # the report could not be written
        self.assertEqual(names, ["/dev/null"] * 3)

    def test_a_reader_that_leaves(self):
        """As in `runnel check x | head -1`: no complaint, and no hang."""
        self.write("a.html", "".join("<a href=gone%d>x</a>" % i for i in range(20000)))
        p = subprocess.Popen([lib.RUNNEL, "check", self.root], stdout=subprocess.PIPE,
                             stderr=subprocess.PIPE, env=lib.ENVIRONMENT)
        p.stdout.readline()
        p.stdout.close()
        self.assertEqual(p.stderr.read(), b"")
        p.stderr.close()
        self.assertEqual(p.wait(60), -signal.SIGPIPE)

    def test_a_report_that_cannot_be_written_is_an_error(self):
        self.write("a.html", "<a href=b.html>x</a>")
        with open("/dev/full", "wb") as full:
            p = subprocess.run([lib.RUNNEL, "check", self.root], stdout=full,
                               stderr=subprocess.PIPE, env=lib.ENVIRONMENT, timeout=60)
        self.assertEqual(p.returncode, 1)
        self.assertIn(b"cannot write", p.stderr)


if __name__ == "__main__":
    lib.main()
