// SPDX-License-Identifier: MIT

//! buffered: what does an item cost from one producer to one consumer when the channel buffers
//! capacity items?

use crossbeam_channel::bounded;
use std::thread;

pub fn transfer(n: i64, capacity: usize) -> i64 {
    let (sender, receiver) = bounded(capacity);
    thread::scope(|s| {
        s.spawn(move || {
            for i in 0..n {
                if sender.send(i).is_err() {
                    break;
                }
            }
        });
        receiver.iter().sum()
    })
}
