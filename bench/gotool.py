# SPDX-License-Identifier: MIT
"""Finds a Go toolchain, or installs one, and builds peers/go with it.

In this order: the one the caller names; the toolchain in the npm package @ttsc/linux-x64, which is
newer than any in Debian 12; a `go` on the PATH; Debian's golang-go. The first that builds the
programs is taken.
"""
import os
import platform
import re
import shutil
from pathlib import Path

from command import run

PROGRAMS = Path(__file__).resolve().parent / "peers" / "go"
# Pinned, so that two machines compare with the same Go (1.26.8); without the pin if it is gone.
NPM_PACKAGES = ("@ttsc/linux-x64@0.30.4", "@ttsc/linux-x64")


class Go:
    """A toolchain that works: where it is, its version, and the program it built."""

    def __init__(self, path, version, program):
        self.path, self.version, self.program = path, version, program


def get(work, wanted, say):
    """Returns a Go whose program is built in the folder work, or None. say(line) hears why not."""
    work = Path(work).resolve()
    work.mkdir(parents=True, exist_ok=True)
    for candidate in [lambda: wanted] if wanted else [
            lambda: from_npm(work, say), lambda: shutil.which("go"), lambda: from_debian(say)]:
        path = candidate()
        go = path and build(Path(path).resolve(), work, say)
        if go:
            return go
    return None


def from_npm(work, say):
    """The go command of the npm package, installed into work on the first call."""
    if platform.system() != "Linux" or platform.machine() != "x86_64":
        return None
    go = work / "node_modules/@ttsc/linux-x64/bin/go/bin/go"
    if go.exists():
        return go
    if not shutil.which("npm"):
        say("npm is not installed, so the newest Go cannot be had")
        return None
    for package in NPM_PACKAGES:
        say(f"installing Go from the npm package {package} into {os.path.relpath(work)}")
        if run(["npm", "install", "--prefix", work, "--no-audit", "--no-fund", "--ignore-scripts",
                package], say) is not None and go.exists():
            return go
    return None


def from_debian(say):
    """The go command of Debian's golang-go, installed if we may."""
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        say("not root on a Debian, so golang-go is not installed")
        return None
    say("installing Debian's golang-go")
    install = ["apt-get", "install", "-y", "--no-install-recommends", "golang-go"]
    env = dict(os.environ, DEBIAN_FRONTEND="noninteractive")
    if run(install, say, env=env) is None:
        run(["apt-get", "update"], say, env=env)
        run(install, say, env=env)
    return shutil.which("go")


def environment(path, work):
    """Nothing is downloaded and nothing is written outside work."""
    env = {k: v for k, v in os.environ.items() if not k.startswith(("GO", "CGO"))}
    env.update(GOENV="off", GOFLAGS="-mod=mod", GOTOOLCHAIN="local", GOPROXY="off",
               GO111MODULE="on", CGO_ENABLED="0", GOCACHE=str(work / "cache"),
               GOPATH=str(work / "path"))
    if path.is_relative_to(work):  # a toolchain that was moved does not know where it is
        env["GOROOT"] = str(path.parent.parent)
    return env


def build(path, work, say):
    """Builds the programs; that is also the test whether the toolchain is whole."""
    env = environment(path, work)
    output = run([path, "version"], say, env=env)
    version = output and re.search(r"go(\d+)\.(\d+)\S*", output)
    if not version:
        return None
    # The language version must be the toolchain's own: an older one changes the run-time's
    # defaults, a newer one is refused.
    module = work / "go.mod"
    module.write_text(f"module runnel/bench\n\ngo {version[1]}.{version[2]}\n")
    program = work / "gobench"
    if run([path, "build", "-modfile", module, "-o", program, "."], say, cwd=PROGRAMS,
           env=env) is None:
        return None
    return Go(str(path), version[0], program)
