// SPDX-License-Identifier: MIT

//! unbuffered: what does an item cost from one producer to one consumer with the least buffer that
//! tokio has?

pub async fn unbuffered(n: i64) -> i64 {
    crate::buffered::transfer(n, 1).await
}
