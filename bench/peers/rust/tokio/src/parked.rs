// SPDX-License-Identifier: MIT

//! parked: n tasks all wait for one gate: how many bytes of memory does each take, and how long does
//! it take to wake them all, until the last has ended?

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::Arc;
use std::time::Instant;
use tokio::sync::{mpsc, Semaphore};

pub async fn parked(n: i64) -> i64 {
    // A semaphore without permits, closed at the end, is tokio's gate for many.
    let gate = Arc::new(Semaphore::new(0));
    let woken = Arc::new(AtomicI64::new(0));
    let (waiting, mut all_wait) = mpsc::channel::<()>(1);
    let (running, mut all_ended) = mpsc::channel::<()>(1);
    let before = resident_bytes();
    for _ in 0..n {
        let (gate, woken) = (gate.clone(), woken.clone());
        let (waiting, running) = (waiting.clone(), running.clone());
        tokio::spawn(async move {
            drop(waiting);
            if gate.acquire().await.is_err() {
                woken.fetch_add(1, Ordering::Relaxed);
            }
            drop(running);
        });
    }
    drop((waiting, running));
    all_wait.recv().await;
    harness::report("task_bytes", (resident_bytes() - before) / n as f64);
    let start = Instant::now();
    gate.close();
    all_ended.recv().await;
    harness::report("wake_ns", start.elapsed().as_nanos() as f64 / n as f64);
    woken.load(Ordering::Relaxed)
}

/// The memory of this process that is in RAM.
fn resident_bytes() -> f64 {
    let statm = std::fs::read_to_string("/proc/self/statm").expect("no /proc");
    let pages = statm.split(' ').nth(1).expect("no pages");
    4096.0 * pages.parse::<f64>().expect("not a number of pages")
}
