// SPDX-License-Identifier: MIT

//! mpmc: what does an item cost from four producers to four consumers that share one channel?

use crossbeam_channel::bounded;
use std::thread;

const SIDE: i64 = 4;

pub fn mpmc(n: i64, capacity: usize) -> i64 {
    let (sender, receiver) = bounded(capacity);
    thread::scope(|s| {
        let mut consumers = Vec::new();
        for i in 0..SIDE {
            let (sender, receiver) = (sender.clone(), receiver.clone());
            consumers.push(s.spawn(move || receiver.iter().sum::<i64>()));
            s.spawn(move || {
                for v in n / SIDE * i..n / SIDE * (i + 1) {
                    if sender.send(v).is_err() {
                        break;
                    }
                }
            });
        }
        drop((sender, receiver));
        let sums = consumers.into_iter().map(|c| c.join());
        sums.map(|sum| sum.expect("a consumer panicked")).sum()
    })
}
