#!/bin/sh
# SPDX-License-Identifier: MIT
#
#   tests/sanitizers/installed.sh --install BUILD_DIR SCRATCH_DIR
#   tests/sanitizers/installed.sh SCRATCH_DIR SANITIZER COMPILER [TEST.c ...]
#
# What a user's sanitizer build sees of the ordinary library, as `make install` leaves it. The first
# form installs into SCRATCH_DIR; BUILD_DIR - makes an ordinary build there first. The second builds
# right and wrong programs with COMPILER -fsanitize=SANITIZER against the installed library, static
# and shared, and runs each with 1, 2 and 4 workers: right ones must end with 0 and say nothing, of
# each wrong one the mistake must be reported. TEST.c ...: more files of tests that must pass.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
here=$root/tests/sanitizers

fail() {
    echo "installed: $*" >&2
    exit 1
}

if [ "$1" = --install ]; then
    build=$2
    mkdir -p "$3"
    out=$(cd "$3" && pwd)
    rm -rf "$out/prefix"
    if [ "$build" = - ]; then
        build=$out/ordinary
        off=
        for part in APPS EXAMPLES EXT BENCH TESTS; do off="$off -DRUNNEL_BUILD_$part=OFF"; done
        # shellcheck disable=SC2086 # a list of words
        { cmake -S "$root" -B "$build" -G Ninja $off -DRUNNEL_SANITIZE= &&
            cmake --build "$build"; } >"$out/log" 2>&1 ||
            { tail -n 30 "$out/log"; fail "no build"; }
    fi
    cmake --install "$build" --prefix "$out/prefix" >"$out/log" 2>&1 ||
        { tail -n 30 "$out/log"; fail "not installed"; }
    exit 0
fi

out=$(cd "$1" && pwd)
sanitizer=$2
cc=$3
shift 3
work=$out/$sanitizer
mkdir -p "$work"
export PKG_CONFIG_PATH="$out/prefix/lib/pkgconfig"
[ -e "$PKG_CONFIG_PATH/runnel.pc" ] ||
    PKG_CONFIG_PATH=$(dirname "$(find "$out/prefix" -name runnel.pc | head -n 1)")
lib=$(pkg-config --variable=libdir runnel)
export "ASAN_OPTIONS=detect_stack_use_after_return=1:$(printenv ASAN_OPTIONS || true)"
export "TSAN_OPTIONS=atexit_sleep_ms=0:$(printenv TSAN_OPTIONS || true)"
checked=0

# build NAME SOURCE...: $work/NAME.static and .shared. As an optimised build with debug info is.
build() {
    name=$1
    shift
    flags="-std=gnu11 -g -O1 -fno-omit-frame-pointer -fsanitize=$sanitizer
           -fno-sanitize-recover=all -I$root/tests $(pkg-config --cflags runnel)"
    # shellcheck disable=SC2086,SC2046 # lists of words
    "$cc" $flags "$@" $(pkg-config --libs-only-L runnel) -l:librunnel.a -lpthread \
        -o "$work/$name.static" || fail "$name does not compile"
    # shellcheck disable=SC2086,SC2046
    "$cc" $flags "$@" $(pkg-config --libs runnel) -Wl,-rpath,"$lib" \
        -o "$work/$name.shared" || fail "$name does not compile"
}

# each PROGRAM FUNCTION ARG...: FUNCTION with the program in both forms and each number of workers.
each() {
    program=$1
    check=$2
    shift 2
    for form in static shared; do
        for workers in 1 2 4; do
            export RUNNEL_WORKERS=$workers
            what="$program.$form $* with $workers workers"
            "$check" "$work/$program.$form" "$@"
            checked=$((checked + 1))
        done
    done
}

# says is what it must say on stdout, as a pattern.
silent() {
    timeout 120 "$1" >"$work/stdout" 2>"$work/stderr" ||
        { tail -n 40 "$work/stdout" "$work/stderr"; fail "$what ends with an error"; }
    [ ! -s "$work/stderr" ] || { head -n 40 "$work/stderr"; fail "$what is not silent"; }
}

# reported PROGRAM TEXT [ARG]: the report is what fails the program, too.
reported() {
    rc=0
    timeout 120 "$1" ${3:+"$3"} >"$work/stdout" 2>"$work/stderr" || rc=$?
    grep -q -- "$2" "$work/stderr" || { head -n 40 "$work/stderr"; fail "$what: no \"$2\""; }
    [ "$rc" != 0 ] || fail "$what: reported, and ended with 0"
}

build right "$here/right.c"
each right silent
build no_race "$here/no_race.c"
each no_race silent
build order "$here/order_test.c" "$root/tests/kit/kit.c"
each order silent

build wrong "$here/wrong.c"
"$work/wrong.static" --list "$sanitizer" >"$work/list"
while read -r name says; do
    each wrong reported "$says" "$name"
done <"$work/list"

if [ "$sanitizer" = thread ]; then
    build race "$here/race.c"
    each race reported "ThreadSanitizer: data race"
    build len_orders_nothing "$here/len_orders_nothing.c"
    each len_orders_nothing reported "ThreadSanitizer: data race"
    build no_order "$here/no_order.c"
    sed -n 's/^    { "\([a-z_]*\)", .*/\1/p' "$here/no_order.c" >"$work/list"
    while read -r name; do
        each no_order reported "no_order: $name is reported" "$name"
    done <"$work/list"
fi

for file; do
    name=$(basename "$(dirname "$file")")_$(basename "$file" .c)
    build "$name" "$file" "$root/tests/kit/kit.c"
    each "$name" silent
    rm -f "$work/$name.static" "$work/$name.shared"
done
echo "installed: $sanitizer: $checked runs, and each was right"
