//! Exit code 11: one run at a time. The lock ends with its process.

use super::{Night, assert_hint};
use crate::support::{Gateway, book, until};
use std::time::{Duration, Instant};

#[test]
fn a_second_run_ends_at_once_and_names_the_first() {
    let night = Night::new();
    let merchant = &night.merchant;
    let gateway = Gateway::serve_as(&book(20), |it| it.latency = Duration::from_mins(1));
    let first = merchant.start(&Night::arguments(&gateway.url, &["--ledger", "ledger.csv"]));
    until("the first call", || gateway.journal().len() == 1);
    let started = Instant::now();
    let second = night.run(&gateway.url, &[]);
    assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
    night.assert_failed(&second, 11, &[&format!("process {}, since 20", first.pid())]);
    assert_hint(&second);
    // Reading is allowed during a run.
    assert_eq!(merchant.run(&["runs"]).code, Some(0));
    assert_eq!(merchant.run(&["show", "A1"]).code, Some(0));
    assert_eq!(gateway.journal().len(), 1, "the second run made no call");

    first.signal("KILL");
    assert_eq!(first.end().code, None);
    let quick = Gateway::serve(&book(20));
    let third = night.run(&quick.url, &[]);
    assert_eq!(third.code, Some(0), "no lock is left: {third:?}");
    assert_eq!(quick.stop().len(), 20);
}
