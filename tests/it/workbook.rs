//! The workbook on its way to finance and back: through LibreOffice, and onto a full disk.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a failed setup fails the test")]

use crate::support::workbook::{save_with_libreoffice, sheet, type_into};
use crate::support::*;
use serde_json::json;
use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};

const DAY: &str = "2026-01-10";

/// Orders whose settlement is short, S1, S2, …, and one that the gateway does not know.
fn merchant_with(orders: usize) -> (Merchant, Gateway) {
    let merchant = Merchant::new();
    merchant.write("octopus-recon.toml", FAST_RETRIES);
    let mut ledger = HEAD.to_owned();
    let mut book = String::new();
    for number in 1..=orders {
        ledger = format!("{ledger}S{number},100.00,inr,{DAY},paid\n");
        book.push_str(&paid(&format!("S{number}"), "100.00", json!({"final_amount": "90.00"})));
    }
    ledger = format!("{ledger}00123456789012345678,70.50,inr,{DAY},paid\n");
    merchant.write("ledger.csv", ledger);
    (merchant, Gateway::serve(&book))
}

fn run(merchant: &Merchant, gateway: &Gateway) -> PathBuf {
    let done = merchant.reconcile(&gateway.url, &["--ledger", "ledger.csv"]);
    assert_eq!(done.code, Some(1), "{done:?}");
    let report = done.json()["reports"][0].as_str().unwrap().to_owned();
    merchant.path(&report).with_extension("xlsx")
}

fn kept(merchant: &Merchant) -> Vec<PathBuf> {
    let files = merchant.report_files();
    files.into_keys().filter(|path| path.to_string_lossy().contains(".edited-")).collect()
}

#[test]
fn a_decision_comes_back_through_libreoffice() {
    let (merchant, gateway) = merchant_with(3);
    let workbook = run(&merchant, &gateway);
    let said = [
        ("decision", "Accepted"),
        ("until", "2099-12-31"),
        ("owner", "Asha"),
        ("note", "=agreed by phone"),
    ];
    type_into(&workbook, "Work", "S2", &said);
    let with_gateway = [("decision", "with gateway")];
    type_into(&workbook, "Work", "00123456789012345678", &with_gateway);
    if !save_with_libreoffice(&workbook) {
        return;
    }
    let next = merchant.reconcile(&gateway.url, &["--ledger", "ledger.csv"]);
    assert_eq!(next.code, Some(1), "{next:?}");
    let listed = merchant.run(&["decide", "--list", "--format", "json"]);
    let listed = listed.json();
    let mut events: Vec<String> = listed["decisions"]
        .as_array()
        .unwrap_or_else(|| panic!("{listed}"))
        .iter()
        .map(|event| format!("{} {}", event["event"], event["merchant_order_id"]))
        .collect();
    events.sort();
    assert_eq!(events, ["\"accepted\" \"S2\"", "\"decided\" \"00123456789012345678\""]);
    let rows = merchant.rows_of(&next);
    let accepted = row(&rows, "S2", "final_amount_difference");
    assert_eq!(
        ["decision", "until", "owner"].map(|name| accepted[name].as_str()),
        ["accepted", "2099-12-31", "Asha"]
    );
    assert_eq!(accepted["note"], "'=agreed by phone");
    assert_eq!(row(&rows, "S1", "final_amount_difference")["decision"], "");

    // A workbook that was only saved says nothing.
    let second = next.json()["reports"][0].as_str().unwrap().to_owned();
    let second = merchant.path(&second).with_extension("xlsx");
    assert!(save_with_libreoffice(&second));
    let decided = merchant.run(&["decide", second.to_str().unwrap()]);
    assert_eq!(decided.code, Some(0), "{decided:?}");
    assert!(decided.stdout.starts_with("Nothing to take"), "{decided:?}");

    // What was accepted is withdrawn in the sheet that shows it.
    assert_eq!(sheet(&second, "Accepted").len(), 1);
    type_into(&second, "Accepted", "S2", &[("decision", ""), ("until", "")]);
    assert!(save_with_libreoffice(&second));
    let third = merchant.reconcile(&gateway.url, &["--ledger", "ledger.csv"]);
    let rows = merchant.rows_of(&third);
    let withdrawn = row(&rows, "S2", "final_amount_difference");
    assert_eq!(
        ["decision", "until", "owner"].map(|name| withdrawn[name].as_str()),
        ["", "", "Asha"]
    );
    assert_eq!(third.json()["totals"][0]["accepted"], "0.00", "{third:?}");
}

#[test]
fn an_edited_workbook_is_kept_when_it_is_written_again() {
    let (merchant, gateway) = merchant_with(2);
    let workbook = run(&merchant, &gateway);
    let own = fs::read(&workbook).unwrap();
    type_into(&workbook, "Work", "S1", &[("note", "ask the bank")]);
    let edited = fs::read(&workbook).unwrap();
    assert_eq!(merchant.run(&["report"]).code, Some(0));
    let kept = kept(&merchant);
    assert_eq!(kept.len(), 1, "{kept:?}");
    assert_eq!(fs::read(&kept[0]).unwrap(), edited);
    assert!(fs::read(&workbook).unwrap() == own, "the same bytes every time");
}

/// No file can grow beyond the limit, as on a full disk. The workbook's temporary files are the
/// first to reach it.
#[test]
fn a_full_disk_under_the_workbook_is_a_storage_error() {
    let (merchant, gateway) = merchant_with(300);
    run(&merchant, &gateway);
    let before = merchant.report_files();
    let report = merchant.command(&["report"]);
    let mut limited = Command::new("bash");
    limited
        .args(["-c", "trap '' XFSZ; ulimit -f 150; exec \"$0\" report"])
        .arg(report.get_program())
        .current_dir(report.get_current_dir().unwrap())
        .stdin(Stdio::null());
    let done = Running::start(&mut limited).end();
    assert_eq!(done.code, Some(14), "{done:?}");
    let lines: Vec<&str> = done.stderr.lines().collect();
    assert_eq!(lines.len(), 2, "{done:?}");
    assert!(lines[0].starts_with("error: cannot write "), "{done:?}");
    assert!(lines[0].ends_with("File too large (os error 27)"), "{done:?}");
    assert!(lines[1].starts_with(" hint: free some space there"), "{done:?}");
    assert_eq!(done.stdout, "");
    assert!(merchant.report_files() == before, "the old report is unchanged");
}
