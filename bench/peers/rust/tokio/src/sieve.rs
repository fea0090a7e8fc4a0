// SPDX-License-Identifier: MIT

//! sieve: what do n primes cost from the concurrent prime sieve: a growing chain of filters, one for
//! each prime, linked by channels?

use tokio::sync::mpsc::{channel, Receiver};

pub async fn sieve(n: i64) -> i64 {
    let (naturals, mut input) = channel(1);
    tokio::spawn(async move {
        let mut i: i64 = 2;
        while naturals.send(i).await.is_ok() {
            i += 1;
        }
    });
    let mut sum = 0;
    for _ in 0..n {
        let prime = input.recv().await.expect("the chain ended");
        sum += prime;
        input = filter(input, prime);
    }
    sum
}

fn filter(mut input: Receiver<i64>, prime: i64) -> Receiver<i64> {
    let (out, output) = channel(1);
    tokio::spawn(async move {
        while let Some(v) = input.recv().await {
            if v % prime != 0 && out.send(v).await.is_err() {
                break;
            }
        }
    });
    output
}
