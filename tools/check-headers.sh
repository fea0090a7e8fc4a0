#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Every public header compiles alone and without a warning, whatever a user may compile with: C11 to
# C2x with gcc and clang, and C++. C++ may also use every macro that it can see: those are all in
# tests/cplusplus.cc, which compiles in each standard. Exit status 77: no compiler at all.
set -u
cd "$(dirname "$0")/.." || exit 1

tried=0
failed=0
strict() {
    "$@" -Wall -Wextra -Wpedantic -Wcast-align -Wshadow -Werror -Iinclude -fsyntax-only -
}
try() {
    local language=$1 compiler=$2
    command -v "$compiler" >/dev/null || return
    shift 2
    for header in include/*.h include/runnel/*.h; do
        [ -e "$header" ] || continue
        tried=$((tried + 1))
        # Included from a file, because a header as the main file gets warnings of its own.
        echo "#include <${header#include/}>" |
            strict "$compiler" -x "$language" "$@" || { echo "$compiler $*: $header"; failed=1; }
    done
}
program=tests/cplusplus.cc
try_program() {
    command -v "$1" >/dev/null || return
    tried=$((tried + 1))
    strict "$1" -x c++ "$2" <"$program" || { echo "$1 $2: $program"; failed=1; }
}
# All macros that C++ can see, but those that are there for the headers themselves.
try_macros() {
    command -v "$1" >/dev/null || return
    local macros unused
    macros=$(echo '#include <runnel.h>' | "$1" -x c++ -std=c++11 -dM -E -Iinclude - |
                 sed -n 's/^#define \(\(rn\|RN\)_[A-Za-z0-9_]*[A-Za-z0-9]\)[ (].*/\1/p' |
                 grep -v -x -e RN_API -e RN_MUST_CHECK -e 'RN_EXTERN_C_[A-Z]*' | sort)
    unused=$(comm -23 <(echo "$macros") <(grep -o -w '[A-Za-z0-9_]*' "$program" | sort -u))
    [ -z "$unused" ] || { echo "$program: C++ can see, but this does not use:" $unused; failed=1; }
}

# Debian 12's clang goes by that name or with its version; 19 is the one of the sanitizer builds.
old=$(command -v clang >/dev/null || echo -14)
for compiler in gcc "clang$old" clang-19; do
    try c "$compiler" -std=c11
    try c "$compiler" -std=c2x
done
try_macros g++
for compiler in g++ "clang++$old" clang++-19; do
    try c++ "$compiler" -std=c++11
    try c++ "$compiler" -std=c++20
    for standard in 11 14 17 20; do
        try_program "$compiler" -std=c++$standard
    done
done
[ $tried -gt 0 ] || exit 77
exit $failed
