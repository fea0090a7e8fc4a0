#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Fails on what can be counted of the house's style.

    tools/check-style.py [ROOT]         checks the tree
    tools/check-style.py --self-test

Files up to 600 lines, functions up to 70, lines up to 100 columns, an SPDX line first, no tabs and
no trailing blanks, no markers for later work, only rn_ names in public headers, and no atomic
operation without its memory order in src/.
"""
import os
import re
import sys

import selftest

MAX_FILE_LINES = 600
MAX_FUNCTION_LINES = 70
MAX_COLUMNS = 100

FOLDERS = ["src", "include", "apps", "examples", "ext", "bench", "tests", "tools", "cmake", ".ci"]
TOP_FILES = ["CMakeLists.txt", "Makefile", "runnel.pc.in"]
C_SUFFIXES = (".c", ".h", ".S", ".cc", ".cpp")
HASH_SUFFIXES = (".py", ".sh", ".cmake")
HASH_NAMES = ("CMakeLists.txt", "Makefile", "run", "runnel.pc.in")

C_SPDX = "/* SPDX-License-Identifier: MIT */"
HASH_SPDX = "# SPDX-License-Identifier: MIT"
# Written in halves, or this file would find itself.
MARKER = re.compile(r"\b(TO" r"DO|FIX" r"ME|XX" r"X|HA" r"CK)\b")

ATOMIC = re.compile(r"\b(atomic_(?:load|store|exchange|compare_exchange_(?:weak|strong)"
                    r"|fetch_\w+|flag_\w+)|__sync_\w+)\s*\(")
PUBLIC = re.compile(r"(rn_|RN_|rni_|RNI_|RUNNEL_)")
# Not ours to rename: errno is redefined on purpose, and these are the system's.
ALLOWED_NAMES = {"errno", "timespec", "sockaddr", "addrinfo", "iovec", "msghdr"}
NOT_FUNCTIONS = {"_Static_assert", "static_assert", "__typeof__", "_Alignas", "_Alignof", "sizeof",
                 "__attribute__", "__asm__", "__extension__", "defined"}


def blank(match):
    """A comment or literal becomes blanks, with its line breaks, so that line numbers stay."""
    return re.sub(r"[^\n]", " ", match.group())


def code_only(text):
    return re.sub(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', blank, text,
                  flags=re.S)


def line_of(text, position):
    return text.count("\n", 0, position) + 1


def check_lines(path, text):
    lines = text.split("\n")
    if len(lines) - 1 > MAX_FILE_LINES:
        yield f"{path}:1: {len(lines) - 1} lines, at most {MAX_FILE_LINES}"
    if path.endswith(C_SUFFIXES):
        if lines[0] != C_SPDX:
            yield f"{path}:1: the first line is not {C_SPDX}"
    elif HASH_SPDX not in lines[:2]:
        yield f"{path}:1: the first two lines lack {HASH_SPDX}"
    for number, line in enumerate(lines, 1):
        if len(line) > MAX_COLUMNS:
            yield f"{path}:{number}: {len(line)} columns, at most {MAX_COLUMNS}"
        if line != line.rstrip() and not line.startswith("export NINJA_STATUS"):
            yield f"{path}:{number}: blanks at the end"
        if "\t" in line and path.endswith(C_SUFFIXES):
            yield f"{path}:{number}: a tab"
        if MARKER.search(line):
            yield f"{path}:{number}: do it, or open an issue: {line.strip()}"


def check_functions(path, code):
    """A function's body starts with a brace at the end of a line whose text starts in column 0, or
    with one alone there, and ends with the next brace in column 0."""
    start = None
    for number, line in enumerate(code.split("\n"), 1):
        line = line.rstrip()
        if start is None:
            if line == "{" or re.match(r"[A-Za-z_].*\)\s*\{$", line):
                start = number
        elif line.startswith("}"):
            length = number - start + 1
            if length > MAX_FUNCTION_LINES:
                yield f"{path}:{start}: function of {length} lines, at most {MAX_FUNCTION_LINES}"
            start = None


def check_atomics(path, code):
    # A test means sequential consistency: it must not share the code's own idea of what suffices.
    if str(path).endswith("_test.c"):
        return
    for match in ATOMIC.finditer(code):
        if not match.group(1).endswith("_explicit"):
            yield (f"{path}:{line_of(code, match.start())}: "
                   f"{match.group(1)} does not name its memory order")


def check_defines(path, code):
    for match in re.finditer(r"^[ \t]*#[ \t]*define[ \t]+(\w+)", code, re.M):
        if not PUBLIC.match(match.group(1)) and match.group(1) not in ALLOWED_NAMES:
            yield (f"{path}:{line_of(code, match.start())}: "
                   f"public macro {match.group(1)} lacks the prefix RN_ or rn_")


def declared_function(chunk):
    """The name that a file-level declaration gives to a function, or None."""
    chunk = re.sub(r"__attribute__\s*\(\(.*?\)\)", " ", chunk, flags=re.S)
    chunk = re.sub(r"\b(?:RN|RUNNEL)_\w+(\s*\([^()]*\))?", " ", chunk)
    for match in re.finditer(r"\b([A-Za-z_]\w*)\s*\(\s*(\*?)\s*(\w*)", chunk):
        name, star, inner = match.groups()
        if star:                # int (*rn_name)(...)
            return inner
        if name not in NOT_FUNCTIONS:
            return name
    return None


def check_declarations(path, code):
    """Functions and tags at file level. Bodies are skipped by counting braces."""
    code = re.sub(r"^[ \t]*#(?:[^\n]*\\\n)*[^\n]*", blank, code, flags=re.M)
    code = re.sub(r'extern\s+"?\s*C?\s*"?\s*\{', blank, code)
    for match in re.finditer(r"\b(?:struct|union|enum)\s+([A-Za-z_]\w*)", code):
        if not PUBLIC.match(match.group(1)) and match.group(1) not in ALLOWED_NAMES:
            yield f"{path}:{line_of(code, match.start())}: public type {match.group(1)} lacks rn_"
    depth, start = 0, 0
    for position, char in enumerate(code):
        if depth == 0 and char in ";{":
            name = declared_function(code[start:position])
            if name and not PUBLIC.match(name) and name not in ALLOWED_NAMES:
                yield f"{path}:{line_of(code, position)}: public function {name} lacks rn_"
        if char == "{":
            depth += 1
        elif char == "}":
            depth = max(depth - 1, 0)
        if char in ";{}":
            start = position + 1


def check_file(root, path):
    with open(os.path.join(root, path), encoding="utf-8") as file:
        text = file.read()
    yield from check_lines(path, text)
    if not path.endswith(C_SUFFIXES):
        return
    code = code_only(text)
    yield from check_functions(path, code)
    if path.startswith("src" + os.sep):
        yield from check_atomics(path, code)
    if path.startswith("include" + os.sep):
        yield from check_defines(path, code)
        yield from check_declarations(path, code)


def files(root):
    for name in TOP_FILES:
        if os.path.isfile(os.path.join(root, name)):
            yield name
    for top in FOLDERS:
        for folder, folders, names in os.walk(os.path.join(root, top)):
            # What a benchmark installs for the other languages is not ours.
            folders[:] = sorted(f for f in folders if f not in ("node_modules", "__pycache__"))
            for name in sorted(names):
                if name.endswith(C_SUFFIXES + HASH_SUFFIXES) or name in HASH_NAMES:
                    yield os.path.relpath(os.path.join(folder, name), root)


def check(root):
    return [error for path in files(root) for error in check_file(root, path)]


def self_test():
    c, sh = C_SPDX + "\n", "#!/bin/sh\n" + HASH_SPDX + "\n"
    body = "int f(void)\n{\n" + "    g();\n" * 67 + "}\n"
    tree = {
        "src/base/good.c": c + body.replace("    g();\n", "    g();\n", 1)
        + "/* atomic_load(&x) */\nint x = atomic_load_explicit(&x, memory_order_relaxed);\n",
        "src/base/long.c": c + "\n" * 600,
        "src/base/function.c": c + body.replace("    g();\n", "    g();\n" * 3, 1),
        "src/base/test.c": c + body.replace("    g();\n", "    g();\n" * 3, 1)
        .replace("int f(void)\n{", "TEST(x) {"),
        "src/base/wide.c": c + "/* " + "x" * 95 + " */\n",
        "src/base/spdx.c": "int x;\n",
        "src/base/atomic.c": c + "int y = atomic_fetch_add(&x, 1);\n",
        "src/base/sync.c": c + "int y = __sync_fetch_and_add(&x, 1);\n",
        "src/base/marker.c": c + "/* TO" "DO: all */\n",
        "src/base/tab.c": c + "\tint x;\n",
        "src/base/blank.c": c + "int x; \n",
        "include/runnel/good.h": c + "#ifndef RUNNEL_GOOD_H\n#define RUNNEL_GOOD_H\n"
        "#define errno (*rn_errno())\n"
        "#ifdef __cplusplus\nextern \"C\" {\n#endif\n"
        "RN_API RN_MUST_CHECK int rn_f(void (*done)(void *), rn_x *x) RN_NONNULL(1);\n"
        "typedef int (*rn_fn)(int (*inner)(void));\n"
        "typedef struct rn_x { int (*call)(void); int member; } rn_x;\n"
        "static inline int rn_g(int a)\n{\n    return call(a);\n}\n"
        "_Static_assert(sizeof(int) == 4, \"x\");\n"
        "struct rn_s { struct timespec t; };\n#ifdef __cplusplus\n}\n#endif\n#endif\n",
        "include/runnel/macro.h": c + "#define MAX(a, b) 1\n",
        "include/runnel/function.h": c + "extern \"C\" {\nint rn_ok(void);\nint max(int a);\n}\n",
        "include/runnel/inline.h": c + "static inline int max(int a)\n{\n    return a;\n}\n",
        "include/runnel/tag.h": c + "struct node { int x; };\n",
        "tools/good.sh": sh,
        "tools/spdx.sh": "#!/bin/sh\n",
    }
    errors = selftest.check_tree(check, tree)
    failures = []
    for path in tree:
        found = [e for e in errors if e.startswith(path + ":")]
        wanted = 0 if "/good." in path else 1
        if len(found) != wanted:
            failures.append(f"{path}: {len(found)} errors, expected {wanted}: {found}")
    return failures


if __name__ == "__main__":
    sys.exit(selftest.main(check, self_test))
