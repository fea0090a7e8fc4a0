# SPDX-License-Identifier: MIT
"""Where a program makes the calls that can fail: addresses to names, and what is fitting to fail.

A site is known by (call, maker, place): the wrapper in src/os that makes the call, if one does, and
the place in the program that it is made for. Lines are left out of the name, so that the table
changes only with the code it is about; of what other libraries call only the kind is in it.
"""
import collections
import errno
import os
import re
import subprocess

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

# Functions that make system calls and allocations on behalf of others: a site is beyond them.
WRAPPER = re.compile(r"(rni_os_\w+|advise_(through|batch)|guard_one|give_signal_stack|cgroup_quota"
                     r"|count_by_links)$")

SHORT = 9999
EAI_AGAIN, EAI_MEMORY, EAI_SYSTEM = -3, -10, -11
CURLE_OUT_OF_MEMORY, CURLUE_OUT_OF_MEMORY, CURLM_OUT_OF_MEMORY, CURLHE_OUT_OF_MEMORY = 27, 7, 3, 5


def codes(once, on=None):
    """A call's errors, the likeliest first: those that may come once, and those that may last."""
    def numbers(words):
        return [getattr(errno, word) if isinstance(word, str) else word for word in words]
    return numbers(once), numbers(once[:1] if on is None else on)


# Errors of each call, from its manual page. What can only come now and then (EINTR) does not last.
CODES = {
    "malloc": codes(["ENOMEM"]), "calloc": codes(["ENOMEM"]), "realloc": codes(["ENOMEM"]),
    "aligned_alloc": codes(["ENOMEM"]), "posix_memalign": codes(["ENOMEM"]),
    "mmap": codes(["ENOMEM"]), "madvise": codes(["ENOMEM", "EINVAL"]),
    "mprotect": codes(["ENOMEM"]),
    "process_madvise": codes(["EPERM", SHORT, "ENOSYS"], ["EPERM", SHORT]),
    "pidfd_open": codes(["EMFILE", "ENOSYS"]),
    "pthread_create": codes(["EAGAIN"]), "pthread_key_create": codes(["EAGAIN"]),
    "pthread_setspecific": codes(["ENOMEM"]), "__register_atfork": codes(["ENOMEM"]),
    "__cxa_atexit": codes(["ENOMEM"]),
    "sched_getaffinity": codes(["EINVAL"]), "fork": codes(["EAGAIN"]),
    "waitpid": codes(["EINTR"], []), "signalfd": codes(["EMFILE"]),
    "sigaltstack": codes(["ENOMEM"]), "sigaction": codes(["EINVAL"]),
    "futex": codes(["EINTR", "EAGAIN"], []),
    "membarrier_register": codes(["ENOSYS", "EPERM"]), "membarrier": codes(["ENOMEM"]),
    "eventfd": codes(["EMFILE", "ENFILE", "ENOMEM"]), "epoll_create1": codes(["EMFILE", "ENOMEM"]),
    "epoll_ctl": codes(["ENOSPC", "ENOMEM"]), "epoll_wait": codes(["EINTR"], []),
    "epoll_pwait2": codes(["EINTR", "ENOSYS", "EPERM"], ["ENOSYS"]),
    "poll": codes(["EINTR", "ENOMEM"], ["ENOMEM"]), "ppoll": codes(["EINTR", "ENOMEM"], ["ENOMEM"]),
    "pipe": codes(["EMFILE"]), "pipe2": codes(["EMFILE"]),
    "getrandom": codes(["EAGAIN", "ENOSYS", "EINTR"]),
    "socket": codes(["EMFILE", "ENFILE", "ENOBUFS"]), "socketpair": codes(["EMFILE"]),
    "bind": codes(["EADDRINUSE", "EACCES"]), "listen": codes(["EADDRINUSE"]),
    "getsockname": codes(["ENOBUFS"]), "getsockopt": codes(["ENOBUFS"]),
    "setsockopt": codes(["ENOBUFS"]),
    "accept4": codes(["ECONNABORTED", "EINTR", "EMFILE", "ENFILE", "ENOBUFS"], ["EMFILE"]),
    "connect": codes(["ECONNREFUSED", "EINTR", "ETIMEDOUT", "EADDRNOTAVAIL"]),
    "getaddrinfo": codes([EAI_AGAIN, EAI_MEMORY, EAI_SYSTEM]),
    "read": codes(["EINTR", "EIO", SHORT], ["EIO"]),
    "write": codes(["EINTR", SHORT], []), # a broken stderr leaves nobody to tell
    "recv": codes(["ECONNRESET", "EINTR", "EAGAIN", SHORT], ["ECONNRESET", SHORT]),
    "send": codes(["ECONNRESET", "EINTR", "EAGAIN", "EPIPE", SHORT], ["ECONNRESET", SHORT]),
    "close": codes(["EINTR", "EIO"]),
    "open": codes(["EMFILE", "ENFILE", "ENOENT"]), "open64": codes(["EMFILE"]),
    "fopen": codes(["EMFILE", "ENOENT"]), "fopen64": codes(["EMFILE"]), "fdopen": codes(["ENOMEM"]),
    "opendir": codes(["EMFILE", "ENOMEM"]), "readdir": codes(["EIO"]),
    "stat": codes(["EIO", "ENOMEM"]), "fstat": codes(["EIO"]), "fstatat": codes(["EIO", "ENOMEM"]),
    "access": codes(["EIO"]), "realpath": codes(["ENOMEM", "EIO"]), "getcwd": codes(["ENOMEM"]),
    "fwrite": codes(["ENOSPC", "EIO"]), "fputs": codes(["ENOSPC"]), "fflush": codes(["ENOSPC"]),
    "curl_global_init": codes([CURLE_OUT_OF_MEMORY]), "curl_easy_init": codes([errno.ENOMEM]),
    "curl_multi_init": codes([errno.ENOMEM]), "curl_url": codes([errno.ENOMEM]),
    "curl_easy_setopt": codes([CURLE_OUT_OF_MEMORY]),
    "curl_url_set": codes([CURLUE_OUT_OF_MEMORY]), "curl_url_get": codes([CURLUE_OUT_OF_MEMORY]),
    "curl_multi_add_handle": codes([CURLM_OUT_OF_MEMORY]),
    "curl_multi_perform": codes([CURLM_OUT_OF_MEMORY]),
    "curl_multi_poll": codes([CURLM_OUT_OF_MEMORY]),
    "curl_easy_header": codes([CURLHE_OUT_OF_MEMORY]),
}

# Calls that cannot fail where they stand, although they can elsewhere.
CANNOT = {
    ("write", "rni_os_event_signal"): "an eventfd refuses only what would overflow it, and is "
                                      "readable then",
    ("read", "rni_os_event_take"): "an eventfd refuses only when there is nothing to take",
}

# Calls of other libraries, beside allocations, that are made to fail for the program's sake.
FOREIGN = {"socket", "socketpair", "connect", "send", "recv", "poll", "getaddrinfo",
           "pthread_create", "eventfd", "pipe", "pipe2", "open", "open64", "fopen", "fopen64"}

# Calls that fail in fewer ways where they stand.
FEWER = {
    ("read", "signals_watch"): codes(["EAGAIN"], []),
    ("read", "signals_close"): codes(["EAGAIN"], []),
    ("write", "rest_strangers"): codes(["EINTR"], []), # an eventfd takes 8 bytes or none
}

Place = collections.namedtuple("Place", "file line function")
Site = collections.namedtuple("Site", "call kind at module origin calls")


class Symbols:
    """The places of a program's addresses."""

    def __init__(self, program):
        self.program = program
        self.known = {}
        self.wrapper_ranges = self.wrappers()

    def wrappers(self):
        out = subprocess.run(["nm", "-S", "--defined-only", self.program], check=True,
                             capture_output=True, text=True).stdout
        ranges = []
        self.has_channels = " rni_channel_make" in out
        for line in out.splitlines():
            words = line.split()
            if len(words) == 4 and WRAPPER.match(words[3].split(".")[0]):
                low, size = int(words[0], 16), int(words[1], 16)
                ranges.append(f"{low:x}-{low + size:x}")
        return ",".join(ranges)

    def learn(self, addresses):
        wanted = sorted(set(addresses) - self.known.keys())
        if not wanted:
            return
        out = subprocess.run(["addr2line", "-a", "-i", "-f", "-e", self.program],
                             input="".join(f"{a:x}\n" for a in wanted), check=True,
                             capture_output=True, text=True).stdout
        chains, address = {}, None
        lines = iter(out.splitlines())
        for line in lines:
            if line.startswith("0x"):
                address = int(line, 16)
                chains[address] = []
                continue
            file, _, number = next(lines).partition(":")
            file = os.path.relpath(os.path.realpath(file), ROOT) if file != "??" else "?"
            chains[address].append(Place(file, number.split(" ")[0], line.split(".")[0]))
        for address in wanted:
            self.known[address] = chains.get(address) or [Place("?", "0", "?")]

    def place(self, address):
        """The innermost function there that is no wrapper, in src/os or inlined from a header."""
        for place in self.known[address]:
            if not WRAPPER.match(place.function) and not place.file.startswith(".."):
                return place
        return self.known[address][-1]

    def maker(self, address):
        """The outermost function there: the one that has the call in its code."""
        return self.known[address][-1]


def errors_of(call, name):
    """Those of the call at a site."""
    return FEWER.get((call, name[3]), CODES[call])


def is_ours(site):
    """Whether the site is the program's, or one that it has to live with."""
    return site.module == "-" or site.kind == "memory" or site.call in FOREIGN


def parse(line):
    """The site of a line of the log."""
    _, call, kind, at, module, origin, calls = line.split()
    return Site(call, kind, int(at, 16), module, int(origin, 16), int(calls))


def key(symbols, site):
    """The site's name, the same in all programs."""
    origin = symbols.place(site.origin) if site.origin else Place("-", "0", "-")
    if site.module != "-":
        # Which ones there are, and how they allocate, differs from system to system.
        if origin.file == "?":
            origin = Place("-", "0", "-")
        return (site.kind, "a library", origin.file, origin.function)
    if site.at != site.origin:
        by = symbols.maker(site.at).function
    else:
        by = "-"
    return (site.call, by, origin.file, origin.function)
