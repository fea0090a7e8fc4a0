// SPDX-License-Identifier: MIT

//! mutex: what does it cost to lock a mutex, count and unlock it, when eight tasks do?
//!
//! The standard library's, as tokio recommends where nothing is awaited under the lock.

use std::sync::{Arc, Mutex};

const TASKS: i64 = 8;

pub async fn mutex(n: i64) -> i64 {
    let count = Arc::new(Mutex::new(0));
    let mut tasks = Vec::new();
    for _ in 0..TASKS {
        let count = count.clone();
        tasks.push(tokio::spawn(async move {
            for _ in 0..n / TASKS {
                *count.lock().expect("a task panicked") += 1;
            }
        }));
    }
    for task in tasks {
        task.await.expect("a task panicked");
    }
    let total = *count.lock().expect("a task panicked");
    total
}
