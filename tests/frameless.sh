#!/bin/sh
# SPDX-License-Identifier: MIT
#
#   tests/frameless.sh LIBRARY.a
#
# Whether what switches, and all that leads to it, has no frame: what a function saves on the stack
# it restores before it returns, so it cannot end in a jump to the switch, and the switch then has
# to return into it, which the CPU predicts wrong each time (src/arch/switch.h). Whether a function
# saves registers is the compiler's choice, which a harmless change of the source can turn round.
# This knows x86-64; the build says for which compiler it holds.
library=$1
command -v objdump >/dev/null || exit 77

objdump -d --no-show-raw-insn "$library" | awk '
    BEGIN {
        n = split("rni_park rni_leave rni_leave_for_others rni_ready rni_ready_and_spend " \
                  "rni_chan_wait rn_yield rn_channel_send rn_channel_recv send_to recv_from " \
                  "rn_mutex_lock_at", names, " ")
        for (i = 1; i <= n; i++)
            wanted["<" names[i] ">:"] = 1
    }
    /^[0-9a-f]+ <.*>:$/ { at = $2 in wanted ? $2 : ""; if (at) seen[at] = 1 }
    at && /\tpush|\tsub .*,%rsp|\tenter/ { print at, "has a frame:", $0; failed = 1 }
    END {
        for (name in wanted)
            if (!(name in seen)) { print name, "is not there"; failed = 1 }
        exit failed
    }'
