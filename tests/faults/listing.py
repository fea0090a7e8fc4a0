# SPDX-License-Identifier: MIT
"""Every call in the code that can fail, found in what the compiler has made of it.

The driver sees the sites that its programs reach; here are all, so that those which none reaches
are known, too. They are read from the disassembly: a call, or a jump at the end of a function, of a
function of libc or libcurl that has errors, or of a wrapper in src/os that makes such a call.
"""
import re
import subprocess

from sites import CANNOT, CODES, WRAPPER, Symbols

TARGET = re.compile(r"^\s*([0-9a-f]+):\s+(?:call|jmp|bl?)\s+(?:[0-9a-f]+\s+)?<([\w.]+?)(@plt)?>$")
ALIAS = {"atexit": "__cxa_atexit", "pthread_atfork": "__register_atfork"}
# Wrappers of calls that cannot fail; futex and membarrier are both made by number.
NEVER = {"rni_os_futex_wake", "rni_os_event_signal", "rni_os_event_take"}


def calls_of(path):
    """(address, function that is called) for each call in the file."""
    out = subprocess.run(["objdump", "-d", "--no-show-raw-insn", path], check=True,
                         capture_output=True, text=True).stdout
    for line in out.splitlines():
        found = TARGET.match(line)
        if found:
            yield int(found[1], 16), found[2].split(".")[0]


def sites_of(path, inside):
    """{(call, maker, file, function)} of the sources below inside; of a site that a wrapper makes
    the calls are not told apart: its call is "*"."""
    symbols = Symbols(path)
    calls = [(address, ALIAS.get(name, name)) for address, name in calls_of(path)]
    calls = [(address, name) for address, name in calls
             if name in CODES or name == "syscall" or WRAPPER.match(name)]
    symbols.learn(address for address, _ in calls)
    fallible = {symbols.maker(address).function for address, name in calls
                if not WRAPPER.match(name)
                and (name, symbols.maker(address).function) not in CANNOT}
    found = set()
    for address, name in calls:
        place = symbols.place(address)
        if not place.file.startswith(inside) or WRAPPER.match(symbols.maker(address).function):
            continue
        if not WRAPPER.match(name):
            found.add((name, "-", place.file, place.function))
        elif name in fallible and name not in NEVER:
            found.add(("*", name, place.file, place.function))
    return found


# Helpers of several wrappers, which may not be inlined: the site tells which it was.
HELPS = {"advise_through": ("rni_os_guard_install", "rni_os_discard"),
         "guard_one": ("rni_os_guard_install",)}


def not_reached(listed, known):
    """Those that are not among the sites that were failed."""
    seen = set(known) | {("*", *key[1:]) for key in known}
    seen |= {("*", wrapper, *key[2:]) for key in known for wrapper in HELPS.get(key[1], ())}
    return {key for key in listed
            if key not in seen and not (key[0] == "syscall" and
                                        any(k[2:] == key[2:] for k in known))}
