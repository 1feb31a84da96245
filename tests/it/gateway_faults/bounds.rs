//! The number and the times of calls to a faulty gateway.

#![expect(clippy::unwrap_used, reason = "a test that cannot set itself up has failed")]

use super::{reconcile, with_a_fault};
use crate::rude_gateway::RudeGateway;
use chrono::{TimeDelta, Utc};
use std::time::{Duration, Instant};

#[test]
fn a_temporary_fault_leaves_no_trace() {
    for status in ["408 x", "425 x", "429 x", "500 x", "502 x", "503 x", "504 x", "529 x"] {
        let run = with_a_fault(move |turn| match turn.earlier {
            0..3 => turn.answer(status, "", "<html>"),
            _ => turn.answer_well(),
        });
        assert_eq!(run.done.code, Some(0), "{status}: {:?}", run.done);
        assert_eq!(run.gateway.calls_for("A3"), 4);
        assert_eq!(run.merchant.sql("SELECT max(tries) FROM run_orders"), 4);
    }
    let run = with_a_fault(|turn| match turn.earlier {
        0 => turn.reset_after(b"HTTP/1.1 200"),
        1 => turn.answer("200 OK", "", "<html>"),
        _ => turn.answer_well(),
    });
    assert_eq!(run.done.code, Some(0), "{:?}", run.done);
}

#[test]
fn retried_statuses() {
    for status in [200, 202, 204, 205, 206, 400, 402, 404, 405, 409, 418, 422, 431, 451, 499] {
        let run = with_a_fault(move |turn| turn.answer(&format!("{status} x"), "", ""));
        // Under 2xx the body decides, and this one is empty.
        let calls = if status < 300 { 4 } else { 1 };
        run.unverified(&status.to_string(), "", calls);
    }
    let always = |status: u16| {
        with_a_fault(move |turn| {
            let body = crate::rude_gateway::success(&turn.order);
            turn.answer(&format!("{status} x"), "", body);
        })
    };
    // Four calls, and four more at the end of the run.
    for status in [408, 425, 500, 501, 503, 511, 599] {
        always(status).unverified(&status.to_string(), &status.to_string(), 8);
    }
    // 429 is about all calls: it is waited for, but not for ever.
    let run = always(429);
    let calls = run.gateway.calls_for("A3");
    assert!((5..=32).contains(&calls), "{calls}");
    run.unverified("429", "429 (too many requests)", calls);
}

/// With 150 orders that always fail, the budget of 100 retries ends before the attempts do.
#[test]
fn the_retry_budget_bounds_a_run() {
    let gateway = RudeGateway::serve(|turn| match &*turn.order {
        "A1" => turn.answer_well(),
        _ => turn.answer("503 Service Unavailable", "", ""),
    });
    let run = reconcile(150, gateway);
    assert_eq!(run.done.code, Some(3), "{:?}", run.done);
    let arrivals = run.gateway.arrivals();
    assert_eq!(arrivals.len(), 150 + 100);
    assert_eq!(run.done.json()["requests"], 250);
    for number in 1..=150 {
        let calls = run.gateway.calls_for(&format!("A{number}"));
        assert!((1..=4).contains(&calls), "A{number}: {calls}");
    }
    // A resumed run has its own budget, and queries only orders without an answer.
    let more = ["--ledger", "ledger.csv", "--resume"];
    let resumed = run.merchant.reconcile(&run.gateway.url, &more);
    assert_eq!(run.gateway.calls_for("A1"), 1, "{resumed:?}");
    assert!(run.gateway.arrivals().len() <= 250 + 149 + 100);
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
    let run = reconcile(40, gateway);
    assert_eq!(run.done.code, Some(0), "{:?}", run.done);
    let arrivals = run.gateway.arrivals();
    assert_eq!(arrivals.len(), 41);
    let told = told.lock().unwrap();
    let told = told.unwrap();
    // Calls in flight when the pause began can still arrive.
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
fn an_invalid_retry_after_is_capped_with_a_warning() {
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

/// A date is held against the response's own, however wrong this machine's clock is.
#[test]
fn a_retry_after_date_counts_from_the_response() {
    for hours in [-5, 0, 5] {
        let sent = Utc::now() + TimeDelta::hours(hours);
        let [date, until] = [0, 2]
            .map(|seconds| httpdate::fmt_http_date((sent + TimeDelta::seconds(seconds)).into()));
        let headers = format!("Date: {date}\r\nRetry-After: {until}\r\n");
        let gateway = RudeGateway::serve(move |turn| match (&*turn.order, turn.earlier) {
            ("A3", 0) => turn.answer("429 Too Many Requests", &headers, ""),
            _ => turn.answer_well(),
        });
        let merchant = crate::support::Merchant::new();
        merchant.write("ledger.csv", crate::support::ledger(6));
        let begun = Instant::now();
        let done = merchant.reconcile(&gateway.url, &["--ledger", "ledger.csv"]);
        assert_eq!(done.code, Some(0), "{hours}: {done:?}");
        let took = begun.elapsed();
        assert!((2..8).contains(&took.as_secs()), "{hours}: {took:?}");
        assert!(!done.stderr.contains("Retry-After"), "{hours}: {done:?}");
    }
}
