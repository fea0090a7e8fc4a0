// SPDX-License-Identifier: MIT

//! skynet: what does a tree of a million tasks cost, ten children to a node, when each node makes a
//! channel, sums what its children send and sends the sum up?

use std::future::Future;
use std::pin::Pin;
use tokio::sync::mpsc;

pub async fn skynet(n: i64) -> i64 {
    let (root, mut result) = mpsc::channel(1);
    tokio::spawn(node(root, 0, n));
    result.recv().await.expect("no result")
}

fn node(up: mpsc::Sender<i64>, first: i64, size: i64) -> Pin<Box<dyn Future<Output = ()> + Send>> {
    Box::pin(async move {
        let mut sum = first;
        if size > 1 {
            // Room for every child: none of them has to wait.
            let (sender, mut children) = mpsc::channel(10);
            let part = size / 10;
            for i in 0..10 {
                tokio::spawn(node(sender.clone(), first + i * part, part));
            }
            drop(sender);
            sum = 0;
            while let Some(v) = children.recv().await {
                sum += v;
            }
        }
        up.send(sum).await.expect("the parent ended");
    })
}
