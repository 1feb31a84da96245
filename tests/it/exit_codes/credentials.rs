//! Exit code 12: the gateway refuses the credentials. Few calls are enough to find out.

#![expect(clippy::unwrap_used, reason = "a failed setup fails the test")]

use super::{Night, assert_hint};
use crate::rude_gateway::RudeGateway;
use crate::support::{Gateway, book, kinds, ledger, paid, rows};
use serde_json::json;

const REFUSED: &str =
    r#"{"result":"error","data":{"error":"Invalid signature","details":"It does not match."}}"#;

#[test]
fn a_wrong_key_or_secret_costs_three_calls() {
    for (variable, orders) in [
        ("OCTOPUS_RECON_API_KEY", 20),
        ("OCTOPUS_RECON_API_SECRET", 20),
        ("OCTOPUS_RECON_API_SECRET", 2),
        ("OCTOPUS_RECON_API_KEY", 1),
    ] {
        let night = Night::new();
        night.merchant.write("ledger.csv", ledger(orders));
        let gateway = Gateway::serve(&book(20));
        let arguments = Night::arguments(&gateway.url, &["--ledger", "ledger.csv"]);
        let mut command = night.merchant.command(&arguments);
        let done = command.env(variable, "wr0ng-0ne").output().unwrap().into();
        night.assert_failed(&done, 12, &["refuses the credentials", "--resume"]);
        assert_hint(&done);
        assert!(!done.stderr.contains("wr0ng-0ne"), "{done:?}");
        assert!(!done.stderr.contains("clock"), "the clocks agree: {done:?}");
        assert_eq!(gateway.journal().len(), orders.min(3), "{variable} {orders}");
        // With the correct credentials the run is resumed.
        let resumed = night.run(&gateway.url, &["--resume"]);
        assert_eq!(resumed.code, Some(0), "{resumed:?}");
        assert_eq!(gateway.stop().len(), orders.min(3) + orders);
    }
}

#[test]
fn the_error_text_identifies_refused_credentials_at_any_status() {
    for status in ["200 OK", "401 Unauthorized", "403 Forbidden", "400 Bad Request"] {
        let night = Night::new();
        let gateway = RudeGateway::serve(move |turn| turn.answer(status, "", REFUSED));
        let done = night.run(&gateway.url, &[]);
        night.assert_failed(&done, 12, &[]);
        assert_eq!(gateway.arrivals().len(), 3, "{status}");
    }
}

#[test]
fn a_clock_difference_is_shown() {
    // It is shown from 60 s on. A second is the margin of the header, and of a slow machine.
    let shown = [(-300, "ahead of"), (300, "behind"), (-62, "ahead of"), (64, "behind")];
    for (offset, words) in shown.into_iter().chain([(-55, ""), (58, "")]) {
        let night = Night::new();
        let gateway = RudeGateway::serve(move |turn| {
            let date = chrono::Utc::now() + chrono::TimeDelta::seconds(offset);
            let date = format!("Date: {}\r\n", httpdate::fmt_http_date(date.into()));
            turn.answer("401 Unauthorized", &date, REFUSED);
        });
        let done = night.run(&gateway.url, &[]);
        night.assert_failed(&done, 12, &[words]);
        assert_eq!(done.stderr.contains("clock"), !words.is_empty(), "{offset}: {done:?}");
    }
}

/// A book of 20 orders in which the gateway refuses these.
fn book_refusing(refused: &'static [&'static str]) -> String {
    (1..=20)
        .map(|number| {
            let order = format!("A{number}");
            let refusal = json!({"status": 401, "error": "Invalid signature"});
            let is_refused = refused.contains(&order.as_str());
            paid(&order, "100.00", if is_refused { json!({"sandbox": refusal}) } else { json!({}) })
        })
        .collect()
}

#[test]
fn a_single_refusal_affects_only_its_order() {
    let night = Night::new();
    let gateway = Gateway::serve(&book_refusing(&["A7", "A12"]));
    let done = night.run(&gateway.url, &[]);
    assert_eq!(done.code, Some(3), "{done:?}");
    let kinds = kinds(&rows(&night.merchant.path(super::REPORT)));
    assert_eq!(kinds.keys().collect::<Vec<_>>(), ["A12", "A7"]);
    assert!(kinds.values().all(|kinds| *kinds == ["unverified"]));
    assert_eq!(gateway.stop().len(), 20, "a refusal is not repeated");
}

#[test]
fn three_refusals_in_a_row_probe_the_last_answered_order() {
    // The probe is answered: only these orders are refused, and the run continues.
    let night = Night::new();
    let gateway = Gateway::serve(&book_refusing(&["A7", "A8", "A9"]));
    let done = night.run(&gateway.url, &["--max-in-flight", "1"]);
    assert_eq!(done.code, Some(3), "{done:?}");
    let asked: Vec<String> = gateway.stop().into_iter().filter_map(|call| call.order_id).collect();
    assert_eq!(asked.len(), 21);
    assert_eq!(asked[5..11], ["A6", "A7", "A8", "A9", "A6", "A10"]);

    // From the seventh call on, every call is refused: the key was withdrawn.
    let night = Night::new();
    let answered = std::sync::atomic::AtomicU32::new(0);
    let gateway = RudeGateway::serve(move |turn| {
        match answered.fetch_add(1, std::sync::atomic::Ordering::SeqCst) {
            0..6 => turn.answer_well(),
            _ => turn.answer("401 Unauthorized", "", REFUSED),
        }
    });
    let done = night.run(&gateway.url, &["--max-in-flight", "1"]);
    night.assert_failed(&done, 12, &["6 of 20 answered", "--resume"]);
    let asked: Vec<String> = gateway.arrivals().into_iter().map(|(_, order)| order).collect();
    assert_eq!(asked[5..], ["A6", "A7", "A8", "A9", "A6"]);
    assert_eq!(
        night.merchant.sql("SELECT count(*) FROM run_orders WHERE run_id = 2 AND answer_id > 0"),
        6
    );
}

#[test]
fn a_web_page_under_403_is_named() {
    for (body, words) in [
        (
            "<html><head><title>Access denied</title></head>",
            "403 with the web page \"Access denied\"",
        ),
        (r#"{"result":"error","data":"IP not allowed"}"#, "403: \"IP not allowed\""),
        ("Your IP_ADDRESS is not whitelisted", "403: \"Your IP_ADDRESS is not whitelisted\""),
    ] {
        let night = Night::new();
        let gateway = RudeGateway::serve(move |turn| turn.answer("403 Forbidden", "", body));
        let done = night.run(&gateway.url, &[]);
        let first = "ended 12: the gateway or a firewall refuses this machine: is its address on \
                     the gateway's allow-list? (the gateway answered ";
        night.assert_failed(&done, 12, &[words, first]);
        // The hint, the note, `status`, `check` and `order get` speak of it before the key.
        let hint = done.stderr.split_once(" hint: ").unwrap().1;
        let note = std::fs::read_to_string(&night.notes()[0]).unwrap();
        let status = night.merchant.run(&["status"]).stdout;
        let at = ["--base-url", &gateway.url];
        let get = night.merchant.run(&[&["order", "get", "A1"], &at[..]].concat()).stderr;
        let check = night.merchant.run(&[&["check"], &at[..]].concat()).stdout;
        for told in [hint, &note, &status, &get, &check] {
            let (list, key) = (told.find("allow-list"), told.find("OCTOPUS_RECON_API_KEY"));
            assert!(list.is_some_and(|list| key.is_none_or(|key| list < key)), "{told}");
        }
    }
}

/// What a copy or an editor adds to a secret is said, but not the secret.
#[test]
fn a_secret_that_was_copied_badly_is_doubted() {
    for (secret, words) in [
        ("\u{feff}s3cr3t-s3cr3t", "invisible character"),
        ("s3cr3t-s3cr3t ", "white space"),
        ("s3cr3t-s3cr3t\n", "a line break"),
        ("\"s3cr3t-s3cr3t\"", "a quotation mark"),
        ("“s3cr3t-s3cr3t”", "a quotation mark"),
    ] {
        let night = Night::new();
        let gateway = Gateway::serve(&book(20));
        let arguments = Night::arguments(&gateway.url, &["--ledger", "ledger.csv"]);
        let run = |arguments: &[&str]| -> crate::support::Done {
            let mut command = night.merchant.command(arguments);
            command.env("OCTOPUS_RECON_API_SECRET", secret).output().unwrap().into()
        };
        let done = run(&arguments);
        night.assert_failed(&done, 12, &["the API secret", words]);
        assert!(!done.stderr.contains("s3cr3t-s3cr3t"), "{done:?}");
        let get = run(&["order", "get", "A1", "--base-url", &gateway.url]);
        assert_eq!(get.code, Some(12), "{get:?}");
        assert!(get.stderr.contains(words), "{get:?}");
        let check = run(&["check", "--base-url", &gateway.url]);
        assert_eq!(check.code, Some(12), "{check:?}");
        let is_doubt = |line: &str| line.starts_with("warning") && line.contains("  credentials");
        let doubt = check.stdout.lines().find(|line| is_doubt(line));
        assert!(doubt.is_some_and(|line| line.contains(words)), "{check:?}");
        assert!(!check.stdout.contains("s3cr3t-s3cr3t"), "{check:?}");
    }
}
