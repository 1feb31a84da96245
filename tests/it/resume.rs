//! `--resume`: an incomplete run is resumed, queries only the unverified orders, and writes the
//! report of an uninterrupted run.

#![expect(clippy::unwrap_used, reason = "a failed setup fails the test")]

use crate::support::{Done, FAST_RETRIES, Gateway, HEAD, Merchant, paid};
use serde_json::{Value, json};

const ORDERS: usize = 12;

/// A book in which every third order fails for its first `times` calls. Some orders have
/// mismatches.
fn book(times: Option<u32>) -> String {
    let mut book = String::new();
    for order in 0..ORDERS {
        let mut fields = match order % 4 {
            0 => json!({"final_amount": "90.00"}),
            1 => json!({"notify_status": "failed", "payment_uid": "PAY-SHARED"}),
            _ => json!({}),
        };
        if let (Some(times), 2) = (times, order % 3) {
            fields["sandbox"] = json!({"status": 503, "times": times});
        }
        book += &paid(&format!("A{order:02}"), "100.00", fields);
    }
    book
}

fn ledger() -> String {
    let rows: Vec<String> =
        (0..ORDERS).map(|order| format!("A{order:02},100.00,inr,2026-01-10,paid\n")).collect();
    format!("{HEAD}{}", rows.concat())
}

fn merchant() -> Merchant {
    let merchant = Merchant::new();
    merchant.write("octopus-recon.toml", FAST_RETRIES);
    merchant.write("ledger.csv", ledger());
    merchant
}

/// The report without the times of the answers, and the figures of the summary.
fn without_dates(merchant: &Merchant, done: &Done) -> (String, Value) {
    let report = done.json()["reports"][0].as_str().unwrap().to_owned();
    let mut text = std::fs::read_to_string(merchant.path(&report)).unwrap();
    for row in merchant.rows_of(done) {
        text = text.replace(&row["last_verified"], "VERIFIED");
    }
    (text, json!([report, done.json()["orders"], done.json()["totals"], done.json()["ledger"]]))
}

#[test]
fn a_resumed_run_queries_the_rest_and_writes_the_same_report() {
    let uninterrupted = merchant();
    let gateway = Gateway::serve(&book(None));
    let done = uninterrupted.reconcile(&gateway.url, &["--ledger", "ledger.csv"]);
    assert_eq!(done.code, Some(1), "{done:?}");
    let expected = without_dates(&uninterrupted, &done);

    for resume in [&["--ledger", "ledger.csv", "--resume"][..], &["--resume", "1"]] {
        let merchant = merchant();
        let gateway = Gateway::serve(&book(Some(4)));
        let first = merchant.reconcile(&gateway.url, &["--ledger", "ledger.csv"]);
        assert_eq!(first.code, Some(3), "{first:?}");
        assert_eq!(first.json()["orders"]["unverified"], 4);
        let before = gateway.journal().len();
        assert_eq!(before, 8 + 4 * 4);
        let done = merchant.reconcile(&gateway.url, resume);
        assert_eq!(done.code, Some(1), "{resume:?}: {done:?}");
        assert_eq!(done.json()["run_id"], 1);
        assert_eq!(without_dates(&merchant, &done), expected, "{resume:?}");
        assert_eq!(done.json()["requests"], 28, "every call of the run counts");
        let mut asked: Vec<_> =
            gateway.stop()[before..].iter().filter_map(|call| call.order_id.clone()).collect();
        asked.sort();
        assert_eq!(asked, ["A02", "A05", "A08", "A11"]);
        // No entry is stored twice, and no mismatch of the first judgement is left.
        let count = |sql: &str| -> i64 {
            merchant.database().query_row(sql, (), |row| row.get(0)).unwrap()
        };
        assert_eq!(count("SELECT count(*) FROM entries"), 12);
        assert_eq!(count("SELECT count(*) FROM runs"), 1);
        let left = "SELECT count(*) FROM mismatch_events WHERE kind = 'unverified'";
        assert_eq!(count(left), 0, "the judgement was replaced");
    }
}

#[test]
fn only_an_incomplete_run_with_the_same_selection_is_resumed() {
    let merchant = merchant();
    let gateway = Gateway::serve(&book(Some(4)));
    let night = |arguments: &[&str]| merchant.reconcile(&gateway.url, arguments);
    let nothing_yet = night(&["--resume", "1"]);
    assert_eq!(nothing_yet.code, Some(2), "{nothing_yet:?}");
    // There is no run to resume: `--resume` starts a new run.
    let first = night(&["--ledger", "ledger.csv", "--resume"]);
    assert_eq!((first.code, first.json()["run_id"].clone()), (Some(3), json!(1)));

    // `--resume 1` is refused for another selection.
    let other = ["--ledger", "ledger.csv", "--from", "2026-01-01"];
    for arguments in [&other[..], &["--ledger", "ledger.csv", "--include-open"]] {
        let refused = night(&[arguments, &["--resume", "1"]].concat());
        assert_eq!(refused.code, Some(2), "{arguments:?}: {refused:?}");
        assert!(refused.stderr.contains("hint"), "{refused:?}");
    }
    let another_gateway = Gateway::serve("");
    let refused = merchant.reconcile(&another_gateway.url, &["--resume", "1"]);
    assert_eq!(refused.code, Some(2), "{refused:?}");
    assert!(another_gateway.stop().is_empty());
    let new = night(&[&other[..], &["--deadline", "0s", "--resume"]].concat());
    assert_eq!((new.code, new.json()["run_id"].clone()), (Some(3), json!(2)));
    // Another content under the same file name is another selection.
    merchant.write("ledger.csv", ledger().replace("A00,100.00", "A00,101.00"));
    let changed = night(&["--ledger", "ledger.csv", "--resume", "1"]);
    assert_eq!(changed.code, Some(2), "{changed:?}");
    merchant.write("renamed.csv", ledger());

    // The same content under another file name is the same selection.
    let done = night(&["--ledger", "renamed.csv", "--resume"]);
    assert_eq!((done.code, done.json()["run_id"].clone()), (Some(1), json!(1)), "{done:?}");
    // A complete run is not resumed.
    let refused = night(&["--resume", "1"]);
    assert_eq!(refused.code, Some(2), "{refused:?}");
    let new = night(&["--ledger", "renamed.csv", "--resume"]);
    assert_eq!((new.code, new.json()["run_id"].clone()), (Some(1), json!(3)), "{new:?}");
}

#[test]
fn the_nightly_command_resumes_in_the_same_night() {
    let merchant = merchant();
    let today = chrono::Utc::now().date_naive();
    let yesterday = (today - chrono::TimeDelta::days(1)).to_string();
    merchant.write("ledger.csv", ledger().replace("2026-01-10", &yesterday));
    let gateway = Gateway::serve(&book(Some(4)));
    let nightly = ["--ledger", "ledger.csv", "--last", "3", "--include-open", "--resume"];
    let first = merchant.reconcile(&gateway.url, &nightly);
    let second = merchant.reconcile(&gateway.url, &nightly);
    if chrono::Utc::now().date_naive() == today {
        assert_eq!((first.code, second.code), (Some(3), Some(1)), "{first:?} {second:?}");
        assert_eq!(second.json()["run_id"], 1);
        assert_eq!(gateway.stop().len(), 28);
    }
}

/// In the second night, states and days depend on earlier runs. A run that is judged twice must not
/// count its own first judgement as an earlier run.
#[test]
fn a_resumed_second_night_knows_the_mismatches_of_the_first() {
    let second_night = |times: Option<u32>| {
        let merchant = merchant();
        let first = Gateway::serve(&book(None).replace("90.00", "95.00"));
        assert_eq!(merchant.reconcile(&first.url, &["--ledger", "ledger.csv"]).code, Some(1));
        merchant.days_pass(1);
        let gateway = Gateway::serve(&book(times));
        let mut done = merchant.reconcile(&gateway.url, &["--ledger", "ledger.csv"]);
        if times.is_some() {
            assert_eq!(done.code, Some(3), "{done:?}");
            done = merchant.reconcile(&gateway.url, &["--resume", "2"]);
        }
        assert_eq!(done.code, Some(1), "{done:?}");
        without_dates(&merchant, &done)
    };
    let expected = second_night(None);
    let has_state = |state: &str| expected.0.contains(&format!(",\"{state}\","));
    assert!(has_state("changed") && has_state("open"), "{}", expected.0);
    assert_eq!(second_night(Some(4)), expected);
}

#[test]
fn a_resumed_run_queries_the_orders_that_the_deadline_left() {
    let uninterrupted = merchant();
    let gateway = Gateway::serve(&book(None));
    let done = uninterrupted.reconcile(&gateway.url, &["--ledger", "ledger.csv"]);
    let expected = without_dates(&uninterrupted, &done);
    let merchant = merchant();
    let late = merchant.reconcile(&gateway.url, &["--ledger", "ledger.csv", "--deadline", "0s"]);
    assert_eq!(late.code, Some(3), "{late:?}");
    let plan = merchant.reconcile(&gateway.url, &["--resume", "1", "--dry-run"]);
    assert_eq!(
        (plan.json()["continues"].clone(), plan.json()["calls"].clone()),
        (json!(1), json!(12))
    );
    let done = merchant.run_with_stdin(
        &[
            "run",
            "--base-url",
            &gateway.url,
            "--rate",
            "2000",
            "--format",
            "json",
            "--ledger",
            "-",
            "--resume",
        ],
        ledger().as_bytes(),
    );
    assert_eq!(done.json()["run_id"], 1, "the same content, from a file or from stdin: {done:?}");
    assert_eq!(without_dates(&merchant, &done), expected);
    assert_eq!(gateway.stop().len(), 2 * ORDERS);
}

#[test]
fn a_gateway_that_is_gone_when_a_run_is_resumed_leaves_its_orders_unverified() {
    let merchant = merchant();
    let gateway = Gateway::serve(&book(Some(4)));
    let first = merchant.reconcile(&gateway.url, &["--ledger", "ledger.csv"]);
    assert_eq!(first.code, Some(3), "{first:?}");
    let url = gateway.url.clone();
    gateway.stop();
    let done = merchant.reconcile(&url, &["--resume", "1"]);
    assert_eq!(done.code, Some(3), "{done:?}");
    let summary = done.json();
    assert_eq!(summary["orders"]["unverified"], 4);
    let warnings = summary["warnings"].as_array().unwrap();
    let said = warnings.iter().find(|warning| warning["code"] == "unreachable").unwrap();
    let text = said["text"].as_str().unwrap();
    let expected = "run 1: 8 of 12 answered when the gateway could no longer be reached: ";
    assert!(text.starts_with(expected), "{text}");
}
