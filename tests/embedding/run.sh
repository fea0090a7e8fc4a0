#!/bin/sh
# SPDX-License-Identifier: MIT
#
#   tests/embedding/run.sh BUILD_DIR
#
# Takes runnel into another CMake project in each way that users know: add_subdirectory,
# FetchContent, and find_package after an install. Embedded, it must build its library and nothing
# else, and leave the project's own settings alone.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
out=${1:?usage: run.sh BUILD_DIR}
rm -rf "$out/subdirectory" "$out/fetch" "$out/package" "$out/prefix"
mkdir -p "$out"

fail() {
    echo "embedding: $*" >&2
    exit 1
}

# configure WAY [SETTINGS...]: into $out/WAY.
configure() {
    way=$1
    shift
    cmake -S "$here" -B "$out/$way" -G Ninja -DHOW="$way" -DCMAKE_EXPORT_COMPILE_COMMANDS=ON "$@" \
        >"$out/log" 2>&1 || { cat "$out/log"; fail "$way: not configured"; }
}

# build WAY: and run what it makes.
build() {
    cmake --build "$out/$1" >"$out/log" 2>&1 || { cat "$out/log"; fail "$1: not built"; }
    for library in runnel shared static; do
        said=$("$out/$1/app-$library") || fail "$1: app-$library ended with $?"
        [ "$said" = "half is 42" ] || fail "$1: app-$library said: $said"
    done
    readelf -d "$out/$1/app-shared" | grep -q 'librunnel\.so' || fail "$1: shared is not"
    if readelf -d "$out/$1/app-runnel" | grep -q 'librunnel\.so'; then
        fail "$1: runnel::runnel is not the static library"
    fi
    grep '"command".*app-runnel' "$out/$1/compile_commands.json" |
        grep -q -e '-fstack-clash-protection' || fail "$1: no -fstack-clash-protection"
}

configure fetch -DFETCHCONTENT_SOURCE_DIR_RUNNEL="$root"
configure subdirectory -DRUNNEL_DIR_OF_SOURCES="$root"
cache=$out/subdirectory/CMakeCache.txt
grep -q '^CMAKE_BUILD_TYPE:[A-Z]*=$' "$cache" || fail "the project's build type was set"
if grep -i 'curl\|gumbo\|PKG_CONFIG' "$cache"; then
    fail "libraries of the command were searched"
fi
build subdirectory
programs=$(find "$out/subdirectory" -type f -perm -u+x ! -path '*/CMakeFiles/*' ! -name 'app-*' \
                ! -name '*.so*')
[ -z "$programs" ] || fail "built more than the library: $programs"
(cd "$out/subdirectory" && ctest -N) | grep -q 'Total Tests: 0' || fail "brought its tests along"
DESTDIR=$out/prefix cmake --install "$out/subdirectory" >"$out/log"
[ -z "$(find "$out" -path "$out/prefix/*" -type f)" ] || fail "installed itself unasked"

configure subdirectory -DRUNNEL_INSTALL=ON
cmake --install "$out/subdirectory" --prefix "$out/prefix" >"$out/log"
configure package -DCMAKE_PREFIX_PATH="$out/prefix"
build package
if grep -r -F -e "$root" -e "$out/prefix" "$out/prefix" --include='*.cmake'; then
    fail "what is installed names a folder of this machine"
fi
echo "embedding: subdirectory, fetch and package work"
