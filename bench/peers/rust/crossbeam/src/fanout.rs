// SPDX-License-Identifier: MIT

//! fanout: what does an item cost that one of four workers takes from a channel and sends on to
//! another, where all results meet? Both channels are unbuffered.

use crossbeam_channel::bounded;
use std::thread;

pub fn fanout(n: i64) -> i64 {
    let (items, work) = bounded(0);
    let (results, sums) = bounded(0);
    thread::scope(|s| {
        s.spawn(move || {
            for i in 0..n {
                if items.send(i).is_err() {
                    break;
                }
            }
        });
        for _ in 0..4 {
            let (work, results) = (work.clone(), results.clone());
            s.spawn(move || {
                for v in work {
                    if results.send(2 * v).is_err() {
                        break;
                    }
                }
            });
        }
        drop(results);
        sums.iter().sum::<i64>()
    })
}
