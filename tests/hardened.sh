#!/bin/sh
# SPDX-License-Identifier: MIT
#
#   tests/hardened.sh LIBRARY.so PROGRAM
#
# Whether what was built has the protections that cmake/flags.cmake asks for.
library=$1
program=$2
command -v readelf >/dev/null || exit 77
status=0

has() { # FILE WHAT PATTERN READELF-OPTIONS
    file=$1 what=$2 pattern=$3
    shift 3
    if ! readelf -W "$@" "$file" 2>/dev/null | grep -qE "$pattern"; then
        echo "$file: no $what"
        status=1
    fi
}

for file in "$library" "$program"; do
    has "$file" "read-only relocations" "GNU_RELRO" -l
    has "$file" "immediate binding" "BIND_NOW|FLAGS.* NOW" -d
    has "$file" "stack that cannot be executed" "GNU_STACK.* RW " -l
    has "$file" "stack canaries" "__stack_chk_fail" -s
    has "$file" "fortified calls" "__[a-z]+_chk@" -s
done
has "$program" "position independent code" "DYN \(Position-Independent" -h
exit $status
