// SPDX-License-Identifier: MIT

//! What the Rust benchmarks share: the command line, the warm-up, the clock and the line of JSON.
//!
//!     PROGRAM NAME n [capacity]
//!     PROGRAM list
//!
//! BENCH_WORKERS in the environment sets the workers.

use std::sync::Mutex;
use std::time::Instant;

/// No warm-up: they look at memory, or build what they then measure.
const COLD: [&str; 4] = ["parked", "parked_small", "ring", "sleepers"];

/// What a benchmark has measured itself, as JSON.
static REPORTED: Mutex<String> = Mutex::new(String::new());

pub fn report(name: &str, value: f64) {
    let text = format!("\"{name}\":{value:.3},");
    REPORTED.lock().expect("a panic elsewhere").push_str(&text);
}

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
    if args.len() == 2 && args[1] == "echo" {
        // A server, which never returns: bench/load.c measures it.
        if let Some((_, row)) = rows.iter().find(|(known, _)| *known == "echo") {
            run(row, 0, 0);
        }
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

    if !COLD.contains(&name.as_str()) {
        run(row, n / 10, capacity);
    }
    let start = Instant::now();
    let check = run(row, n, capacity);
    let ns_per_op = start.elapsed().as_nanos() as f64 / n as f64;
    println!(
        "{{\"bench\":\"{name}\",\"n\":{n},\"capacity\":{capacity},\"workers\":{},\
         \"ns_per_op\":{ns_per_op:.3},{}\"check\":{check}}}",
        workers(),
        REPORTED.lock().expect("a panic elsewhere")
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
