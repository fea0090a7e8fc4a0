# SPDX-License-Identifier: MIT
"""Runs inside gdb, for debug.py: steps through context switches until every kind was seen, and says
of every instruction how the stack ends there."""
import gdb

SWITCHES = 60  # at most
KINDS = {"begins": lambda names: names == ["rni_arch_switch", "rni_arch_entry"],
         "waits": lambda names: names[-2] == "trampoline" and len(names) > 4,
         "loop": lambda names: "rni_run_loop" in names}


def stack():
    frame, names = gdb.newest_frame(), []
    while frame:
        names.append(frame.name() or "??")
        last, frame = frame, frame.older()
    return names, gdb.frame_stop_reason_string(last.unwind_stop_reason())


def main():
    missing = set(KINDS)
    for _ in range(SWITCHES):
        gdb.execute("set scheduler-locking off")
        gdb.execute("continue", to_string=True)
        gdb.execute("set scheduler-locking on")
        while gdb.newest_frame().name() in ("rni_arch_switch", "rni_arch_leave"):
            names, reason = stack()
            print("@ " + " ".join(names) + " : " + reason)
            missing -= {kind for kind, is_it in KINDS.items() if is_it(names)}
            gdb.execute("stepi", to_string=True)
        if not missing:
            return
    print(f"@ not seen: {missing}")


main()
