#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Installs the Debian packages that a target of the Makefile needs:
#
#   tools/install-deps.sh GROUP...      groups: build test san lint bench mainjob linkchecker format
#
# Asks dpkg first and says nothing when all is there, because every `make` runs this. A word `a|b`
# is satisfied by either package (whoever already has the gnutls libcurl keeps it); the first is
# what gets installed.
set -u

# git-doc is input for a test, python3.11-doc for bench/mainjob.py. Minimal Debian images tell dpkg
# to drop /usr/share/doc, so there the installed packages are empty: look for a file of theirs, and
# ask dpkg to keep those folders.
declare -A document=([git-doc]=/usr/share/doc/git/html/git.html
                     [python3.11-doc]=/usr/share/doc/python3.11/html/index.html)

build="gcc g++ libc6-dev cmake ninja-build make pkg-config
       libcurl4-openssl-dev|libcurl4-gnutls-dev|libcurl4-nss-dev libgumbo-dev"
test="$build python3 clang|clang-14 gdb linux-perf git-doc openssl ca-certificates spin
      gcc-aarch64-linux-gnu libc6-dev-arm64-cross qemu-user|qemu-user-static valgrind"
san="$build python3 clang-19 libclang-rt-19-dev llvm-19"
format="clang-format"
lint="$build python3 clang-tidy cppcheck"
# What the benchmarks compare with. Node brings npm, and npm the Go toolchain; cargo-web is the
# newest Rust in Debian 12, and the crates of librust-*-dev are its newest of them.
bench="$build python3 ca-certificates util-linux valgrind
       libboost-fiber1.81-dev|libboost-fiber1.74-dev
       librust-tokio-dev librust-crossbeam-channel-dev librust-async-channel-dev"
command -v npm >/dev/null || bench="$bench nodejs npm"
mainjob="$build python3 python3.11-doc"
command -v npm >/dev/null || mainjob="$mainjob nodejs npm"
linkchecker=linkchecker
command -v cargo >/dev/null || bench="$bench cargo-web|cargo"

wanted=
for group in "$@"; do
    case $group in
    build | test | san | lint | bench | mainjob | linkchecker | format)
        wanted="$wanted ${!group}" ;;
    *) echo "install-deps: no such group: $group" >&2; exit 2 ;;
    esac
done

if ! command -v dpkg-query >/dev/null; then
    # Not a Debian: the compiler's own errors will say what is missing.
    exit 0
fi

installed=$(dpkg-query -W -f '${db:Status-Status} ${Package}\n' ${wanted//|/ } 2>/dev/null |
    sed -n 's/^installed //p')
missing=
for word in $wanted; do
    found=
    for package in ${word//|/ }; do
        grep -qxF -- "$package" <<<"$installed" && found=yes
    done
    [ -z "${document[$word]:-}" ] || [ -e "${document[$word]}" ] || found=
    [ -n "$found" ] || missing="$missing ${word%%|*}"
done
[ -n "$missing" ] || exit 0
missing=$(printf '%s\n' $missing | sort -u | tr '\n' ' ')
missing=${missing% }

if [ "$(id -u)" != 0 ]; then
    echo "install-deps: not root; first run: sudo apt-get install $missing" >&2
    exit 1
fi

echo "install-deps: installing $missing"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
export DEBIAN_FRONTEND=noninteractive
install() {
    apt-get install -y --no-install-recommends \
        -o Dpkg::Options::=--path-include='/usr/share/doc/git/*' \
        -o Dpkg::Options::=--path-include='/usr/share/doc/python3.11/*' "$@" $missing
}
reinstall=
for package in "${!document[@]}"; do
    [[ " $missing " == *" $package "* ]] &&
        dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null | grep -qx installed &&
        reinstall=--reinstall
done
# The lists may be older than the mirror, so they are fetched again before every installation.
if ! { apt-get update && install $reinstall; } </dev/null >"$log" 2>&1; then
    tail -n 30 "$log" >&2
    echo "install-deps: apt-get failed (see above) for: $missing" >&2
    exit 1
fi
