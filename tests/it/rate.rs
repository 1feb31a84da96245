//! The rate, measured by the times in the gateway's journal.

use crate::support::{Gateway, Merchant, ledger, paid};
use octopus_recon::sandbox::Call;
use serde_json::json;
use std::time::Duration;

/// The highest number of calls that arrived within one second.
fn busiest_second(journal: &[Call]) -> usize {
    let within = |first: usize| {
        let end = journal[first].at + Duration::from_secs(1);
        journal[first..].iter().take_while(|call| call.at < end).count()
    };
    (0..journal.len()).map(within).max().unwrap_or(0)
}

#[test]
fn no_second_sees_more_than_the_rate_and_its_burst() {
    const ORDERS: usize = 1_000;
    const RATE: usize = 500;
    // Retries count too: every tenth order needs one.
    let book: String = (1..=ORDERS)
        .map(|number| {
            let once = json!({"sandbox": {"status": 503, "times": 1}});
            let script = if number % 10 == 0 { once } else { json!({}) };
            paid(&format!("A{number}"), "100.00", script)
        })
        .collect();
    // So many in flight that two threads share the rate.
    let gateway = Gateway::serve_as(&book, |it| it.latency = Duration::from_millis(5));
    let merchant = Merchant::new();
    merchant.write("ledger.csv", ledger(ORDERS));
    merchant.write("octopus-recon.toml", "[gateway]\nbackoff_first_ms = 20\n");
    let run = ["run", "--base-url", &gateway.url, "--ledger", "ledger.csv", "--format", "json"];
    let done = merchant.run(&[&run[..], &["--rate", "500", "--max-in-flight", "64"]].concat());
    assert_eq!(done.code, Some(0), "{done:?}");
    let journal = gateway.stop();
    assert_eq!(journal.len(), ORDERS + ORDERS / 10);
    // The contract allows a burst of 20 ms of calls.
    let busiest = busiest_second(&journal);
    assert!(busiest <= RATE + RATE / 50, "{busiest} calls in a second");
}

#[test]
fn a_slow_rate_has_no_burst() {
    let gateway = Gateway::serve(&crate::support::book(25));
    let merchant = Merchant::new();
    merchant.write("ledger.csv", ledger(25));
    let run = ["run", "--base-url", &gateway.url, "--ledger", "ledger.csv", "--rate", "20"];
    assert_eq!(merchant.run(&run).code, Some(0));
    let journal = gateway.stop();
    assert!(busiest_second(&journal) <= 21, "{}", busiest_second(&journal));
}
