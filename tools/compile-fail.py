#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Proves that a misuse of the public headers does not compile, and that its correction does.

    tools/compile-fail.py [--include DIR] [--cc COMPILER]... FILE
    tools/compile-fail.py --self-test

FILE starts with its SPDX line and one or more of

    /* expect: REGEX */             an error that matches, from every compiler
    /* expect-first: REGEX */       the line of the first error matches
    /* expect-warning: REGEX */     it compiles, but with -Wall warns so (a result not checked)
    /* expect-gcc: REGEX */         instead of the above where gcc (or clang) says it in its own
    /* expect-clang: REGEX */       words; with -warning after the name for warnings

and holds the misuse; under #ifdef GOOD it is put right, and must compile without any warning. The
file is really compiled, as gcc finds unused results only after parsing. Without --cc, gcc and the
first clang that is there are asked. Exit status 77: no compiler.
"""
import os
import re
import shutil
import subprocess
import sys
import tempfile

STANDARD = ["-std=gnu11"]
STRICT = ["-Wall", "-Wextra", "-Wpedantic", "-Wcast-align", "-Wshadow"]
EXPECT = re.compile(r"^/\* expect(?:-(gcc|clang))?(-warning|-first)?: (.*) \*/$", re.M)


def compilers():
    clangs = ["clang"] + [f"clang-{version}" for version in range(14, 24)]
    found = [shutil.which("gcc")] + [next(filter(None, map(shutil.which, clangs)), None)]
    return [path for path in found if path]


def family(compiler):
    return "clang" if "clang" in os.path.basename(compiler) else "gcc"


def compile_file(compiler, path, include, flags):
    with tempfile.TemporaryDirectory() as folder:
        result = subprocess.run(
            [compiler, *STANDARD, "-I", include, *flags, "-c", path,
             "-o", os.path.join(folder, "out.o")],
            env={**os.environ, "LC_ALL": "C"}, capture_output=True, text=True,
            errors="replace", check=False)
    return result.returncode, result.stderr


def first_error(output):
    return next((line for line in output.splitlines() if "error: " in line), "")


def check(path, include, compiler_list):
    with open(path, encoding="utf-8") as file:
        text = file.read()
    rules = EXPECT.findall(text)
    if not rules:
        return [f"{path}: no line /* expect: REGEX */"]
    if "GOOD" not in text:
        return [f"{path}: has no #ifdef GOOD"]
    errors = []
    for compiler in compiler_list:
        own = [rule for rule in rules if rule[0] == family(compiler)]
        for _, manner, regex in own or [rule for rule in rules if not rule[0]]:
            warning = manner == "-warning"
            # An error must be one without -Werror: the user may not have it.
            status, output = compile_file(compiler, path, include, STRICT if warning else [])
            if warning and status != 0:
                errors.append(f"{compiler}: should compile with a warning, but:\n{output}")
            elif not warning and status == 0:
                errors.append(f"{compiler}: compiles, but should not\n{output}")
            elif not re.search(regex, first_error(output) if manner == "-first" else output):
                errors.append(f"{compiler}: does not say /{regex}/ but:\n{output}")
        status, output = compile_file(compiler, path, include, ["-DGOOD", "-Werror", *STRICT])
        if status != 0:
            errors.append(f"{compiler}: the GOOD form does not compile:\n{output}")
    return [f"{path}: {error}" for error in errors]


SELF_TEST_HEADER = """
#define rn_positive(x) \\
    ((void)sizeof(struct { _Static_assert((x) > 0, "runnel: not positive"); int y; }), (x))
__attribute__((warn_unused_result)) int rn_check(void);
"""
SELF_TEST = {
    # name: (lines after the SPDX line, whether the check passes)
    "refused": ("/* expect: runnel: not positive */\n", "-1", "1", True),
    "accepted": ("/* expect: runnel: not positive */\n", "1", "1", False),
    "other_words": ("/* expect: runnel: negative */\n", "-1", "1", False),
    "first": ("/* expect-first: runnel: not positive */\n", "-1", "1", True),
    "second": ("/* expect: runnel: not positive */\n", "x) + rn_positive(-1", "1", True),
    "not_first": ("/* expect-first: runnel: not positive */\n", "x) + rn_positive(-1", "1", False),
    "bad_good": ("/* expect: runnel: not positive */\n", "-1", "-1", False),
    "no_rule": ("", "-1", "1", False),
    "own_words": ("/* expect-gcc: not positive */\n/* expect-clang: not positive */\n",
                  "-1", "1", True),
    "warning": ("/* expect-warning: unused.result|rn_check */\n", "(rn_check(), 1)", "1", True),
    "no_warning": ("/* expect-warning: unused.result|rn_check */\n", "rn_check()", "1", False),
}


def self_test(compiler_list):
    errors = []
    with tempfile.TemporaryDirectory() as folder:
        with open(os.path.join(folder, "self.h"), "w", encoding="utf-8") as file:
            file.write(SELF_TEST_HEADER)
        for name, (rules, bad, good, passes) in SELF_TEST.items():
            path = os.path.join(folder, name + ".c")
            call = "{0}" if "warning" in name else "rn_positive({0})"
            with open(path, "w", encoding="utf-8") as file:
                file.write("/* SPDX-License-Identifier: MIT */\n" + rules
                           + '#include "self.h"\nint f(void);\nint f(void)\n{\n#ifdef GOOD\n'
                           + f"    return {call.format(good)};\n#else\n"
                           + f"    return {call.format(bad)};\n#endif\n}}\n")
            found = check(path, folder, compiler_list)
            if bool(found) == passes:
                errors.append(f"{name}: should {'pass' if passes else 'fail'}: {found}")
    return errors


def main():
    include = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "include")
    compiler_list, paths, testing, arguments = [], [], False, sys.argv[1:]
    while arguments:
        word = arguments.pop(0)
        if word == "--self-test":
            testing = True
        elif word in ("--include", "--cc") and arguments:
            if word == "--cc":
                compiler_list.append(arguments.pop(0))
            else:
                include = arguments.pop(0)
        else:
            paths.append(word)
    compiler_list = compiler_list or compilers()
    if not compiler_list:
        print("neither gcc nor clang is here")
        return 77
    errors = self_test(compiler_list) if testing else []
    for path in paths:
        errors += check(path, include, compiler_list)
    for error in errors:
        print(error)
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main())
