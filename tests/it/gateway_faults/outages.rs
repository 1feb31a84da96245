//! Faults that hit many orders for some time, and end.

#![expect(clippy::unwrap_used, reason = "a test that cannot set itself up has failed")]

use crate::rude_gateway::{RudeGateway, success};
use crate::support::{Merchant, ledger};
use std::collections::VecDeque;
use std::io::Write;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, OnceLock};
use std::time::{Duration, Instant};

/// A run of so many orders with these settings of `[gateway]`.
fn run(orders: usize, settings: &str, gateway: &RudeGateway) -> (Merchant, serde_json::Value) {
    let merchant = Merchant::new();
    merchant.write("ledger.csv", ledger(orders));
    merchant.write("octopus-recon.toml", format!("[gateway]\n{settings}"));
    let done = merchant.reconcile(&gateway.url, &["--ledger", "ledger.csv"]);
    assert_eq!(done.code, Some(0), "{done:?}");
    (merchant, done.json())
}

/// A quota without Retry-After: so many calls in each second.
fn with_quota(calls: usize, refusal: &'static str, body: &'static str) -> RudeGateway {
    let passed: Mutex<VecDeque<Instant>> = Mutex::default();
    RudeGateway::serve(move |turn| {
        let now = Instant::now();
        let mut passed = passed.lock().unwrap();
        passed.retain(|at| now.duration_since(*at) < Duration::from_secs(1));
        if passed.len() < calls {
            passed.push_back(now);
            drop(passed);
            turn.answer_well();
        } else {
            drop(passed);
            turn.answer(refusal, "", body);
        }
    })
}

#[test]
fn a_quota_without_retry_after_is_found() {
    const TOO_MANY: &str = r#"{"result":"error","data":"Too many requests for this API key"}"#;
    for (refusal, body) in [("429 Too Many Requests", ""), ("200 OK", TOO_MANY)] {
        let gateway = with_quota(40, refusal, body);
        let settings = "requests_per_second = 100\nbackoff_first_ms = 50\n";
        let (_, summary) = run(150, settings, &gateway);
        assert_eq!(summary["orders"]["matched"], 150, "{summary}");
        let extra = gateway.arrivals().len() - 150;
        assert!((3..=75).contains(&extra), "{refusal}: {extra} calls more");
        let warning = &summary["warnings"][1];
        assert_eq!(warning["code"], "too_many_requests", "{summary}");
        let text = warning["text"].as_str().unwrap();
        assert!(text.contains(&format!("{extra} of {}", 150 + extra)), "{text}");
        assert!(text.contains("set [gateway] requests_per_second to"), "{text}");
    }
}

#[test]
fn orders_that_fail_in_an_outage_are_asked_once_more() {
    let calls = AtomicUsize::new(0);
    let gateway = RudeGateway::serve(move |turn| {
        let is_down = (50..110).contains(&calls.fetch_add(1, Ordering::SeqCst));
        if is_down { turn.answer("503 Service Unavailable", "", "") } else { turn.answer_well() }
    });
    let (merchant, summary) = run(300, "backoff_first_ms = 1\nmax_in_flight = 8\n", &gateway);
    assert_eq!(summary["orders"]["matched"], 300, "{summary}");
    assert_eq!(summary["requests"], 360, "{summary}");
    assert_eq!(gateway.arrivals().len(), 360);
    assert_eq!(merchant.sql("SELECT sum(tries) FROM run_orders"), 360);
    let most = merchant.sql("SELECT max(tries) FROM run_orders");
    assert!(most > 4, "no order was asked once more");
}

#[test]
fn too_many_requests_for_a_while_leave_no_trace() {
    let began: OnceLock<Instant> = OnceLock::new();
    let gateway = RudeGateway::serve(move |turn| {
        let elapsed = began.get_or_init(Instant::now).elapsed();
        let is_down = (50..500).contains(&elapsed.as_millis());
        if is_down { turn.answer("429 Too Many Requests", "", "") } else { turn.answer_well() }
    });
    let settings = "backoff_first_ms = 10\nmax_in_flight = 8\n";
    let (_, summary) = run(600, settings, &gateway);
    assert_eq!(summary["orders"]["matched"], 600, "{summary}");
    let requests = summary["requests"].as_u64().unwrap();
    assert!((601..=700).contains(&requests), "{requests}");
}

#[test]
fn a_gateway_that_resets_every_second_request_of_a_connection() {
    let gateway = RudeGateway::serve(|mut turn| {
        let body = success(&turn.order);
        turn.read_request();
        let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len());
        turn.stream.write_all(answer.as_bytes()).unwrap();
        // Closed with the next request unread.
        let _ = turn.stream.peek(&mut [0]);
    });
    let (_, summary) = run(200, "backoff_first_ms = 1\nrequests_per_second = 1000\n", &gateway);
    assert_eq!(summary["orders"]["matched"], 200, "{summary}");
}
