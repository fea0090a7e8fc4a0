#!/bin/sh
# SPDX-License-Identifier: MIT
#
#   tests/sanitizers/valgrind.sh [--more] WRONG PROGRAM ...
#
# Runs each PROGRAM under Valgrind's memcheck, with 2 workers and the options that a user gives: no
# error, no lost block, no doubt about the stacks. A folder stands for some of
# the examples in it: fan_out, pipelines, generators, contexts. WRONG is wrong.c, whose
# mistakes on the heap and with values never set must be reported: two of them, with --more four.
# Exit status 77: Valgrind is not installed.
set -eu
command -v valgrind >/dev/null || { echo "valgrind: not installed"; exit 77; }
more=
[ "$1" != --more ] || { more=yes; shift; }
wrong=$1
shift
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
export RUNNEL_WORKERS=2

fail() {
    echo "valgrind: $*" >&2
    # Its warnings of system calls that it does not know are no finding.
    grep -v 'unhandled amd64\|own handler\|README_MISSING\|Nevertheless\|it at http' \
        "$out/log" | head -n 40 >&2
    exit 1
}

check() {
    rc=0
    timeout 100 valgrind --log-file="$out/log" --error-exitcode=99 --leak-check=full \
        --errors-for-leak-kinds=definite "$@" >"$out/stdout" 2>&1 || rc=$?
}

programs=
for program; do
    if [ -d "$program" ]; then
        program=$(find "$program" -maxdepth 1 -type f -perm -u+x \( -name 'fan_out*' -o \
            -name 'pipeline*' -o -name 'generators*' -o -name 'context_*' -o -name 'or_*' \) | sort)
        [ -n "$program" ] || fail "no examples"
    fi
    programs="$programs $program"
done
n=0
for program in $programs; do
    n=$((n + 1))
    check "$program"
    [ "$rc" = 0 ] || fail "$program ends with $rc"
    grep -q 'ERROR SUMMARY: 0 errors' "$out/log" || fail "$program is not clean"
    ! grep -q 'switching stacks' "$out/log" || fail "$program: the stacks are not known"
done
found=0
while read -r name says; do
    [ -n "$more" ] || [ "$found" -lt 2 ] || break
    found=$((found + 1))
    check "$wrong" "$name"
    [ "$rc" = 99 ] && grep -q "$says" "$out/log" || fail "$name: no \"$says\""
done <<'END'
heap_use_after_free Invalid read
branch_on_a_fresh_local uninitialised value
heap_buffer_overflow Invalid read
branch_on_a_fresh_block uninitialised value
END
echo "valgrind: $n programs are clean, and $found mistakes are found"
