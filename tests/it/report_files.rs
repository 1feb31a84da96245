//! The files of a report, from outside: their names, and what becomes of a file that somebody
//! edited.

#![expect(clippy::unwrap_used, reason = "a test that cannot set itself up has failed")]

use crate::support::{Done, Gateway, HEAD, Merchant, is_csv, paid, rows};
use serde_json::json;
use std::path::{Path, PathBuf};

const RUN: [&str; 2] = ["--ledger", "ledger.csv"];

/// A merchant with one order that is 0.10 short and a row that cannot be used.
fn merchant(configuration: &str) -> Merchant {
    let merchant = Merchant::new();
    merchant.write("ledger.csv", format!("{HEAD}A1,1.00,inr,2026-01-10,paid\nA2,x,,,\n"));
    merchant.write("octopus-recon.toml", configuration);
    merchant
}

fn gateway() -> Gateway {
    Gateway::serve(&paid("A1", "1.00", json!({"final_amount": "0.90"})))
}

fn reports(done: &Done) -> Vec<String> {
    assert_eq!(done.code, Some(4), "{done:?}");
    csv_files(done)
}

/// The CSV files that a command names, the report first.
fn csv_files(done: &Done) -> Vec<String> {
    let reports: Vec<String> = serde_json::from_value(done.json()["reports"].clone()).unwrap();
    reports.into_iter().filter(|name| is_csv(name)).collect()
}

/// The copies of edited files in the directory, by name.
fn edited(merchant: &Merchant, directory: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(merchant.path(directory)).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    let mut edited: Vec<PathBuf> =
        paths.filter(|path| path.to_string_lossy().contains(".edited-")).collect();
    edited.sort();
    edited
}

fn replace(path: &Path, from: &str, to: &str) -> String {
    let content = std::fs::read_to_string(path).unwrap();
    let changed = content.replacen(from, to, 1);
    assert_ne!(changed, content);
    std::fs::write(path, &changed).unwrap();
    changed
}

#[test]
fn a_report_is_named_after_the_configured_merchant() {
    for (uid, part) in [("M-1", "M-1"), ("M/1", "M_190fe417b")] {
        let merchant = merchant(&format!("[gateway]\nmerchant_uid = \"{uid}\"\n"));
        let gateway = gateway();
        let names = reports(&merchant.reconcile(&gateway.url, &RUN));
        let stem = format!("reports/mismatches-{part}-2026-01-10_2026-01-10-run1");
        assert_eq!(names, [format!("{stem}.csv"), format!("{stem}-invalid-rows.csv")]);
        let again = merchant.run(&["report", "--format", "json"]);
        assert_eq!(csv_files(&again), names);
    }
}

#[test]
fn a_report_that_nobody_edited_is_written_again() {
    let merchant = merchant("");
    let gateway = gateway();
    let names = reports(&merchant.reconcile(&gateway.url, &RUN));
    let before = merchant.report_files();
    let again = merchant.run(&["report"]);
    assert_eq!(again.code, Some(0), "{again:?}");
    assert_eq!(merchant.report_files(), before, "the same bytes and no other file");
    // In another dialect too.
    merchant
        .write("octopus-recon.toml", "[report]\ndelimiter = \";\"\ndecimal_separator = \",\"\n");
    assert_eq!(merchant.run(&["report"]).code, Some(0));
    let report = std::fs::read_to_string(merchant.path(&names[0])).unwrap();
    assert!(report.contains(";1,00;1,00;0,90;-0,10;"), "{report}");
    assert_eq!(merchant.report_files().len(), before.len());
}

#[test]
fn an_edited_file_is_kept_and_said() {
    let merchant = merchant("");
    let gateway = gateway();
    let names = reports(&merchant.reconcile(&gateway.url, &RUN));
    let report =
        replace(&merchant.path(&names[0]), "\"\",\"gateway\"", "\"they know\",\"gateway\"");
    let invalid = replace(&merchant.path(&names[1]), "A2,x", "A2,9");
    let again = merchant.run(&["report"]);
    assert_eq!(again.code, Some(0), "{again:?}");
    let kept = edited(&merchant, "reports");
    assert_eq!(kept.len(), 2, "{kept:?}");
    for path in &kept {
        let name = path.file_name().unwrap().to_str().unwrap();
        assert!(again.stderr.contains(&format!("it is kept as reports/{name}")), "{again:?}");
    }
    let contents: Vec<String> =
        kept.iter().map(|path| std::fs::read_to_string(path).unwrap()).collect();
    assert_eq!(contents, [invalid, report]);
    assert_eq!(rows(&merchant.path(&names[0]))[0]["note"], "");

    // What was written since is nobody's edit.
    assert_eq!(merchant.run(&["report"]).code, Some(0));
    assert_eq!(edited(&merchant, "reports").len(), 2);
}

#[test]
fn a_file_that_is_no_report_is_kept_too() {
    let merchant = merchant("");
    let gateway = gateway();
    merchant.write("budget.csv", "item,price\ncoffee,3\n");
    let named = ["--ledger", "ledger.csv", "--report", "budget.csv"];
    let done = merchant.reconcile(&gateway.url, &named);
    assert_eq!(reports(&done), ["budget.csv", "budget-invalid-rows.csv"]);
    let kept = edited(&merchant, ".");
    assert_eq!(kept.len(), 1);
    assert_eq!(std::fs::read(&kept[0]).unwrap(), b"item,price\ncoffee,3\n");
    assert!(
        done.stderr.contains("budget.csv was edited: it is kept as budget.edited-"),
        "{done:?}"
    );
}

#[test]
fn a_comma_cannot_separate_cells_and_decimals() {
    let merchant = merchant("[report]\n\ndecimal_separator = \",\"\n");
    let done = merchant.run(&["report"]);
    assert_eq!(done.code, Some(2), "{done:?}");
    let said = "octopus-recon.toml, line 3, column 21: decimal_separator and delimiter are both";
    assert!(done.stderr.contains(said), "{done:?}");
}
