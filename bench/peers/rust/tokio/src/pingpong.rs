// SPDX-License-Identifier: MIT

//! pingpong: what does a request and its reply cost over two channels?

use tokio::sync::mpsc;

pub async fn pingpong(n: i64) -> i64 {
    let (ping, mut requests) = mpsc::channel(1);
    let (replies, mut pong) = mpsc::channel(1);
    tokio::spawn(async move {
        while let Some(v) = requests.recv().await {
            if replies.send(v).await.is_err() {
                break;
            }
        }
    });
    let mut sum: i64 = 0;
    for i in 0..n {
        ping.send(i).await.expect("the echo task ended");
        sum += pong.recv().await.expect("the echo task ended");
    }
    sum
}
