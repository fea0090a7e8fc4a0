// SPDX-License-Identifier: MIT

//! sleepers: n tasks are started that sleep, one for almost nothing, one for a second, the others
//! for times evenly spread between: how much later than after that second is the last one done?
//! Starting them counts, and so does their end.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::mpsc;

pub async fn sleepers(n: i64) -> i64 {
    let slept = Arc::new(AtomicI64::new(0)); // the sum of the times of those that slept so long
    let (running, mut all_ended) = mpsc::channel::<()>(1);
    let start = Instant::now();
    for i in 1..=n {
        let (slept, running) = (slept.clone(), running.clone());
        tokio::spawn(async move {
            let nanos = 1_000_000_000 / n * i;
            let duration = Duration::from_nanos(nanos as u64);
            let start = Instant::now();
            tokio::time::sleep(duration).await;
            if start.elapsed() >= duration {
                slept.fetch_add(nanos, Ordering::Relaxed);
            }
            drop(running);
        });
    }
    drop(running);
    all_ended.recv().await;
    harness::report("late_ms", (start.elapsed().as_secs_f64() - 1.0) * 1e3);
    slept.load(Ordering::Relaxed)
}
