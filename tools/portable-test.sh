#!/bin/sh
# SPDX-License-Identifier: MIT
#
#   tools/portable-test.sh BUILD_DIR
#
# Builds the library and the tests with the portable context switch, which this machine's CPU would
# not use, and runs those of core, sync and scope but the largest.
set -eu
cd "$(dirname "$0")/.."

build=$1
cmake -S . -B "$build" -G Ninja -DRUNNEL_PORTABLE_SWITCH=ON -DRUNNEL_BUILD_APPS=OFF \
    -DRUNNEL_BUILD_EXAMPLES=OFF -DRUNNEL_BUILD_BENCH=OFF --log-level=WARNING >/dev/null
cmake --build "$build" >"$build/log" 2>&1 || { cat "$build/log"; exit 1; }
ctest --test-dir "$build" --output-on-failure -R '^(core|sync|scope)/' -E '^core/million$'
