// SPDX-License-Identifier: MIT

//! What the Rust benchmarks share: the command line, the warm-up, the clock and the line of JSON.
//!
//!     PROGRAM NAME n [capacity]
//!     PROGRAM list
//!
//! BENCH_WORKERS in the environment sets the workers.

use std::time::Instant;

pub fn workers() -> usize {
    std::env::var("BENCH_WORKERS").map_or(2, |text| number(&text))
}

/// The whole of main. `rows` are the benchmarks by name; `run` lets one of them do n operations and
/// returns its check, a value that takes the whole work to know. Warms up with a tenth of the work,
/// then measures all of it.
pub fn main<Row>(rows: &[(&str, Row)], run: impl Fn(&Row, i64, usize) -> i64) {
    let args: Vec<String> = std::env::args().collect();
    if args.len() == 2 && args[1] == "list" {
        rows.iter().for_each(|(name, _)| println!("{name}"));
        return;
    }
    if args.len() < 3 {
        fail("usage: PROGRAM NAME n [capacity]");
    }
    let name = &args[1];
    let Some((_, row)) = rows.iter().find(|(known, _)| known == name) else {
        fail(&format!("no such benchmark: {name}"))
    };
    let n = number(&args[2]);
    let capacity = args.get(3).map_or(0, |text| number(text));

    run(row, n / 10, capacity);
    let start = Instant::now();
    let check = run(row, n, capacity);
    let ns_per_op = start.elapsed().as_nanos() as f64 / n as f64;
    println!(
        "{{\"bench\":\"{name}\",\"n\":{n},\"capacity\":{capacity},\"workers\":{},\
         \"ns_per_op\":{ns_per_op:.3},\"check\":{check}}}",
        workers()
    );
}

fn number<T: std::str::FromStr>(text: &str) -> T {
    text.parse()
        .unwrap_or_else(|_| fail(&format!("not a number: {text}")))
}

fn fail(line: &str) -> ! {
    eprintln!("{line}");
    std::process::exit(2)
}
