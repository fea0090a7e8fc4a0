#!/bin/sh
# SPDX-License-Identifier: MIT
# Checks the models of the core protocols with spin, two at a time.
#
#   tests/models/run.sh [NAME...]    the models beside this file, or only these
#   KEEP=DIRECTORY                   keeps the checkers, their output and the trails there
#
# A model says in its top comment how it is to be checked:
#
#   Good: FLAGS      must hold
#   Bad: FLAGS why   the protocol broken on purpose, which the checker must notice: a model that
#                    cannot fail would prove nothing
#
# Exits with 77 if spin is not installed.
set -u
cc=${CC:-cc}

# One run of a checker, in a directory of its own: check MODEL Good|Bad FLAGS...
check() {
    model=$1 kind=$2
    shift 2
    flags=$*
    dir=$KEEP/$model$(printf %s "$flags" | tr -d ' ')
    rm -rf "$dir" && mkdir -p "$dir" && cd "$dir" || return 1
    cp "$here/$model.pml" "$here"/*.inc . || return 1
    start=$(date +%s%N)
    # Not optimised: that takes several times as long as the search that it makes faster.
    # shellcheck disable=SC2086 # a list of words
    { spin $flags -a "$model.pml" &&
        "$cc" -w -O0 -DSAFETY -DMEMLIM=1024 -o pan pan.c &&
        ./pan -m10000 -w20; } >log 2>&1
    millis=$((($(date +%s%N) - start) / 1000000))
    errors=$(sed -n 's/^State-vector.*errors: \([0-9]*\).*/\1/p' log)
    states=$(sed -n 's/^ *\([0-9.e+]*\) states, stored.*/\1/p' log)
    # A search that was cut off proves nothing.
    cut_off=$(grep -cE 'max search depth too small|Search not completed|MEMLIM bound' log)
    verdict=WRONG
    case $kind,$errors,$cut_off in
    Good,0,0) verdict=holds ;;
    Bad,[1-9]*) verdict="fails, as it must" ;;
    esac
    printf '%-8s %-20s %8s states %6d ms  %s\n' "$model" "$flags" "$states" "$millis" "$verdict"
    [ "$verdict" = WRONG ] || return 0
    tail -n 40 log
    # shellcheck disable=SC2086 # a list of words
    if [ -f "$model.pml.trail" ]; then
        spin $flags -t -p -g "$model.pml" | tail -n 120
    fi
    return 1
}

if [ "${1:-}" = --one ]; then
    shift
    check "$@"
    exit
fi

command -v spin >/dev/null || { echo "models: skipped, spin is not installed"; exit 77; }
here=$(cd "$(dirname "$0")" && pwd)
if [ -n "${KEEP:-}" ]; then
    mkdir -p "$KEEP" && KEEP=$(cd "$KEEP" && pwd) || exit 1
else
    KEEP=$(mktemp -d) || exit 1
    trap 'rm -rf "$KEEP"' EXIT
fi
export here KEEP
[ $# -gt 0 ] || set -- "$here"/*.pml
for file in "$@"; do
    model=$(basename "$file" .pml)
    runs=$(sed -nE "s/^ \* (Good|Bad):(( +-D[A-Z0-9_=]+)*)( .*)?$/$model \1\2/p" \
        "$here/$model.pml")
    case $runs in
    *" Good"*" Bad"*) printf '%s\n' "$runs" ;;
    *) echo "models: $model.pml does not say how it is to be checked" >&2; exit 1 ;;
    esac
done >"$KEEP/runs" || exit 1
# shellcheck disable=SC2094 # the input is complete
if ! xargs -P 2 -L 1 "$here/run.sh" --one <"$KEEP/runs"; then
    echo "models: something is wrong, see above"
    exit 1
fi
