// SPDX-License-Identifier: MIT

//! mpmc: what does an item cost from four producers to four consumers that share one channel?
//!
//! tokio's own channels have one consumer; its users take async-channel for more.

const SIDE: i64 = 4;

pub async fn mpmc(n: i64, capacity: usize) -> i64 {
    let (sender, receiver) = async_channel::bounded(capacity.max(1));
    let mut consumers = Vec::new();
    for i in 0..SIDE {
        let receiver = receiver.clone();
        consumers.push(tokio::spawn(async move {
            let mut sum: i64 = 0;
            while let Ok(v) = receiver.recv().await {
                sum += v;
            }
            sum
        }));
        let sender = sender.clone();
        tokio::spawn(async move {
            for v in n / SIDE * i..n / SIDE * (i + 1) {
                if sender.send(v).await.is_err() {
                    break;
                }
            }
        });
    }
    drop((sender, receiver));
    let mut total = 0;
    for consumer in consumers {
        total += consumer.await.expect("a consumer panicked");
    }
    total
}
