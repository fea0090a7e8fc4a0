// SPDX-License-Identifier: MIT

//! The crossbeam-channel side of runnel's benchmarks, a file per row: OS threads instead of tasks.
//! BENCH_WORKERS only says on how many CPUs the caller lets us run.

mod buffered;
mod pingpong;
mod select3;
mod unbuffered;

type Row = fn(i64, usize) -> i64;

const ROWS: &[(&str, Row)] = &[
    ("buffered", buffered::transfer),
    ("pingpong", |n, _| pingpong::pingpong(n)),
    ("select3", |n, _| select3::select3(n)),
    ("unbuffered", |n, _| unbuffered::unbuffered(n)),
];

fn main() {
    harness::main(ROWS, |row, n, capacity| row(n, capacity));
}
