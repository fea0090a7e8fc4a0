#!/bin/sh
# SPDX-License-Identifier: MIT
#
#   tools/lint.sh [BUILD]        by default build/, which has been configured
#
# What compilers and linters can see without running: gcc's -fanalyzer, clang-tidy (.clang-tidy) and
# cppcheck on the library, on rn-check and on the command. Tests and examples are left out: they do
# wrong on purpose, or are compiled with all warnings anyway. The exit status is 1 if one of the
# three has something to say.
cd "$(dirname "$0")/.." || exit 1
build=${1:-build}
jobs=$(nproc)
log=$build/lint
mkdir -p "$log"
status=0

# The files, and the includes of each, as CMake compiles them.
python3 - "$build/compile_commands.json" "$log" <<'END' || exit 1
import json
import re
import sys

commands, log = sys.argv[1:]
seen = {}
for entry in json.load(open(commands)):
    path = entry["file"]
    if not re.search(r"/(src|ext/check|apps/runnel)/[^/]*(/[^/]*)?\.c$", path):
        continue
    if re.search(r"_test\.c$|/(tests|examples|unit|demo)/", path) or path in seen:
        continue
    seen[path] = entry
with open(log + "/compile_commands.json", "w") as out:
    json.dump(list(seen.values()), out)
with open(log + "/files", "w") as out:
    out.write("".join(path + "\n" for path in sorted(seen)))
with open(log + "/gcc", "w") as out:
    for path, entry in sorted(seen.items()):
        flags = re.findall(r"(?<= )-(?:I|D|isystem )\S+|(?<= )-pthread", entry["command"])
        out.write(" ".join(flags) + " " + path + "\n")
END

report() { # NAME LOG
    if [ -s "$2" ]; then
        echo "lint: $1 says:"
        head -n 200 "$2"
        status=1
    else
        echo "lint: $1: nothing"
    fi
}

# It takes some of its paths for too complex to follow to the end; that is not a finding.
xargs -P "$jobs" -L 1 gcc -std=gnu11 -O2 -fanalyzer -Wno-analyzer-too-complex -c -o /dev/null \
    <"$log/gcc" >"$log/analyzer.log" 2>&1 || status=1
report "gcc -fanalyzer ($(wc -l <"$log/files") files)" "$log/analyzer.log"

for tool in gcc clang-tidy cppcheck; do
    command -v $tool >/dev/null || { echo "lint: there is no $tool"; exit 1; }
done
# On stderr it counts the warnings of others' headers.
xargs -P "$jobs" -n 4 clang-tidy --quiet -p "$log" <"$log/files" 2>"$log/tidy.err" \
    >"$log/tidy.log" || status=1
report clang-tidy "$log/tidy.log"

cppcheck -q -j "$jobs" --enable=warning,portability,performance --inline-suppr \
    --suppress=missingIncludeSystem \
    --project="$log/compile_commands.json" >"$log/cppcheck.log" 2>&1
report cppcheck "$log/cppcheck.log"
exit $status
