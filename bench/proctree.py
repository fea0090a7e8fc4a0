# SPDX-License-Identifier: MIT
"""Runs a command and measures it with all its descendants.

CPU time is what the kernel counted for the command and all descendants that were waited for. The
peak of memory is the greatest sum of the resident sizes of those alive at one time, each at its own
peak (VmHWM): exact for a single process, an upper bound for several. Memory that two of them share
counts twice. It is looked at every SAMPLE_SECONDS; for a single process nothing is lost by that,
because the kernel's own figure of the peak (ru_maxrss) is taken if it is higher.
"""
import os
import signal
import subprocess
import time
from pathlib import Path

SAMPLE_SECONDS = 0.02
GRACE_SECONDS = 10  # after the interrupt at the limit: to write what was found


class Measured:
    """What a run took: seconds, bytes; its exit status, negative if a signal ended it."""

    def __init__(self, wall, usage, peak, status, ended):
        self.wall_s, self.cpu_s = wall, usage.ru_utime + usage.ru_stime
        self.peak_bytes = max(peak, usage.ru_maxrss * 1024)
        self.status, self.ended = status, ended  # ended: by itself, not at the limit


def descendants(pid):
    """pid and all processes below it, as far as they are there."""
    found, left = [], [pid]
    while left:
        found.append(left.pop())
        try:
            for task in os.scandir(f"/proc/{found[-1]}/task"):
                left += map(int, Path(task.path, "children").read_text().split())
        except OSError:
            pass  # it ended meanwhile
    return found


def resident_peak(pid):
    """The most that one process had in memory, in bytes; 0 if it is gone."""
    try:
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    except OSError:
        pass
    return 0


def wait(process, limit_s):
    """Returns (rusage, status, peak, whether it ended by itself) once the process is reaped."""
    start, peak, stage = time.monotonic(), 0, 0
    while True:
        pid, status, usage = os.wait4(process.pid, os.WNOHANG)
        if pid:
            process.returncode = os.waitstatus_to_exitcode(status)
            return usage, process.returncode, peak, stage == 0
        peak = max(peak, sum(map(resident_peak, descendants(process.pid))))
        late = time.monotonic() - start - limit_s
        if late > 0 and stage == 0:
            os.killpg(process.pid, signal.SIGINT)
            stage = 1
        elif late > GRACE_SECONDS and stage == 1:
            os.killpg(process.pid, signal.SIGKILL)
            stage = 2
        time.sleep(SAMPLE_SECONDS)


def measure(command, limit_s, stdout, stderr, **options):
    """Runs the command with its output in two files; interrupts it after limit_s."""
    with open(stdout, "wb") as out, open(stderr, "wb") as err:
        start = time.monotonic()
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=err,
                                   start_new_session=True, **options)
        usage, status, peak, ended = wait(process, limit_s)
        return Measured(time.monotonic() - start, usage, peak, status, ended)
