//! What a night without a report leaves beside the reports, and what the next report does with it.

#![expect(clippy::unwrap_used, reason = "a failed setup fails the test")]

use crate::support::{Done, FAST_RETRIES, Gateway, Merchant, book, ledger};
use std::collections::BTreeMap;

const LEDGER: [&str; 2] = ["--ledger", "ledger.csv"];

fn merchant() -> Merchant {
    let merchant = Merchant::new();
    merchant.write("octopus-recon.toml", FAST_RETRIES);
    merchant.write("ledger.csv", ledger(3));
    merchant
}

/// The files beside the reports by name.
fn files(merchant: &Merchant) -> BTreeMap<String, String> {
    let name = |path: std::path::PathBuf| path.file_name().unwrap().to_str().unwrap().to_owned();
    let text = |content: Vec<u8>| String::from_utf8_lossy(&content).into_owned();
    let files = merchant.report_files().into_iter();
    files.map(|(path, content)| (name(path), text(content))).collect()
}

fn notes(merchant: &Merchant) -> Vec<String> {
    files(merchant).into_keys().filter(|name| name.starts_with("NO-REPORT-")).collect()
}

/// Checks what the failed run left.
fn assert_said(merchant: &Merchant, done: &Done, code: i32) {
    assert_eq!(done.code, Some(code), "{done:?}");
    let files = files(merchant);
    let page = &files["latest.html"];
    assert!(page.contains("<title>NO REPORT for "), "{page}");
    assert!(page.contains(&format!("(exit {code})")), "{page}");
    let object: serde_json::Value = serde_json::from_str(&files["latest.json"]).unwrap();
    let mut expected = done.json();
    // The command began a moment before the run.
    expected["started_at"] = object["started_at"].clone();
    assert_eq!(object, expected);
    let notes = notes(merchant);
    assert_eq!(notes.len(), 1, "{notes:?}");
    assert!(files[&notes[0]].contains(&format!("(exit {code}).\nWhat to do: ")), "{files:?}");
}

#[test]
fn a_page_says_that_there_is_no_report_until_there_is_one() {
    let merchant = merchant();
    let gateway = Gateway::serve(&book(3));
    let first = merchant.reconcile(&gateway.url, &LEDGER);
    assert_eq!(first.code, Some(0), "{first:?}");
    let good = files(&merchant);
    assert_eq!(notes(&merchant), [""; 0]);

    let missing = merchant.reconcile(&gateway.url, &["--ledger", "absent.csv"]);
    assert_said(&merchant, &missing, 10);
    let page = &files(&merchant)["latest.html"];
    assert!(page.contains("Last good night: "), "{page}");
    // A signed call to nobody.
    let nobody = merchant.reconcile("http://127.0.0.1:9", &LEDGER);
    assert_said(&merchant, &nobody, 13);
    for name in ["latest.csv", "latest.xlsx"] {
        assert_eq!(files(&merchant)[name], good[name], "{name} is still the newest");
    }
    let dated = |name: &String| name.starts_with("mismatches-");
    let kept = files(&merchant).into_iter().filter(|(name, _)| dated(name));
    assert!(kept.eq(good.into_iter().filter(|(name, _)| dated(name))), "the dated files stay");

    let last = merchant.reconcile(&gateway.url, &LEDGER);
    assert_eq!(last.code, Some(0), "{last:?}");
    assert_eq!(notes(&merchant), [""; 0]);
    let files = files(&merchant);
    assert!(!files["latest.html"].contains("NO REPORT"));
    let object: serde_json::Value = serde_json::from_str(&files["latest.json"]).unwrap();
    assert_eq!(object["run_id"], last.json()["run_id"]);
    let edited: Vec<&String> = files.keys().filter(|name| name.contains(".edited-")).collect();
    assert!(edited.is_empty(), "the program knows its own pages: {edited:?}");
}

#[test]
fn a_run_of_a_range_and_one_that_is_not_recorded_say_nothing() {
    let merchant = merchant();
    let gateway = Gateway::serve(&book(3));
    assert_eq!(merchant.reconcile(&gateway.url, &LEDGER).code, Some(0));
    let good = files(&merchant);
    let range = ["--from", "2026-01-01", "--ledger", "absent.csv"];
    assert_eq!(merchant.reconcile(&gateway.url, &range).code, Some(10));
    let usage = ["--from", "2026-02-01", "--to", "2026-01-01"];
    assert_eq!(merchant.reconcile(&gateway.url, &usage).code, Some(2));
    merchant.write("other.db", "not a database at all");
    let foreign = ["--ledger", "ledger.csv", "--db", "other.db"];
    assert_eq!(merchant.reconcile(&gateway.url, &foreign).code, Some(15));
    assert_eq!(files(&merchant), good);
}

#[test]
fn with_a_named_report_only_the_note_is_left() {
    let merchant = merchant();
    let gateway = Gateway::serve(&book(3));
    let named = ["--report", "here/report.csv", "--ledger"];
    let missing = merchant.reconcile(&gateway.url, &[&named[..], &["absent.csv"]].concat());
    assert_eq!(missing.code, Some(10), "{missing:?}");
    let files_here = || {
        let entries = std::fs::read_dir(merchant.path("here")).unwrap();
        entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect::<Vec<String>>()
    };
    assert!(
        matches!(&files_here()[..], [note] if note.starts_with("NO-REPORT-")),
        "{:?}",
        files_here()
    );
    let done = merchant.reconcile(&gateway.url, &[&named[..], &["ledger.csv"]].concat());
    assert_eq!(done.code, Some(0), "{done:?}");
    assert!(files_here().iter().all(|name| name.starts_with("report.")), "{:?}", files_here());
}

#[test]
fn a_directory_that_cannot_be_written_changes_no_exit_code() {
    let merchant = merchant();
    let gateway = Gateway::serve(&book(3));
    assert_eq!(merchant.reconcile(&gateway.url, &LEDGER).code, Some(0));
    std::fs::remove_file(merchant.path("reports/latest.html")).unwrap();
    std::fs::create_dir(merchant.path("reports/latest.html")).unwrap();
    let missing = merchant.reconcile(&gateway.url, &["--ledger", "absent.csv"]);
    assert_eq!(missing.code, Some(10), "{missing:?}");
    assert!(missing.stderr.contains("a file still shows an earlier night"), "{missing:?}");
    let object = &files_without_directories(&merchant);
    assert!(object.contains("\"exit_code\":10"), "{object}");
}

fn files_without_directories(merchant: &Merchant) -> String {
    std::fs::read_to_string(merchant.path("reports/latest.json")).unwrap()
}
