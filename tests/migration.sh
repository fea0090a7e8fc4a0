#!/bin/sh
# SPDX-License-Identifier: MIT
# Builds the library and errno_test.c at -O2 with gcc and clang, with and without link-time
# optimisation, and runs the test on two workers: what compilers may keep in a register across a
# switch depends on all three, and link-time optimisation sees through the library's calls.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
out=${1:?usage: migration.sh OUTPUT-DIRECTORY}
mkdir -p "$out"
sources=$(find "$root/src" -name '*.c' ! -name '*_test.c' ! -name portable.c)
case $(uname -m) in
x86_64) switch=$root/src/arch/x86_64.S ;;
aarch64) switch=$root/src/arch/aarch64.S ;;
*) switch=$root/src/arch/portable.c ;;
esac
for cc in gcc clang; do
    command -v "$cc" >/dev/null || { echo "migration: no $cc, not tried"; continue; }
    for lto in "" -flto; do
        program=$out/errno_test_$cc$lto
        # gcc sees the copy of another size class through the inlined call and warns of it
        # shellcheck disable=SC2086 # lists of words
        "$cc" -std=gnu11 -O2 $lto -Wno-stringop-overflow -fPIE -pie \
            -fstack-clash-protection -ftls-model=initial-exec \
            -I"$root/include" -I"$root/src" -I"$root/tests" \
            $sources "$switch" "$root/src/core/errno_test.c" "$root/tests/kit/kit.c" \
            -o "$program" -lpthread
        echo "migration: $cc -O2 $lto"
        RUNNEL_WORKERS=2 "$program"
    done
done
