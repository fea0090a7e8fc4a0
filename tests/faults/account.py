# SPDX-License-Identifier: MIT
"""What a program may hold when it ends: nothing, but what docs/faults.md says is kept, and why.

live.c counts blocks, mappings and descriptors by the site that they were given to, channels.c the
channels that are not freed. Each site is known by the same name as where its calls fail.
"""
import collections
import re

from programs import Wrong
from sites import Site, key

# Only the stack of its thread points to it.
ON_A_STACK = {("calloc", "rni_os_alloc", "src/obs/monitor.c", "monitor")}
# A process that ends at once, wherever it is, frees nothing.
ENDS_AT_ONCE = re.compile(r"^runnel: (out of memory$|all tasks are asleep - deadlock!)", re.M)
FREES_NOTHING = {"panic", "ended by the signal"}
# What must be said of rest_lost.c.
BLOCKS = r"1 blocks of {} bytes in all( that nothing points to)?, {} by - at "
HERE = r"tests/faults/rest_lost\.c:\d+"
LOST = (BLOCKS.format(100, "malloc") + HERE, BLOCKS.format(4096, "mmap") + HERE,
        r"descriptor \d+, eventfd by - at " + HERE, r"a channel, made at \S*" + HERE)

Live = collections.namedtuple("Live", "what n amount site")


def parse(line):
    _, what, n, amount, call, kind, at, module, origin = line.split()
    return Live(what, int(n), int(amount), Site(call, kind, int(at, 16), module, int(origin, 16),
                                                0))


def held(symbols, log):
    """(key or None, text) for each place that still holds something."""
    found = [parse(line) for line in log if line.startswith("live ")]
    symbols.learn(a for live in found for a in (live.site.at, live.site.origin) if a)
    for live in found:
        if live.site.call == "?":
            yield None, f"descriptor {live.amount}, opened by no call that is known"
            continue
        place = symbols.place(live.site.origin) if live.site.origin else None
        name = key(symbols, live.site)
        lost = live.what == "lost" and live.site.module == "-" and name not in ON_A_STACK
        what = f"descriptor {live.amount}" if live.what == "fd" else \
            f"{live.n} blocks of {live.amount} bytes in all"
        yield None if lost else name, (
            f"{what}{' that nothing points to' if lost else ''}, {live.site.call} by {name[1]} at "
            f"{place.file + ':' + place.line if place else '-'} ({live.site.module})")
    for line in log:
        if line.startswith("channel "):
            yield None, "a channel, made at " + line[8:]


def check(symbols, log, outcome, err, kept):
    """Raises Wrong if something is held that is not among the keys of what is kept."""
    if outcome in FREES_NOTHING or ENDS_AT_ONCE.search(err):
        return
    if "full" in log or symbols.has_channels and any(l.startswith("no-layout") for l in log):
        raise Wrong("the account has failed")
    if not any(line.startswith(("end", "site ")) for line in log):
        raise Wrong("the process has ended without an account")
    lost = [text for name, text in held(symbols, log) if name not in kept]
    if lost:
        raise Wrong("not given back: " + "; ".join(lost))
