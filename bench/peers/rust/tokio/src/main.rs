// SPDX-License-Identifier: MIT

//! The tokio side of runnel's benchmarks, a file per row.

mod buffered;
mod pingpong;
mod select3;
mod skynet;
mod spawn;
mod unbuffered;
mod r#yield;

use std::future::Future;
use std::pin::Pin;
use tokio::runtime::Builder;

type Row = fn(i64, usize) -> Pin<Box<dyn Future<Output = i64> + Send>>;

const ROWS: &[(&str, Row)] = &[
    ("buffered", |n, capacity| {
        Box::pin(buffered::transfer(n, capacity))
    }),
    ("pingpong", |n, _| Box::pin(pingpong::pingpong(n))),
    ("select3", |n, _| Box::pin(select3::select3(n))),
    ("skynet", |n, _| Box::pin(skynet::skynet(n))),
    ("spawn", |n, _| Box::pin(spawn::spawn(n))),
    ("unbuffered", |n, _| Box::pin(unbuffered::unbuffered(n))),
    ("yield", |n, _| Box::pin(r#yield::yields(n))),
];

fn main() {
    // One worker: the scheduler that tokio has for it, which is faster than one of many.
    let runtime = match harness::workers() {
        1 => Builder::new_current_thread().enable_time().build(),
        many => Builder::new_multi_thread()
            .worker_threads(many)
            .enable_time()
            .build(),
    }
    .expect("no runtime");
    harness::main(ROWS, |row, n, capacity| {
        // As a task: what block_on is given runs outside the workers, which is slower.
        let benchmark = row(n, capacity);
        runtime.block_on(async { tokio::spawn(benchmark).await.expect("it panicked") })
    });
}
