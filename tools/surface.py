#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Lists the public surface and keeps it small.

    tools/surface.py [ROOT]         fails if docs/api.md is out of date, or the surface too large
    tools/surface.py --update       writes docs/api.md
    tools/surface.py --list         prints it
    tools/surface.py --self-test

The surface is what the headers in include/runnel/ hand out: functions (RN_API), inline functions,
macros with small letters (rn_...), which are called like functions, macros in capitals (RN_...),
types and the constants of enumerations; all but names that end in an underscore. Functions count
against a limit; the others, most of which only add types or the line number to a function, do not.
Each gets the sentence of its comment that names it, or the first one.
"""
import collections
import os
import re
import sys

import selftest

API = "docs/api.md"
# The rooms of the issue: the patterns have a limit of their own.
PATTERN_HEADERS = ["stage.h", "any.h", "pattern.h", "scale.h", "error.h"]
LIMITS = {"core": 120, "pattern": 60}

FUNCTION, INLINE, MACRO, CAPITAL = "function", "inline", "macro", "capital"
TYPE, CONSTANT = "type", "constant"
Entry = collections.namedtuple("Entry", "name kind header line doc")

COMMENT = re.compile(r"/\*.*?\*/", re.S)
DEFINE = re.compile(r"^#define[ \t]+((?:rn|RN)_\w*[A-Za-z0-9])\b(\()?(?:[^\\\n]|\\\n|\\.)*", re.M)
DECLARED = re.compile(r"^(?:RN_API|static inline)\b[^;{]*?\b(rn_\w*[a-z0-9])\(", re.M)
TYPEDEF = re.compile(r"^(?:__extension__ )?typedef\b[^;{]*(?:\{.*?^\}[^;]*)?\b(rn_\w*[a-z0-9]);",
                     re.M | re.S)
ENUM = re.compile(r"^(?:typedef )?enum (\w*) ?\{(.*?)\}", re.M | re.S)
ENUMERATOR = re.compile(r"\b(RN_\w*[A-Z0-9])\b *(?=[=,\s]|$)")
CALLED = re.compile(r"\brn_[a-z_0-9]+(?=\()")
SENTENCE_END = re.compile(r"(?<![.])\.(?=\s|$)")
# A shorter sentence about a macro is followed by what its function does.
SHORT = 80


def comment_text(comment):
    """The words of a comment; examples in it (lines that are indented) are left out."""
    lines = [re.sub(r"^\s*\*(?!/) ?", "", line) for line in comment[2:-2].splitlines()]
    return " ".join(line.strip() for line in lines if not line.startswith("    ")).strip()


def describe(text, name):
    """The sentence of text that begins with the name, else the first one."""
    if not text:
        return ""
    sentences, start = [], 0
    for end in [m.end() for m in SENTENCE_END.finditer(text)] or [len(text)]:
        sentences.append(" ".join(text[start:end].split()))
        start = end
    return next((s for s in sentences if re.match(rf"{name}\b", s)), sentences[0])


# What stands before a name: the comment right above it; the last one of its paragraph; that or the
# one of the type above it.
Before = collections.namedtuple("Before", "adjacent own nearest at kind")


def comments_before(text, position, kind):
    adjacent = own = nearest = ""
    for match in COMMENT.finditer(text, 0, position):
        words = comment_text(match.group())
        if not words or words.startswith("----") or text[match.start() - 1:match.start()] == " ":
            continue
        gap = text[match.end():position]
        between = gap.strip()
        if between and words.startswith("0 "):
            continue                    # says what the one function below it returns
        adjacent = "" if between else words
        own = "" if re.search(r"\n[ \t]*\n", gap) else words
        nearest = words if own or between.startswith("typedef") else ""
    return Before(adjacent, own, nearest, position, kind)


def document(name, comments, calls):
    """The line about a name. comments: what stands before each of the header's names."""
    here = comments[name]
    base = re.sub(r"(_at|_drop)$", "", name)
    if base != name and base in comments and comments[base].at < here.at and not here.adjacent:
        if name not in here.own:        # rn_sleep stands above rn_sleep_at, and so does its comment
            return document(base, comments, [])
    # A macro adds types to a function.
    callee = next((c for c in calls if c in comments and comments[c].kind == FUNCTION), None)
    named = re.search(rf"\b{name}\b", here.own)
    if not callee or (callee == name + "_at" and not comments[callee].adjacent):
        return describe(here.adjacent or here.own or here.nearest, name)
    there = comments[callee]
    if not here.adjacent and not named:
        return describe(there.own or there.nearest, callee)
    line = describe(here.own, name)
    if len(line) < SHORT and not re.match("The untyped", there.own) and there.own != here.own:
        line += " " + describe(there.own or there.nearest, callee)
    return line


def comment_behind(text, position):
    """The words of a comment that begins in the rest of the line, behind what ends it."""
    match = re.compile(r"[^\n/]*[,; ][ \t]*(/\*.*?\*/)", re.S).match(text, position)
    return " ".join(comment_text(match.group(1)).split()) if match else ""


def sentence_with(text, name):
    """The first sentence of the header's comments that has the name."""
    for match in COMMENT.finditer(text):
        for sentence in SENTENCE_END.split(comment_text(match.group())):
            if re.search(rf"\b{name}\b", sentence):
                return " ".join(sentence.split()) + "."
    return ""


def constants_of(code, text):
    """The constants of enumerations, with their places and what is said of them."""
    for enum in ENUM.finditer(code):
        kind, body = enum.groups()
        for match in ENUMERATOR.finditer(body):
            name, at = match.group(1), enum.start(2) + match.start()
            said = comment_behind(text, at + len(name))
            if kind:
                said = f"of `{kind}`" + (": " + said if said else "")
            yield at, name, said or sentence_with(text, name)


def entries_of(header, text):
    """What a header hands out, in the order of the file."""
    # A comment keeps its place and loses its words.
    code = COMMENT.sub(lambda m: re.sub(r"[^\n]", " ", m.group()), text)
    found = []
    for match in DEFINE.finditer(code):
        name = match.group(1)
        if all(name != other for _, other, _, _ in found):  # a second one is for another language
            kind = MACRO if name.startswith("rn_") else CAPITAL
            calls = [c for c in CALLED.findall(match.group()) if c != name]
            found.append((match.start(), name, kind, calls))
    for match in DECLARED.finditer(code):
        kind = FUNCTION if match.group().startswith("RN_API") else INLINE
        found.append((match.start(), match.group(1), kind, []))
    comments = {name: comments_before(text, at, kind) for at, name, kind, _ in found}
    listed = [(at, name, kind, document(name, comments, calls)) for at, name, kind, calls in found]
    for match in TYPEDEF.finditer(code):
        at, name = match.start(), match.group(1)
        here = comments_before(text, at, TYPE)
        said = comment_behind(text, match.end() - 1)
        listed.append((at, name, TYPE, said or describe(here.adjacent or here.own, name)))
    listed += [(at, name, CONSTANT, said) for at, name, said in constants_of(code, text)]
    for at, name, kind, said in sorted(listed):
        yield Entry(name, kind, header, text.count("\n", 0, at) + 1, said)


def read_surface(root):
    folder = os.path.join(root, "include", "runnel")
    entries = []
    for header in sorted(os.listdir(folder)):
        if header.endswith(".h"):
            with open(os.path.join(folder, header), encoding="utf-8") as file:
                entries += entries_of(header, file.read())
    return entries


def room(entry):
    return "pattern" if entry.header in PATTERN_HEADERS else "core"


def count(entries, kind, where=None):
    return sum(e.kind == kind and where in (None, room(e)) for e in entries)


def cell(text):
    return text.replace("|", "\\|").replace("<", "&lt;").replace("*", "\\*")


def table(entries):
    yield "| name | header | |"
    yield "| --- | --- | --- |"
    for e in sorted(entries, key=lambda e: (e.header, e.name.lower())):
        link = f"[{e.header}](../include/runnel/{e.header})"
        yield f"| `{e.name}` | {link} | {cell(e.doc)} |"


def render(entries):
    lines = [
        "<!-- SPDX-License-Identifier: MIT -->", "",
        "# The public surface", "",
        "Made by `tools/surface.py --update` from the headers, which are the reference: each",
        "comment there says what may fail, who waits and who owns what. A test keeps this page up",
        "to date, and the numbers of functions below their limits.", "",
        "| | functions | limit | inline functions | macros | macros in capitals |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    titles = {"core": "Tasks, channels, groups, time, I/O", "pattern": "Patterns"}
    for where, title in titles.items():
        numbers = [count(entries, kind, where) for kind in (FUNCTION, INLINE, MACRO, CAPITAL)]
        lines.append(f"| {title} | {numbers[0]} | {LIMITS[where]} | "
                     + " | ".join(str(n) for n in numbers[1:]) + " |")
    lines += ["", "By header:", "", "| header | functions | inline functions | macros |",
              "| --- | --- | --- | --- |"]
    for header in sorted({e.header for e in entries}):
        here = [e for e in entries if e.header == header]
        lines.append(f"| [{header}](../include/runnel/{header}) | {count(here, FUNCTION)} | "
                     f"{count(here, INLINE)} | {count(here, MACRO)} |")
    kinds = [("what is called", (MACRO, FUNCTION, INLINE)), ("macros in capitals", (CAPITAL,)),
             ("types", (TYPE,)), ("constants", (CONSTANT,))]
    for where, title in titles.items():
        for what, wanted in kinds:
            rows = [e for e in entries if e.kind in wanted and room(e) == where]
            if rows:
                lines += ["", f"## {title}: {what}", ""] + list(table(rows))
    return "\n".join(lines) + "\n"


def errors_of(root):
    entries = read_surface(root)
    for where, limit in LIMITS.items():
        number = count(entries, FUNCTION, where)
        if number > limit:
            yield f"include/runnel: {number} functions in the {where} room, at most {limit}"
    for entry in entries:
        if not entry.doc:
            yield f"include/runnel/{entry.header}:{entry.line}: {entry.name} has no comment"
    path = os.path.join(root, API)
    text = ""
    if os.path.exists(path):
        with open(path, encoding="utf-8") as file:
            text = file.read()
    if text != render(entries):
        yield f"{API}:1: is out of date: run tools/surface.py --update"


def check(root):
    return list(errors_of(root))


SELF_TEST_HEADER = """/* The top comment. */
#define RN_API __attribute__((visibility("default")))
/* Five. */
#define RN_LIMIT 5

/* ---- a heading ---- */

/*
 * Waits for the thing... a while. It may fail.
 *
 *     rn_example(x);
 */
#define rn_wait_for(x) rn_wait_for_at((x), 1)
RN_API RN_MUST_CHECK int rn_wait_for_at(int x,
                                        int site);

/* Adds. */
RN_API int (*rn_odd(void))(void);
RN_API void rn_add(int x);

#define rn_plus(x) \\
    rn_add(x)
/* Gives 1. */
static inline int rn_one(void)
{
    return 1;
}
/* Takes RN_CASE | more. */
#define RN_CASE(x) x
#define RN_PRIVATE_(x) x
static inline int rn_private_(void) { return 0; }

#ifdef __cplusplus
#define RN_WORD 1
#else
#define RN_WORD 2
#endif

typedef struct rn_first rn_first; /* the first; it
                                   * is opaque */
typedef struct rn_second rn_second;

/* The modes. */
typedef enum rn_mode {
    RN_MODE_ONE = 1, /* the usual one */
    RN_MODE_TWO
} rn_mode;
struct rn_own_ {
    int x;
};
/* A pair. For two. */
typedef struct rn_pair {
    int a, b; /* x; */
    struct {
        int c;
    } inner;
} rn_pair;
enum { RN_READ = 1, RN_WRITE = 2 };

/* Waits. For RN_READ | RN_WRITE, it does. */
#define rn_pair(a) a
"""


def self_test():
    failures = []

    def expect(what, got, wanted):
        if got != wanted:
            failures.append(f"{what}: {got!r}, not {wanted!r}")

    entries = list(entries_of("a.h", SELF_TEST_HEADER))
    expect("entries", [(e.name, e.kind, e.doc) for e in entries], [
        ("RN_API", CAPITAL, "The top comment."),
        ("RN_LIMIT", CAPITAL, "Five."),
        ("rn_wait_for", MACRO, "Waits for the thing... a while."),
        ("rn_wait_for_at", FUNCTION, "Waits for the thing... a while."),
        ("rn_odd", FUNCTION, "Adds."),
        ("rn_add", FUNCTION, "Adds."),
        ("rn_plus", MACRO, "Adds."),
        ("rn_one", INLINE, "Gives 1."),
        ("RN_CASE", CAPITAL, "Takes RN_CASE | more."),
        ("RN_WORD", CAPITAL, ""),
        ("rn_first", TYPE, "the first; it is opaque"),
        ("rn_second", TYPE, ""),
        ("rn_mode", TYPE, "The modes."),
        ("RN_MODE_ONE", CONSTANT, "of `rn_mode`: the usual one"),
        ("RN_MODE_TWO", CONSTANT, "of `rn_mode`"),
        ("rn_pair", TYPE, "A pair."),
        ("RN_READ", CONSTANT, "For RN_READ | RN_WRITE, it does."),
        ("RN_WRITE", CONSTANT, "For RN_READ | RN_WRITE, it does."),
        ("rn_pair", MACRO, "Waits."),
    ])
    expect("lines", [e.line for e in entries][2:4], [13, 14])
    declared = "".join(f"/* Does {{0}}. */\nRN_API int rn_{{0}}_{n}(void);\n" for n in range(61))
    good = {"include/runnel/chan.h": declared.format("x"), API: ""}
    good[API] = render(list(entries_of("chan.h", good["include/runnel/chan.h"])))
    expect("a good tree", selftest.check_tree(check, good), [])
    more = good["include/runnel/chan.h"] + "RN_API int rn_y(int);\n"
    stale = {**good, "include/runnel/chan.h": more}
    expect("stale", [e[:12] for e in selftest.check_tree(check, stale)], [API + ":"])
    bare = selftest.check_tree(check, {"include/runnel/x.h": "RN_API int rn_x(void);\n"})
    expect("no comment", [e for e in bare if e.endswith("rn_x has no comment")], bare[:1])
    for header, copies, wanted in (("any.h", 1, 1), ("chan.h", 1, 0), ("chan.h", 2, 1)):
        text = "".join(declared.format(f"x{n}") for n in range(copies))
        errors = selftest.check_tree(check, {f"include/runnel/{header}": text})
        expect(f"{copies} x 61 in {header}", sum("at most" in e for e in errors), wanted)
    return failures


def main():
    if sys.argv[1:] in (["--update"], ["--list"]):
        text = render(read_surface(selftest.REPOSITORY))
        if sys.argv[1] == "--list":
            print(text, end="")
            return 0
        with open(os.path.join(selftest.REPOSITORY, API), "w", encoding="utf-8") as file:
            file.write(text)
        return 0
    return selftest.main(check, self_test)


if __name__ == "__main__":
    sys.exit(main())
