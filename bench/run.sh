#!/bin/sh
# SPDX-License-Identifier: MIT
# What `make bench` and `make bench-quick` call: the tables, then the plot of them.
here=$(dirname "$0")
out=$here/../build/bench
python3 "$here/run.py" "$@" || exit
python3 "$here/plot.py" "$out/results.json" "$out/performance.svg"
