//! The workbook, read back.

use super::*;
use crate::domain::decision::Verdict;
use crate::domain::mismatch::NextStep;
use crate::domain::money::{Bucket, Place};
use crate::domain::morning::OrderRow;
use calamine::{Data, Range, Reader, Xlsx, open_workbook};
use std::error::Error;
use std::fs::{self, File};
use std::io::BufReader;

type Book = Xlsx<BufReader<File>>;

fn order(findings: Vec<ReportRow>) -> OrderRow {
    let first = findings.first().cloned().unwrap_or_else(short_payment);
    OrderRow {
        key: first.key.clone(),
        entry: first.entry.clone(),
        payment: first.payment.clone(),
        findings,
        severity: Some(first.mismatch.severity),
        state: first.state,
        place: Place {
            bucket: Bucket::AgainstUs,
            amount: first.mismatch.at_risk,
            currency: first.mismatch.currency.clone(),
        },
        transaction_type: "income".to_owned(),
        next_step: NextStep::Gateway,
        open_days: first.open_days,
        due: Some(date("2026-11-27")),
    }
}

fn accepted() -> ReportRow {
    let decision = Decision {
        verdict: Some(Verdict::Accepted),
        until: Some(date("2026-12-31")),
        owner: Text::own("Asha"),
        note: Text::own("agreed by phone"),
    };
    ReportRow { decision, mismatch_id: "m-acc".to_owned(), ..short_payment() }
}

/// Writes a workbook with these findings, each the only one of its order; gives its bytes.
fn bytes(findings: &[ReportRow], bad: &[InvalidRow]) -> Result<Vec<u8>, Box<dyn Error>> {
    let directory = tempfile::tempdir()?;
    let target = directory.path().join("report.csv");
    let mut files = ReportFiles::create(&target, &night(), &ReportSettings::default())?;
    for finding in findings {
        files.write(Part::Finding(finding))?;
    }
    for finding in findings {
        files.write(Part::Order(&order(vec![finding.clone()])))?;
    }
    for row in bad {
        files.write(Part::Invalid(row))?;
    }
    files.finish()?.publish(&|_| false, instant(NIGHT))?;
    Ok(fs::read(target.with_extension("xlsx"))?)
}

fn open(findings: &[ReportRow], bad: &[InvalidRow]) -> Result<Book, Box<dyn Error>> {
    let file = tempfile::NamedTempFile::new()?;
    fs::write(file.path(), bytes(findings, bad)?)?;
    Ok(open_workbook(file.path())?)
}

/// The cell under this heading, `row` rows below it.
fn cell(sheet: &Range<Data>, heading: &str, row: usize) -> Option<Data> {
    let is_heading = |cell: &Data| *cell == Data::String(heading.to_owned());
    let head = sheet.rows().position(|row| row.iter().any(is_heading))?;
    let column = sheet.rows().nth(head)?.iter().position(is_heading)?;
    sheet.rows().nth(head + row)?.get(column).cloned()
}

/// The first row's date under this heading, where the cell is a date.
fn day(sheet: &Range<Data>, heading: &str) -> Option<(u16, u8, u8)> {
    let Some(Data::DateTime(at)) = cell(sheet, heading, 1) else { return None };
    let (year, month, day, ..) = at.to_ymd_hms_milli();
    Some((year, month, day))
}

#[expect(clippy::unnecessary_wraps, reason = "a cell is read as an option")]
fn text(text: &str) -> Option<Data> {
    Some(Data::String(text.to_owned()))
}

#[test]
fn the_sheets_have_the_contracts_names_and_order() -> Outcome {
    let book = open(&[], &[])?;
    let names = [
        "Summary",
        "Work",
        "Findings",
        "Solved",
        "Accepted",
        "Decisions taken",
        "Not checked",
        "Help",
        "How this was made",
    ];
    assert_eq!(book.sheet_names(), names);
    Ok(())
}

#[test]
fn ids_are_text_amounts_numbers_and_dates_dates() -> Outcome {
    let mut book = open(&[short_payment(), unverified()], &[])?;
    for name in ["Work", "Findings"] {
        let sheet = book.worksheet_range(name)?;
        assert_eq!(cell(&sheet, "merchant_order_id", 1), text("00123456789012345678"), "{name}");
        assert_eq!(cell(&sheet, "at_risk", 1), Some(Data::Float(10.0)), "{name}");
        assert_eq!(cell(&sheet, "at_risk", 2), Some(Data::Float(7.125)), "{name}");
        assert_eq!(cell(&sheet, "final_amount", 1), Some(Data::Float(490.0)), "{name}");
        assert_eq!(day(&sheet, "order_date"), Some((2026, 11, 20)), "{name}");
    }
    let findings = book.worksheet_range("Findings")?;
    let header: Vec<String> =
        findings.rows().next().into_iter().flatten().map(ToString::to_string).collect();
    assert_eq!(header, COLUMNS);
    assert_eq!(cell(&findings, "variance", 1), Some(Data::Float(-10.0)));
    assert_eq!(cell(&findings, "last_verified", 1), text("2026-11-23T05:10:09Z"));
    let work = book.worksheet_range("Work")?;
    assert_eq!(cell(&work, "mismatch_ids", 1), text("m-0f3a"));
    assert_eq!(cell(&work, "money", 1), text("against_us"));
    Ok(())
}

#[test]
fn an_accepted_order_is_in_accepted_and_not_in_work() -> Outcome {
    let mut book = open(&[accepted()], &[])?;
    let sheet = book.worksheet_range("Accepted")?;
    assert_eq!(cell(&sheet, "decision", 1), text("accepted"));
    assert_eq!(cell(&sheet, "owner", 1), text("Asha"));
    assert_eq!(cell(&sheet, "mismatch_id", 1), text("m-acc"));
    assert_eq!(day(&sheet, "until"), Some((2026, 12, 31)));
    assert_eq!(book.worksheet_range("Work")?.height(), 2);
    Ok(())
}

#[test]
fn what_was_not_checked_is_there_without_the_raw_row() -> Outcome {
    let mut book = open(&[unverified()], &[invalid(9, b"SECRET,1")])?;
    let sheet = book.worksheet_range("Not checked")?;
    assert_eq!(cell(&sheet, "merchant_order_id", 1), text("Übung-2 ₹"));
    assert_eq!(cell(&sheet, "line", 2), Some(Data::Float(9.0)));
    assert_eq!(cell(&sheet, "reason", 2), text("amount: it is empty"));
    let cells = sheet.used_cells().map(|(_, _, cell)| cell.to_string());
    assert!(!cells.into_iter().any(|cell| cell.contains("SECRET")));
    Ok(())
}

#[test]
fn nothing_becomes_a_formula() -> Outcome {
    for attack in ["=1+1", "@SUM(A1)", "+1", "-1", "\t=1", "＝1+1", "http://a.example", "_x0041_"]
    {
        let mut book = open(&[all_texts(attack)], &[])?;
        let findings = book.worksheet_range("Findings")?;
        assert_eq!(cell(&findings, "merchant_order_id", 1), text(attack), "{attack}");
        for name in book.sheet_names() {
            assert!(book.worksheet_formula(&name)?.is_empty(), "{name}: {attack}");
        }
    }
    Ok(())
}

#[test]
fn long_text_is_cut_and_long_amounts_are_text() -> Outcome {
    let mut row = short_payment();
    row.mismatch.reason = Text::own(&"x".repeat(40_000));
    row.mismatch.at_risk = amount("987654321098.123456");
    let mut book = open(&[row], &[])?;
    let findings = book.worksheet_range("Findings")?;
    let reason = cell(&findings, "reason", 1).map(|it| it.to_string()).unwrap_or_default();
    assert_eq!(reason.chars().count(), 32_767);
    assert!(reason.ends_with('…'));
    assert_eq!(cell(&findings, "at_risk", 1), text("987654321098.123456"));
    Ok(())
}

#[test]
fn the_same_parts_give_the_same_bytes() -> Outcome {
    let rows = [short_payment(), accepted(), unverified()];
    assert!(bytes(&rows, &[])? == bytes(&rows, &[])?);
    Ok(())
}
