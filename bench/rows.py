# SPDX-License-Identifier: MIT
"""The rows of the table: what is measured, how much of it, and what runnel should reach.

number: of the row in the list of goals. name: of the programs, bench/<name>.c here, and one of that
name at each peer that has the row. n: operations, a tenth of them with --quick. goal: Go's value
divided by runnel's; the smaller value is always the better one. value: its name in the programs'
line. ns_per_op is printed as the time of one operation in ns or us, and of all n of them in ms;
other values are in the row's unit already. load: the programs are servers, which bin/bench-load
starts and measures; capacity is then the number of connections.
"""
from collections import namedtuple

Row = namedtuple("Row", "number name title n capacity unit goal value load",
                 defaults=["ns_per_op", False])
ROWS = [
    Row(1, "yield", "yield, two tasks of different code", 5_000_000, 0, "ns", 15),
    Row(2, "spawn", "spawn and end of an empty task", 1_000_000, 0, "ns", 20),
    Row(3, "pingpong", "ping-pong over two channels", 2_000_000, 0, "ns", 10),
    Row(4, "unbuffered", "1 producer, 1 consumer, no buffer", 4_000_000, 0, "ns", 8),
    Row(5, "buffered", "1 producer, 1 consumer, buffer 100", 10_000_000, 100, "ns", 6),
    Row(5, "buffered", "1 producer, 1 consumer, buffer 1024", 10_000_000, 1024, "ns", 6),
    Row(6, "mpmc", "4 producers, 4 consumers, no buffer", 1_500_000, 0, "ns", 3),
    Row(6, "mpmc", "4 producers, 4 consumers, buffer 100", 6_000_000, 100, "ns", 3),
    Row(6, "mpmc", "4 producers, 4 consumers, buffer 1024", 6_000_000, 1024, "ns", 3),
    Row(7, "select3", "select over 3 unbuffered channels", 1_500_000, 0, "ns", 5),
    Row(8, "selectdefault", "select with default, nothing ready", 5_000_000, 0, "ns", 5),
    Row(9, "ring", "a hop in a ring of 503 tasks", 3_000_000, 503, "ns", 8, "hop_ns"),
    Row(9, "ring", "a hop in a ring of 65,536 tasks", 1_500_000, 65_536, "ns", 8, "hop_ns"),
    Row(9, "ring", "a hop in a ring of 1 M tasks", 1_000_000, 1_000_000, "ns", 8, "hop_ns"),
    Row(9, "ring_tiny", "the same of 65,536, tiny stacks", 1_500_000, 65_536, "ns", 8, "hop_ns"),
    Row(9, "ring_tiny", "the same of 1 M, tiny stacks", 1_000_000, 1_000_000, "ns", 8, "hop_ns"),
    Row(10, "sieve", "2,500 primes from the sieve, in all", 2_500, 0, "ms", 8),
    Row(11, "generic", "repeat, take, toString: tasks", 500_000, 0, "ns", 8),
    Row(11, "typed", "repeat, take, of strings: tasks", 1_000_000, 0, "ns", 8),
    Row(11, "batched", "repeat, take, toString: batched", 500_000, 0, "ns", 30),
    Row(11, "fused", "repeat, take, toString: fused", 500_000, 0, "ns", 100),
    Row(12, "fanout", "fan-out to 4, fan-in", 1_500_000, 0, "ns", 6),
    Row(13, "orchannel", "or-channel of 1,000: make, close one", 1_000, 1_000, "us", 20),
    Row(14, "contexts", "make a child context, its task waits", 200_000, 0, "ns", 5, "make_ns"),
    Row(14, "contexts", "cancel it with 200 k others, and end", 200_000, 0, "ns", 5, "cancel_ns"),
    Row(14, "contexts_tiny", "make one, tiny stacks", 200_000, 0, "ns", 5, "make_ns"),
    Row(14, "contexts_tiny", "cancel it, tiny stacks", 200_000, 0, "ns", 5, "cancel_ns"),
    Row(15, "forkjoin", "fork-join fib(27), tasks, in all", 635_621, 0, "ms", 10),
    Row(15, "forked", "fork-join fib(27), forks, in all", 635_621, 0, "ms", 40),
    Row(16, "skynet", "skynet, a tree of 1 M tasks, in all", 1_000_000, 0, "ms", 12),
    Row(16, "skynet_tiny", "skynet, tiny stacks", 1_000_000, 0, "ms", 12),
    Row(17, "mutex", "lock and unlock a mutex, 8 tasks", 10_000_000, 0, "ns", 2),
    Row(18, "parked", "a waiting task of 1 M, default stack", 1_000_000, 0, "B", 0.5, "task_bytes"),
    Row(18, "parked", "wake all, per task", 1_000_000, 0, "ns", 4, "wake_ns"),
    Row(18, "parked_small", "a waiting task of 1 M, small stack", 1_000_000, 0, "B", 1.1,
        "task_bytes"),
    Row(18, "parked_small", "wake all, per task", 1_000_000, 0, "ns", 4, "wake_ns"),
    Row(18, "parked_tiny", "a waiting task of 1 M, tiny stack", 1_000_000, 0, "B", 1.1,
        "task_bytes"),
    Row(18, "parked_tiny", "wake all, per task", 1_000_000, 0, "ns", 4, "wake_ns"),
    Row(19, "sleepers", "1 M sleepers over 1 s, the last late", 1_000_000, 0, "ms", 8, "late_ms"),
    Row(19, "sleepers_tiny", "the same, tiny stacks", 1_000_000, 0, "ms", 8, "late_ms"),
    Row(20, "echo", "TCP echo, 64 B on 64 connections", 100_000, 64, "us", 1.3, load=True),
    Row(20, "echo", "TCP echo, CPU time of the server", 100_000, 64, "ns", 1.3, "cpu_ns", True),
    Row(20, "echo", "TCP echo, p50 with 1 connection", 10_000, 1, "us", 2, "p50_us", True),
    Row(20, "echo", "TCP echo, memory of 5,000 idle, each", 10_000, 5_000, "B", 2, "conn_bytes",
        True),
]
