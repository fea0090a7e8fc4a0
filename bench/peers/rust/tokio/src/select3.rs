// SPDX-License-Identifier: MIT

//! select3: what does an item cost when one consumer selects over three channels, each with a
//! producer of its own?

use tokio::sync::mpsc;

pub async fn select3(n: i64) -> i64 {
    let third = n / 3;
    let mut a = feed(0, third);
    let mut b = feed(third, 2 * third);
    let mut c = feed(2 * third, n);
    let mut sum = 0;
    for _ in 0..n {
        tokio::select! {
            Some(v) = a.recv() => sum += v,
            Some(v) = b.recv() => sum += v,
            Some(v) = c.recv() => sum += v,
        }
    }
    sum
}

fn feed(from: i64, to: i64) -> mpsc::Receiver<i64> {
    let (sender, receiver) = mpsc::channel(1);
    tokio::spawn(async move {
        for i in from..to {
            if sender.send(i).await.is_err() {
                break;
            }
        }
    });
    receiver
}
