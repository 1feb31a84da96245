//! Whole runs of the built binary, as a merchant starts them: orders a second, processor time,
//! memory, growth, calls as the gateway saw them. `cargo bench --bench runs -- CASE …`; without a
//! case, all of them but the longest. What each measures, and the figures: `benches/README.md`.

#![expect(
    clippy::unwrap_used,
    clippy::float_arithmetic,
    clippy::as_conversions,
    clippy::cast_precision_loss,
    reason = "a benchmark that cannot set itself up has failed, and its figures are for people"
)]

#[path = "runs/cases.rs"]
mod cases;
#[path = "runs/gateway.rs"]
mod gateway;
#[path = "runs/lean_loop.rs"]
mod lean_loop;
#[path = "runs/peers.rs"]
mod peers;
#[path = "runs/process.rs"]
mod process;

use std::time::Duration;

#[expect(clippy::print_stderr, reason = "says what can be asked for")]
fn main() {
    // Cargo adds flags of its own.
    let arguments: Vec<String> =
        std::env::args().skip(1).filter(|argument| !argument.starts_with("--")).collect();
    if let [serve, latency, uids] = &arguments[..]
        && serve == "serve"
    {
        let latency = Duration::from_millis(latency.parse().unwrap());
        return gateway::serve(latency, uids == gateway::SCATTERED);
    }
    if let [lean_loop, url, orders] = &arguments[..]
        && lean_loop == "loop"
    {
        return lean_loop::run(url, orders.parse().unwrap());
    }
    let is_asked = |name: &str| arguments.iter().any(|argument| argument == name);
    let known = |name: &String| cases::ALL.iter().any(|case| case.name == name);
    if let Some(unknown) = arguments.iter().find(|name| !known(name)) {
        let names: Vec<&str> = cases::ALL.iter().map(|case| case.name).collect();
        eprintln!("there is no case {unknown}: {}", names.join(", "));
        std::process::exit(2);
    }
    for case in cases::ALL {
        if is_asked(case.name) || (arguments.is_empty() && !case.takes_long) {
            (case.run)();
        }
    }
}
