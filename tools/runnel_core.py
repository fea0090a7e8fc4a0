# SPDX-License-Identifier: MIT
"""ELF core files, as rn-core and runnel-gdb.py need them: what memory is in one, and where."""
import bisect
import errno
import mmap
import os
import struct

import runnel_tasks

PT_LOAD, PT_NOTE, PN_XNUM, ET_CORE = 1, 4, 0xffff, 4
HEADER = struct.Struct("<16sHHIQQQIHHHHHH")
PROGRAM = struct.Struct("<IIQQQQQQ")


class Core:
    """A core file of a 64-bit little-endian system, mapped for reading."""

    def __init__(self, path):
        with open(path, "rb") as file:
            try:
                self.bytes = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
            except ValueError as error:
                raise runnel_tasks.Missing(f"{path} is empty") from error
            except OSError as error:
                raise runnel_tasks.Missing(f"{path} cannot be mapped: {error.strerror}") from error
        header = HEADER.unpack_from(self.bytes[:HEADER.size].ljust(HEADER.size, b"\0"))
        if header[0][:6] != b"\x7fELF\x02\x01" or header[1] != ET_CORE:
            raise runnel_tasks.Missing(f"{path} is no core file of a 64-bit little-endian system")
        self.machine, self.programs, count = header[2], header[5], header[10]
        try:
            if count == PN_XNUM:  # too many for the field: the first section header says how many
                count, = struct.unpack_from("<I", self.bytes, header[6] + 44)
            self.segments = [PROGRAM.unpack_from(self.bytes, self.programs + i * PROGRAM.size)
                             for i in range(count)]
        except struct.error as error:
            raise runnel_tasks.Missing(f"{path} is cut off") from error
        # (address, offset, size) of what is in the file
        self.memory = sorted((s[3], s[2], s[5]) for s in self.segments if s[0] == PT_LOAD and s[5])
        self.addresses = [address for address, _, _ in self.memory]
        self.last = (0, 0, 0)

    def missing_bytes(self):
        """How many bytes a file that was cut off (by ulimit -c, a full disk) lacks."""
        end = max((s[2] + s[5] for s in self.segments), default=0)
        return max(0, end - len(self.bytes))

    def offset(self, address, size):
        """Where in the file that memory is; Unreadable if it is not."""
        first, offset, length = self.last
        if not first <= address <= first + length - size:
            i = bisect.bisect_right(self.addresses, address) - 1
            first, offset, length = self.last = self.memory[i] if i >= 0 else (0, 0, 0)
        at = offset + address - first
        if not first <= address <= first + length - size or at + size > len(self.bytes):
            raise runnel_tasks.Unreadable(f"{address:#x} is not in the core")
        return at

    def read(self, address, size):
        at = self.offset(address, size)
        return self.bytes[at:at + size]

    def layout(self):
        """The library's table. A copy of an entry might be in a heap, say of a program that reads
        programs; the library's own is at a lower address, and a name counts once."""
        layout = {}
        for _, offset, size in self.memory:
            at = self.bytes.find(runnel_tasks.MARK, offset, offset + size)
            while at >= 0:
                runnel_tasks.entries_at(self.bytes[at:at + runnel_tasks.ENTRY.size], layout)
                at = self.bytes.find(runnel_tasks.MARK, at + 1, offset + size)
        return layout

    def notes(self):
        """(index of the segment, offset, size) of the notes."""
        for i, segment in enumerate(self.segments):
            if segment[0] == PT_NOTE:
                return i, segment[2], segment[5]
        raise runnel_tasks.Missing("this core has no notes, so it has no threads")

    def copy_with_notes(self, path, out, more):
        """Copies the file at path, which this is, to out, with more notes after its own."""
        i, offset, size = self.notes()
        notes = self.bytes[offset:offset + size] + more
        copy_sparse(path, out)
        with open(out, "r+b") as file:
            at = (file.seek(0, os.SEEK_END) + 7) & ~7
            file.seek(at)
            file.write(notes)
            segment = self.segments[i]
            file.seek(self.programs + i * PROGRAM.size)
            file.write(PROGRAM.pack(*segment[:2], at, *segment[3:5], len(notes), *segment[6:]))


def copy_sparse(path, out):
    """Copies a file and leaves its holes: most of a core's stacks were never touched. Nobody may
    read the copy who may not read the core."""
    with open(path, "rb") as source:
        mode = os.fstat(source.fileno()).st_mode & 0o777
        if os.path.exists(out):
            os.remove(out)
        number = os.open(out, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        copy_data(source, number)


def copy_data(source, number):
    with open(number, "wb") as target:
        size, at = os.fstat(source.fileno()).st_size, 0
        target.truncate(size)
        while at < size:
            try:
                at = os.lseek(source.fileno(), at, os.SEEK_DATA)
            except OSError as error:
                if error.errno == errno.ENXIO:  # nothing but a hole is left
                    return
                raise
            end = os.lseek(source.fileno(), at, os.SEEK_HOLE)
            os.lseek(target.fileno(), at, os.SEEK_SET)
            while at < end:
                at += os.sendfile(target.fileno(), source.fileno(), at, end - at)
