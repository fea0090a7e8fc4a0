// SPDX-License-Identifier: MIT

//! pingpong: what does a request and its reply cost over two unbuffered channels?

use crossbeam_channel::bounded;
use std::thread;

pub fn pingpong(n: i64) -> i64 {
    let (ping, requests) = bounded(0);
    let (replies, pong) = bounded(0);
    thread::scope(|s| {
        s.spawn(move || {
            for v in requests {
                if replies.send(v).is_err() {
                    break;
                }
            }
        });
        let mut sum: i64 = 0;
        for i in 0..n {
            ping.send(i).expect("the echo thread ended");
            sum += pong.recv().expect("the echo thread ended");
        }
        drop(ping);
        sum
    })
}
