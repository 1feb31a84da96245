//! Exit code 128 + N: a signal ends the run within seconds, and all received answers are kept.

#![expect(clippy::unwrap_used, reason = "a failed setup fails the test")]

use super::Night;
use crate::rude_gateway::RudeGateway;
use crate::support::{Gateway, Running, book, until};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// The limit of the contract.
const TIME_LIMIT: Duration = Duration::from_secs(10);

#[test]
fn a_signal_keeps_the_received_answers() {
    for (signal, code) in [("TERM", 143), ("INT", 130)] {
        let night = Night::new();
        // Eight orders are answered. The others wait until `slow` is false.
        let slow = Arc::new(AtomicBool::new(true));
        let is_slow = Arc::clone(&slow);
        let gateway = RudeGateway::serve(move |turn| {
            let number: u32 = turn.order[1..].parse().unwrap();
            if number > 8 && is_slow.load(Ordering::SeqCst) {
                return turn.keep_silent();
            }
            turn.answer_well();
        });
        let arguments = Night::arguments(&gateway.url, &["--ledger", "ledger.csv"]);
        let running = night.merchant.start(&arguments);
        until("every order is asked", || gateway.arrivals().len() == 20);
        until("eight answers are committed", || {
            night.merchant.sql("SELECT count(*) FROM run_orders WHERE run_id = 2 AND answer_id > 0")
                == 8
        });
        let started = Instant::now();
        running.signal(signal);
        let done = running.end();
        assert!(started.elapsed() < TIME_LIMIT, "{:?}", started.elapsed());
        let by = format!("run 2 ended {code}: ended by signal {} (SIG{signal}); ", code - 128);
        night.assert_failed(&done, code, &["8 of 20 answered", "resume with --resume", &by]);
        let note = std::fs::read_to_string(&night.notes()[0]).unwrap();
        let to_do = "What to do: resume it: octopus-recon run --resume 2, or leave it to the next";
        assert!(note.contains(to_do), "{note}");

        slow.store(false, Ordering::SeqCst);
        let resumed = night.run(&gateway.url, &["--resume"]);
        assert_eq!(resumed.code, Some(0), "{resumed:?}");
        assert_eq!(gateway.arrivals().len(), 20 + 12, "no answered order is queried again");
        assert_eq!(night.merchant.sql("SELECT count(*) FROM runs"), 2);
    }
}

#[test]
fn a_signal_ends_a_pause() {
    let night = Night::new();
    let gateway = RudeGateway::serve(|turn| {
        turn.answer("429 Too Many Requests", "Retry-After: 200\r\n", "");
    });
    let arguments = Night::arguments(&gateway.url, &["--ledger", "ledger.csv"]);
    let running = night.merchant.start(&arguments);
    until("the first call", || !gateway.arrivals().is_empty());
    let started = Instant::now();
    running.signal("TERM");
    let done = running.end();
    assert!(started.elapsed() < TIME_LIMIT, "{:?}", started.elapsed());
    night.assert_failed(&done, 143, &["0 of 20 answered"]);
}

#[test]
fn a_signal_ends_the_wait_for_a_ledger() {
    let night = Night::new();
    let gateway = Gateway::serve(&book(20));
    let arguments = Night::arguments(&gateway.url, &["--ledger", "-"]);
    let mut command = night.merchant.command(&arguments);
    let mut running = Running::start(command.stdin(std::process::Stdio::piped()));
    // Nothing is written to the pipe of the ledger.
    until("the run has begun", || night.merchant.path("octopus-recon.db-lock").exists());
    until("the lock is taken", || {
        let lock = std::fs::read_to_string(night.merchant.path("octopus-recon.db-lock")).unwrap();
        lock.contains(&running.pid().to_string())
    });
    let started = Instant::now();
    running.signal("TERM");
    until("it ends", || running.is_over() || started.elapsed() > TIME_LIMIT);
    assert!(running.is_over(), "it still waits for its ledger {TIME_LIMIT:?} after SIGTERM");
    night.assert_failed(&running.end(), 143, &["ledger", "start the nightly command again"]);
    assert_eq!(gateway.stop().len(), 0);
}
