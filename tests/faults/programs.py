# SPDX-License-Identifier: MIT
"""The programs that are run with faults, and what each must then do.

judge(status, out, err, expected) returns the outcome in one or two words, or raises Wrong.
"""
import contextlib
import importlib.util
import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

from sites import ROOT

# What the library may say when it cannot go on: docs/faults.md lists these.
PANICS = re.compile(
    r"runnel: panic: (out of memory for (a run queue|task stacks|a thread's record|a discarded "
    r"element)|the workers cannot be started( again)?: |no thread for worker 0: |"
    r"no thread-specific key is left|.*when memory is short)")
# How an error that was made shows in what a program prints.
NAMED = re.compile(
    r"out of memory|Too many open files|No space left|Connection re\w+|No buffer space|"
    r"No route to host|would wait|Input/output error|Invalid argument|Operation not permitted|"
    r"Function not implemented|Cannot assign|deadline exceeded|"
    r": closed|Address already in use|timed out")
SANITIZER = re.compile(r"ERROR: (\w+Sanitizer)|runtime error:")


class Wrong(Exception):
    pass


def load(path, name):
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    sys.dont_write_bytecode = True
    spec.loader.exec_module(module)
    return module


run_example = load(os.path.join(ROOT, "examples", "run-example.py"), "run_example")


def last_words(text):
    lines = [line for line in text.splitlines() if line.startswith("runnel: ")]
    return (lines or text.splitlines() or [""])[0][:100]


class Program:
    """One program, and how it is run."""

    seconds = 30

    def __init__(self, name, path, *arguments):
        self.name, self.path, self.arguments = name, path, list(arguments)
        self.environment = {"RUNNEL_WORKERS": "2", "RUNNEL_LEAKS": "fail", "LD_BIND_NOW": "1"}

    def run(self, extra):
        """(status, stdout, stderr, seconds); status None: it did not end."""
        environment = {**os.environ, **self.environment, **extra}
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            start = time.monotonic()
            process = subprocess.Popen([self.path, *self.arguments], stdin=subprocess.DEVNULL,
                                       stdout=out, stderr=err, env=environment)
            try:
                status = self.drive(process)
            except subprocess.TimeoutExpired:
                status = None
                process.kill()
                process.wait()
            seconds = time.monotonic() - start
            texts = []
            for stream in out, err:
                stream.seek(0)
                texts.append(stream.read().decode("utf-8", "backslashreplace"))
        return status, *texts, seconds

    def drive(self, process):
        return process.wait(self.seconds)

    def judge_end(self, status, out, err):
        """What is wrong with any run; or the outcome of one that the library ended."""
        if SANITIZER.search(err):
            raise Wrong("sanitizer: " + SANITIZER.search(err)[0])
        if status is None:
            raise Wrong(f"hang: no end after {self.seconds} s")
        if status < 0:
            raise Wrong(f"killed by {signal.Signals(-status).name}")
        if "runnel: panic: " in err:
            if not PANICS.search(err):
                raise Wrong("panic that is not documented: " + last_words(err))
            if status != 2:
                raise Wrong(f"panic with status {status}")
            return "panic"
        return None


class Example(Program):
    def __init__(self, name, path, expected, site):
        super().__init__(name, path)
        self.usual = None  # its status and lines
        with open(expected, encoding="utf-8") as file:
            self.expected = file.read()
        self.is_rules = expected.endswith(".rules")
        if self.is_rules:
            settings, needs_site = run_example.read_manner(self.expected)
            self.environment.update(settings)
            if needs_site:
                self.arguments.append(site)

    def judge(self, status, out, err):
        outcome = self.judge_end(status, out, err)
        if outcome:
            return outcome
        errors = list(run_example.check(self.expected, self.is_rules, status, out, err))
        lines = set((out + err).splitlines())
        if not errors:
            self.usual = self.usual or (status, lines)
            return "as if nothing had failed"
        if status == 1:
            return "error"
        if status == self.usual[0] and any(map(NAMED.search, lines - self.usual[1])):
            return "error printed"
        raise Wrong(f"status {status}, {errors[0][:300]}; stderr: {last_words(err)}")


class Rest(Program):
    """A part of rest.c, or many simulated runs of one."""

    def __init__(self, name, path, part, **environment):
        super().__init__(name, path, part)
        self.environment.update(environment)
        self.usual = None

    def judge(self, status, out, err):
        outcome = self.judge_end(status, out, err)
        if outcome:
            return outcome
        if status == 0 and (self.usual is None or out == self.usual):
            self.usual = out
            return "as if nothing had failed"
        if status != 0 and re.search("^(rest|runnel): .*: ", err, re.M):
            return "error"
        raise Wrong(f"status {status}, stdout {out!r}, wanted {self.usual!r}; stderr: "
                    f"{last_words(err)}")


class Command(Program):
    """`runnel`, whose panics have a status of their own."""

    def judge_end(self, status, out, err):
        if status == 1 and "runnel: out of memory" in err:
            return "error"
        if status == 70:
            if not PANICS.search(err):
                raise Wrong("panic that is not documented: " + last_words(err))
            return "panic"
        return super().judge_end(status, out, err)


class Check(Command):
    """`runnel check`; an answer that is not the usual one must say what is wrong."""

    def __init__(self, name, path, *arguments):
        super().__init__(name, path, "check", "--format", "ndjson", "--jobs", "4", *arguments)
        self.environment["no_proxy"] = "*"
        self.usual = None

    @staticmethod
    def read(out):
        objects = [json.loads(line) for line in out.splitlines()]
        if not objects or objects[-1]["type"] != "summary":
            raise Wrong("the report has no summary")
        broken = {o["url"]: o["reason"] for o in objects if o["type"] == "broken"}
        summary = {k: objects[-1][k] for k in ("pages", "links", "unique", "ok", "broken",
                                               "skipped", "unchecked")}
        if objects[-1]["tasks_started"] != objects[-1]["tasks_ended"]:
            raise Wrong("tasks are left")
        if objects[-1]["tasks_leaked"]:
            raise Wrong("tasks are leaked")
        return broken, summary

    def judge(self, status, out, err):
        outcome = self.judge_end(status, out, err)
        if outcome:
            return outcome
        if status == 1:
            if not re.search(r"^runnel( check)?: \S", err, re.M):
                raise Wrong("status 1 without a message: " + last_words(err))
            return "error"
        try:
            broken, summary = self.read(out)
        except ValueError as error:
            raise Wrong(f"status {status}, and the report is no JSON: {error}") from error
        if self.usual is None:
            self.usual = status, broken, summary
            return "as if nothing had failed"
        if (status, broken, summary) == self.usual:
            return "as if nothing had failed"
        more = {url: why for url, why in broken.items() if self.usual[1].get(url) != why}
        if status != 2 or not more:
            lost = {k: (v, summary[k]) for k, v in self.usual[2].items() if summary[k] != v}
            raise Wrong(f"status {status}, another answer without a reason: {lost}")
        return "reported as broken"


class Tool(Command):
    """A command whose text is for people: it is the usual one, or there is a message."""

    def __init__(self, name, path, *arguments, **environment):
        super().__init__(name, path, *arguments)
        self.environment.update(environment)
        self.usual = None

    def judge(self, status, out, err):
        outcome = self.judge_end(status, out, err)
        if outcome:
            return outcome
        text = re.sub(r"[\d.]+ seconds|account: .*", "", out)
        if self.usual is None:
            self.usual = status, text
        if (status, text) == self.usual:
            return "as if nothing had failed"
        if status == 1 and re.search(r"^runnel( \w+)?: \S", err, re.M):
            return "error"
        if status == self.usual[0] and text.count("\n") == self.usual[1].count("\n"):
            return "shown otherwise"
        if status == 2 and text.count("\n") > self.usual[1].count("\n"):
            return "reported as broken"
        raise Wrong(f"status {status}, stdout {out[:300]!r}; stderr: {last_words(err)}")


class DemoSite(Program):
    """`runnel demo-site`: it serves, whatever becomes of one connection, until told to end."""

    def __init__(self, name, path):
        super().__init__(name, path, "demo-site")
        self.lock = threading.Lock()
        self.answers = []

    @staticmethod
    def ask(port, page):
        with socket.create_connection(("127.0.0.1", port), timeout=5) as s:
            s.sendall(b"GET %s HTTP/1.1\r\nHost: x\r\n\r\n" % page)
            s.shutdown(socket.SHUT_WR)
            data = b""
            while True:
                more = s.recv(65536)
                if not more:
                    return data
                data += more

    def run(self, extra):
        with self.lock:  # one at a time: the answers are kept here
            status, out, err, seconds = super().run(extra)
            return status, "\n".join([out.strip(), *self.answers]), err, seconds

    def drive(self, process):
        self.answers = []
        port = None
        end = time.monotonic() + 5
        while port is None and time.monotonic() < end and process.poll() is None:
            with contextlib.suppress(OSError):  # it has ended
                with open(f"/proc/{process.pid}/fd/1", "rb") as out:
                    found = re.search(rb"127\.0\.0\.1:(\d+)/", out.read())
                port = int(found[1]) if found else None
            time.sleep(0.01)
        if port is not None:
            for page in (b"/", b"/nowhere", b"/") * 2:
                try:
                    self.answers.append(self.ask(port, page)[:12].decode())
                except OSError as error:
                    self.answers.append(str(error))
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        return process.wait(self.seconds)

    def judge(self, status, out, err):
        if status == -signal.SIGTERM:  # it could not wait for the signal, and let it have its way
            return "ended by the signal"
        outcome = self.judge_end(status, out, err)
        if outcome:
            return outcome
        if status == 1:
            if not re.search(r"^runnel( demo-site)?: \S", err, re.M):
                raise Wrong("status 1 without a message: " + last_words(err))
            return "error"
        wanted = ["HTTP/1.1 200", "HTTP/1.1 404", "HTTP/1.1 200"] * 2
        answers = out.split("\n")[1:]
        if status != 0 or len(answers) != len(wanted):
            raise Wrong(f"status {status}, stdout {out!r}; stderr: {last_words(err)}")
        if any(got[:8] == "HTTP/1.1" and got != want for got, want in zip(answers, wanted)):
            raise Wrong(f"wrong answers: {answers}")
        return "as if nothing had failed" if answers == wanted else "connection lost"


@contextlib.contextmanager
def demo_site(runnel):
    """The address of a demonstration site."""
    with subprocess.Popen([runnel, "demo-site"], stdout=subprocess.PIPE, text=True) as site:
        try:
            yield re.search(r"http://\S+", site.stdout.readline())[0]
        finally:
            site.terminate()


def write_tree(root):
    """A local tree of a few pages, with one broken link."""
    pages = {
        "index.html": "<title>t</title><a href=a.html>a</a><a href=sub/>s</a><a href=no.html>n</a>",
        "a.html": "<p id=x>" + "text " * 20000 + "<a href=index.html>i</a><a href='#x'>x</a>",
        "sub/index.html": "<a href=../a.html#x>a</a><a href=b.html>b</a><img src=c.png>",
        "sub/b.html": "<base href=../><a href=a.html>a</a><a href=sub/no.html>n</a>",
        "sub/c.png": "x",
        "e mpty.html": "",
    }
    for name, text in pages.items():
        path = os.path.join(root, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
    for i in range(40):
        with open(os.path.join(root, "sub", f"p{i}.html"), "w", encoding="utf-8") as file:
            file.write(f"<a href=p{(i + 1) % 40}.html>n</a><a href=../index.html>i</a>")
