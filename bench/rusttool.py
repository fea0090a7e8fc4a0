# SPDX-License-Identifier: MIT
"""Builds the Rust peers with cargo: tokio and crossbeam-channel.

The crates come from Debian's librust-*-dev packages, which cargo reads as a directory source, so
that nothing is downloaded. --crates-io takes the newest from crates.io instead, where that can be
reached.
"""
import os
import re
import shutil
from pathlib import Path

from command import first_line, run

PROGRAMS = Path(__file__).resolve().parent / "peers" / "rust"
DEBIAN = Path("/usr/share/cargo/registry")


class Rust:
    """The crates that were built in a folder, and with which versions."""

    def __init__(self, target, lock, compiler):
        self.target, self.lock, self.compiler = target, lock, compiler

    def program(self, key):
        return self.target / "release" / f"bench-{key}"

    def crate_version(self, name):
        found = re.search(rf'name = "{name}"\nversion = "([^"]+)"', self.lock)
        return f"{name} {found[1] if found else '?'}"


built = {}  # one build for both peers: {work folder: its Rust, or why there is none}


def get(work, crates_io, say):
    """Returns the Rust built in the folder work, or why there is none."""
    work = Path(work).resolve()
    if work not in built:
        built[work] = build(work, crates_io, say)
    return built[work]


def build(work, crates_io, say):
    cargo = shutil.which("cargo")
    if not cargo:
        return "not installed: no cargo (Debian: cargo-web)"
    crates = ("tokio-*", "crossbeam-channel-*", "async-channel-*")
    if not crates_io and not all(any(DEBIAN.glob(name)) for name in crates):
        return ("not installed: no crates (Debian: librust-tokio-dev librust-crossbeam-channel-dev "
                "librust-async-channel-dev)")
    # Cargo writes its lock file beside the sources, so it gets a copy of them.
    sources = work / "src"
    shutil.rmtree(sources, ignore_errors=True)
    shutil.copytree(PROGRAMS, sources)
    env = {k: v for k, v in os.environ.items() if not k.startswith(("CARGO", "RUSTFLAGS"))}
    env.update(CARGO_HOME=str(work / "home"), CARGO_TARGET_DIR=str(work / "target"))
    command = [cargo, "build", "--release", "--quiet"]
    if not crates_io:
        command += ["--offline", "--config", 'source.crates-io.replace-with="debian"',
                    "--config", f'source.debian.directory="{DEBIAN}"']
    if not (work / "target").exists():
        say("building the programs for tokio and crossbeam-channel")
    if run(command, say, cwd=sources, env=env) is None:
        return "not built: see above"
    compiler = first_line(["rustc", "--version"], env=env)
    return Rust(work / "target", (sources / "Cargo.lock").read_text(),
                re.sub(r" \(.*", "", compiler))
