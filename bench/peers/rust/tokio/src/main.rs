// SPDX-License-Identifier: MIT

//! The tokio side of runnel's benchmarks, a file per row.

mod buffered;
mod echo;
mod fanout;
mod forkjoin;
mod mpmc;
mod mutex;
mod parked;
mod pingpong;
mod ring;
mod select3;
mod sieve;
mod skynet;
mod sleepers;
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
    ("echo", |_, _| Box::pin(echo::serve())),
    ("fanout", |n, _| Box::pin(fanout::fanout(n))),
    ("forked", |n, _| Box::pin(forkjoin::forkjoin(n))), // the same
    ("forkjoin", |n, _| Box::pin(forkjoin::forkjoin(n))),
    ("mpmc", |n, capacity| Box::pin(mpmc::mpmc(n, capacity))),
    ("mutex", |n, _| Box::pin(mutex::mutex(n))),
    ("parked", |n, _| Box::pin(parked::parked(n))),
    ("parked_small", |n, _| Box::pin(parked::parked(n))),
    ("pingpong", |n, _| Box::pin(pingpong::pingpong(n))),
    ("ring", |n, size| Box::pin(ring::ring(n, size))),
    ("select3", |n, _| Box::pin(select3::select3(n))),
    ("sieve", |n, _| Box::pin(sieve::sieve(n))),
    ("skynet", |n, _| Box::pin(skynet::skynet(n))),
    ("sleepers", |n, _| Box::pin(sleepers::sleepers(n))),
    ("spawn", |n, _| Box::pin(spawn::spawn(n))),
    ("unbuffered", |n, _| Box::pin(unbuffered::unbuffered(n))),
    ("yield", |n, _| Box::pin(r#yield::yields(n))),
];

fn main() {
    // One worker: the scheduler that tokio has for it, which is faster than one of many.
    let runtime = match harness::workers() {
        1 => Builder::new_current_thread().enable_all().build(),
        many => Builder::new_multi_thread()
            .worker_threads(many)
            .enable_all()
            .build(),
    }
    .expect("no runtime");
    harness::main(ROWS, |row, n, capacity| {
        // As a task: what block_on is given runs outside the workers, which is slower.
        let benchmark = row(n, capacity);
        runtime.block_on(async { tokio::spawn(benchmark).await.expect("it panicked") })
    });
}
