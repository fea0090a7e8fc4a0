#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Every public header compiles alone and without a warning, whatever a user may compile with: C11 to
# C2x with gcc and clang, and C++. Exit status 77: no compiler at all.
set -u
cd "$(dirname "$0")/.." || exit 1

tried=0
failed=0
try() {
    local language=$1 compiler=$2
    command -v "$compiler" >/dev/null || return
    shift 2
    for header in include/*.h include/runnel/*.h; do
        [ -e "$header" ] || continue
        tried=$((tried + 1))
        # Included from a file, because a header as the main file gets warnings of its own.
        echo "#include <${header#include/}>" |
            "$compiler" -x "$language" "$@" -Wall -Wextra -Wpedantic -Wcast-align -Wshadow -Werror \
                -Iinclude -fsyntax-only - || { echo "$compiler $*: $header"; failed=1; }
    done
}

# Debian 12's clang goes by that name or with its version; 19 is the one of the sanitizer builds.
old=$(command -v clang >/dev/null || echo -14)
for compiler in gcc "clang$old" clang-19; do
    try c "$compiler" -std=c11
    try c "$compiler" -std=c2x
done
for compiler in g++ "clang++$old" clang++-19; do
    try c++ "$compiler" -std=c++11
    try c++ "$compiler" -std=c++20
done
[ $tried -gt 0 ] || exit 77
exit $failed
