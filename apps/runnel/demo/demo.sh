#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Starts the demonstration site on a free port of 127.0.0.1, checks it with live progress, stops it
# and compares what was found with demo/EXPECTED.md. Run from the root of the repository, after the
# build (make demo does both); RUNNEL names another command to use. Exit status 0: as expected.
set -u
runnel=${RUNNEL:-build/bin/runnel}
here=$(dirname "$0")
no_proxy='*'
export no_proxy

work=$(mktemp -d) || exit 1
site=
stop() {
    [ -n "$site" ] && kill "$site" 2>/dev/null && wait "$site" 2>/dev/null
    site=
    rm -rf "$work"
}
trap stop EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

"$runnel" demo-site >"$work/address" &
site=$!
tries=0
while [ ! -s "$work/address" ]; do
    tries=$((tries + 1))
    if [ $tries -gt 100 ] || ! kill -0 "$site" 2>/dev/null; then
        echo "demo: the site did not start" >&2
        exit 1
    fi
    sleep 0.1
done
url=$(cat "$work/address")
echo "demo: the site is at $url"
echo "demo: $runnel check $url"
echo

# The report goes to the screen as it is and to the comparison as ndjson, from a run of its own: a
# pipe would take the terminal, and with it the colours, from the first.
"$runnel" check --max-time 50 "$url"
status=$?
echo
"$runnel" check --max-time 50 --format ndjson "$url" >"$work/ndjson"

# Both sides become lines of "link<TAB>reason".
sed -n 's/^{"type":"broken","url":"\(.*\)","kind":"[a-z-]*","reason":"\(.*\)","status":.*/\1\t\2/p
        s/^{"type":"broken","url":"\(.*\)","kind":"[a-z-]*","reason":"\(.*\)","redir.*/\1\t\2/p
        s/^{"type":"broken","url":"\(.*\)","kind":"[a-z-]*","reason":"\(.*\)","pages":.*/\1\t\2/p' \
    "$work/ndjson" |
    sed -e "s|^${url%/}||" -e 's|^http://127.0.0.1:[0-9]*/|http://127.0.0.1:CLOSED/|' \
        -e 's/\\"/"/g' -e 's/","redirected_to.*//; s/","status.*//' | LC_ALL=C sort >"$work/found"
sed -n 's/^| `\(.*\)` | \(.*\) | `.*` |$/\1\t\2/p' "$here/EXPECTED.md" | LC_ALL=C sort \
    >"$work/expected"

if [ $status -ne 2 ]; then
    echo "demo: exit status $status instead of 2" >&2
    exit 1
fi
if ! diff "$work/expected" "$work/found"; then
    echo "demo: < was expected, > was found" >&2
    exit 1
fi
echo "demo: all $(wc -l <"$work/expected") findings are as written in $here/EXPECTED.md"
