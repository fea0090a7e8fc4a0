// SPDX-License-Identifier: MIT

//! forkjoin: what does fib cost when each call that is not a leaf starts a task for one half, calls
//! the other itself and waits for the task?
//!
//! n is the number of calls; the program takes the largest fib that needs no more.

use std::future::Future;
use std::pin::Pin;

pub async fn forkjoin(n: i64) -> i64 {
    let (mut k, mut a, mut b) = (1, 1, 1);
    while a + b + 1 <= n {
        (a, b) = (b, a + b + 1);
        k += 1;
    }
    fib(k).await
}

fn fib(k: i64) -> Pin<Box<dyn Future<Output = i64> + Send>> {
    Box::pin(async move {
        if k < 2 {
            return k;
        }
        let half = tokio::spawn(fib(k - 1));
        let other = fib(k - 2).await;
        half.await.expect("a task panicked") + other
    })
}
