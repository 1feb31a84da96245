//! Exit code 13: the gateway sent no usable response. Few calls and little time are enough to find
//! out.

#![expect(clippy::unwrap_used, reason = "a failed setup fails the test")]

use super::{Night, assert_hint};
use crate::rude_gateway::RudeGateway;
use crate::support::{Done, Gateway, book, ledger};
use std::net::TcpListener;
use std::time::{Duration, Instant};

const SHORT_TIMEOUTS: &str = "[gateway]\nbackoff_first_ms = 1\ncall_timeout_seconds = 1\n\
                              retry_after_max_seconds = 1\n";

/// A night with this number of orders and short timeouts.
fn night_with(orders: usize) -> Night {
    let night = Night::new();
    night.merchant.write("ledger.csv", ledger(orders));
    night.merchant.write("octopus-recon.toml", SHORT_TIMEOUTS);
    night
}

/// Checks that the run is resumed and completed by a working gateway.
fn assert_resumes(night: &Night) {
    // The base URL is part of the selection, so it is changed to the new gateway in the database.
    let gateway = Gateway::serve(&book(20));
    let database = rusqlite::Connection::open(night.merchant.path("octopus-recon.db")).unwrap();
    let set_url = |sql: &str, url: &str| database.execute(sql, [url]).unwrap();
    let url = format!("{}/", gateway.url);
    set_url("UPDATE runs SET base_url = ?1 WHERE run_id = 2", &url);
    set_url(
        "UPDATE runs SET selection = json_set(selection, '$.base_url', ?1) WHERE run_id = 2",
        &url,
    );
    let done = night.run(&gateway.url, &["--resume"]);
    assert_eq!(done.code, Some(0), "{done:?}");
    assert_eq!(night.merchant.sql("SELECT count(*) FROM runs"), 2, "the run was resumed: {done:?}");
}

#[test]
fn a_port_without_a_listener() {
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let night = night_with(20);
    // The contract allows 30 s. With the default retries it takes 3.5 s at most, jitter included.
    std::fs::remove_file(night.merchant.path("octopus-recon.toml")).unwrap();
    let started = Instant::now();
    let done = night.run(&format!("http://{closed}"), &[]);
    assert!(started.elapsed() < Duration::from_secs(15), "{:?}", started.elapsed());
    night.assert_failed(
        &done,
        13,
        &["nothing usable", "refused", "0 of 20", "--resume", "then the firewall, or wait"],
    );
    let place = format!("no connection to the gateway at {closed} (");
    assert!(done.stderr.contains(&place), "{done:?}");
    assert_hint(&done);
    assert_eq!(night.merchant.sql("SELECT requests FROM runs WHERE run_id = 2"), 4);
    assert_resumes(&night);
}

#[test]
fn a_host_name_that_does_not_exist() {
    let night = night_with(20);
    let started = Instant::now();
    let done = night.run("https://octopus-recon.invalid/planted-path", &[]);
    assert!(started.elapsed() < Duration::from_secs(30), "{:?}", started.elapsed());
    let at = "no connection to the gateway at octopus-recon.invalid:443 (";
    night.assert_failed(&done, 13, &[at, "is octopus-recon.invalid the right host name"]);
    assert_hint(&done);
    assert!(!done.stderr.contains("planted"), "{done:?}");
    let get = night.merchant.run(&["order", "get", "A1", "--base-url", "https://octopus.invalid"]);
    assert_eq!(get.code, Some(13), "{get:?}");
    assert!(get.stderr.contains("at octopus.invalid:443 ("), "{get:?}");
    assert!(get.stderr.contains("hint: is octopus.invalid the right host name"), "{get:?}");
}

#[test]
fn a_proxy_that_is_not_there_is_named_without_its_password() {
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let night = night_with(3);
    let proxy =
        format!("[gateway]\nbackoff_first_ms = 1\nproxy = \"http://me:planted@{closed}\"\n");
    night.merchant.write("octopus-recon.toml", proxy);
    let done = night.run("https://pay.example.com", &[]);
    let at = format!("the gateway at pay.example.com:443 through the proxy {closed} (");
    night.assert_failed(&done, 13, &[&at, "check host and port of [gateway] proxy"]);
    assert!(!done.stderr.contains("planted"), "{done:?}");
}

/// Runs against a gateway that answers every call with this status. Returns the queried orders too.
fn run_against(orders: usize, status: &'static str) -> (Done, Night, Vec<String>) {
    let night = night_with(orders);
    let gateway = RudeGateway::serve(move |turn| turn.answer(status, "", "{}"));
    let done = night.run(&gateway.url, &[]);
    (done, night, gateway.arrivals().into_iter().map(|(_, order)| order).collect())
}

#[test]
fn a_gateway_that_stays_overloaded() {
    for (orders, status) in [(20, "503 Service Unavailable"), (3, "500 Oops"), (1, "429 Later")] {
        let (done, night, asked) = run_against(orders, status);
        night.assert_failed(&done, 13, &["nothing usable", &status[..3], "--resume"]);
        assert_hint(&done);
        // Ten failed orders count as an outage. Each has four calls.
        let calls = if status.starts_with("429") { 8..17 } else { 4..5 };
        assert!(calls.contains(&(asked.len() / orders.min(10))), "{status}: {}", asked.len());
        assert_resumes(&night);
    }
}

#[test]
fn a_gateway_that_never_responds() {
    let night = night_with(2);
    let gateway = RudeGateway::serve(crate::rude_gateway::Turn::keep_silent);
    let started = Instant::now();
    let done = night.run(&gateway.url, &[]);
    night.assert_failed(&done, 13, &["no whole answer within 1 s", "0 of 2", "--resume"]);
    assert_hint(&done);
    assert_eq!(gateway.arrivals().len(), 8);
    assert!(started.elapsed() < Duration::from_secs(20), "{:?}", started.elapsed());
}

#[test]
fn a_gateway_that_closes_every_connection() {
    let night = night_with(20);
    let gateway = RudeGateway::serve(|turn| turn.reset_after(b""));
    let done = night.run(&gateway.url, &[]);
    night.assert_failed(&done, 13, &["connection", "--resume"]);
    // A single order may cause the gateway to close the connection, so ten orders are tried.
    assert_eq!(gateway.arrivals().len(), 10 * 4);
}

#[test]
fn one_response_is_no_outage() {
    let night = night_with(20);
    let gateway = RudeGateway::serve(|turn| match &*turn.order {
        "A1" => turn.answer_well(),
        _ => turn.answer("503 Service Unavailable", "", ""),
    });
    let done = night.run(&gateway.url, &[]);
    assert_eq!(done.code, Some(3), "{done:?}");
    // Each is asked once more, until the budget of 100 retries is used up.
    assert_eq!(gateway.arrivals().len(), 20 + 100);
    // An untrustworthy response is no outage either: the gateway is reachable.
    let night = night_with(20);
    let gateway = RudeGateway::serve(|turn| match &*turn.order {
        "A1" => turn.answer("200 OK", "", "<html>"),
        _ => turn.answer("503 Service Unavailable", "", ""),
    });
    let done = night.run(&gateway.url, &[]);
    assert_eq!(done.code, Some(3), "{done:?}");
    assert_eq!(gateway.arrivals().len(), 20 * 4);
}
