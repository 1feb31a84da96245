//! Limits on the gateway's answers and on the calls. One order of a run is at a limit, the next one
//! beyond it.

#![expect(clippy::unwrap_used, reason = "a test that cannot set itself up has failed")]

use crate::rude_gateway::{RudeGateway, Turn, head, success};
use crate::support::{HEAD, Merchant, ledger};
use std::time::{Duration, Instant};

const SETTINGS: &str = "[gateway]\nmax_attempts = 1\n";

/// The answer of a gateway without faults, with so many bytes.
fn of_length(order: &str, length: usize) -> String {
    let body = success(order);
    let spaces = " ".repeat(length - body.len());
    body + &spaces
}

fn error(length: usize) -> String {
    format!(r#"{{"result":"error","data":"{}"}}"#, "x".repeat(length))
}

/// So many headers in all: three are in each answer.
fn headers(count: usize) -> String {
    let headers = (3..count).map(|number| format!("X-{number}: 1\r\n"));
    headers.collect()
}

#[test]
fn answers_at_their_limits() {
    const MEBIBYTE: usize = 1 << 20;
    let answer = |turn: Turn, body: String| turn.answer("200 OK", "", body);
    let chunked = |turn: Turn, length: usize| {
        let body = of_length(&turn.order, length);
        let head = head("200 OK", "Transfer-Encoding: chunked\r\n");
        turn.send(format!("{head}{length:x}\r\n{body}\r\n0\r\n\r\n"));
    };
    let gateway = RudeGateway::serve(move |turn| {
        let order = turn.order.clone();
        match &*order {
            "BODY" => answer(turn, of_length(&order, MEBIBYTE)),
            "BODY+1" => answer(turn, of_length(&order, MEBIBYTE + 1)),
            "CHUNKS" => chunked(turn, MEBIBYTE),
            "CHUNKS+1" => chunked(turn, MEBIBYTE + 1),
            "HEADERS" => turn.answer("200 OK", &headers(100), success(&order)),
            "HEADERS+1" => turn.answer("200 OK", &headers(101), success(&order)),
            "ERROR" => answer(turn, error(160)),
            "ERROR+1" => answer(turn, error(161)),
            _ => turn.answer_well(),
        }
    });
    let kinds = ["BODY", "CHUNKS", "HEADERS", "ERROR"];
    let row = |order: String| format!("{order},100.00,inr,2026-01-10,paid\n");
    let rows = kinds.iter().flat_map(|kind| [row((*kind).to_owned()), row(format!("{kind}+1"))]);
    let merchant = Merchant::new();
    let rows: String = rows.collect();
    merchant.write("ledger.csv", format!("{HEAD}{}{rows}", row("GOOD".to_owned())));
    merchant.write("octopus-recon.toml", SETTINGS);
    let done = merchant.reconcile(&gateway.url, &["--ledger", "ledger.csv"]);
    assert_eq!(done.code, Some(3), "{done:?}");
    let rows = merchant.rows_of(&done);
    let reason = |order: &str| {
        let row = rows.iter().find(|row| row["merchant_order_id"] == order);
        row.map(|row| row["reason"].clone()).unwrap_or_default()
    };
    for kind in ["BODY", "CHUNKS", "HEADERS", "GOOD"] {
        assert_eq!(reason(kind), "", "{kind}");
    }
    for kind in ["BODY+1", "CHUNKS+1"] {
        assert!(reason(kind).contains("the answer is larger than 1 MiB"), "{}", reason(kind));
    }
    let why = "message head is too large";
    assert!(reason("HEADERS+1").contains(why), "{}", reason("HEADERS+1"));
    assert!(reason("ERROR").contains(&format!("\"{}\"", "x".repeat(160))), "{}", reason("ERROR"));
    let cut = format!("\"{}…\"", "x".repeat(160));
    assert!(reason("ERROR+1").contains(&cut), "{}", reason("ERROR+1"));
}

/// An address that swallows every packet: each try ends, and so does the run.
#[test]
fn a_connection_that_nobody_takes() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let _entered = runtime.enter();
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let listener = socket.listen(1).unwrap();
    let address = listener.local_addr().unwrap();
    // Those that wait fill the queue. The kernel then answers no further one.
    let short = Duration::from_millis(100);
    let waiting: Vec<_> =
        (0..8).map(|_| std::net::TcpStream::connect_timeout(&address, short)).collect();
    assert!(waiting.last().unwrap().is_err(), "the queue is not full");
    let merchant = Merchant::new();
    merchant.write("ledger.csv", ledger(6));
    let settings =
        "[gateway]\nconnect_timeout_seconds = 1\nmax_attempts = 2\nbackoff_first_ms = 1\n";
    merchant.write("octopus-recon.toml", settings);
    for scheme in ["http", "https"] {
        let started = Instant::now();
        let url = format!("{scheme}://{address}");
        let done = merchant.reconcile(&url, &["--ledger", "ledger.csv"]);
        assert_eq!(done.code, Some(13), "{done:?}");
        assert!(done.stderr.contains("no connection"), "{done:?}");
        let took = started.elapsed();
        assert!((2..10).contains(&took.as_secs()), "{took:?}");
        assert_eq!(done.json()["status"], "failed", "{done:?}");
    }
}

/// No figure of the configuration is so large that a run takes more than it needs.
#[test]
fn the_largest_figures() {
    let gateway = RudeGateway::serve(Turn::answer_well);
    let merchant = Merchant::new();
    merchant.write("ledger.csv", ledger(6));
    let keys = ["requests_per_second", "max_in_flight", "max_attempts", "connect_timeout_seconds"];
    let more = ["call_timeout_seconds", "backoff_first_ms", "backoff_max_ms"];
    let keys = keys.iter().chain(&more).chain(&["retry_after_max_seconds"]);
    let keys = keys.map(|key| format!("{key} = {}\n", u32::MAX));
    let keys: String = keys.collect();
    merchant.write("octopus-recon.toml", format!("[gateway]\n{keys}"));
    let run = ["run", "--base-url", &gateway.url, "--ledger", "ledger.csv"];
    let done = merchant.run(&run);
    assert_eq!(done.code, Some(0), "{done:?}");
    assert_eq!(gateway.arrivals().len(), 6);
}
