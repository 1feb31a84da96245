//! A night in which something else answers in the gateway's place, or nothing before the deadline:
//! every place where a person looks says so, and no monitor hears of a success.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a failed setup fails the test")]

use crate::notify::monitor::Monitor;
use crate::rude_gateway::{RudeGateway, Turn};
use crate::support::{Done, Gateway, Merchant, book, ledger};

/// The code of the warning.
const CODE: &str = "nothing_answered";

const LOGIN: &str = "<!DOCTYPE html><html><head><title>Sign in to Wi-Fi</title></head></html>";

/// A merchant whose monitor this is.
fn merchant(monitor: &Monitor) -> Merchant {
    let merchant = Merchant::new();
    let fast = "[gateway]\nmax_attempts = 2\nbackoff_first_ms = 1\nbackoff_max_ms = 4\n";
    let notify = format!("[notify]\nping_url = '{}/ping/uuid'\n", monitor.url);
    merchant.write("octopus-recon.toml", fast.to_owned() + &notify);
    merchant.write("ledger.csv", ledger(3));
    merchant
}

/// The path and the body of the last ping.
fn last_ping(monitor: &Monitor) -> (String, String) {
    let told = monitor.told();
    let [_start, end] = &told[..] else { panic!("{told:?}") };
    (end.path.clone(), end.body.clone())
}

fn reconcile(merchant: &Merchant, gateway: &RudeGateway, more: &[&str]) -> Done {
    merchant.reconcile(&gateway.url, &[&["--ledger", "ledger.csv"], more].concat())
}

#[test]
fn it_is_said_everywhere() {
    type Behaviour = fn(Turn);
    let redirect: Behaviour = |turn| {
        let to = "Location: https://me:planted@login.example.com/planted?order=planted\r\n";
        turn.answer("302 Found", to, "");
    };
    let login: Behaviour = |turn| turn.answer("200 OK", "Content-Type: text/html\r\n", LOGIN);
    let silent: Behaviour = Turn::keep_silent;
    for (behaviour, more, instead, to_do) in [
        (
            redirect,
            &[][..],
            "0 of 3 after 3 calls",
            "302, a redirect, which is not followed (orders: 3). \
             Something else than the gateway answers at 127.0.0.1:",
        ),
        (
            login,
            &[],
            "0 of 3 after 6 calls",
            "the answer is the web page \"Sign in to Wi-Fi\", not JSON (orders: 3). Something else",
        ),
        (
            silent,
            &["--deadline", "3s"],
            "0 of 3 after 1 call; asking took ",
            "no answer before the deadline (orders: 1); 2 were not asked before the deadline. The \
             gateway is too slow or silent",
        ),
    ] {
        let monitor = Monitor::start();
        let merchant = merchant(&monitor);
        let gateway = RudeGateway::serve(behaviour);
        let done = reconcile(&merchant, &gateway, more);
        assert_eq!(done.code, Some(3), "{done:?}");
        let text = done.warning(CODE).unwrap();
        for words in [instead, to_do, "Then resume: octopus-recon run --resume 1"] {
            assert!(text.contains(words), "{words}: {text}");
        }
        assert!(!text.contains("planted"), "{text}");
        assert!(done.stderr.contains(&format!("WARN {text}")), "{done:?}");
        assert!(done.stderr.contains(" run 1 ended 3: 0 of 3 answered; report: "), "{done:?}");
        let page = std::fs::read_to_string(merchant.path("reports/latest.html")).unwrap();
        assert!(page.contains("no order was answered: 0 of 3 after"), "{page}");
        let (path, body) = last_ping(&monitor);
        assert_eq!(path, "/ping/uuid/3", "a failure: {body}");
        assert!(body.contains("0 of 3 answered") && body.contains("came instead"), "{body}");
        let status = merchant.run(&["status"]);
        assert_eq!(status.code, Some(1), "{status:?}");
        assert!(status.stdout.contains("0 of 3 answered, mostly: "), "{status:?}");
        assert!(!status.stdout.contains("not asked"), "{status:?}");
    }
}

#[test]
fn one_answer_is_enough_for_a_success() {
    let monitor = Monitor::start();
    let merchant = merchant(&monitor);
    let gateway = RudeGateway::serve(|turn| match &*turn.order {
        "A2" => turn.answer_well(),
        _ => turn.answer("302 Found", "", ""),
    });
    let done = reconcile(&merchant, &gateway, &[]);
    assert_eq!(done.code, Some(3), "{done:?}");
    assert_eq!(done.warning(CODE), None);
    assert_eq!(last_ping(&monitor).0, "/ping/uuid", "{done:?}");
    assert!(done.stderr.contains("ended 3: 2 of 3 orders unverified"), "{done:?}");
    assert_eq!(merchant.run(&["status"]).code, Some(0));
}

/// What the first process said of its asking does not hold for a run that is resumed.
#[test]
fn a_run_that_was_resumed_says_nothing_of_it() {
    let monitor = Monitor::start();
    let merchant = merchant(&monitor);
    let is_back = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    let back = std::sync::Arc::clone(&is_back);
    let gateway = RudeGateway::serve(move |turn| {
        if back.load(std::sync::atomic::Ordering::SeqCst) {
            turn.answer_well();
        } else {
            turn.keep_silent();
        }
    });
    let late = reconcile(&merchant, &gateway, &["--deadline", "3s"]);
    assert_eq!(late.code, Some(3), "{late:?}");
    assert!(late.json()["warnings"].to_string().contains("when the deadline came"), "{late:?}");
    assert_eq!(last_ping(&monitor).0, "/ping/uuid/3");

    is_back.store(true, std::sync::atomic::Ordering::SeqCst);
    let whole = reconcile(&merchant, &gateway, &["--resume"]);
    assert_eq!(whole.code, Some(0), "{whole:?}");
    let warnings = whole.json()["warnings"].to_string();
    for gone in ["deadline", "nothing_answered", "answered"] {
        assert!(!warnings.contains(gone), "{gone}: {warnings}");
    }
    let page = std::fs::read_to_string(merchant.path("reports/latest.html")).unwrap();
    assert!(!page.contains("when the deadline came"), "{page}");
    assert_eq!(last_ping(&monitor).0, "/ping/uuid");
    let again = merchant.run(&["report", "1"]);
    assert_eq!(again.code, Some(0), "its rows are as recorded: {again:?}");
}

/// Finance has accepted that the orders are unverified: the exit code does not mind them any more,
/// but nothing shows that the gateway is there.
#[test]
fn an_accepted_silence_is_no_success() {
    let monitor = Monitor::start();
    let merchant = merchant(&monitor);
    let gateway = RudeGateway::serve(|turn| turn.answer("302 Found", "", ""));
    assert_eq!(reconcile(&merchant, &gateway, &[]).code, Some(3));
    let until = (chrono::Utc::now() + chrono::TimeDelta::days(7)).format("%Y-%m-%d").to_string();
    for order in ["A1", "A2", "A3"] {
        let decide = ["decide", "--order", order, "--kind", "unverified"];
        let accept = ["--decision", "accepted", "--until", &until, "--by", "Ravi"];
        let done = merchant.run(&[&decide[..], &accept].concat());
        assert_eq!(done.code, Some(0), "{done:?}");
    }
    let _earlier = monitor.told();
    let done = reconcile(&merchant, &gateway, &[]);
    assert_eq!(done.code, Some(0), "{done:?}");
    assert!(done.warning(CODE).is_some(), "{done:?}");
    assert_eq!(last_ping(&monitor).0, "/ping/uuid/fail", "0 would be a success");
}

/// Where nothing was to be asked, nothing is missing.
#[test]
fn an_empty_night_is_a_success() {
    let monitor = Monitor::start();
    let merchant = merchant(&monitor);
    let gateway = Gateway::serve(&book(1));
    merchant.write("ledger.csv", ledger(0));
    let done = merchant.reconcile(&gateway.url, &["--ledger", "ledger.csv", "--allow-empty"]);
    assert_eq!(done.code, Some(0), "{done:?}");
    assert_eq!(done.warning(CODE), None);
    assert_eq!(last_ping(&monitor).0, "/ping/uuid");
}
