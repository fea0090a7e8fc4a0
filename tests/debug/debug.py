#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Tests what a debugger shows of tasks: tools/runnel-gdb.py, tools/rn-core, and how stacks end.

    tests/debug/debug.py CASE PROGRAM SCRATCH

PROGRAM is parked.c, built one way or another; the cases are the functions at the end. 77 means that
gdb, or what else the case needs, is missing or not allowed here.
"""
import glob
import os
import re
import resource
import shutil
import signal
import subprocess
import sys
import time

from expected import (LAST, OTHERS, OTHERS_OPTIMISED, RECEIVER, channel_lines, frame, must,
                      must_not, task_lines)

HERE = os.path.dirname(os.path.abspath(__file__))
TOOLS = os.path.join(HERE, "..", "..", "tools")
SCRIPT = os.path.join(TOOLS, "runnel-gdb.py")
LIMIT = 60  # seconds for any one process
CROWD = 3000
CROWD_SECONDS = 8


class Skipped(Exception):
    """What the case needs is not there."""


# ---- running ----

def run(words, **options):
    options = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True,
               "timeout": LIMIT, "errors": "replace", **options}
    return subprocess.run(words, check=False, **options)


def gdb(arguments, commands=(), script="inside.py", before=()):
    """What gdb prints when `commands` run in it, as {command: text}; "" is all of it."""
    environment = {**os.environ, "RUNNEL_WORKERS": "3", "RUNNEL_COMMANDS": "\n".join(commands),
                   "DEBUGINFOD_URLS": ""}
    words = ["gdb", "-nx", "-q", "-batch", "-iex", "set style enabled off",
             "-iex", "set width 0", "-iex", "set startup-with-shell off",
             "-iex", "set auto-load no", *arguments]
    for command in (*before, f"source {SCRIPT}", f"source {os.path.join(HERE, script)}"):
        words += ["-ex", command]
    words += ["-ex", "kill"] if "run" in before else []
    text = run(words, env=environment).stdout
    if re.search(r"ptrace: Operation not permitted|Could not attach", text):
        raise Skipped("gdb may not look at processes here")
    found = {"": text}
    for part in re.split(r"^@ ", text, flags=re.M)[1:]:
        command, _, rest = part.partition("\n")
        found[command] = rest
    return found


def at_hold(program, crowd, commands):
    """Starts the program under gdb and runs commands where every task is in its place."""
    return gdb([program], commands, before=("break hold", f"set args {crowd}", "run"))


class Running:
    """The program, running freely, when every task is in its place."""

    def __init__(self, program, crowd):
        self.process = subprocess.Popen([program, str(crowd)], stdout=subprocess.PIPE, text=True,
                                        env={**os.environ, "RUNNEL_WORKERS": "3"})
        if self.process.stdout.readline() != "ready\n":
            sys.exit("the program did not come to its place")

    def __enter__(self):
        return self.process

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()


def core_of(program, crowd, scratch):
    """The core of a program that has aborted when every task was in its place."""
    for old in glob.glob(os.path.join(scratch, "*core*")):
        os.remove(old)
    with open("/proc/sys/kernel/core_pattern", encoding="ascii") as file:
        pattern = file.read()
    if pattern.startswith("|") or "/" in pattern:
        raise Skipped("cores go elsewhere here")
    _, hard = resource.getrlimit(resource.RLIMIT_CORE)
    ended = run([os.path.abspath(program), str(crowd), "abort"], cwd=scratch,
                env={**os.environ, "RUNNEL_WORKERS": "3"},
                preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_CORE, (hard, hard)))
    cores = glob.glob(os.path.join(scratch, "core*"))
    if ended.returncode != -signal.SIGABRT:
        sys.exit(f"the program ended with {ended.returncode}: {ended.stdout}")
    if not cores:
        raise Skipped("no core is written here")
    return cores[0]


def rn_core(*arguments):
    return run([sys.executable, os.path.join(TOOLS, "rn-core"), *arguments])


# ---- cases ----

LOOKS = ["runnel tasks", "runnel channels", "runnel bt all", "runnel bt {receiver}",
         "runnel bt {receiver} -full", "runnel frame {receiver} {inner}",
         "runnel frame {receiver} {outer} print depth + 10", "runnel bt {spinner}"]


def check_looks(seen, crowd):
    tasks = seen["runnel tasks"]
    must(tasks, task_lines(crowd))
    ids = {name: number for number, name in re.findall(r"^  task (\d+) (\w+) \[", tasks, re.M)}
    must(seen["runnel channels"], [re.sub(r"\{(\w+)\}", lambda m: ids.get(m[1], m[0]), line)
                                   for line in channel_lines(crowd)])
    everything = seen["runnel bt all"]
    must(everything, RECEIVER + OTHERS)
    if crowd > 1:
        must(everything, [rf"^{crowd} tasks with one stack: \d+, ", frame("member",
                          r"c=0x[0-9a-f]+, n=\d+", "member")])
    one = seen["runnel bt {receiver}"]
    must(one, RECEIVER + [r"^#0 ", LAST])
    must_not(one, r"sender|rni_arch_parked|corrupt|stopped")
    must(seen["runnel bt {receiver} -full"], [r"local = 300"])
    must(seen["runnel frame {receiver} {inner}"],
         [r"^#\d+ .* in inner ", r"^depth = 3$", r"^local = 300$"])
    must(seen["runnel frame {receiver} {outer} print depth + 10"], [r"^\$\d+ = 13$"])
    must(seen["runnel bt {spinner}"], [frame("spinner", "n=10", "spinner"), LAST])


def must_be_unchanged(seen, command):
    """A command that was run first and last has printed the same."""
    texts = re.findall(rf"^@ {command}\n(.*?)(?=^@ |^\[Inferior|^Kill|\Z)", seen[""], re.M | re.S)
    if len(texts) != 2 or texts[0] != texts[1]:
        sys.exit(f"looking has changed {command}: {texts}")


def live(program, _scratch):
    """Started by gdb: everything is shown, and nothing is changed by looking."""
    state = ["info registers", "frame", "thread", "bt"]
    seen = at_hold(program, 3, state + LOOKS + state)
    check_looks(seen, 3)
    for command in state:
        must_be_unchanged(seen, command)


def attach(program, _scratch):
    """Attached to: the same, and the program is left as it was."""
    with Running(program, 12) as process:
        state = ["info registers"]
        seen = gdb(["-p", str(process.pid)], state + ["runnel tasks", "runnel bt all"] + state)
        must(seen["runnel tasks"], [line for line in task_lines(12) if "main" not in line])
        must(seen["runnel bt all"], OTHERS_OPTIMISED)
        must_be_unchanged(seen, "info registers")
        with open(f"/proc/{process.pid}/stat", encoding="ascii") as file:
            if process.poll() is not None or file.read().rpartition(")")[2].split()[0] in "tT":
                sys.exit("the program does not run any more")


def core(program, scratch):
    """A core shows what the process would, and so do the threads that rn-core makes."""
    path = core_of(program, 3, scratch)
    check_looks(gdb([program, path], LOOKS), 3)
    out = os.path.join(scratch, "threads.core")
    must(rn_core(path, "-o", out).stdout, [r"^rn-core: 10 parked tasks are threads in "])
    if os.stat(out).st_mode != os.stat(path).st_mode:
        sys.exit(f"others may read the copy: {os.stat(out).st_mode:o}")
    seen = gdb([program, out], ["info threads", "thread apply all bt", "runnel tasks"])
    receiver = re.search(r"^  task (\d+) receiver", seen["runnel tasks"], re.M).group(1)
    must(seen["info threads"], [rf"LWP {1000000000 + int(receiver)}\b.* rni_arch_parked \(\)"])
    must(seen["thread apply all bt"], RECEIVER + OTHERS)
    if len(re.findall(r"^#0 .*rni_arch_parked", seen["thread apply all bt"], re.M)) != 10:
        sys.exit(f"not every task is a thread: {seen['thread apply all bt']}")
    must_not(seen["thread apply all bt"], r"corrupt|Backtrace stopped")
    cut = os.path.join(scratch, "cut.core")
    with open(path, "rb") as whole, open(cut, "wb") as file:
        file.write(whole.read(8192))
    must(rn_core(cut).stdout, [r"^rn-core: \S+cut\.core is cut off: \d+ bytes are not there "])


def gcore(program, scratch):
    """`runnel gcore` saves the stacks; a core without them is told from one without tasks."""
    path, plain = os.path.join(scratch, "saved.core"), os.path.join(scratch, "plain.core")
    seen = at_hold(program, 3, [f"runnel gcore {path}", f"gcore {plain}"])
    must(seen[f"runnel gcore {path}"], [r"^runnel: \S+ has the stacks of 12 tasks$"])
    check_looks(gdb([program, path], LOOKS), 3)
    must(rn_core(path).stdout, [r"^rn-core: 10 parked tasks are threads in \S+saved\.core\.tasks$"])
    tasks = gdb([program, plain], ["runnel tasks"])["runnel tasks"]
    if "receiver" not in tasks:  # mprotected guards hinder gcore less
        must(tasks, [r"^runnel: \d+ records are not in this core \(gdb's gcore leaves them out, "])


def crowd(program, scratch):
    """Thousands of tasks do not make it slow, live or in a core."""
    start = time.monotonic()
    seen = at_hold(program, CROWD, ["runnel tasks", "runnel bt all"])
    took = time.monotonic() - start
    must(seen["runnel tasks"], [rf"^runnel: {9 + CROWD} tasks$"])
    must(seen["runnel bt all"], RECEIVER + OTHERS + [rf"^{CROWD} tasks with one stack: \d+, "])
    if len(re.findall(r"^#0 ", seen["runnel bt all"], re.M)) != 10:
        sys.exit(f"not 10 stacks: {seen['runnel bt all']}")
    if took > CROWD_SECONDS:
        sys.exit(f"{CROWD} tasks took {took:.1f} s")
    print(f"{CROWD} tasks: started, listed and shown in {took:.1f} s")

    # Fewer, because some file systems take long to remove a file of many pieces.
    path, n = core_of(program, CROWD // 10, scratch), CROWD // 10
    must(rn_core(path).stdout, [rf"^rn-core: {n + 7} parked tasks are threads in "])
    seen = gdb([program, path + ".tasks"], ["thread apply all bt 12"])
    found = re.findall(frame("member", r"c=0x[0-9a-f]+, n=\d+", "member"),
                       seen["thread apply all bt 12"], re.M)
    if len(found) != n or len(set(re.findall(r"\bn=\d+", "".join(found)))) != n:
        sys.exit(f"{len(found)} members of {n}: {seen['thread apply all bt 2']}")
    size, copied = (os.stat(file).st_blocks for file in (path, path + ".tasks"))
    if copied > 2 * size:  # in blocks: the holes are left out
        sys.exit(f"the copy takes {copied} blocks, the core {size}")
    os.remove(path)
    os.remove(path + ".tasks")


def stripped(program, scratch):
    """Without symbols tasks are found all the same: by the library's own table."""
    bare = os.path.join(scratch, "bare")
    if run(["strip", "--strip-all", "-o", bare, program]).returncode != 0:
        raise Skipped("no strip")
    path = core_of(bare, 3, scratch)
    seen = gdb([bare, path], ["runnel tasks", "runnel channels", "runnel bt {receiver}"])
    must(seen["runnel tasks"], task_lines(3))
    must(seen["runnel channels"], [r"^runnel: 4 channels$"])
    must(seen["runnel bt {receiver}"], [r"^#7 .* in \?\? \(\)$"])
    must_not(seen["runnel bt {receiver}"], r"^#20|corrupt")


def errors(program, scratch):
    """What cannot be done is said in a line."""
    seen = gdb([program], ["runnel tasks"])
    must(seen["runnel tasks"], [r"^error: runnel: there is no process and no core to look at$"])
    seen = gdb([shutil.which("sleep")], ["runnel bt 1"], before=("set args 60", "starti"))
    must(seen["runnel bt 1"], [r"^error: runnel: there is no runnel in this program$"])
    commands = {
        "runnel bt 99": r"there is no task 99 \(`runnel tasks` lists them\)",
        "runnel bt no": r"no is no number of a task",
        "runnel bt": r"which task\? runnel bt ID, or runnel bt all",
        "runnel frame {sender} 77": r"task \d+ has no frame 77",
        "runnel frame {sender}": r"which frame\? runnel frame ID N \[COMMAND\]",
    }
    seen = at_hold(program, 0, list(commands) + ["runnel frame {sender} 0 print nonsense"])
    for command, says in commands.items():
        must(seen[command], [rf"^error: runnel: {says}$"])
    must(seen["runnel frame {sender} 0 print nonsense"], [r'^error: No symbol "nonsense" in'])
    for path, says in {program: "is no core file", "/dev/null": "Invalid argument|is empty",
                       os.path.join(scratch, "nowhere"): "No such file"}.items():
        said = rn_core(path, "-o", os.path.join(scratch, "none"))
        must(said.stdout, [rf"^rn-core: .*({says})"])
        if said.returncode != 1 or said.stdout.count("\n") != 1:
            sys.exit(f"rn-core {path}: {said.returncode} {said.stdout}")


def steps(program, _scratch):
    """At every instruction of the switch the stack can be unwound to its end."""
    seen = gdb([program], script="steps.py", before=("break rni_arch_switch", "set args 3", "run"))
    stacks = re.findall(r"^@ (rni_arch_.*) : (.*)$", seen[""], re.M)
    ends = ("rni_arch_entry", "main", "worker_main")
    for names, reason in stacks:
        # Below it are libc's frames, which have no names where its debug symbols are not there.
        names = re.sub(r"\bworker_main .*", "worker_main", names).split()
        if names[-1] not in ends or "??" in names or len(names) < 2 or "corrupt" in reason:
            sys.exit(f"a stack ends badly: {' '.join(names)}: {reason}")
    must(seen[""], [r"^@ rni_arch_switch rni_arch_entry : ",  # to a task that begins
                    r"^@ rni_arch_switch .* trampoline rni_arch_entry : ",
                    r"^@ rni_arch_switch .*rni_run_loop .*\b(main|worker_main)\b.* : "])


def perf(program, scratch):
    """perf's stacks end at the base of a task, too."""
    if not shutil.which("perf"):
        raise Skipped("no perf")
    data = os.path.join(scratch, "perf.data")
    with Running(program, 0) as process:
        said = run(["perf", "record", "-o", data, "-e", "cpu-clock", "-F", "99", "--call-graph",
                    "dwarf", "-p", str(process.pid), "--", "sleep", "0.4"])
    if said.returncode != 0:
        raise Skipped("perf may not look at processes here")
    text = run(["perf", "script", "-i", data], stderr=subprocess.DEVNULL).stdout
    stacks = [re.findall(r"^\s+[0-9a-f]+ (\S+?)(?:\+0x[0-9a-f]+)? \(", part, re.M)
              for part in text.split("\n\n")]
    spinning = [stack for stack in stacks if "spinner" in stack]
    if not spinning:
        sys.exit(f"nobody spins: {text}")
    want = ["spinner", "spinner_rn_entry", "trampoline", "rni_arch_entry"]
    for stack in spinning:
        if stack[stack.index("spinner"):] != want:
            sys.exit(f"a stack ends otherwise: {stack}")
    print(f"{len(spinning)} samples, all end well")


CASES = {case.__name__: case
         for case in (live, attach, core, gcore, crowd, stripped, errors, steps, perf)}


def main():
    name, program, scratch = sys.argv[1:]
    scratch = os.path.join(os.path.abspath(scratch), name)
    os.makedirs(scratch, exist_ok=True)
    try:
        if not shutil.which("gdb") or "4\n" not in run(["gdb", "-nx", "-batch", "-ex",
                                                        "python print(2 + 2)"]).stdout:
            raise Skipped("no gdb with Python")
        CASES[name](os.path.abspath(program), scratch)
    except Skipped as why:
        print(f"skipped: {why}")
        sys.exit(77)


if __name__ == "__main__":
    main()
