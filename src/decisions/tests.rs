//! Files as finance's spreadsheets leave them, and as nobody should.

mod compared;
mod csv_files;
mod fuzz;
mod hostile;
mod office;
mod properties;
mod workbooks;

use super::*;
use crate::domain::amount::Amount;
use crate::domain::decision::{Change, Decision, Edit, Verdict};
use crate::domain::guard::guarded;
use crate::domain::mismatch::{Kind, Mismatch, NextStep, ReportRow, Severity, State};
use crate::domain::money::{Bucket, Place};
use crate::domain::morning::OrderRow;
use crate::domain::order::{CreatedAt, Entry, LedgerStatus, OrderKey};
use crate::domain::payment::{AccountingStatus, NotifyStatus, Payment, PaymentStatus};
use crate::domain::text::Text;
use chrono::NaiveDate;
use rust_xlsxwriter::{Format, Workbook, Worksheet, XlsxError};
use std::error::Error;
use std::fs;

type Outcome = Result<(), Box<dyn Error>>;

fn amount(text: &str) -> Amount {
    match text.strip_prefix('-') {
        Some(text) => -Amount::parse(text).unwrap_or_default(),
        None => Amount::parse(text).unwrap_or_default(),
    }
}

fn date(text: &str) -> NaiveDate {
    text.parse().unwrap_or_default()
}

/// A finding of run 12 about this order; without a variance it is a difference of statuses.
fn finding(id: &str, order: &str, variance: Option<&str>) -> ReportRow {
    let key = OrderKey { merchant_uid: None, merchant_order_id: order.to_owned() };
    let kind = match variance {
        Some(_) => Kind::FinalAmountDifference,
        None => Kind::StatusDifference,
    };
    ReportRow {
        run_id: 12,
        mismatch: Mismatch {
            kind,
            severity: Severity::High,
            variance: variance.map(amount),
            at_risk: variance.map_or(amount("500.00"), |variance| amount(variance).abs()),
            currency: "inr".to_owned(),
            reason: Text::own("The gateway settled less, or more."),
        },
        state: State::New,
        key: key.clone(),
        entry: Some(Entry {
            key,
            amount: amount("500.00"),
            currency: "inr".to_owned(),
            created_at: CreatedAt {
                ages_from: "2026-11-20T11:26:00Z".parse().unwrap_or_default(),
                date: date("2026-11-20"),
            },
            transaction_type: None,
            accounting_type: None,
            status: Some(LedgerStatus::Paid),
            conflict: None,
            conflict_amounts: None,
            duplicate: None,
        }),
        payment: Some(Payment {
            amount: amount("500"),
            final_amount: None,
            currency: None,
            transaction_type: None,
            accounting_type: None,
            payment_status: Some(PaymentStatus::Completed),
            payment_fail_reason: None,
            accounting_status: AccountingStatus::Accounted,
            accounting_fail_reason: None,
            notify_status: NotifyStatus::None,
            notify_fail_reason: None,
            payment_uid: None,
            channel: None,
        }),
        first_seen: date("2026-11-23"),
        open_days: 0,
        last_verified: None,
        mismatch_id: id.to_owned(),
        decision: Decision::default(),
    }
}

fn decided(row: ReportRow, verdict: Verdict, until: &str, owner: &str, note: &str) -> ReportRow {
    let decision = Decision {
        verdict: Some(verdict),
        until: until.parse().ok(),
        owner: Text::own(owner),
        note: Text::own(note),
    };
    ReportRow { decision, ..row }
}

/// Rows with everything that a spreadsheet likes to change.
fn awkward_rows() -> Vec<ReportRow> {
    let with_note =
        |row, note: &str| decided(row, Verdict::WithGateway, "2026-12-24", "Asha", note);
    vec![
        finding("m-a1", "12345678901234567890", Some("-10.00")),
        finding("m-a2", "0042", Some("0.125")),
        finding("m-a3", "=1+1", Some("1234567.00")),
        finding("m-a4", "Übung-2 ₹", None),
        finding("m-a5", "'quoted", Some("-0.50")),
        with_note(finding("m-a6", "A-6", Some("123456789.123456")), "=SUM(A1)"),
        with_note(finding("m-a7", "A-7", None), "late; -5 inr, \"ask\" Ravi"),
        with_note(finding("m-a8", "A-8", Some("999.99")), "0012"),
        with_note(finding("m-a9", "A-9", None), "26.11.2026"),
        with_note(finding("m-b1", "A-10", Some("7.00")), "1.50"),
        with_note(finding("m-b2", "007", Some("7.10")), "true"),
        with_note(finding("m-b3", "A-12", Some("1000.001")), "'twas fine"),
        with_note(finding("m-b4", "1234567890123456", Some("-3.00")), "₹ 500 überwiesen"),
        decided(finding("m-b5", "A-14", Some("5.00")), Verdict::Proposed, "2026-12-01", "12", ""),
    ]
}

const HEADINGS: [&str; 15] = [
    "run_id",
    "kind",
    "at_risk",
    "merchant_order_id",
    "order_date",
    "variance",
    "ledger_status",
    "payment_status",
    "accounting_status",
    "reason",
    "mismatch_id",
    "decision",
    "until",
    "owner",
    "note",
];

/// A cell as a report has it.
#[derive(Debug, Clone)]
enum Shown {
    Text(String),
    Number(String),
    Date(Option<NaiveDate>),
}

fn shown(row: &ReportRow) -> Vec<Shown> {
    let text = |text: &str| Shown::Text(text.to_owned());
    let amount = |amount: Option<Amount>| {
        Shown::Number(amount.map(|amount| amount.to_string()).unwrap_or_default())
    };
    let payment = row.payment.as_ref();
    vec![
        Shown::Number(row.run_id.to_string()),
        text(row.mismatch.kind.as_str()),
        amount(Some(row.mismatch.at_risk)),
        text(&row.key.merchant_order_id),
        Shown::Date(row.entry.as_ref().map(|entry| entry.created_at.date)),
        amount(row.mismatch.variance),
        text("paid"),
        text(payment.and_then(|it| it.payment_status.as_ref()).map_or("", |it| it.as_str())),
        text(payment.map_or("", |it| it.accounting_status.as_str())),
        text(row.mismatch.reason.as_str()),
        text(&row.mismatch_id),
        text(row.decision.verdict.map_or("", Verdict::as_str)),
        Shown::Date(row.decision.until),
        text(row.decision.owner.as_str()),
        text(row.decision.note.as_str()),
    ]
}

/// The lines of a report for spreadsheets: with `edit` on each row's cells before.
fn csv_with(
    rows: &[ReportRow],
    separator: char,
    edit: &dyn Fn(&ReportRow, &mut Vec<Shown>),
) -> String {
    let quoted = |text: &str| {
        let guarded = String::from_utf8(guarded(text.as_bytes())).unwrap_or_default();
        format!("\"{}\"", guarded.replace('"', "\"\""))
    };
    let joined = |cells: Vec<String>| cells.join(&separator.to_string());
    let mut lines = vec![joined(HEADINGS.iter().map(|heading| quoted(heading)).collect())];
    for row in rows {
        let mut cells = shown(row);
        edit(row, &mut cells);
        let text = cells.iter().map(|cell| match cell {
            Shown::Text(text) => quoted(text),
            Shown::Number(number) => number.clone(),
            Shown::Date(date) => quoted(&date.map(|it| it.to_string()).unwrap_or_default()),
        });
        lines.push(joined(text.collect()));
    }
    lines.join("\r\n") + "\r\n"
}

fn csv_of(rows: &[ReportRow]) -> String {
    csv_with(rows, ',', &|_, _| {})
}

/// A sheet of findings as the report's workbook has it.
fn write_findings(sheet: &mut Worksheet, rows: &[ReportRow]) -> Result<(), XlsxError> {
    let as_text = Format::new().set_num_format("@");
    let as_date = Format::new().set_num_format("yyyy-mm-dd");
    let as_money = Format::new().set_num_format("#,##0.00");
    for (column, heading) in (0..).zip(HEADINGS) {
        sheet.write_string(0, column, heading)?;
    }
    for (number, row) in (1..).zip(rows) {
        for (column, cell) in (0..).zip(shown(row)) {
            match cell {
                Shown::Text(text) if text.is_empty() => {}
                Shown::Text(text) => {
                    sheet.write_string_with_format(number, column, text, &as_text)?;
                }
                Shown::Number(text) => {
                    if !text.is_empty() {
                        let value = text.parse().unwrap_or(0.0);
                        sheet.write_number_with_format(number, column, value, &as_money)?;
                    }
                }
                Shown::Date(Some(date)) => {
                    sheet.write_datetime_with_format(number, column, date, &as_date)?;
                }
                Shown::Date(None) => {}
            }
        }
    }
    Ok(())
}

fn workbook_of(rows: &[ReportRow]) -> Result<Vec<u8>, Box<dyn Error>> {
    let mut workbook = Workbook::new();
    workbook.add_worksheet().set_name("Summary")?.write_string(3, 2, "All is well")?;
    write_findings(workbook.add_worksheet().set_name("Findings")?, rows)?;
    Ok(workbook.save_to_buffer()?)
}

/// An order of Work with these findings.
fn order_row(findings: Vec<ReportRow>) -> OrderRow {
    let first = findings.first().cloned().unwrap_or_else(|| finding("m-0", "0", None));
    OrderRow {
        key: first.key,
        entry: first.entry,
        payment: first.payment,
        severity: Some(Severity::High),
        state: State::New,
        place: Place {
            bucket: Bucket::AgainstUs,
            amount: amount("10.00"),
            currency: "inr".to_owned(),
        },
        transaction_type: "income".to_owned(),
        next_step: NextStep::Gateway,
        open_days: 0,
        due: None,
        findings,
    }
}

/// Puts these bytes in a file and reads it back.
fn read_as(name: &str, bytes: &[u8]) -> Result<Option<EditedFile>, Box<dyn Error>> {
    let directory = tempfile::tempdir()?;
    let path = directory.path().join(name);
    fs::write(&path, bytes)?;
    Ok(read(open(&path)?)?)
}

fn read_csv(text: &str) -> Result<EditedFile, Box<dyn Error>> {
    Ok(read_as("report.csv", text.as_bytes())?.ok_or("no mismatch ids")?)
}

fn read_workbook(bytes: &[u8]) -> Result<EditedFile, Box<dyn Error>> {
    Ok(read_as("report.xlsx", bytes)?.ok_or("no mismatch ids")?)
}

/// What each row of a file says about these findings.
fn comparisons(file: &EditedFile, written: &[ReportRow]) -> Vec<Comparison> {
    let of = |row: &EditedRow| {
        let is_meant = |it: &&ReportRow| row.mismatch_ids.contains(&it.mismatch_id);
        match written.iter().find(is_meant) {
            Some(written) => compare(row, file.dialect, Written::Finding(written)),
            None => Comparison::Refused("not known".to_owned()),
        }
    };
    file.rows.iter().map(of).collect()
}

fn assert_unchanged(file: &EditedFile, written: &[ReportRow]) {
    assert_eq!(file.rows.len(), written.len());
    for (row, comparison) in file.rows.iter().zip(comparisons(file, written)) {
        assert_eq!(comparison, Comparison::Unchanged, "{row:?}");
    }
}
