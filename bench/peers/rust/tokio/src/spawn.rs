// SPDX-License-Identifier: MIT

//! spawn: what does it cost to start a task that does nothing and to see it end?

pub async fn spawn(n: i64) -> i64 {
    let tasks: Vec<_> = (0..n).map(|_| tokio::spawn(async {})).collect();
    let mut ended = 0;
    for task in tasks {
        task.await.expect("a task panicked");
        ended += 1;
    }
    ended
}
