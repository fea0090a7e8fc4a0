// SPDX-License-Identifier: MIT

//! ring: what does a hop cost when one token goes round a ring of size tasks, each of which waits
//! for it on a channel of its own?
//!
//! The token says how many hops are left, and who holds it at 0 says its own number. One round makes
//! sure that all tasks wait; only the hops after it are timed, not the making of the ring.

use std::time::Instant;
use tokio::sync::mpsc::{channel, Receiver, Sender};

pub async fn ring(n: i64, size: usize) -> i64 {
    let (first, mut input) = channel(1);
    let (last, mut holder) = channel(1);
    for number in 0..size - 1 {
        let (out, next) = channel(1);
        tokio::spawn(member(number as i64, input, out, last.clone()));
        input = next;
    }
    tokio::spawn(member(size as i64 - 1, input, first.clone(), last));
    first.send(size as i64).await.expect("the ring ended");
    holder.recv().await.expect("the ring ended");
    let start = Instant::now();
    first.send(n).await.expect("the ring ended");
    let number = holder.recv().await.expect("the ring ended");
    harness::report("hop_ns", start.elapsed().as_nanos() as f64 / n as f64);
    number
}

async fn member(number: i64, mut input: Receiver<i64>, out: Sender<i64>, last: Sender<i64>) {
    while let Some(left) = input.recv().await {
        let sent = if left > 0 {
            out.send(left - 1).await
        } else {
            last.send(number).await
        };
        if sent.is_err() {
            break;
        }
    }
}
