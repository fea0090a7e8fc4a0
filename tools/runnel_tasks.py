# SPDX-License-Identifier: MIT
"""The tasks and channels of a process or core, for runnel-gdb.py and rn-core.

All that is known of the library's records comes from its layout table (src/base/layout.h), so this
works without debug info, and with any version of the library that has the same names. Nothing here
writes: memory is what a function read(address, size) returns, which raises Unreadable.

Records may be in the middle of a change when a process is stopped. So whatever is read may make no
sense: lists are followed for a bounded number of steps, and what cannot be read is left out and
counted in `unreadable`.
"""
import struct

MARK = b"rn-layout "
ENTRY = struct.Struct("<40sQ")
LIVE = 1            # rni_task_state
RUNNING, READY = 0, 1  # rni_why
MAX_STEPS = 1 << 20
MAX_WORKERS = 1024


class Unreadable(Exception):
    """The memory that was asked for is not there."""


class Missing(Exception):
    """There is no runnel, or one without what was asked for; says so in a line."""


def entries_at(blob, layout):
    """Adds the entries that blob holds, anywhere, to layout, but for names that it has already."""
    at = blob.find(MARK)
    while at >= 0:
        if at + ENTRY.size <= len(blob):
            text, value = ENTRY.unpack(blob[at:at + ENTRY.size])
            name, _, rest = text[len(MARK):].partition(b"\0")
            if name and not rest.strip(b"\0"):
                layout.setdefault(name.decode("ascii", "replace"), value)
        at = blob.find(MARK, at + 1)


class Task:
    """A task, or the record of a foreign thread, as it was when it was read."""
    __slots__ = ("address", "foreign", "sp", "stack", "worker", "claim", "state", "why", "where",
                 "what", "since", "name", "site", "id", "internal")
    FIELDS = {"sp": "<Q", "stack": "<Q", "worker": "<Q", "claim": "<Q", "state": "<i", "why": "<i",
              "where": "<Q", "what": "<Q", "since": "<q", "name": "<Q", "site": "<Q", "id": "<Q",
              "internal": "<B"}

    @property
    def top(self):
        """Where its stack ends: rni_stack_top."""
        return self.address & ~63

    @property
    def parked(self):
        """Whether its registers are on its stack."""
        return self.sp != 0 and not self.foreign


class Spawn:
    """A task that has not started."""
    def __init__(self, name, site):
        self.name, self.site = name, site


class Channel:
    def __init__(self, address, size, count, cap, closed, site):
        self.address, self.size, self.count, self.cap = address, size, count, cap
        self.closed, self.site = closed, site
        self.senders, self.receivers = [], []  # addresses of the tasks' records


class World:
    def __init__(self, layout, read):
        if "chunks" not in layout:
            raise Missing("there is no runnel in this program")
        self.layout, self.read = layout, read
        self.unreadable = 0
        self.strings = {}
        try:
            self.task_fields = [(name, struct.Struct(form), layout["task." + name])
                                for name, form in Task.FIELDS.items()]
        except KeyError as missing:
            raise Missing(f"this runnel is of another version: it has no {missing}") from missing

    def __getitem__(self, name):
        if name not in self.layout:
            raise Missing(f"this runnel is of another version: it has no {name}")
        return self.layout[name]

    def parked_pc(self):
        """Where to unwind a parked task from (src/arch/switch.h); 0 with the portable switch."""
        return self["parked"] and self["parked"] + 4

    # ---- memory ----

    def u64(self, address):
        return struct.unpack("<Q", self.read(address, 8))[0]

    def u32(self, address):
        return struct.unpack("<I", self.read(address, 4))[0]

    def text(self, address):
        """The string at address, "?" if there is none. Reads no further than the end of a page."""
        if address in self.strings:
            return self.strings[address]
        found, at = b"", address
        try:
            while address and b"\0" not in found and len(found) < 4096:
                found += self.read(at, min(64, 4096 - at % 4096))
                at = address + len(found)
        except Unreadable:
            found = b""
        text = found.partition(b"\0")[0].decode("utf-8", "replace") or "?"
        self.strings[address] = text
        return text

    def steps(self, head, next_offset):
        """The nodes of a list."""
        for _ in range(MAX_STEPS):
            if not head:
                return
            yield head
            head = self.u64(head + next_offset)

    # ---- records ----

    def slots(self):
        """The address of every task record that was ever used: slot_task in src/core/stack.c."""
        size, colour = self["task.size"], self["chunk.colour.bytes"]
        for i in range(self.u32(self["chunks.count"])):
            chunk = self["chunks"] + i * self["chunk.size"]
            base = self.u64(chunk + self["chunk.base"])
            slots = self.u32(chunk + self["chunk.slots"])
            stride = self.u64(chunk + self["chunk.bytes"]) // max(slots, 1)
            colours = max(self.u32(chunk + self["chunk.colours"]), 1)
            for k in range(min(self.u32(chunk + self["chunk.used"]), slots)):
                top = base + stride * (k + 1)
                yield (top - size - k % colours * colour) & ~63

    def task(self, address, foreign=False):
        record = self.read(address, self["task.size"])
        task = Task()
        task.address, task.foreign = address, foreign
        for name, form, offset in self.task_fields:
            setattr(task, name, form.unpack_from(record, offset)[0])
        return task

    def tasks(self):
        """The user's tasks that have started, in no particular order."""
        self.unreadable = 0
        for address in self.slots():
            try:
                task = self.task(address)
            except Unreadable:
                self.unreadable += 1
                continue
            if not task.stack:  # what gcore leaves of memory that it cannot read: zeros
                self.unreadable += 1
            elif task.state == LIVE and not task.internal:
                yield task

    def threads(self):
        """Foreign threads that have used the library."""
        for record in self.steps(self.u64(self["foreign"]), self["foreign.next"]):
            task = self.task(record + self["foreign.task"], foreign=True)
            if task.state == LIVE:
                yield task

    def spawns(self):
        size = self["spawn.size"]
        for slab in self.steps(self.u64(self["spawns"]), self["spawns.next"]):
            records = self.read(slab + self["spawns.records"], size * self["spawns.n"])
            for at in range(0, len(records), size):
                if records[at + self["spawn.queued"]] and not records[at + self["spawn.internal"]]:
                    yield Spawn(*(struct.unpack_from("<Q", records, at + self["spawn." + field])[0]
                                  for field in ("name", "site")))

    def waiters(self, head):
        """The records of the tasks in a queue, but for selects that have been completed."""
        for waiter in self.steps(head, self["waiter.next"]):
            task = self.u64(waiter + self["waiter.task"])
            claimed = self.u32(waiter + self["waiter.flags"]) & self["waiter.flag.claim"]
            if not claimed or self.u64(task + self["task.claim"]) & self["claim.waiting"]:
                yield task

    def channels(self):
        size = self["channel.bytes"]
        for slab in self.steps(self.u64(self["channels"]), self["channels.next"]):
            for i in range(self["channels.n"]):
                address = slab + self["channels.headers"] + i * size
                header = self.read(address, size)
                if header[self["channel.live"]]:
                    yield self.channel(address, header)

    def channel(self, address, header):
        def field(name, form="<Q"):
            return struct.unpack_from(form, header, self["channel." + name])[0]
        channel = Channel(address, field("size"), field("count"), field("cap"),
                          bool(field("closed", "<B")), field("site"))
        for queue in ("senders", "receivers"):
            try:
                getattr(channel, queue).extend(self.waiters(field(queue)))
            except Unreadable:
                self.unreadable += 1
        return channel

    def workers(self):
        """(id, address of the running task or 0, last look at the clock) of every worker."""
        workers = self.u64(self["workers"])
        for i in range(min(self.u32(self["workers.count"]), MAX_WORKERS)):
            at = workers + i * self["worker.size"]
            yield (self.u32(at + self["worker.id"]), self.u64(at + self["worker.current"]),
                   self.u64(at + self["worker.clock"]))

    def why(self, task):
        """What a task waits for, in the words of the library's reports."""
        if task.why >= self["why.count"]:
            return "?"
        try:
            return self.text(self.u64(self["why"] + 8 * task.why))
        except Unreadable:
            return "?"
