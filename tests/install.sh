#!/bin/sh
# SPDX-License-Identifier: MIT
#
#   tests/install.sh BUILD_DIR SCRATCH_DIR
#
# Installs the build and tries the debugger's commands and the compile lines of README.md ("Using
# it"): those for another prefix in one, and the first, where it may have a /usr/local and an
# ldconfig of its own (a private mount namespace, so as root), there.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
build=$(cd "${1:?usage: install.sh BUILD_DIR SCRATCH_DIR}" && pwd)
mkdir -p "${2:?usage: install.sh BUILD_DIR SCRATCH_DIR}"
out=$(cd "$2" && pwd)
inside=${3:-}

fail() {
    echo "install: $*" >&2
    exit 1
}

install_in() {
    cmake --install "$build" --prefix "$1" >"$out/log" 2>&1 || { cat "$out/log"; fail "in $1"; }
}

# try LINE: compiles and runs.
try() {
    rm -f program
    eval "$1" || fail "does not compile: $1"
    said=$(./program) || fail "ended with $?: $1"
    [ "$said" = "half is 42" ] || fail "said $said: $1"
}

if [ "$inside" = inside ]; then
    mount -t tmpfs none /usr/local
    # What ldconfig writes: /etc/ld.so.cache, and its own notes in /var/cache/ldconfig.
    mkdir /usr/local/etc && cp -a /etc/. /usr/local/etc
    mount --bind /usr/local/etc /etc
    [ ! -d /var/cache/ldconfig ] || mount -t tmpfs none /var/cache/ldconfig
    install_in /usr/local
    cd "$out/program"
    unset PKG_CONFIG_PATH LD_LIBRARY_PATH
    try "$(head -n 1 "$out/lines")"
    exit 0
fi

rm -rf "$out/runnel" "$out/staged" "$out/program"
mkdir "$out/program"
cp "$root/tests/embedding/app.c" "$out/program/program.c"
sed -n 's/^    \(cc program\.c .*pkg-config.*\)$/\1/p' "$root/README.md" >"$out/lines"
[ "$(wc -l <"$out/lines")" = 3 ] || fail "README.md has other lines: $(cat "$out/lines")"

HOME=$out
install_in "$HOME/runnel"
grep -q "rpath,$HOME/runnel/lib" "$out/log" || fail "does not say that the loader looks elsewhere"
export PKG_CONFIG_PATH="$HOME/runnel/lib/pkgconfig"
cd "$out/program"
sed 1d "$out/lines" | while read -r line; do
    try "$line"
done

# The debugger's commands come with the shared library, if gdb is told to look into this prefix.
if command -v gdb >/dev/null; then
    cc -g program.c $(pkg-config --cflags --libs runnel) -Wl,-rpath,$HOME/runnel/lib -o program
    seen=$(gdb -nx -batch -iex "add-auto-load-scripts-directory $HOME/runnel/share/gdb/auto-load" \
        -iex "add-auto-load-safe-path $HOME/runnel" -ex 'break half' -ex run -ex 'runnel tasks' \
        -ex kill ./program 2>&1) || true
    case $seen in
    *" half [running, "* | *"ptrace: Operation not permitted"*) ;;
    *) fail "gdb does not load its commands: $seen" ;;
    esac
fi
"$HOME/runnel/bin/rn-core" program >said 2>&1 && fail "rn-core takes a program for a core"
grep -q "^rn-core: program is no core file" said || fail "rn-core said $(cat said)"

# The model checker, as docs/rn-check.md says.
cp "$root"/ext/check/examples/deque.[ch] .
# shellcheck disable=SC2046 # lists of words
cc -O2 $(pkg-config --cflags runnel-check) -c deque.c 2>warnings &&
    cc deque.o $(pkg-config --libs runnel-check) -o deque && ./deque >said ||
    fail "runnel-check: $(cat warnings said)"
grep -q exhaustive said || fail "runnel-check said $(cat said)"
DESTDIR=$out/staged install_in /usr/local
[ -e "$out/staged/usr/local/lib/librunnel.so.0" ] || fail "nothing was staged"

case "$(command -v cmake cc pkg-config)" in
*/usr/local/*) echo "install: not in /usr/local, where the compiler is"; exit 0 ;;
esac
if ! unshare -m mount -t tmpfs none /usr/local 2>/dev/null; then
    echo "install: not in /usr/local, for want of a namespace"
    exit 0
fi
unshare -m "$root/tests/install.sh" "$build" "$out" inside || fail "in /usr/local"
echo "install: all three lines of README.md work"
