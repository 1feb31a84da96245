//! Pings: which, with what, and that a monitor that fails changes nothing.

#![expect(clippy::panic, reason = "a failed setup fails the test")]

use super::monitor::{Monitor, Told};
use super::{PLANTED, everything, merchant};
use crate::support::{Done, Gateway, book, ledger, paid, until};
use serde_json::json;
use std::net::TcpListener;
use std::time::{Duration, Instant};

const LEDGER: [&str; 2] = ["--ledger", "ledger.csv"];

fn ping_url(monitor: &Monitor) -> String {
    format!("ping_url = '{}/ping/{PLANTED}'", monitor.url)
}

/// Checks the two pings of a run, and gives the text of the second.
fn assert_pings(monitor: &Monitor, done: &Done, signal: &str) -> String {
    let told = monitor.told();
    let [start, end] = &told[..] else { panic!("{told:?}, {done:?}") };
    assert_eq!((&*start.method, &*start.path), ("POST", "/ping/…/start"));
    assert!(start.body.starts_with("the run has started (octopus-recon "), "{start:?}");
    assert_eq!((&*end.method, &*end.path), ("POST", &*format!("/ping/…{signal}")));
    assert!(start.rid == end.rid && start.rid.len() == 36, "{told:?}");
    for Told { body, .. } in &told {
        for secret in ["A1", "A2", "test-key", "test-secret", PLANTED] {
            assert!(!body.contains(secret), "{secret} is in {body}");
        }
        assert!(body.lines().count() == 1 && body.chars().count() < 510, "{body}");
    }
    end.body.clone()
}

#[test]
fn each_ending_is_told_with_its_code() {
    let monitor = Monitor::start();
    let merchant = merchant(&ping_url(&monitor));
    let two = paid("A1", "100.00", json!({})) + &paid("A2", "100.00", json!({}));
    let worse = two.clone() + &paid("A3", "100.00", json!({"final_amount": "90.00"}));
    let broken = two + &paid("A3", "100.00", json!({"sandbox": {"status": 503}}));
    for (book, code, text) in [
        (book(3), 0, "run 1 ended 0: 3 orders, nothing to report; report: reports/mismatches-"),
        (worse, 1, "run 2 ended 1: 1 of 3 orders with mismatches, 10.00 inr against us; report: "),
        (broken, 3, "run 3 ended 3: 1 of 3 orders unverified, 10.00 inr against us; report: "),
    ] {
        let gateway = Gateway::serve(&book);
        let done = merchant.reconcile(&gateway.url, &LEDGER);
        assert_eq!(done.code, Some(code), "{done:?}");
        let body = assert_pings(&monitor, &done, "");
        assert!(body.starts_with(text), "{body}");
    }

    let gateway = Gateway::serve(&book(3));
    let nobody = merchant.reconcile("http://127.0.0.1:9", &LEDGER);
    assert_eq!(nobody.code, Some(13), "{nobody:?}");
    let body = assert_pings(&monitor, &nobody, "/13");
    assert!(body.starts_with("run 4 ended 13: nothing usable came from the gateway: "), "{body}");
    assert!(body.contains("(0 of 3 answered); ") && body.contains("--resume 4"), "{body}");

    // What a message quotes of the ledger stays here.
    merchant.write("mangled.csv", "merchant_order_id,amount\n1.2A1E+19,5,x\n");
    let unusable = merchant.reconcile(&gateway.url, &["--ledger", "mangled.csv"]);
    assert_eq!(unusable.code, Some(10), "{unusable:?}");
    let body = assert_pings(&monitor, &unusable, "/10");
    assert!(body.starts_with("run 5 ended 10: the ledger is not usable: "), "{body}");

    let late = merchant.reconcile(&gateway.url, &["--ledger", "ledger.csv", "--deadline", "13h"]);
    assert_eq!(late.code, Some(2), "{late:?}");
    let body = assert_pings(&monitor, &late, "/2");
    assert!(body.starts_with("run ended 2: --deadline: it is 13 h 0 min ahead"), "{body}");

    merchant.write("foreign.db", "no database");
    let foreign =
        merchant.reconcile(&gateway.url, &["--ledger", "ledger.csv", "--db", "foreign.db"]);
    assert_eq!(foreign.code, Some(15), "{foreign:?}");
    assert_pings(&monitor, &foreign, "/15");

    // Codes that finance minds, and no operator: the exit code of the process is another matter.
    merchant.write(
        "octopus-recon.toml",
        format!("[notify]\n{}\nsuccess_codes = [0]\n", ping_url(&monitor)),
    );
    merchant.write("ledger.csv", ledger(4));
    let missing =
        merchant.reconcile(&gateway.url, &[&LEDGER[..], &["--success-codes", "1"]].concat());
    assert_eq!(missing.code, Some(0), "{missing:?}");
    let body = assert_pings(&monitor, &missing, "/1");
    assert!(body.contains("ended 1: 1 of 4 orders with mismatches"), "{body}");
}

#[test]
fn a_run_that_is_no_night_tells_nobody() {
    let monitor = Monitor::start();
    let merchant = merchant(&ping_url(&monitor));
    let gateway = Gateway::serve(&book(3));
    let range = ["--ledger", "ledger.csv", "--from", "2026-01-01"];
    assert_eq!(merchant.reconcile(&gateway.url, &range).code, Some(0));
    let dry = ["--ledger", "ledger.csv", "--dry-run"];
    assert_eq!(merchant.reconcile(&gateway.url, &dry).code, Some(0));
    assert_eq!(merchant.reconcile("http://127.0.0.1:9", &range).code, Some(13));
    assert_eq!(merchant.reconcile("http://127.0.0.1:9", &["--resume", "2"]).code, Some(13));
    assert_eq!(merchant.run(&["report"]).code, Some(0));
    assert_eq!(monitor.told(), []);
}

#[test]
fn a_signal_and_a_second_run_are_told() {
    let monitor = Monitor::start();
    let merchant = merchant(&ping_url(&monitor));
    let silent = Gateway::serve(&paid("A1", "100.00", json!({"sandbox": {"silent": true}})));
    let run = ["run", "--base-url", &silent.url, "--ledger", "ledger.csv"];
    let running = merchant.start(&run);
    until("it asks", || !silent.journal().is_empty());
    let mut first = monitor.told();
    assert_eq!(first.len(), 1, "{first:?}");

    let second = merchant.run(&run);
    assert_eq!(second.code, Some(11), "{second:?}");
    let body = assert_pings(&monitor, &second, "/11");
    assert!(body.starts_with("run ended 11: "), "{body}");

    running.signal("TERM");
    let done = running.end();
    assert_eq!(done.code, Some(143), "{done:?}");
    first.extend(monitor.told());
    assert_eq!((&*first[1].path, first.len()), ("/ping/…/143", 2), "{first:?}");
    assert_eq!(first[0].rid, first[1].rid);
    assert!(first[1].body.starts_with("run 1 ended 143: ended by signal 15"), "{first:?}");
}

#[test]
fn uptime_kuma_is_told_in_its_own_form() {
    let monitor = Monitor::start();
    let push = format!("ping_url = '{}/api/push/{PLANTED}?status=up&msg=OK&ping='", monitor.url);
    let merchant = merchant(&push);
    let gateway = Gateway::serve(&book(3));
    assert_eq!(merchant.reconcile(&gateway.url, &LEDGER).code, Some(0));
    assert_eq!(merchant.reconcile("http://127.0.0.1:9", &LEDGER).code, Some(13));
    let told = monitor.told();
    assert_eq!(told.len(), 2, "{told:?}");
    for (told, begin) in told.iter().zip(["status=up&msg=run+1+ended+0", "status=down&msg=run+2"]) {
        assert_eq!((&*told.method, &*told.path, &*told.rid), ("GET", "/api/push/…", ""));
        assert!(told.query.starts_with(begin) && told.query.contains("&ping="), "{told:?}");
    }
}

#[test]
fn a_monitor_that_fails_is_a_warning_and_its_address_is_shown_nowhere() {
    let elsewhere = Monitor::start();
    let moved =
        format!("HTTP/1.1 302 Found\r\nlocation: {}\r\ncontent-length: 0\r\n\r\n", elsewhere.url);
    let redirecting = Monitor::answering(&moved);
    // Nobody answers there.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let silent_url = format!("http://{}", silent.local_addr().unwrap());
    let gateway = Gateway::serve(&book(3));
    for (url, why) in [
        (&*redirecting.url, "it answered 302"),
        ("http://127.0.0.1:9", "refused"),
        (&silent_url, "no answer within"),
    ] {
        let merchant = merchant(&format!("ping_url = '{url}/{PLANTED}?key={PLANTED}'"));
        let run = ["run", "--base-url", &gateway.url, "--log-format", "json"];
        let began = Instant::now();
        let done = merchant.run(&[&run[..], &LEDGER].concat());
        let took = began.elapsed();
        assert_eq!(done.code, Some(0), "{done:?}");
        assert_eq!(merchant.reports().len(), 1);
        assert!(took < Duration::from_secs(20), "it delays by at most 10 s: {took:?}");
        // With its port, but nothing behind it.
        let said = format!("the monitor at {url} was not told how the run ended: ");
        let warned = done.stderr.lines().find(|line| line.contains(&said));
        assert!(warned.is_some_and(|line| line.contains(why)), "{done:?}");
        let printed = done.stdout + &done.stderr;
        assert!(!printed.contains(PLANTED), "{printed}");
        let finder = memchr::memmem::Finder::new(PLANTED);
        assert_eq!(finder.find(&everything(&merchant)), None, "it is in a file");
    }
    assert_eq!(elsewhere.told(), [], "a redirect is not followed");
}

#[test]
fn a_ping_url_that_is_not_usable_is_refused_without_showing_it() {
    for (notify, why) in [
        (format!("ping_url = 'http://monitor.example.com/{PLANTED}'"), "only https is allowed"),
        (format!("ping_url = 'https://me:{PLANTED}@example.com/'"), "a user name or a password"),
        (format!("ping_url = '{PLANTED}'"), "relative URL without a base"),
        ("success_codes = [0, 13]".to_owned(), "success_codes: expected some of 0, 1, 3 and 4"),
    ] {
        let done = merchant(&notify).run(&["run", "--ledger", "ledger.csv"]);
        assert_eq!(done.code, Some(2), "{done:?}");
        assert!(done.stderr.contains(why), "{notify}: {done:?}");
        assert!(!done.stderr.contains(PLANTED), "{done:?}");
    }
}
