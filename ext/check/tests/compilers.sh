#!/bin/sh
# SPDX-License-Identifier: MIT
#
#   ext/check/tests/compilers.sh SCRATCH_DIR LIBRARY_DIR
#
# The commands of docs/rn-check.md, and the programs of models beside this file, with every compiler
# there is: gcc and clang make different calls. And programs that were not built as the page says.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../../.." && pwd)
mkdir -p "${1:?usage: compilers.sh SCRATCH_DIR LIBRARY_DIR}"
scratch=$(cd "$1" && pwd)
LIBRARY_PATH=$(cd "$2" && pwd)
CPATH=$here/../include
export LIBRARY_PATH CPATH
page=$root/docs/rn-check.md

fail() {
    echo "compilers: $*" >&2
    exit 1
}

# Runs the deque that has the bug: run BUG STATUS TEXT
run() {
    status=0
    ./deque >said 2>&1 || status=$?
    if [ "$status" != "$2" ] || ! grep -q "$3" said; then
        cat said
        fail "$cc, bug $1: ended with $status"
    fi
}

# The commands of the page for one bug, with the flags as they stand there.
compile() {
    if [ "$1" = 0 ]; then
        lines=$(sed -n 's/^    cc \(.*deque.*\)$/\1/p' "$page" | head -n 2)
    else
        lines=$(sed -n 's/^    cc \(.*deque.*\)$/\1/p' "$page" | tail -n 2 | sed "s/BUG=2/BUG=$1/")
    fi
    [ "$(echo "$lines" | wc -l)" = 2 ] || fail "docs/rn-check.md has other commands: $lines"
    echo "$lines" | while read -r line; do
        # shellcheck disable=SC2086 # a list of words
        $cc $line 2>warnings || { cat warnings; fail "$cc $line"; }
    done
}

tried=0
compilers=
for cc in gcc clang-14 clang-19; do
    command -v "$cc" >/dev/null && compilers="$compilers $cc"
done
case $compilers in
*clang*) ;;
*) command -v clang >/dev/null && compilers="$compilers clang" ;;
esac
for cc in $compilers; do
    rm -rf "${scratch:?}/$cc" && mkdir "$scratch/$cc" && cd "$scratch/$cc"
    cp "$here"/../examples/deque.[ch] .
    compile 0
    run 0 0 'exhaustive'
    for bug in 1 2 3; do
        compile "$bug"
        run "$bug" 1 'deque FAILS: assertion failed'
        replay=$(sed -n "s/^to repeat it: RN_CHECK_REPLAY='\(.*\)' .*/\1/p" said)
        RN_CHECK_REPLAY=$replay ./deque >again && fail "$cc, bug $bug: $replay repeats nothing"
        [ "$(grep -c FAILS again)" = 1 ] || fail "$cc, bug $bug: no failure for $replay"
    done
    for program in litmus finds; do
        $cc -O1 -g -fsanitize=thread -c "$here/$program.c" 2>warnings &&
            $cc $program.o -lrunnel_check -o $program || { cat warnings; fail "$cc $program.c"; }
        ./$program >said 2>&1 || { grep -E 'WRONG|EXPECTED' said; fail "$cc: $program"; }
    done
    # The two ways to build it wrong are told, not taken for a proof.
    $cc -O2 -g deque.c -lrunnel_check -o deque 2>warnings || { cat warnings; fail "$cc deque.c"; }
    run "without the flag" 234 'was compiled without -fsanitize=thread'
    if $cc -O2 -g -fsanitize=thread deque.c -lrunnel_check -o deque 2>warnings; then
        run "linked with the flag" 234 'was linked with -fsanitize=thread'
    else
        grep -q 'multiple definition' warnings || fail "$cc -fsanitize=thread: not linked"
    fi
    echo "compilers: $cc: the deque, its three bugs, litmus and finds"
    tried=$((tried + 1))
done
[ "$tried" -gt 0 ] || fail "no compiler"
