// SPDX-License-Identifier: MIT

//! unbuffered: what does an item cost from one producer to one consumer without a buffer?

pub fn unbuffered(n: i64) -> i64 {
    crate::buffered::transfer(n, 0)
}
