#!/bin/sh
# SPDX-License-Identifier: MIT
#
#   tools/portable-test.sh [--build] BUILD_DIR
#
# Builds the library with the portable context switch, which this machine's CPU would not use, and
# the tests of core and sync, and runs those: core's but the largest, sync's with two workers. With
# --build it only builds.
set -eu
cd "$(dirname "$0")/.."

only_build=
[ "$1" = --build ] && only_build=1 && shift
build=$1
cmake -S . -B "$build" -G Ninja -DRUNNEL_PORTABLE_SWITCH=ON -DRUNNEL_BUILD_APPS=OFF \
    -DRUNNEL_BUILD_EXAMPLES=OFF -DRUNNEL_BUILD_BENCH=OFF --log-level=WARNING >/dev/null
# src/core/park_test.c is the target core_park_test
targets=$(find src/core src/sync -name '*_test.c' |
    xargs grep -L '^/\* kit: not-with-portable \*/$' | sed 's|^src/||; s|/|_|; s|\.c$||')
# shellcheck disable=SC2086 # a list of words
cmake --build "$build" --target $targets >"$build/log" 2>&1 || { cat "$build/log"; exit 1; }
[ -n "$only_build" ] && exit 0
ctest --test-dir "$build" --output-on-failure -R '^core/|^sync/[a-z_]+(@2)?$' \
    -E '^core/(migration|million|settings)$'
