//! `run --wait-ledger`: the run waits for an export that is late (contract, "`run`").

#![expect(clippy::unwrap_used, reason = "a failed setup fails the test")]

use crate::support::{Done, FAST_RETRIES, Gateway, Merchant, Running, book, ledger, until};
use std::fs::File;
use std::process::Stdio;
use std::time::{Duration, Instant, SystemTime};

fn merchant() -> Merchant {
    let merchant = Merchant::new();
    merchant.write("octopus-recon.toml", FAST_RETRIES);
    merchant
}

/// Puts a ledger in its place at once, as if it had been written so long ago.
fn deliver(merchant: &Merchant, content: &str, age: Duration) {
    let path = merchant.write("part.csv", content);
    let file = File::options().write(true).open(&path).unwrap();
    file.set_modified(SystemTime::now() - age).unwrap();
    std::fs::rename(path, merchant.path("orders.csv")).unwrap();
}

const HOUR: Duration = Duration::from_hours(1);

fn run<'a>(gateway: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    let run = ["run", "--base-url", gateway, "--rate", "2000", "--ledger", "orders.csv"];
    [&run[..], more].concat()
}

/// A run that waits, with its log in a file.
fn start(merchant: &Merchant, arguments: &[&str]) -> Running {
    let mut command = merchant.command(arguments);
    command.stdout(Stdio::piped()).stderr(File::create(merchant.path("log")).unwrap());
    command.spawn().unwrap().into()
}

fn wait_for_log(merchant: &Merchant, words: &str) {
    let log = || std::fs::read_to_string(merchant.path("log")).unwrap();
    until(words, || log().contains(words));
}

fn ended(done: &Done) -> i64 {
    i64::from(done.code.unwrap_or_default())
}

#[test]
fn a_file_that_was_written_long_ago_is_read_at_once() {
    let (merchant, gateway) = (merchant(), Gateway::serve(&book(3)));
    deliver(&merchant, &ledger(3), HOUR);
    let done = merchant.run(&run(&gateway.url, &["--wait-ledger", "12h"]));
    assert_eq!(done.code, Some(0), "{done:?}");
    assert!(!done.stderr.contains("waiting"), "{done:?}");
}

#[test]
fn a_ledger_that_does_not_come_ends_with_10() {
    for (settings, content, words) in [
        ("", None, "orders.csv is not there; the run waited 1 s for it"),
        ("", Some(""), "orders.csv is empty; the run waited 1 s for it"),
        (
            "[ledger]\nmax_age_hours = 2\n",
            Some("a,b\n"),
            "3 hours ago; [ledger] max_age_hours allows 2; the run waited 1 s for it",
        ),
    ] {
        let (merchant, gateway) = (merchant(), Gateway::serve(""));
        merchant.write("octopus-recon.toml", settings);
        if let Some(content) = content {
            deliver(&merchant, content, 3 * HOUR);
        }
        let done = merchant.run(&run(&gateway.url, &["--wait-ledger", "1s"]));
        assert_eq!(done.code, Some(10), "{done:?}");
        assert!(done.stderr.contains(" ended 10: the ledger is not usable: "), "{done:?}");
        assert!(done.stderr.contains(words), "{words}: {done:?}");
        assert!(done.stderr.contains("\n hint: did the export run?"), "{done:?}");
        assert_eq!(gateway.stop().len(), 0);
        // It is recorded and said as another night without a report.
        let run = merchant.run(&["runs", "--format", "json"]).json()["runs"][0].clone();
        assert_eq!(run["exit_code"], 10, "{run}");
        let page = std::fs::read_to_string(merchant.path("reports/latest.html")).unwrap();
        assert!(page.contains("the run waited"), "{page}");
    }
}

#[test]
fn a_file_that_comes_late_is_read_when_it_is_whole() {
    let (merchant, gateway) = (merchant(), Gateway::serve(&book(30)));
    let waiting = start(&merchant, &run(&gateway.url, &["--wait-ledger", "1h"]));
    wait_for_log(&merchant, "waiting for the ledger, for at most ");
    wait_for_log(&merchant, "orders.csv is not there");
    // Meanwhile the database is free.
    merchant.write("other.csv", ledger(1));
    let other = merchant.reconcile(&gateway.url, &["--ledger", "other.csv"]);
    assert_eq!(other.code, Some(0), "{other:?}");
    // The half of it, written just now.
    let whole = ledger(30);
    deliver(&merchant, &whole[..whole.len() / 2], Duration::ZERO);
    wait_for_log(&merchant, "orders.csv was written to within the last 60 s");
    deliver(&merchant, &whole, HOUR);
    let done = waiting.end();
    assert_eq!(ended(&done), 0, "{done:?}");
    wait_for_log(&merchant, "the ledger is ready after ");
    let runs = merchant.run(&["runs", "--format", "json"]).json()["runs"].clone();
    let selected = |run: usize| runs[run]["orders"]["selected"].as_u64();
    assert_eq!((selected(0), selected(1)), (Some(30), Some(1)), "{runs}");
}

#[test]
fn a_signal_ends_the_wait() {
    let (merchant, gateway) = (merchant(), Gateway::serve(""));
    for (signal, code) in [("TERM", 143), ("INT", 130)] {
        let waiting = start(&merchant, &run(&gateway.url, &["--wait-ledger", "1h"]));
        wait_for_log(&merchant, "waiting for the ledger");
        let started = Instant::now();
        waiting.signal(signal);
        let done = waiting.end();
        assert_eq!(ended(&done), code, "{done:?}");
        assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
        wait_for_log(&merchant, "while the ledger was waited for");
        let run = merchant.run(&["runs", "--format", "json"]).json()["runs"][0].clone();
        assert_eq!(run["exit_code"].as_i64(), Some(code), "{run}");
    }
}

#[test]
fn the_deadline_ends_the_wait_too() {
    let (merchant, gateway) = (merchant(), Gateway::serve(""));
    let done = merchant.run(&run(&gateway.url, &["--wait-ledger", "1h", "--deadline", "1s"]));
    assert_eq!(done.code, Some(10), "{done:?}");
}

/// Another run is found out before the wait, not behind it.
#[test]
fn a_database_that_is_held_ends_the_run_at_once() {
    let (merchant, gateway) = (merchant(), Gateway::serve(""));
    let lock = File::create(merchant.path("octopus-recon.db-lock")).unwrap();
    lock.lock().unwrap();
    let done = merchant.run(&run(&gateway.url, &["--wait-ledger", "1h"]));
    assert_eq!(done.code, Some(11), "{done:?}");
}

#[test]
fn what_cannot_be_waited_for_is_refused() {
    let (merchant, gateway) = (merchant(), Gateway::serve(""));
    for (arguments, words) in [
        (&["--ledger", "-", "--wait-ledger", "1h"][..], "--wait-ledger cannot wait for stdin"),
        (&["--wait-ledger", "1h"], "--wait-ledger needs a ledger"),
        (&["--resume", "1", "--wait-ledger", "1h"], "--wait-ledger needs a ledger"),
        (&["--open-without-ledger"], "--open-without-ledger needs a ledger"),
        (
            &["--ledger", "orders.csv", "--wait-ledger", "12h1s"],
            "--wait-ledger: it is 12 h 0 min ahead; at most 12 h are allowed",
        ),
        (&["--ledger", "orders.csv", "--wait-ledger", "soon"], "expected a time such as 06:00"),
    ] {
        let done = merchant.reconcile(&gateway.url, arguments);
        assert_eq!(done.code, Some(2), "{arguments:?}: {done:?}");
        assert!(done.stderr.contains(words), "{arguments:?}: {done:?}");
    }
    assert!(!merchant.path("octopus-recon.db").exists());
}
