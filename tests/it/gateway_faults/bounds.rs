//! How often the gateway is asked on a bad day, and when.

#![expect(clippy::unwrap_used, reason = "a test that cannot set itself up has failed")]

use super::{night, with_a_fault};
use crate::rude_gateway::RudeGateway;
use std::time::{Duration, Instant};

#[test]
fn a_fault_that_passes_leaves_nothing_behind() {
    for status in ["408 x", "425 x", "429 x", "500 x", "502 x", "503 x", "504 x", "529 x"] {
        let night = with_a_fault(move |turn| match turn.earlier {
            0..3 => turn.answer(status, "", "<html>"),
            _ => turn.answer_well(),
        });
        assert_eq!(night.done.code, Some(0), "{status}: {:?}", night.done);
        assert_eq!(night.gateway.calls_for("A3"), 4);
        assert_eq!(night.merchant.sql("SELECT max(tries) FROM run_orders"), 4);
    }
    let night = with_a_fault(|turn| match turn.earlier {
        0 => turn.reset_after(b"HTTP/1.1 200"),
        1 => turn.answer("200 OK", "", "<html>"),
        _ => turn.answer_well(),
    });
    assert_eq!(night.done.code, Some(0), "{:?}", night.done);
}

#[test]
fn which_statuses_are_repeated() {
    for status in [200, 202, 204, 205, 206, 400, 402, 404, 405, 409, 418, 422, 431, 451, 499] {
        let night = with_a_fault(move |turn| turn.answer(&format!("{status} x"), "", ""));
        // Under 2xx the body decides, and there is none.
        let calls = if status < 300 { 4 } else { 1 };
        night.unverified(&status.to_string(), "", calls);
    }
    for status in [408, 425, 429, 500, 501, 503, 511, 599] {
        let night = with_a_fault(move |turn| {
            let body = crate::rude_gateway::success(&turn.order);
            turn.answer(&format!("{status} x"), "", body);
        });
        night.unverified(&status.to_string(), &status.to_string(), 4);
    }
}

/// With 150 orders that fail for ever the budget of 100 retries is spent before the attempts are.
#[test]
fn the_retry_budget_bounds_a_run() {
    let gateway = RudeGateway::serve(|turn| match &*turn.order {
        "A1" => turn.answer_well(),
        _ => turn.answer("503 Service Unavailable", "", ""),
    });
    let night = night(150, gateway);
    assert_eq!(night.done.code, Some(3), "{:?}", night.done);
    let arrivals = night.gateway.arrivals();
    assert_eq!(arrivals.len(), 150 + 100);
    assert_eq!(night.done.json()["requests"], 250);
    for number in 1..=150 {
        let calls = night.gateway.calls_for(&format!("A{number}"));
        assert!((1..=4).contains(&calls), "A{number}: {calls}");
    }
    // Going on has a budget of its own, and asks only for what has no answer.
    let more = ["--ledger", "ledger.csv", "--resume"];
    let resumed = night.merchant.reconcile(&night.gateway.url, &more);
    assert_eq!(night.gateway.calls_for("A1"), 1, "{resumed:?}");
    assert!(night.gateway.arrivals().len() <= 250 + 149 + 100);
}

#[test]
fn retry_after_is_one_pause_for_all() {
    let told = std::sync::Arc::new(std::sync::Mutex::new(None));
    let when = told.clone();
    let gateway = RudeGateway::serve(move |turn| match (&*turn.order, turn.earlier) {
        ("A5", 0) => {
            turn.answer("429 Too Many Requests", "Retry-After: 1\r\n", "");
            *when.lock().unwrap() = Some(Instant::now());
        }
        _ => turn.answer_well(),
    });
    let night = night(40, gateway);
    assert_eq!(night.done.code, Some(0), "{:?}", night.done);
    let arrivals = night.gateway.arrivals();
    assert_eq!(arrivals.len(), 41);
    let told = told.lock().unwrap();
    let told = told.unwrap();
    // What was on its way when the pause began may still arrive: at most what is in flight.
    let early = arrivals
        .iter()
        .filter(|(at, _)| *at > told)
        .filter(|(at, _)| at.duration_since(told) < Duration::from_millis(980));
    assert!(early.count() <= 4);
    let late = arrivals
        .iter()
        .filter(|(at, _)| at.checked_duration_since(told) >= Some(Duration::from_millis(980)));
    assert!(late.count() >= 30, "the others wait too");
}

#[test]
fn a_senseless_retry_after_is_bounded_and_told() {
    for value in
        ["-5", "soon", "Thu, 01 Jan 1970 00:00:00 GMT", "", "1.5", "99999999999999999999999"]
    {
        let header = format!("Retry-After: {value}\r\n");
        let gateway = RudeGateway::serve(move |turn| match (&*turn.order, turn.earlier) {
            ("A3", 0) => turn.answer("503 Service Unavailable", &header, ""),
            _ => turn.answer_well(),
        });
        let merchant = crate::support::Merchant::new();
        merchant.write("ledger.csv", crate::support::ledger(6));
        merchant.write(
            "octopus-recon.toml",
            "[gateway]\nbackoff_first_ms = 1\nretry_after_max_seconds = 0\n",
        );
        let begun = Instant::now();
        let done = merchant.reconcile(&gateway.url, &["--ledger", "ledger.csv"]);
        assert_eq!(done.code, Some(0), "{value}: {done:?}");
        assert!(begun.elapsed() < Duration::from_secs(10), "{value}");
        assert!(done.stderr.contains("WARN"), "{value}: {done:?}");
        assert!(done.stderr.contains("Retry-After"), "{value}: {done:?}");
    }
}
