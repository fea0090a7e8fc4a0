# SPDX-License-Identifier: MIT
"""The sides of the comparison: runnel, and each peer with its build, settings and rows.

A peer is one program that runs the row it is told to and, asked for `list`, says which rows it has.
A peer that cannot be had here has `missing`, the reason, and the
table says so in its place. `notes` tells, per row, where the peer's work is not quite the same.
"""
import os

import boosttool
import gotool
import rusttool
from command import run


def clean_environment():
    """Ours without what would change how a side runs."""
    return {k: v for k, v in os.environ.items()
            if not k.startswith(("RUNNEL_", "GO", "BENCH_", "TOKIO_", "MALLOC_"))}


class Side:
    build = None  # the build folder of runnel, which has the client of the servers too
    key = label = None
    notes = {}     # row name: what is not the same
    divisors = {}  # row name: the peer does one n-th of the operations, because it takes so long
    version = missing = None
    limit = False  # to be below it is no loss
    command = None  # the program, once prepare() has built it
    names = ()      # of the rows that it has

    def prepare(self, options, say):
        """Finds and builds the peer. Sets command and version, or missing."""
        raise NotImplementedError

    def built(self, program, version):
        self.command, self.version = [program], version
        self.names = (run([program, "list"], print, timeout=10) or "").split()

    def work(self, row):
        """The name of the row's program. What is only said of runnel's stacks changes no peer's."""
        return row.name.removesuffix("_tiny")

    def has(self, row):
        return self.work(row) in self.names

    def operations(self, row, n):
        return n // self.divisors.get(self.work(row), 1)

    def environment(self, workers):
        return {"BENCH_WORKERS": str(workers)}

    def cpus(self, workers):
        """The CPUs to stay on, or None for all."""
        return None

    def server(self, row, workers):
        """The command of a row's server."""
        return [*self.command, row.name]

    def program(self, row, workers, n):
        """What measure.run_once needs: command, environment, CPUs."""
        work = [self.work(row), str(n), str(row.capacity)]
        command = ([self.build / "bin/bench-load", *work, "--", *self.server(row, workers)]
                   if row.load else [*self.command, *work])
        return (command, dict(clean_environment(), **self.environment(workers)),
                self.cpus(workers))


class Runnel(Side):
    key = label = "runnel"

    def __init__(self, build):
        self.build, self.command = build, [build / "bin"]

    def work(self, row):
        return row.name

    def has(self, row):
        return True

    def environment(self, workers):
        return {"RUNNEL_WORKERS": str(workers)}

    def server(self, row, workers):
        return [self.build / "bin" / f"bench-{row.name}"]

    def program(self, row, workers, n):
        command, *rest = super().program(row, workers, n)
        if not row.load:  # a program for each row
            command = [self.build / "bin" / f"bench-{row.name}", *command[2:]]
        return command, *rest


class Go(Side):
    key, label = "go", "Go"

    def prepare(self, options, say):
        go = gotool.get(options.build / "bench/go", options.go, say)
        if go:
            self.built(go.program, go.version)
            say(f"Go: {os.path.relpath(go.path)}")
        else:
            self.missing = "not installed: no Go could be had from npm, the PATH or Debian"

    def environment(self, workers):
        return {"GOMAXPROCS": str(workers), "GOGC": "400"}  # see README.md


class Rust(Side):
    """A crate of peers/rust."""
    crate = None

    def prepare(self, options, say):
        built = rusttool.get(options.build / "bench/rust", options.crates_io, say)
        if isinstance(built, str):
            self.missing = built
        else:
            self.built(built.program(self.key),
                       f"{built.crate_version(self.crate)}, {built.compiler}")


class Tokio(Rust):
    key = label = crate = "tokio"
    notes = dict({name: "tokio has no unbuffered channel: capacity 1, its least" for name in (
        "pingpong", "unbuffered", "select3", "ring", "sieve", "fanout")},
                 mpmc="async-channel, as tokio's have one consumer; capacity 1 for 0")


class Crossbeam(Rust):
    key = label = "crossbeam"
    crate = "crossbeam-channel"
    notes = {"": "crossbeam-channel connects OS threads; 1 worker: all of them on one CPU"}
    divisors = {"pingpong": 50, "unbuffered": 50, "select3": 50, "fanout": 50, "mpmc": 20}

    def cpus(self, workers):
        return sorted(os.sched_getaffinity(0))[:workers]


class BoostFiber(Side):
    key, label = "boost", "Boost.Fiber"
    notes = {name: "its capacity is a power of two: the next that holds as many items"
             for name in ("buffered", "mpmc")}

    def prepare(self, options, say):
        built = boosttool.get(options.build / "bench/boost", say)
        if isinstance(built, str):
            self.missing = built
        else:
            self.built(built.program, built.version)

    def environment(self, workers):
        # Or glibc gives the memory of ended fibers back to the system, to fetch it again.
        return dict(super().environment(workers), MALLOC_TOP_PAD_="16777216",
                    MALLOC_TRIM_THRESHOLD_="1073741824")


class Epoll(Side):
    """The system's own calls, as a C programmer would make them: the limit for servers."""
    key, label, names = "epoll", "raw epoll", ("echo",)

    def prepare(self, options, say):
        self.command = [options.build / "bin"]
        self.version = "in C, compiled like runnel"

    def server(self, row, workers):
        return [self.build / "bin" / f"bench-{row.name}-epoll", str(workers)]


class Floor(Side):
    """What the machine itself makes of the work: no peer, but how far the others could come."""
    key, label = "floor", "floor"
    limit = True

    def prepare(self, options, say):
        self.built(options.build / "bin/bench-floor", "in C, compiled like runnel, one thread")


class NotPackaged(Side):
    """A peer that people ask for, but that no registry we may use has. Nothing is vendored."""

    def __init__(self, key, label):
        self.key, self.label = key, label

    def prepare(self, options, say):
        self.missing = "not installed: neither Debian nor npm has it"


def all_peers():
    return [Go(), Tokio(), Crossbeam(), BoostFiber(), Epoll(), Floor(),
            NotPackaged("libdill", "libdill"), NotPackaged("neco", "neco")]


def notes_of(sides, rows):
    """The footnotes that the rows shown need, as lines of text."""
    names = {row.name for row in rows}
    found = {}
    for side in sides:
        for name, note in side.notes.items():
            if side.command and (name == "" or name in names):
                found.setdefault((side.label, note), []).append(name)
        slow = {row.name: side.divisors[row.name] for row in rows if row.name in side.divisors}
        for name, divisor in slow.items() if side.command else ():
            found.setdefault((side.label, f"does 1/{divisor} of the operations, being slow"),
                             []).append(name)
    return [f"{label}: {note}" + (f" ({', '.join(names)})" if any(names) else "")
            for (label, note), names in found.items()]
