// SPDX-License-Identifier: MIT

//! buffered: what does an item cost from one producer to one consumer when the channel buffers
//! capacity items?

use tokio::sync::mpsc;

pub async fn transfer(n: i64, capacity: usize) -> i64 {
    let (sender, mut receiver) = mpsc::channel(capacity);
    tokio::spawn(async move {
        for i in 0..n {
            if sender.send(i).await.is_err() {
                break;
            }
        }
    });
    let mut sum = 0;
    while let Some(v) = receiver.recv().await {
        sum += v;
    }
    sum
}
