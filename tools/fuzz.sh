#!/bin/sh
# SPDX-License-Identifier: MIT
#
#   tools/fuzz.sh SECONDS [TARGET...]
#
# Runs the fuzz targets of build-fuzz (all if none is named), each for so many seconds from its
# committed corpus, two at a time (JOBS). What they learn goes to build-fuzz/corpus, which the next
# run starts from, too; inputs that crash go to build-fuzz/crashes, and the line that repeats each
# is printed. Fails if there was one.
cd "$(dirname "$0")/.." || exit 1
seconds=${1:-60}
[ $# -gt 0 ] && shift
if [ $# -eq 0 ]; then
    # shellcheck disable=SC2046
    set -- $(cat build-fuzz/tests/fuzz.list)
fi
out=build-fuzz
mkdir -p "$out/crashes" "$out/log"

# A page that costs gumbo ten seconds is not a hang of ours.
one() {
    mkdir -p "$out/corpus/$1"
    rm -f "$out/log/$1"
    # Stacks of tasks come and go too fast for shadow copies of their frames: half the inputs.
    [ "$1" = program ] && fake_stacks=0 || fake_stacks=1
    ASAN_OPTIONS="detect_stack_use_after_return=$fake_stacks:$ASAN_OPTIONS" \
        "$out/tests/fuzz_$1" -max_total_time="$seconds" -timeout=30 -rss_limit_mb=4096 \
        -max_len="${MAX_LEN:-2048}" -print_final_stats=1 -artifact_prefix="$out/crashes/$1-" \
        "$out/corpus/$1" "tests/fuzz/corpus/$1" >"$out/log/$1" 2>&1
    echo $? >"$out/log/$1.rc"
}

say() {
    runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$out/log/$1")
    edges=$(sed -n 's/.* cov: \([0-9]*\) .*/\1/p' "$out/log/$1" | tail -n 1)
    if [ "$(cat "$out/log/$1.rc")" = 0 ]; then
        echo "fuzz: $1: $runs inputs, $edges edges, nothing found"
        return 0
    fi
    echo "fuzz: $1: FAILED after $runs inputs; the end of $out/log/$1:"
    grep -v '^#' "$out/log/$1" | tail -n 60
    input=$(sed -n 's/.*Test unit written to //p' "$out/log/$1" | tail -n 1)
    echo "fuzz: to repeat it: $out/tests/fuzz_$1 $input"
    return 1
}

failed=0
while [ $# -gt 0 ]; do
    names=
    for _ in $(seq "${JOBS:-2}"); do
        [ $# -gt 0 ] || break
        one "$1" &
        names="$names $1"
        shift
    done
    wait
    for name in $names; do
        say "$name" || failed=1
    done
done
exit $failed
