//! The workbook on its way to finance and back: through LibreOffice, and onto a full disk.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a failed setup fails the test")]

use crate::support::*;
use serde_json::json;
use std::fs;
use std::io::{Cursor, Read, Write};
use std::path::{Path, PathBuf};
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

/// Opens the workbook with LibreOffice and saves it in its place. False, saying so, where there is
/// no LibreOffice.
#[expect(clippy::print_stderr, reason = "says that it could not test")]
fn save_with_libreoffice(workbook: &Path) -> bool {
    if Command::new("soffice").arg("--version").output().is_err() {
        eprintln!("not tested: there is no LibreOffice (soffice) here");
        return false;
    }
    let directory = tempfile::tempdir().unwrap();
    let profile =
        format!("-env:UserInstallation=file://{}", directory.path().join("profile").display());
    let output = Command::new("soffice")
        .args([&profile, "--headless", "--convert-to", "xlsx", "--outdir"])
        .arg(directory.path())
        .arg(workbook)
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    fs::copy(directory.path().join(workbook.file_name().unwrap()), workbook).unwrap();
    true
}

/// Writes into empty cells of one of the workbook's sheets (from 1), as a person would: in the row
/// that shows this text, under the columns of these letters.
fn fill_in(workbook: &Path, sheet: usize, row_with: &str, cells: &[(&str, &str)]) {
    let mut book = zip::ZipArchive::new(Cursor::new(fs::read(workbook).unwrap())).unwrap();
    let mut edited = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for index in 0..book.len() {
        let mut file = book.by_index(index).unwrap();
        let name = file.name().to_owned();
        let mut content = String::new();
        file.read_to_string(&mut content).unwrap();
        if name == format!("xl/worksheets/sheet{sheet}.xml") {
            let shown = content.find(&format!("<t>{row_with}</t>")).unwrap();
            let row = content[..shown].rfind("<row r=\"").unwrap() + "<row r=\"".len();
            let row: String = content[row..].chars().take_while(char::is_ascii_digit).collect();
            for (column, said) in cells {
                let start = content.find(&format!("<c r=\"{column}{row}\"")).unwrap();
                let end = start + content[start..].find("/>").unwrap();
                assert!(!content[start..end].contains('>'), "the cell is not empty");
                let cell = format!(" t=\"inlineStr\"><is><t>{said}</t></is></c>");
                content.replace_range(end..end + 2, &cell);
            }
        }
        edited.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
        edited.write_all(content.as_bytes()).unwrap();
    }
    fs::write(workbook, edited.finish().unwrap().into_inner()).unwrap();
}

fn kept(merchant: &Merchant) -> Vec<PathBuf> {
    let files = merchant.report_files();
    files.into_keys().filter(|path| path.to_string_lossy().contains(".edited-")).collect()
}

#[test]
fn a_decision_comes_back_through_libreoffice() {
    let (merchant, gateway) = merchant_with(3);
    let workbook = run(&merchant, &gateway);
    // Work: Q decision, R until, S owner, T note.
    let said = [("Q", "Accepted"), ("R", "2099-12-31"), ("S", "Asha"), ("T", "=agreed by phone")];
    fill_in(&workbook, 2, "S2", &said);
    fill_in(&workbook, 2, "00123456789012345678", &[("Q", "with gateway")]);
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
}

#[test]
fn an_edited_workbook_is_kept_when_it_is_written_again() {
    let (merchant, gateway) = merchant_with(2);
    let workbook = run(&merchant, &gateway);
    let own = fs::read(&workbook).unwrap();
    fill_in(&workbook, 2, "S1", &[("T", "ask the bank")]);
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
