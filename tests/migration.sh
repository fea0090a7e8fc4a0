#!/bin/sh
# SPDX-License-Identifier: MIT
# Builds the library and errno_test.c at -O2 with gcc and clang, with and without link-time
# optimisation, and runs the test on two workers: what compilers may keep in a register across a
# switch depends on all three, and link-time optimisation sees through the library's calls. With
# --build it only builds; what is newer than the sources is not built again.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
only_build=
[ "${1:-}" = --build ] && only_build=1 && shift
out=${1:?usage: migration.sh [--build] OUTPUT-DIRECTORY}
mkdir -p "$out"
sources=$(find "$root/src" -name '*.c' ! -name '*_test.c' ! -name portable.c)
case $(uname -m) in
x86_64) switch=$root/src/arch/x86_64.S ;;
aarch64) switch=$root/src/arch/aarch64.S ;;
*) switch=$root/src/arch/portable.c ;;
esac
build() { # COMPILER LTO-OPTION PROGRAM
    # no warnings: they are the business of the ordinary build
    # shellcheck disable=SC2086 # lists of words
    "$1" -std=gnu11 -O2 $2 -w -fPIE -pie \
        -fstack-clash-protection -ftls-model=initial-exec \
        -I"$root/include" -I"$root/src" -I"$root/tests" \
        $sources "$switch" "$root/src/core/errno_test.c" "$root/tests/kit/kit.c" \
        -o "$3" -lpthread
}
for cc in gcc clang; do
    command -v "$cc" >/dev/null || { echo "migration: no $cc, not tried"; continue; }
    for lto in "" -flto; do
        program=$out/errno_test_$cc$lto
        if [ ! -e "$program" ] || [ -n "$(find "$root/include" "$root/src" "$root/tests/kit" \
                -name '*.[chS]' -newer "$program")" ]; then
            build "$cc" "$lto" "$program"
        fi
        [ -n "$only_build" ] && continue
        echo "migration: $cc -O2 $lto"
        RUNNEL_WORKERS=2 "$program"
    done
done
