// SPDX-License-Identifier: MIT

//! The crossbeam-channel side of runnel's benchmarks, a file per row: OS threads instead of tasks.
//! BENCH_WORKERS only says on how many CPUs the caller lets us run.

mod buffered;
mod fanout;
mod mpmc;
mod pingpong;
mod select3;
mod selectdefault;
mod unbuffered;

type Row = fn(i64, usize) -> i64;

const ROWS: &[(&str, Row)] = &[
    ("buffered", buffered::transfer),
    ("fanout", |n, _| fanout::fanout(n)),
    ("mpmc", mpmc::mpmc),
    ("pingpong", |n, _| pingpong::pingpong(n)),
    ("select3", |n, _| select3::select3(n)),
    ("selectdefault", |n, _| selectdefault::selectdefault(n)),
    ("unbuffered", |n, _| unbuffered::unbuffered(n)),
];

fn main() {
    harness::main(ROWS, |row, n, capacity| row(n, capacity));
}
