# SPDX-License-Identifier: MIT
"""What a reader must know of the machine to make sense of the figures."""
import json
import os
import platform
import re
import subprocess
import time
from pathlib import Path

from command import first_line

ROOT = Path(__file__).resolve().parent.parent


def cpu_seconds():
    """CPU time so far: of the whole machine, idle or not; spent by our own programs; spent by all
    others; taken by the hypervisor."""
    ticks = [int(t) for t in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]]
    total, idle, stolen = (t / os.sysconf("SC_CLK_TCK")
                           for t in (sum(ticks), ticks[3] + ticks[4], ticks[7]))
    own = sum(os.times()[:4])
    return total, own, total - idle - stolen - own, stolen


def cpu_shares(before, after):
    """Between two cpu_seconds: the percentages that others used and the hypervisor took."""
    total, _, others, stolen = (b - a for a, b in zip(before, after))
    return {"others_percent": round(100 * max(others, 0) / total, 1),
            "stolen_percent": round(100 * stolen / total, 1)}


def compiler(build):
    """The C compiler of a build folder, as it calls itself."""
    path = re.search(r"^CMAKE_C_COMPILER:\w+=(.*)$", (build / "CMakeCache.txt").read_text(), re.M)
    return first_line([path[1] if path else "cc", "--version"]) or "?"


def compile_flags(build):
    """How the library was compiled, as far as it matters for speed."""
    try:
        commands = json.loads((build / "compile_commands.json").read_text())
        command = next(c["command"] for c in commands if "/src/core/" in c["file"])
    except (OSError, ValueError, StopIteration):
        return "?"
    return " ".join(re.findall(r"(?<= )-(?:O|D|m|fl|fno-lto|fsan)\S*", command))


def revision():
    try:
        return subprocess.run(["git", "describe", "--always", "--dirty"], cwd=ROOT,
                              capture_output=True, text=True).stdout.strip()
    except OSError:
        return ""


def facts(build):
    model = re.search(r"model name\s*:\s*(.*)", Path("/proc/cpuinfo").read_text())
    return {
        "date": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "cpu": model[1] if model else platform.machine(),
        "cores": len(os.sched_getaffinity(0)),
        "memory_mib": os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") >> 20,
        "kernel": platform.release(),
        "load_before": os.getloadavg()[0],
        "compiler": compiler(build),
        "flags": compile_flags(build),
        "revision": revision(),
    }
