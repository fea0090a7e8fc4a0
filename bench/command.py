# SPDX-License-Identifier: MIT
"""Runs the commands that find, install and build the peers, and says what went wrong."""
import subprocess


def run(command, say, timeout=600, **options):
    """Runs a command; returns its output, or None after having said what went wrong."""
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, timeout=timeout, **options)
    except (OSError, subprocess.TimeoutExpired) as error:
        say(f"{command[0]}: {error}")
        return None
    if done.returncode:
        tail = "\n".join(done.stdout.strip().splitlines()[-8:])
        say(f"{' '.join(map(str, command))}: exit status {done.returncode}\n{tail}")
        return None
    return done.stdout


def first_line(command, **options):
    """The first line that a command prints (its version, mostly), or an empty text."""
    return ((run(command, lambda line: None, **options) or "").strip().splitlines() or [""])[0]
