#!/bin/bash
# SPDX-License-Identifier: MIT
#
#   tools/cross-test.sh [--build] aarch64 [BUILD_DIR] [TEST...]
#
# Builds the library and the tests for another CPU and runs the tests in the emulator, with two
# workers. Without TEST it runs those of base to sync and of io that are not marked
# /* kit: not-under-qemu */ or soak. With --build it only builds.
# Exit status 77 (skipped): the cross compiler or the emulator is not installed.
set -u
cd "$(dirname "$0")/.." || exit 1

only_build=
[ "$1" = --build ] && only_build=1 && shift
cpu=$1
build=${2:-build/$cpu}
shift
[ $# -gt 0 ] && shift
sysroot=/usr/$cpu-linux-gnu
emulator=$(command -v "qemu-$cpu" || command -v "qemu-$cpu-static")
if [ -z "$emulator" ] || ! command -v "$cpu-linux-gnu-gcc" >/dev/null; then
    echo "skipped: needs $cpu-linux-gnu-gcc and qemu-$cpu (tools/install-deps.sh test)"
    exit 77
fi

# CC and the flags of the outer build are for this machine's CPU.
unset CC CXX CFLAGS LDFLAGS
cmake -S . -B "$build" -G Ninja -DCMAKE_TOOLCHAIN_FILE="cmake/toolchain-$cpu.cmake" \
    -DRUNNEL_BUILD_APPS=OFF -DRUNNEL_BUILD_EXAMPLES=OFF -DRUNNEL_BUILD_BENCH=OFF \
    --log-level=WARNING >/dev/null || exit 1
cmake --build "$build" >"$build/log" 2>&1 || { cat "$build/log"; exit 1; }
[ -n "$only_build" ] && exit 0

[ $# -gt 0 ] || mapfile -t tests < <(grep . "$build/tests/qemu.list")
[ $# -gt 0 ] && tests=("$@")

# The kit starts each test as a process of its own, which must be emulated too. An emulated test is
# some twenty times slower.
export RUNNEL_WORKERS=${RUNNEL_WORKERS:-2} KIT_EMULATOR="$emulator -L $sysroot"
export KIT_TIMEOUT_SECONDS=${KIT_TIMEOUT_SECONDS:-120}
failed=0
for test in "${tests[@]}"; do
    if "$emulator" -L "$sysroot" "$build/tests/$test" >"$build/tests/$test.log" 2>&1; then
        echo "ok   $test ($(grep -c '^ok' "$build/tests/$test.log") tests)"
    else
        echo "FAIL $test"
        cat "$build/tests/$test.log"
        failed=1
    fi
done
exit $failed
