#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Fails on an #include that crosses a room's wall (see ARCHITECTURE.md).

    tools/check-includes.py [ROOT]      checks the tree
    tools/check-includes.py --self-test

The rooms of src/ may include only those listed below; apps, examples, ext and bench see the public
headers and their own folder, as a user's program would. Tests (*_test.c, tests/) may include
anything.
"""
import os
import re
import sys

import selftest

# Who may include whom. A room may always include itself and the public headers.
ROOMS = {
    "base": [],
    "arch": ["base"],
    "os": ["base", "arch"],
    "core": ["base", "arch", "os"],
    "sync": ["base", "arch", "os", "core"],
    "scope": ["base", "arch", "os", "core", "sync"],
    "pattern": ["base", "arch", "os", "core", "sync", "scope"],
    "io": ["base", "arch", "os", "core", "sync", "scope"],
    "obs": ["base", "arch", "os", "core", "sync", "scope"],
}
# What of a room its own files alone may include.
PRIVATE = {
    "core": ["blocking.h", "foreign.h", "runq.h", "spawn.h", "stack.h", "worker.h"],
}
# The hook that everything from core up may call; all else in obs is reached through function
# pointers, so that a program without reports does not link them.
EVENT_HOOK = "obs/event.h"
EVENT_ROOMS = ["core", "sync", "scope", "pattern", "io"]
OUTSIDE = ["apps", "examples", "ext", "bench"]

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"]+)[>"]', re.M)
COMMENT = re.compile(r"/\*.*?\*/", re.S)


def sources(root, top):
    for folder, folders, files in os.walk(os.path.join(root, top)):
        folders.sort()
        for name in sorted(files):
            if name.endswith((".c", ".h", ".S", ".cc", ".cpp", ".hpp")):
                yield os.path.relpath(os.path.join(folder, name), root)


def includes(root, path):
    with open(os.path.join(root, path), encoding="utf-8", errors="replace") as file:
        # Comments keep their line breaks, so that the line numbers stay right.
        text = COMMENT.sub(lambda m: "\n" * m.group().count("\n"), file.read())
    for match in INCLUDE.finditer(text):
        yield text.count("\n", 0, match.start()) + 1, match.group(1), match.group(2)


def resolve(root, path, quote, target):
    """The file of this repository that is meant, relative to the root; None: the system's."""
    bases = [os.path.dirname(path)] if quote == '"' else []
    for base in bases + ["src", "include", "tests"]:
        found = os.path.normpath(os.path.join(base, target))
        if os.path.isfile(os.path.join(root, found)):
            return found
    return None


def room_error(room, path, target):
    """Why a file of the room must not include the target, or None."""
    parts = target.split(os.sep)
    if parts[0] == "include":
        return None
    if parts[0] != "src":
        return f"the library must not include {target}"
    there = "/".join(parts[1:])
    if parts[1] != room and parts[-1] in PRIVATE.get(parts[1], []):
        return f"{there} is for the files of {parts[1]} only"
    if parts[1] == room or parts[1] in ROOMS[room]:
        return None
    if there == EVENT_HOOK and room in EVENT_ROOMS:
        return None
    return f"{room} must not include {there} (it may: {' '.join([room] + ROOMS[room])})"


def check_file(root, path):
    parts = path.split(os.sep)
    if parts[0] == "src" and (len(parts) < 3 or parts[1] not in ROOMS):
        yield f"{path}: belongs to no room ({' '.join(ROOMS)})"
        return
    for line, quote, name in includes(root, path):
        target = resolve(root, path, quote, name)
        error = None
        if target is None:
            if quote == '"':
                error = f'there is no "{name}" here'
        elif parts[0] == "src":
            error = room_error(parts[1], path, target)
        elif parts[0] == "include":
            if not target.startswith("include" + os.sep):
                error = f"a public header must not include {target}"
        elif not target.startswith(("include" + os.sep, parts[0] + os.sep)):
            error = f"{parts[0]} may include public headers and its own folder only, not {target}"
        if error:
            yield f"{path}:{line}: {error}"


def check(root):
    errors = []
    for top in ["src", "include"] + OUTSIDE:
        for path in sources(root, top):
            if not path.endswith("_test.c"):
                errors += check_file(root, path)
    return errors


def self_test():
    tree = {
        "include/runnel.h": "#include <runnel/chan.h>\n",
        "include/runnel/chan.h": "#include <stdint.h>\n",
        "include/runnel/bad.h": '#include "base/list.h"\n',
        "src/base/list.h": "",
        "src/base/good.c": '#include <runnel.h>\n#include "list.h"\n#include "base/list.h"\n',
        "src/base/bad.c": '/* line\n */\n#include "core/task.h"\n',
        "src/base/event.c": '#include "obs/event.h"\n',
        "src/base/free_test.c": '#include "core/task.h"\n',
        "src/core/task.h": '/* #include "sync/chan.h" */\n#include "obs/event.h"\n',
        "src/core/bad.c": '  #  include "obs/dump.h"\n#include <sync/chan.h>\n',
        "src/obs/event.h": "",
        "src/obs/dump.h": '#include "sync/chan.h"\n',
        "src/sync/chan.h": '#include "../core/task.h"\n#include "core/none.h"\n',
        "src/core/worker.h": "",
        "src/core/own.c": '#include "core/worker.h"\n',
        "src/sync/nosy.c": '#include "core/task.h"\n#include "core/worker.h"\n',
        "src/attic/x.c": "",
        "apps/runnel/main.c": '#include <runnel.h>\n#include "page.h"\n#include <curl/curl.h>\n',
        "apps/runnel/page.h": "",
        "examples/peek.c": '#include "core/task.h"\n',
    }
    expected = [
        "src/attic/x.c: ", "src/base/bad.c:3: ", "src/base/event.c:1: ", "src/core/bad.c:1: ",
        "src/core/bad.c:2: ", "src/sync/chan.h:2: ", "src/sync/nosy.c:2: ",
        "include/runnel/bad.h:1: ",
        "examples/peek.c:1: ",
    ]
    errors = selftest.check_tree(check, tree)
    wrong = [e for e in errors if not any(e.startswith(x) for x in expected)]
    missed = [x for x in expected if not any(e.startswith(x) for e in errors)]
    return [f"false alarm: {e}" for e in wrong] + [f"missed: {x}" for x in missed]


if __name__ == "__main__":
    sys.exit(selftest.main(check, self_test))
