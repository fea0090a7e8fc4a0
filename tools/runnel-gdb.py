# SPDX-License-Identifier: MIT
"""Commands for gdb that know the tasks of a program that uses runnel.

    source runnel-gdb.py
    runnel tasks                every task: what it does, or waits for, where, and who started it
    runnel channels             every channel, and which tasks wait on it
    runnel bt ID [OPTION]...    the stack of one task; the options are those of gdb's `backtrace`
    runnel bt all               the stacks of all tasks, equal ones once
    runnel frame ID N [COMMAND] frame N of that stack, or COMMAND run in it (`info locals`)
    runnel gcore [FILE]         a core of the process, stacks included

They work on a live process and on a core, and only read: no register and no memory is written, no
function of the process is called, and the selected thread and frame are the same afterwards.
"""
import os
import re
import sys
import time

import gdb

# Not __file__: in a script that another one sources, as the installed one, that is the other's.
HERE = (lambda: 0).__code__.co_filename
sys.path.insert(0, os.path.dirname(os.path.realpath(os.path.expanduser(HERE))))
# pylint: disable=wrong-import-position
import runnel_core
import runnel_tasks
from runnel_frames import (Selected, backtrace, grouped, read, sections, select_frame, thread_of,
                           thread_pointers)

ON_CHANNEL = ("chan send", "chan receive", "select")
SECOND = 1000 * 1000 * 1000
IDS_SHOWN = 8


def open_world():
    if gdb.selected_inferior().pid == 0:
        raise runnel_tasks.Missing("there is no process and no core to look at")
    layout = {}
    for name, first, end in sections():
        if name == "rni_layout":
            runnel_tasks.entries_at(read(first, end - first), layout)
    return runnel_tasks.World(layout, read)


# ---- lines ----

def now_of(world):
    """The time on the clock that waits are measured with, as far as it can be known: a process
    that can be stopped has the clock of this machine, a core what its workers saw last."""
    virtual = world.u64(world["clock.virtual"])
    seen = [virtual] if virtual else [clock for _, _, clock in world.workers()]
    target = gdb.selected_inferior().connection
    if not virtual and target and target.type == "native":
        seen.append(time.clock_gettime_ns(time.CLOCK_MONOTONIC))
    return max(seen, default=0)


class Describer:
    """Says in a line what a task does. Looks at workers, threads and selects once."""

    def __init__(self, world):
        self.world, self.now = world, now_of(world)
        self.workers = {task: worker for worker, task, _ in world.workers() if task}
        self.pointers = thread_pointers()
        self.selects = {}
        for channel in world.channels():
            for task in channel.senders + channel.receivers:
                self.selects.setdefault(task, []).append(channel.address)

    def state(self, task):
        if task.why == runnel_tasks.RUNNING or (not task.sp and not task.foreign):
            return self.running(task)
        why = self.world.why(task)
        if task.why == runnel_tasks.READY:
            return why
        seconds = (self.now - task.since) // SECOND
        return why + (f", {seconds} s" if seconds >= 1 else "")

    def running(self, task):
        parts = ["running"]
        if task.address in self.workers:
            parts.append(f"on worker {self.workers[task.address]}")
        thread = None if task.foreign else thread_of(task, self.pointers)
        if thread:
            parts.append(f"thread {thread.num} (LWP {thread.ptid[1] or thread.ptid[2]})")
        return ", ".join(parts)

    def place(self, task):
        if task.why <= runnel_tasks.READY:
            return ""
        place = " at " + self.world.text(task.where)
        what = f"{task.what:#x}" if task.what else ""
        if self.world.why(task) in ON_CHANNEL:
            channels = sorted(self.selects.get(task.address, [])) or [task.what]
            what = "channel" + "s" * (len(channels) > 1) + " " + ", ".join(map(hex, channels))
            what = what if any(channels) else ""
        return place + (" on " + what if what else "")

    def line(self, task):
        kind = "thread" if task.foreign else "task"
        text = self.world.text
        return (f"{kind} {task.id} {text(task.name)} [{self.state(task)}]{self.place(task)}, "
                f"started at {text(task.site)}")


def say_unreadable(world):
    if world.unreadable:
        print(f"runnel: {world.unreadable} records are not in this core (gdb's gcore leaves "
              "them out, `runnel gcore` does not)")


def every_task(world):
    return sorted(world.tasks(), key=lambda task: task.id)


def task_with(world, text):
    if not text.isdigit():
        raise runnel_tasks.Missing(f"{text or 'nothing'} is no number of a task")
    for task in world.tasks():
        if task.id == int(text):
            return task
    raise runnel_tasks.Missing(f"there is no task {text} (`runnel tasks` lists them)")


# ---- commands ----

class Runnel(gdb.Command):
    """Tasks and channels of a program that uses runnel."""

    def __init__(self):
        super().__init__("runnel", gdb.COMMAND_STATUS, gdb.COMPLETE_NONE, True)


class Subcommand(gdb.Command):
    """What the commands have in common: one line for an error."""

    def __init__(self, name):
        super().__init__("runnel " + name, gdb.COMMAND_STATUS, gdb.COMPLETE_NONE)
        self.dont_repeat()

    def invoke(self, argument, _from_tty):
        try:
            world = open_world()
            self.run(world, argument.split())
            say_unreadable(world)
        except runnel_tasks.Missing as missing:
            raise gdb.GdbError(f"runnel: {missing}") from missing
        except runnel_tasks.Unreadable as where:
            raise gdb.GdbError(f"runnel: the library's records cannot be read: {where}") from where
        except gdb.error as error:  # of the command that a frame was given
            raise gdb.GdbError(str(error)) from error

    def run(self, world, words):
        raise NotImplementedError


class Tasks(Subcommand):
    """Lists the tasks, and the threads that use the library: runnel tasks"""

    def run(self, world, words):
        tasks, spawns = every_task(world), list(world.spawns())
        describer = Describer(world)
        n = len(tasks) + len(spawns)
        print(f"runnel: {n} task{'' if n == 1 else 's'}")
        for task in tasks + list(world.threads()):
            print("  " + describer.line(task))
        for spawn in spawns:
            print(f"  task {world.text(spawn.name)} [not started], started at "
                  f"{world.text(spawn.site)}")


class Channels(Subcommand):
    """Lists the channels, and who waits on them: runnel channels"""

    def run(self, world, words):
        channels = list(world.channels())
        n = len(channels)
        print(f"runnel: {n} channel{'' if n == 1 else 's'}")
        for channel in channels:
            print(f"  {channel.address:#x}: {channel.size}-byte elements, {channel.count} of "
                  f"{channel.cap} buffered{', closed' if channel.closed else ''}"
                  f"{self.waiting(world, channel.senders, 'sending')}"
                  f"{self.waiting(world, channel.receivers, 'receiving')}, made at "
                  f"{world.text(channel.site)}")

    @staticmethod
    def waiting(world, addresses, what):
        if not addresses:
            return ""
        waiters = [world.task(address) for address in addresses[:IDS_SHOWN]]
        ids = ", ".join(("thread " if task.foreign else "") + str(task.id) for task in waiters)
        more = len(addresses) - len(waiters)
        return f", {what}: {ids}" + (f" and {more} more" if more else "")


class Backtrace(Subcommand):
    """Shows the stack of a task, or of all: runnel bt ID [OPTION]... or runnel bt all"""

    def run(self, world, words):
        if not words:
            raise runnel_tasks.Missing("which task? runnel bt ID, or runnel bt all")
        describer = Describer(world)
        if words[0] != "all":
            task = task_with(world, words[0])
            print(describer.line(task))
            print(backtrace(world, task, " ".join(words[1:])), end="")
            return
        tasks = every_task(world)
        for task in tasks:
            if not task.parked:
                print(describer.line(task))
                if thread_of(task, describer.pointers):
                    print(backtrace(world, task))
        for members in grouped(world, [task for task in tasks if task.parked]):
            print(self.heading(describer, members))
            print(backtrace(world, members[0]))

    @staticmethod
    def heading(describer, members):
        if len(members) == 1:
            return describer.line(members[0])
        ids = ", ".join(str(task.id) for task in members[:IDS_SHOWN])
        ids += ", ..." * (len(members) > IDS_SHOWN)
        return (f"{len(members)} tasks with one stack: {ids}; the first is\n"
                f"{describer.line(members[0])}")


class FrameOf(Subcommand):
    """Shows a frame of a task, its arguments and locals, or runs a command there:
    runnel frame ID N [COMMAND]"""

    def run(self, world, words):
        if len(words) < 2 or not words[1].isdigit():
            raise runnel_tasks.Missing("which frame? runnel frame ID N [COMMAND]")
        task, level = task_with(world, words[0]), int(words[1])
        with Selected(world, task) as hidden:
            if not select_frame(level + hidden):
                raise runnel_tasks.Missing(f"task {task.id} has no frame {level}")
            if len(words) > 2:
                gdb.execute(" ".join(words[2:]))
                return
            place = gdb.execute("frame", to_string=True)
            print(re.sub(r"^#\d+ *", f"#{level:<3}", place), end="")
            gdb.execute("info args")
            gdb.execute("info locals")


class Gcore(Subcommand):
    """Saves a core of the process, with the stacks of all tasks: runnel gcore [FILE]

    gdb's own gcore reads memory in large pieces and gives up a whole mapping at the first guard of
    a stack, so that it saves zeros. This lets it, and then writes the stacks where they belong."""

    PAGE = 4096

    def run(self, world, words):
        path = words[0] if words else f"core.{gdb.selected_inferior().pid}"
        gdb.execute(f"gcore {path}")
        core, saved = runnel_core.Core(path), 0
        with open(path, "r+b") as file:
            for address in world.slots():
                try:
                    saved += self.save(core, file, world, world.task(address))
                except runnel_tasks.Unreadable:
                    world.unreadable += 1
        print(f"runnel: {path} has the stacks of {saved} task{'' if saved == 1 else 's'}")

    def save(self, core, file, world, task):
        """Writes a task's stack, of a free one the record that says so. Whether it is a
        task's of the user's."""
        live = task.state == runnel_tasks.LIVE
        first = task.sp if task.parked else task.stack if live else task.address
        for page in range(first & -self.PAGE, task.address + world["task.size"], self.PAGE):
            content = read(page, self.PAGE)
            if content.strip(b"\0"):
                file.seek(core.offset(page, self.PAGE))
                file.write(content)
        return live and not task.internal


Runnel()
for command, kind in {"tasks": Tasks, "channels": Channels, "bt": Backtrace,
                      "frame": FrameOf, "gcore": Gcore}.items():
    kind(command)
