#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Takes the first C program of README.md, and the output printed below it, out into files.

    examples/readme-program.py README.md PROGRAM.c OUTPUT.expected
"""
import re
import sys


def main(readme, program, output):
    with open(readme, encoding="utf-8") as file:
        blocks = re.findall(r"^```(\w*)\n(.*?)^```$", file.read(), re.M | re.S)
    at = next(i for i, (language, _) in enumerate(blocks) if language == "c")
    if at + 1 == len(blocks) or blocks[at + 1][0] != "text":
        sys.exit(f"{readme}: no text block, the output, follows the first c block")
    for path, text in ((program, blocks[at][1]), (output, blocks[at + 1][1])):
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    main(*sys.argv[1:])
