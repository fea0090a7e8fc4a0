# SPDX-License-Identifier: MIT
"""The frames of parked tasks in gdb, for runnel-gdb.py.

A parked task's registers are on its stack. While a command looks at a task, an unwinder of gdb's
own interface says that the innermost frame of the selected thread was "called" by the place where
the task is parked (rni_arch_parked, whose unwind information describes a saved stack). So gdb
unwinds the task, with all it knows of arguments and locals. The two frames that are not the task's
are not shown, and the unwinder is off between commands.

The usual way, to write the saved registers into the thread's and to put them back after, works on
no core, and ruins a process when gdb dies in between.
"""
import bisect
import re
import struct

import gdb
from gdb.unwinder import Unwinder, register_unwinder

import runnel_tasks

SECTION = re.compile(r"^\s*(0x[0-9a-f]+) - (0x[0-9a-f]+) is (\S+)", re.M)
REGISTERS = {"i386:x86-64": ("rip", "rsp"), "aarch64": ("pc", "sp")}
HIDDEN = 2   # frames: the selected thread's, and rni_arch_parked


def read(address, size):
    try:
        return bytes(gdb.selected_inferior().read_memory(address, size))
    except (gdb.error, OverflowError) as error:
        raise runnel_tasks.Unreadable(str(error)) from error


def sections():
    """(name, first address, end) of what is mapped from files."""
    text = gdb.execute("info files", to_string=True)
    return [(name, int(first, 16), int(end, 16)) for first, end, name in SECTION.findall(text)]


class FrameId:
    def __init__(self, sp, pc):
        self.sp, self.pc = sp, pc


class ParkedUnwinder(Unwinder):
    """Makes the task whose saved stack pointer is self.sp the caller of the selected thread."""

    def __init__(self):
        super().__init__("runnel")
        self.enabled = False
        self.sp = self.pc = self.thread_sp = 0
        self.registers = REGISTERS["i386:x86-64"]

    def __call__(self, frame):
        pc, sp = self.registers
        if int(frame.read_register(sp)) & (2**64 - 1) != self.thread_sp:
            return None
        # The frame's own id lies in the task's stack: gdb wants callers further out than callees.
        info = frame.create_unwind_info(FrameId(gdb.Value(self.sp), gdb.Value(self.pc)))
        info.add_saved_register(pc, gdb.Value(self.pc))
        info.add_saved_register(sp, gdb.Value(self.sp))
        return info


UNWINDER = ParkedUnwinder()
register_unwinder(None, UNWINDER, replace=True)


class Selected:
    """with Selected(world, task) as hidden: the selected thread's frames are the task's, from the
    number `hidden` on. The thread and frame that were selected are again afterwards."""

    def __init__(self, world, task):
        self.world, self.task = world, task
        self.thread = gdb.selected_thread()
        self.level = None

    def __enter__(self):
        if not self.thread or not self.thread.is_stopped():
            raise runnel_tasks.Missing("the selected thread runs: interrupt the process first")
        self.level = gdb.selected_frame().level()
        if not self.task.parked:
            thread = thread_of(self.task)
            if not thread:
                raise runnel_tasks.Missing(f"task {self.task.id} runs, but no thread is on its "
                                           "stack: it is about to start or to switch")
            thread.switch()
            return 0
        frame = gdb.newest_frame()
        UNWINDER.registers = REGISTERS.get(frame.architecture().name(), None)
        UNWINDER.pc = self.world.parked_pc()
        if not UNWINDER.registers or not UNWINDER.pc:
            raise runnel_tasks.Missing("frames of parked tasks: only on x86-64 and aarch64, and "
                                       "not with the portable switch")
        UNWINDER.thread_sp = stack_pointer(frame)
        UNWINDER.sp = self.task.sp
        UNWINDER.enabled = True
        gdb.invalidate_cached_frames()
        return HIDDEN

    def __exit__(self, *_):
        UNWINDER.enabled = False
        gdb.invalidate_cached_frames()
        self.thread.switch()
        select_frame(self.level)


def select_frame(level):
    """Selects a frame without a word about it, as `frame level` would not. False: there is none."""
    frame = gdb.newest_frame()
    while frame and level:
        frame, level = frame.older(), level - 1
    if frame:
        frame.select()
    return frame is not None


def stack_pointer(frame):
    _, sp = REGISTERS.get(frame.architecture().name(), ("", "sp"))
    return int(frame.read_register(sp)) & (2**64 - 1)


def thread_pointers():
    """(stack pointer, thread) of every stopped thread."""
    before, found = gdb.selected_thread(), []
    for thread in gdb.selected_inferior().threads():
        if thread.is_stopped():
            thread.switch()
            found.append((stack_pointer(gdb.newest_frame()), thread))
    before.switch()
    return found


def thread_of(task, pointers=None):
    for sp, thread in pointers if pointers is not None else thread_pointers():
        if task.stack <= sp < task.top:
            return thread
    return None


def renumbered(text, hidden):
    """gdb's backtrace without its first frames, the others numbered from 0."""
    start = re.search(rf"^#{hidden}\b", text, re.M)
    if not start:
        return ""
    return re.sub(r"^#(\d+)( *)", lambda m: f"#{int(m.group(1)) - hidden:<3}",
                  text[start.start():], flags=re.M)


def backtrace(world, task, options=""):
    with Selected(world, task) as hidden:
        return renumbered(gdb.execute("backtrace " + options, to_string=True), hidden)


# ---- equal stacks ----

class Code:
    """Whether a word may be an address in code."""

    def __init__(self):
        ranges = sorted((first, end) for name, first, end in sections()
                        if name in (".text", ".plt", ".plt.sec"))
        self.starts, self.ends = [r[0] for r in ranges], [r[1] for r in ranges]
        self.known = {}

    def __call__(self, word):
        if word not in self.known:
            i = bisect.bisect_right(self.starts, word) - 1
            self.known[word] = i >= 0 and word < self.ends[i]
        return self.known[word]


def likeness(task, code):
    """Equal for two tasks only if their stacks have the same frames: where on the stack which
    words are addresses of code. (Equal stacks may differ in it, by what older calls left.)"""
    stack = read(task.sp, task.top - task.sp)
    words = struct.unpack(f"<{len(stack) // 8}Q", stack[:len(stack) // 8 * 8])
    return tuple((i, word) for i, word in enumerate(words) if code(word))


def frames_of(world, task):
    """The addresses of a task's frames, which tell whether two stacks are equal."""
    with Selected(world, task) as hidden:
        frame, found = gdb.newest_frame(), []
        while frame and frame.is_valid():
            found.append(frame.pc())
            frame = frame.older()
        return tuple(found[hidden:])


def grouped(world, tasks):
    """Lists of parked tasks with equal stacks, the largest first."""
    code, alike, groups = Code(), {}, {}
    for task in tasks:
        try:
            alike.setdefault(likeness(task, code), []).append(task)
        except (runnel_tasks.Unreadable, ValueError, struct.error):
            world.unreadable += 1
    for members in alike.values():
        groups.setdefault(frames_of(world, members[0]), []).extend(members)
    return sorted(groups.values(), key=len, reverse=True)
