#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Keeps the tutorial's code the code of the examples.

    tools/tutorial.py [ROOT]        fails if a page has drifted from what it shows or links to
    tools/tutorial.py --update      rewrites the blocks of docs/tutorial/
    tools/tutorial.py --self-test

A page has no C of its own. Above each block a comment says what stands in it:

    <!-- code: examples/tee.c region=tee_all,tee -->     functions, types or enumerations by name,
                                                         with their comments and RN_ lines
    <!-- code: examples/tee.c -->                        all but the comment on top
    <!-- output: examples/tee.expected -->               what the program prints; a .rules file
                                                         must say so with `line` and `either` only

Checked too: the programs that a page names (`runnel tour NAME`) are in the tour, and so is each
program that it shows; each program of the tour is named on a page; relative links lead somewhere;
the index links to each page. README.md links to the file of each program of the tour.
"""
import os
import re
import sys

import selftest

FOLDER = os.path.join("docs", "tutorial")
INDEX = "README.md"
TOUR = os.path.join("apps", "runnel", "tour_programs.h")

BLOCK = re.compile(r"^<!-- (code|output): (\S+?)(?: region=(\S+))? -->\n```(\w*)\n(.*?)^```$",
                   re.M | re.S)
FENCE = re.compile(r"^```(\w*)\n.*?^```$", re.M | re.S)
COMMENT = re.compile(r"/\*.*?\*/", re.S)
NAMED = re.compile(r"\brunnel tour (?:--fast )?([a-z]\w*)")
ROW = re.compile(r"\bPROGRAM\((\w+), \d")
LINK = re.compile(r"(?<!`)\[[^\]]*\]\(([^)\s]+)\)")


def read(root, path):
    with open(os.path.join(root, path), encoding="utf-8") as file:
        return file.read()


# ---- regions of C ----


def chunks(text):
    """The pieces of a C file at file level, each with the comment right above it. They end with a
    line in which no brace is open and that ends in ; or }, or, for a preprocessor line, at once."""
    piece, depth, in_comment = [], 0, False
    for line in text.split("\n"):
        if not line.strip() and depth == 0 and not in_comment:
            if piece:
                yield "\n".join(piece)
            piece = []
            continue
        piece.append(line)
        opened = line.startswith("/*") if depth == 0 and not in_comment else in_comment
        in_comment = opened and "*/" not in line
        if opened:
            continue
        code = re.sub(r'/\*.*?\*/|"(?:\\.|[^"\\])*"|\'(?:\\.|[^\'\\])*\'', "", line).rstrip()
        depth += code.count("{") - code.count("}")
        if depth == 0 and (code.endswith((";", "}")) or code.startswith("#")):
            yield "\n".join(piece)
            piece = []


def names(chunk):
    """What a chunk is called: the function it defines, the type, the enumerators, or the function
    that its RN_ line is about. A declaration of a function has no name here."""
    code = COMMENT.sub("", chunk).strip()
    line = re.match(r"RN_[A-Z]+\(\s*(\w+)", code)
    if line:
        return {line.group(1)}
    if code.startswith("typedef"):
        return set(re.findall(r"(\w+)(?:\([^;{}]*\))?;$", code))
    found = set(re.findall(r"^(?:static )?(?:struct|union|enum) (\w+)\s*\{", code))
    enumerators = re.match(r"enum \w*\s*\{(.*)\}", code, re.S)
    if enumerators:
        return found | set(re.findall(r"^\s*(\w+)", enumerators.group(1), re.M)) | set(
            re.findall(r",\s*(\w+)", enumerators.group(1)))
    function = re.match(r"[^={;]*?\b(\w+)\([^={;]*\)\s*\{", re.sub(r"RN_\w+|rn_\w+\([^()]*\)",
                                                                  "T", code))
    variable = re.match(r"(?:static )[^({;]*?\b(\w+)(?:\[[^\]]*\])*\s*(?:=|;|,)", code)
    if function:
        found.add(function.group(1))
    elif variable:
        found.add(variable.group(1))
    return found


def region(text, wanted):
    """The named chunks in the order of the file, and those that are missing. Lines that stood
    together stay together."""
    lines, missing, last_end = [], set(wanted), None
    position = 0
    for chunk in chunks(text):
        start = text.index(chunk, position)
        position = start + len(chunk)
        here = names(chunk) & set(wanted)
        if here:
            missing -= here
            if last_end is not None:
                lines.append("\n" if text[last_end:start] == "\n" else "\n\n")
            lines.append(chunk)
            last_end = position
    return "".join(lines) + "\n", sorted(missing)


def program(text):
    """A program without the comments on top."""
    return re.sub(r"^(\s*/\*.*?\*/)+\s*", "", text, flags=re.S)


def printed(path, text):
    """What a program prints, from its .expected or .rules file; None if the rules have patterns."""
    if not path.endswith(".rules"):
        return text if text.endswith("\n") else text + "\n"
    lines = []
    for line in text.splitlines():
        word, _, rest = line.partition(" ")
        if word in ("line", "either"):
            lines.append(rest)
        elif word == "match":
            return None
    return "\n".join(lines) + "\n"


def content(root, kind, source, wanted):
    """What a block must hold, and the errors met on the way."""
    if not os.path.isfile(os.path.join(root, source)):
        return None, [f"there is no {source}"]
    text = read(root, source)
    if kind == "output":
        body = printed(source, text)
        return body, [] if body else [f"{source} does not tell the output line by line"]
    if not wanted:
        return program(text), []
    body, missing = region(text, wanted.split(","))
    return body, [f"{source} has no {name}" for name in missing]


# ---- pages ----


def rewrite(root, page, text):
    """The page with its blocks as they must be, and what is wrong with them."""
    errors = []

    def replace(match):
        kind, source, wanted, language, _ = match.groups()
        body, found = content(root, kind, source, wanted)
        line = text.count("\n", 0, match.start()) + 1
        right = "c" if kind == "code" else "text"
        if language != right:
            found.append(f"the block must be ```{right}")
        errors.extend(f"{page}:{line}: {error}" for error in found)
        if body is None or found:
            return match.group()
        head = match.group()[:match.group().index("\n```") + 1]
        return f"{head}```{language}\n{body}```"

    return BLOCK.sub(replace, text), errors


def anchors(text):
    """The places of a page that links may lead to, as the usual renderers name them."""
    headings = re.findall(r"^#+ (.*)$", FENCE.sub("", text), re.M)
    return {re.sub(r"[^\w\- ]", "", h.lower().replace("`", "")).replace(" ", "-")
            for h in headings}


def check_links(root, page, text):
    for match in LINK.finditer(FENCE.sub(lambda m: re.sub(r"[^\n]", " ", m.group()), text)):
        target, _, anchor = match.group(1).partition("#")
        if re.match(r"[a-z]+:", target):
            continue
        line = text.count("\n", 0, match.start()) + 1
        path = os.path.normpath(os.path.join(os.path.dirname(page), target)) if target else page
        if not os.path.exists(os.path.join(root, path)):
            yield f"{page}:{line}: there is no {match.group(1)}"
        elif anchor and path.endswith(".md") and anchor not in anchors(read(root, path)):
            yield f"{page}:{line}: {path} has no #{anchor}"


def check_page(root, page, text, tour):
    fresh, errors = rewrite(root, page, text)
    yield from errors
    if fresh != text:
        old, new = text.split("\n"), fresh.split("\n")
        line = next((i for i, (a, b) in enumerate(zip(old, new)) if a != b), len(new))
        yield f"{page}:{line + 1}: has drifted from the examples: run tools/tutorial.py --update"
    covered = {m.start(4) for m in BLOCK.finditer(text)}
    for match in FENCE.finditer(text):
        if match.group(1) == "c" and match.start(1) not in covered:
            line = text.count("\n", 0, match.start()) + 1
            yield f"{page}:{line}: C that comes from no example"
    shown = {os.path.splitext(os.path.basename(m.group(2)))[0] for m in BLOCK.finditer(text)}
    for name in sorted(set(NAMED.findall(text)) | shown):
        if name not in tour:
            yield f"{page}:1: {name} is not in the tour"
    if os.path.basename(page) != INDEX and not NAMED.search(text):
        yield f"{page}:1: names no program of the tour"
    yield from check_links(root, page, text)


def pages(root):
    for name in sorted(os.listdir(os.path.join(root, FOLDER))):
        if name.endswith(".md"):
            yield os.path.join(FOLDER, name)


def errors_of(root):
    tour = set(ROW.findall(read(root, TOUR)))
    texts = {page: read(root, page) for page in pages(root)}
    index = texts.get(os.path.join(FOLDER, INDEX), "")
    for page, text in texts.items():
        yield from check_page(root, page, text, tour)
        name = os.path.basename(page)
        if name != INDEX and f"]({name})" not in index:
            yield f"{page}:1: is not in {FOLDER}/{INDEX}"
    named = set(NAMED.findall("".join(texts.values())))
    for name in sorted(tour - named):
        yield f"{FOLDER}: no page names {name}, a program of the tour"
    front = read(root, INDEX)
    for name in sorted(tour):
        if f"](examples/{name}.c)" not in front:
            yield f"{INDEX}: does not link to examples/{name}.c, a program of the tour"


def check(root):
    return list(errors_of(root))


def update(root):
    for page in pages(root):
        text = read(root, page)
        fresh, _ = rewrite(root, page, text)
        if fresh != text:
            with open(os.path.join(root, page), "w", encoding="utf-8") as file:
                file.write(fresh)
            print(page)


# ---- the self-test ----

EXAMPLE = """/* SPDX-License-Identifier: MIT */
/*
 * Chapter: none.
 */
#include <runnel.h>

enum { DONE, SENT = DONE };

typedef struct pair {
    int a; /* { */
} pair;

static int twice(int v);

/*
 * Doubles {

 */
static int twice(int v)
{
    return v + v; /* } */
}
RN_STAGE(twice, int, int);

static rn_receiver(int) source(rn_group *g, rn_receiver(rn_unit) done,
                               const char *text)
{
    if (text[0] == '{')
        return rn_generator(g, int, 1);
    return NULL;
}

int main(void)
{
    return twice(0);
}
"""
TWICE = ("/*\n * Doubles {\n\n */\nstatic int twice(int v)\n{\n    return v + v; /* } */\n}\n"
         "RN_STAGE(twice, int, int);\n")
PAGE = ("# One\n\n`runnel tour one`\n\n<!-- code: examples/one.c region=twice -->\n```c\n" + TWICE
        + "```\n\n<!-- output: examples/one.expected -->\n```text\n2\n```\n\n"
        "[here](README.md#the-index)\n")


def self_test():
    failures = []

    def expect(what, got, wanted):
        if got != wanted:
            failures.append(f"{what}: {got!r}, not {wanted!r}")

    expect("twice", region(EXAMPLE, ["twice"]), (TWICE, []))
    expect("missing", region(EXAMPLE, ["twice", "thrice"])[1], ["thrice"])
    expect("names", [sorted(names(c)) for c in chunks(program(EXAMPLE))],
           [[], ["DONE", "SENT"], ["pair"], [], ["twice"], ["twice"], ["source"], ["main"]])
    expect("program", program(EXAMPLE).startswith("#include"), True)
    expect("rules", printed("a.rules", "set A=b\nline x\neither y\n"), "x\ny\n")
    expect("patterns", printed("a.rules", "line x\nmatch y\n"), None)

    good = {
        "README.md": "[one](examples/one.c)\n",
        "docs/tutorial/README.md": "# The index\n\n[one](one.md)\n", "docs/tutorial/one.md": PAGE,
        "examples/one.c": EXAMPLE, "examples/one.expected": "2\n",
        "apps/runnel/tour_programs.h": "    PROGRAM(one, 0, PLAIN, \"x\")\n",
    }
    expect("a good tree", selftest.check_tree(check, good), [])
    bad = {
        "drift": (PAGE.replace("v + v", "2 * v"), "drifted"),
        "lost output": (PAGE.replace("text\n2", "text\n3"), "drifted"),
        "own code": (PAGE + "```c\nint x;\n```\n", "from no example"),
        "no region": (PAGE.replace("region=twice", "region=thrice"), "has no thrice"),
        "no source": (PAGE.replace("one.c", "two.c"), "there is no examples/two.c"),
        "language": (PAGE.replace("```c", "```cpp"), "must be ```c"),
        "other": (PAGE.replace("tour one", "tour none"), "no page names one"),
        "tour": (PAGE.replace("tour one", "tour two"), "two is not in the tour"),
        "no tour": (PAGE.replace("runnel tour one", "x"), "names no program"),
        "link": (PAGE.replace("README.md#", "NONE.md#"), "there is no NONE.md"),
        "anchor": (PAGE.replace("#the-index", "#nowhere"), "has no #nowhere"),
    }
    for name, (text, message) in bad.items():
        errors = selftest.check_tree(check, {**good, "docs/tutorial/one.md": text})
        if not any(message in error for error in errors):
            failures.append(f"{name}: missed: {errors}")
    alone = {**good, "docs/tutorial/README.md": "# The index\n"}
    bare = selftest.check_tree(check, {**good, "README.md": "one\n"})
    expect("not on the front page", [e[:40] for e in bare],
           ["README.md: does not link to examples/one"])
    longer = good["apps/runnel/tour_programs.h"] + "    PROGRAM(two, 0, PLAIN, \"x\")\n"
    errors = selftest.check_tree(check, {**good, "apps/runnel/tour_programs.h": longer})
    expect("no page", [error[-37:] for error in errors][:1],
           ["page names two, a program of the tour"])
    expect("not in the index", len(selftest.check_tree(check, alone)), 1)
    return failures


def main():
    if sys.argv[1:] == ["--update"]:
        update(selftest.REPOSITORY)
        return 0
    return selftest.main(check, self_test)


if __name__ == "__main__":
    sys.exit(main())
