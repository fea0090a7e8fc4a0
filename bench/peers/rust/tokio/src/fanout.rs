// SPDX-License-Identifier: MIT

//! fanout: what does an item cost that one of four workers takes from a channel and sends on to
//! another, where all results meet?

use tokio::sync::mpsc;

pub async fn fanout(n: i64) -> i64 {
    let (items, work) = async_channel::bounded(1);
    tokio::spawn(async move {
        for i in 0..n {
            if items.send(i).await.is_err() {
                break;
            }
        }
    });
    let (results, mut sums) = mpsc::channel(1);
    for _ in 0..4 {
        let (work, results) = (work.clone(), results.clone());
        tokio::spawn(async move {
            while let Ok(v) = work.recv().await {
                if results.send(2 * v).await.is_err() {
                    break;
                }
            }
        });
    }
    drop(results);
    let mut sum: i64 = 0;
    while let Some(v) = sums.recv().await {
        sum += v;
    }
    sum
}
