// SPDX-License-Identifier: MIT

//! select3: what does an item cost when one consumer selects over three unbuffered channels, each
//! with a producer of its own?

use crossbeam_channel::{bounded, never, select, Receiver};
use std::thread::{self, Scope};

pub fn select3(n: i64) -> i64 {
    let third = n / 3;
    thread::scope(|s| {
        let mut a = feed(s, 0, third);
        let mut b = feed(s, third, 2 * third);
        let mut c = feed(s, 2 * third, n);
        let mut sum = 0;
        let mut left = n;
        while left > 0 {
            // A disconnected channel is always ready: it is put out of the race once.
            let (ended, v) = select! {
                recv(a) -> v => (&mut a, v),
                recv(b) -> v => (&mut b, v),
                recv(c) -> v => (&mut c, v),
            };
            match v {
                Ok(v) => {
                    sum += v;
                    left -= 1;
                }
                Err(_) => *ended = never(),
            }
        }
        sum
    })
}

fn feed<'a>(s: &'a Scope<'a, '_>, from: i64, to: i64) -> Receiver<i64> {
    let (sender, receiver) = bounded(0);
    s.spawn(move || {
        for i in from..to {
            if sender.send(i).is_err() {
                break;
            }
        }
    });
    receiver
}
