#!/bin/sh
# SPDX-License-Identifier: MIT
#
#   tools/soak.sh SECONDS
#
# For half of the time a mixed load with exact sums and flat memory (tests/soak/soak.c says what is
# checked). Then the kit's tests round after round, those marked /* kit: soak */ too, until the time
# is up or one fails. A round that has begun is finished: it takes a minute or two.
cd "$(dirname "$0")/.." || exit 1
seconds=${1:-300}
case $seconds in
*[!0-9]* | ?????????*)
    echo "soak: '$seconds' is no number of seconds" >&2
    exit 1
    ;;
esac
[ "$seconds" -ge 2 ] || seconds=2 # a second of load and a round
end=$(($(date +%s) + seconds))
echo "soak: mixed load for $((seconds / 2)) s"
RUNNEL_LEAKS=fail build/tests/soak_mixed_load "$((seconds / 2))" || {
    echo "soak: the mixed load failed"
    exit 1
}
round=0
while [ "$(date +%s)" -lt "$end" ]; do
    round=$((round + 1))
    if ! KIT_REPEAT=${KIT_REPEAT:-3} ctest --test-dir build -C Soak -L kit -j 2 --timeout 600 \
        --schedule-random --output-on-failure >build/soak.log 2>&1; then
        cat build/soak.log
        echo "soak: round $round failed"
        exit 1
    fi
    echo "soak: round $round passed, $(grep -c ' Passed ' build/soak.log) executables"
done
