#!/bin/sh
# SPDX-License-Identifier: MIT
#
#   tools/coverage.sh [BUILD]       by default build-coverage/
#
# Runs the tests in a build that counts, and says how much of the library has run: lines, branches,
# and decisions each of whose conditions was seen to decide alone (MC/DC). What has not run is in
# BUILD/coverage/uncovered.txt, the whole listing in BUILD/coverage/listing.txt.
cd "$(dirname "$0")/.." || exit 1
build=${1:-build-coverage}
out=$PWD/$build/coverage
rm -rf "$out"
mkdir -p "$out/raw"

# A few files for each binary, into which its processes add when they end.
export LLVM_PROFILE_FILE="$out/raw/%2m%b.profraw"
ctest --test-dir "$build" -j 3 -L kit --timeout 600 >"$out/ctest.log" 2>&1
ctest --test-dir "$build" -j 3 -R '^(examples|sim|fuzz)/' >>"$out/ctest.log" 2>&1
# Its own verdict is make proof's business; here only what ran counts.
python3 -B tests/faults/faults.py --build "$build" >"$out/faults.log" 2>&1
grep -E 'tests passed|\((Failed|Timeout)\)' "$out/ctest.log"

llvm-profdata-19 merge -sparse --failure-mode=warn "$out"/raw/*.profraw -o "$out/profile" \
    2>"$out/merge.log" || { cat "$out/merge.log"; exit 1; }
# Any binary does for the map of the library's code; the shared library has all of it.
map="$build/lib/librunnel.so -instr-profile=$out/profile"
sources=$(find src \( -name '*.c' -o -name '*.h' \) ! -name '*_test.c' | sort)
llvm-cov-19 report $map -show-mcdc-summary -show-region-summary=false $sources >"$out/report.txt" \
    2>"$out/report.log" || { cat "$out/report.log"; exit 1; }
llvm-cov-19 show $map -show-branches=count -show-mcdc $sources >"$out/listing.txt"
python3 tools/coverage.py "$out/listing.txt" >"$out/uncovered.txt"
python3 tools/coverage.py --rooms "$out/report.txt"
echo "$(wc -l <"$out/uncovered.txt") places have not run: $out/uncovered.txt"
