// SPDX-License-Identifier: MIT

//! selectdefault: what does it cost to ask two channels that have nothing, with a select that has a
//! default?

use crossbeam_channel::{bounded, select};

pub fn selectdefault(n: i64) -> i64 {
    let (_keep_a, a) = bounded::<i64>(0);
    let (_keep_b, b) = bounded::<i64>(0);
    let (mut nothing, mut sum) = (0, 0);
    for _ in 0..n {
        select! {
            recv(a) -> v => sum += v.unwrap_or(0),
            recv(b) -> v => sum += v.unwrap_or(0),
            default => nothing += 1,
        }
    }
    nothing + sum
}
