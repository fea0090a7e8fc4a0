#!/bin/sh
# SPDX-License-Identifier: MIT
# What `make bench` calls.
exec python3 "$(dirname "$0")/run.py" "$@"
