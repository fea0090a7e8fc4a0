// SPDX-License-Identifier: MIT

//! yield: what does one yield_now cost when there is another task, of other code, to run?

use tokio::task::yield_now;

pub async fn yields(n: i64) -> i64 {
    let a = tokio::spawn(up(n / 2));
    let b = tokio::spawn(down(n / 2));
    a.await.expect("up panicked") + b.await.expect("down panicked")
}

async fn up(n: i64) -> i64 {
    let mut sum = 0;
    for i in 0..n {
        sum += i;
        yield_now().await;
    }
    sum
}

async fn down(n: i64) -> i64 {
    let mut sum = 0;
    for i in (1..=n).rev() {
        sum ^= i * i;
        yield_now().await;
    }
    sum
}
