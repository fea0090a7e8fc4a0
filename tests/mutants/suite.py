# SPDX-License-Identifier: MIT
"""The tests that mutants are to be caught by, in the order that catches them soonest."""
import json
import os
import re
import select
import signal
import subprocess
import time
from typing import NamedTuple

# What runs the library. The rest of CTest's list looks at sources or builds in other ways.
WANTED = re.compile(r"(base|os|core|sync|scope|pattern|io|obs|examples)/|models/|sim/|check/"
                    r"|sanitizers?/|kit@|house/cplusplus|house/tutorial-costs")
UNWANTED = re.compile(r"models/mutate|core/migration|examples/self-test|examples/.*@[14]$"
                      r"|sanitizer/address|sanitizer/undefined")
# Whose cause may be another file than the one named so.
RELATED = {
    "dispatch": ["task", "fairness", "parallel"], "park": ["sleep", "task"], "runq": ["parallel"],
    "queue": ["fairness", "parallel"], "stack": ["stack_class", "overflow"],
    "spawn": ["task", "million"], "start": ["task", "pin"], "virtual": ["test_clock"],
    "sim": ["test_run", "test_order", "sweep"], "schedule": ["sweep", "test_run"],
    "trial": ["sweep", "test_run"], "worker": ["threads", "task"], "foreign": ["threads"],
    "watch": ["parallel", "idle"], "timer": ["sleep", "timers"], "verdict": ["idle", "deadlock"],
    "custom": ["context_value", "context"], "owned": ["group_owned", "group_defer"],
    "failures": ["group"], "shield": ["group_cancel"], "lot": ["mutex", "cond"],
    "descriptor": ["select_fd", "fd", "wait"], "chan_life": ["chan_drop", "chan_close"],
    "chan_timer": ["select_time", "chan"], "poll": ["fairness", "polling"],
    "context": ["context", "cancel_tree"],
}

FAR = 30  # ranks from here on are the last hope


class Test(NamedTuple):
    name: str
    command: list
    environment: dict
    folder: str
    alone: bool
    target: str  # what builds it, or None


def tests_of(build):
    shown = subprocess.run(["ctest", "--test-dir", build, "--show-only=json-v1"], check=True,
                           capture_output=True, text=True).stdout
    tests = []
    for entry in json.loads(shown)["tests"]:
        if not WANTED.match(entry["name"]) or UNWANTED.match(entry["name"]):
            continue
        properties = {p["name"]: p["value"] for p in entry["properties"]}
        if "PASS_REGULAR_EXPRESSION" in properties:
            continue
        variables = dict(v.split("=", 1) for v in properties.get("ENVIRONMENT", []))
        program = next((os.path.relpath(word, build) for word in entry["command"]
                        if word.startswith(os.path.join(build, ""))), None)
        tests.append(Test(entry["name"], entry["command"], variables,
                          properties["WORKING_DIRECTORY"], "RUN_SERIAL" in properties, program))
    return tests


def rank(file, modelled, seconds):
    """A key for sorting tests: how likely and how soon one of them notices a change of `file`."""
    room, stem = os.path.splitext(file)[0].split("/")
    near = RELATED.get(stem, []) + [stem]

    def key(test):
        name, _, workers = test.name.partition("@")
        folder, _, base = name.partition("/")
        kit = folder not in ("examples", "models", "sim", "check")
        if base == stem or base in near and kit:
            place = 0
        elif kit and (base.startswith(stem) or any(base.startswith(n) for n in near)):
            place = 1
        elif folder == "models":
            place = 2 if modelled else 7
        elif folder == room:
            place = 3
        elif kit:
            place = 4
        else:
            place = 5 if folder in ("sim", "check") else 6
        if workers in ("1", "4"):
            place += 10 if place < 2 else FAR
        if seconds.get(test.name, 1.0) > 5:
            place += 2 * FAR
        return place, seconds.get(test.name, 1.0), test.name
    return key


def session_of(leader):
    """Processes of a session: a hanging test may have started some in process groups of theirs."""
    found = []
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                with open(f"/proc/{entry}/stat", encoding="latin-1") as stat:
                    fields = stat.read().rpartition(")")[2].split()
                if int(fields[3]) == leader:
                    found.append(int(entry))
            except OSError:
                pass
    return found


def end_session(process):
    for _ in range(3):
        for pid in session_of(process.pid):
            try:
                os.kill(pid, signal.SIGKILL)
            except OSError:
                pass
    process.wait()


def run(test, limit):
    """(what failed, or None; seconds; whether it was stopped by the limit). The first test of a kit
    program that fails ends it."""
    start = time.monotonic()
    environment = dict(os.environ, **test.environment)
    environment["KIT_TIMEOUT_SECONDS"] = str(max(2, int(limit)))
    # pylint: disable=consider-using-with
    process = subprocess.Popen(test.command, cwd=test.folder, env=environment,
                               stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT, start_new_session=True)
    said, failed, timeout, ended = b"", None, False, None
    while True:
        left = start + limit - time.monotonic()
        ready, _, _ = select.select([process.stdout], [], [], min(max(left, 0), 0.2))
        chunk = os.read(process.stdout.fileno(), 65536) if ready else b""
        said = (said + chunk)[-200000:]
        failed = re.search(rb"^FAIL (\w+)", said, re.M)
        if failed:
            break
        if process.poll() is not None and not chunk:
            ended = process.returncode
            break
        if left <= 0:
            timeout = True
            break
        if ready and not chunk:
            time.sleep(0.01)
    end_session(process)
    process.stdout.close()
    seconds = time.monotonic() - start
    if failed:
        text = said.decode("utf-8", "replace")
        hung = f"no end after {environment['KIT_TIMEOUT_SECONDS']} seconds" in text
        return failed.group(1).decode(), seconds, hung
    if timeout:
        done = re.findall(rb"^ok (\w+)", said, re.M)
        return f"(after {done[-1].decode()})" if done else "", seconds, True
    if ended not in (0, 77):
        return f"exit status {ended}", seconds, False
    return None, seconds, False
