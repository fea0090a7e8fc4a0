# SPDX-License-Identifier: MIT
"""What the checks of the source tree share: their command line, and trees of files to try them on.

    tools/check-x.py [ROOT]         checks the tree, this repository's if no other is given
    tools/check-x.py --self-test    checks the check

Each line printed is an error; the exit status is 1 if there is any.
"""
import os
import sys
import tempfile

REPOSITORY = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")


def check_tree(check, tree):
    """The errors that check(root) finds in files made from {path: text}."""
    with tempfile.TemporaryDirectory() as root:
        for path, text in tree.items():
            os.makedirs(os.path.join(root, os.path.dirname(path)), exist_ok=True)
            with open(os.path.join(root, path), "w", encoding="utf-8") as file:
                file.write(text)
        return list(check(root))


def main(check, self_test):
    """check(root) and self_test() give lists of errors; returns the exit status."""
    if sys.argv[1:] == ["--self-test"]:
        errors = self_test()
    else:
        errors = check(sys.argv[1] if len(sys.argv) > 1 else REPOSITORY)
    for error in errors:
        print(error)
    return 1 if errors else 0
