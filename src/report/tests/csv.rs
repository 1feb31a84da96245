//! The bytes of a report.

use super::*;
use crate::domain::text::{clean, one_line, printable};
use crate::report::guard::guarded;
use ::csv::{ByteRecord, ReaderBuilder};
use std::error::Error;
use std::fs;

fn written(settings: &ReportSettings, rows: &[ReportRow]) -> Result<Vec<u8>, Box<dyn Error>> {
    let directory = tempfile::tempdir()?;
    let target = directory.path().join("report.csv");
    publish(&target, settings, rows, &[])?;
    Ok(fs::read(target)?)
}

fn records(bytes: &[u8], delimiter: u8) -> Result<Vec<ByteRecord>, ::csv::Error> {
    let mut reader = ReaderBuilder::new().delimiter(delimiter).from_reader(bytes);
    reader.byte_records().collect()
}

fn header(delimiter: &str) -> String {
    COLUMNS.map(|name| format!("\"{name}\"")).join(delimiter)
}

#[test]
fn the_columns_are_the_contracts() {
    let contract = "run_id, kind, severity, state, at_risk, currency, merchant_order_id, \
        payment_uid, order_date, transaction_type, accounting_type, ledger_amount, \
        gateway_amount, final_amount, variance, ledger_status, payment_status, \
        accounting_status, notify_status, channel, reason, first_seen, open_days, \
        last_verified, mismatch_id, decision, until, owner, note, next_step";
    assert_eq!(COLUMNS.join(", "), contract);
}

#[test]
fn a_spreadsheet_gets_these_bytes() -> Outcome {
    let bytes = written(&ReportSettings::default(), &[short_payment(), unverified()])?;
    let expected = format!(
        "\u{FEFF}{}\r\n{}\r\n{}\r\n",
        header(","),
        "12,\"final_amount_difference\",\"high\",\"new\",10.00,\"inr\",\"00123456789012345678\",\
         \"pay_7\",\"2026-11-20\",\"income\",\"receive\",500.00,500.00,490.00,-10.00,\"paid\",\
         \"completed\",\"accounted\",\"none\",\"upi, \"\"fast\"\"\",\
         \"The gateway settled 490.00 of 500.00 inr: 10.00 short (2.00 %).\",\"2026-11-23\",0,\
         \"2026-11-23T05:10:09Z\",\"m-0f3a\",\"\",\"\",\"\",\"\",\"gateway\"",
        "12,\"unverified\",\"high\",\"open\",7.125,\"inr\",\"Übung-2 ₹\",\"\",\"2026-11-20\",\"\",\
         \"\",7.125,,,,\"\",\"\",\"\",\"\",\"\",\
         \"No trustworthy answer: the gateway answered 503, 4 tries.\",\"2026-11-20\",3,\"\",\
         \"m-77\",\"\",\"\",\"\",\"\",\"operator\"",
    );
    assert_eq!(String::from_utf8(bytes)?, expected);
    Ok(())
}

#[test]
fn a_program_gets_these_bytes() -> Outcome {
    let mut row = unverified();
    row.key.merchant_order_id = "=1+1".to_owned();
    let bytes = written(&plain(), &[row])?;
    let expected = format!(
        "{}\n{}\n",
        header(","),
        "12,\"unverified\",\"high\",\"open\",7.125,\"inr\",\"=1+1\",\"\",\"2026-11-20\",\"\",\"\",\
         7.125,,,,\"\",\"\",\"\",\"\",\"\",\
         \"No trustworthy answer: the gateway answered 503, 4 tries.\",\"2026-11-20\",3,\"\",\
         \"m-77\",\"\",\"\",\"\",\"\",\"operator\"",
    );
    assert_eq!(String::from_utf8(bytes)?, expected);
    Ok(())
}

#[test]
fn a_decimal_comma_stands_in_amounts_alone() -> Outcome {
    let settings = ReportSettings {
        delimiter: Delimiter::try_from(";".to_owned())?,
        decimal_separator: DecimalSeparator::Comma,
        ..plain()
    };
    let bytes = String::from_utf8(written(&settings, &[short_payment()])?)?;
    assert!(bytes.contains(";500,00;500,00;490,00;-10,00;\"paid\";"), "{bytes}");
    assert!(bytes.contains(";\"new\";10,00;\"inr\";"), "{bytes}");
    assert!(bytes.contains("490.00 of 500.00 inr: 10.00 short (2.00 %)."), "{bytes}");
    Ok(())
}

#[test]
fn an_empty_report_is_a_header_row_alone() -> Outcome {
    let header = header(",");
    let bytes = written(&ReportSettings::default(), &[])?;
    assert_eq!(String::from_utf8(bytes)?, format!("\u{FEFF}{header}\r\n"));
    assert_eq!(String::from_utf8(written(&plain(), &[])?)?, format!("{header}\n"));
    Ok(())
}

/// How each column shows text that somebody else may have written; the others show none.
fn shown(column: &str, text: &str) -> Option<String> {
    match column {
        "merchant_order_id" | "mismatch_id" => Some(text.to_owned()),
        "payment_uid" => Some(printable(text)),
        "reason" => Some(one_line(text)),
        "currency" | "transaction_type" | "accounting_type" | "ledger_status"
        | "payment_status" | "accounting_status" | "notify_status" | "channel" => Some(clean(text)),
        _ => None,
    }
}

#[test]
fn every_text_cell_is_guarded_and_no_other() -> Outcome {
    let texts: Vec<String> = ['=', '+', '-', '@', '＝', '\t', '\r', '\n', '\0']
        .iter()
        .flat_map(|starter| {
            [
                format!("{starter}"),
                format!("{starter}cmd|' /C calc'!A0,\";=1+1\"\r\n=2+2"),
                format!("late; {starter}\u{202e}₹\u{1F419}"),
            ]
        })
        .collect();
    let rows: Vec<ReportRow> = texts.iter().map(|text| all_texts(text)).collect();
    for delimiter in [",", ";", "\t"] {
        let spreadsheet = ReportSettings {
            delimiter: Delimiter::try_from(delimiter.to_owned())?,
            ..ReportSettings::default()
        };
        let plain = ReportSettings { csv: CsvStyle::Plain, ..spreadsheet.clone() };
        for (settings, is_guarded) in [(spreadsheet, true), (plain, false)] {
            let bytes = written(&settings, &rows)?;
            let found = records(&bytes, delimiter.as_bytes()[0])?;
            assert_eq!(found.len(), rows.len());
            for (text, record) in texts.iter().zip(&found) {
                for (name, cell) in COLUMNS.iter().zip(record) {
                    if let Some(shown) = shown(name, text) {
                        let shown = shown.into_bytes();
                        let expected = if is_guarded { guarded(&shown) } else { shown };
                        assert_eq!(cell, expected, "{name} of {text:?}");
                    } else if *name == "variance" {
                        assert_eq!(cell, b"-10.00", "a number stays a number");
                    }
                }
            }
        }
    }
    Ok(())
}

#[test]
fn invalid_rows_keep_their_bytes() -> Outcome {
    let directory = tempfile::tempdir()?;
    let target = directory.path().join("mismatches-run1.csv");
    let rows = [invalid(3, b"A1,\xFF\xFE,\"x\ny\""), invalid(9, b"=A2,,")];
    for (settings, expected) in [
        (
            ReportSettings::default(),
            &b"\xEF\xBB\xBF\"ledger\",\"line\",\"reason\",\"row\"\r\n\
               \"orders.csv\",3,\"amount: it is empty\",\"A1,\xFF\xFE,\"\"x\ny\"\"\"\r\n\
               \"orders.csv\",9,\"amount: it is empty\",\"'=A2,,\"\r\n"[..],
        ),
        (
            plain(),
            &b"\"ledger\",\"line\",\"reason\",\"row\"\n\
               \"orders.csv\",3,\"amount: it is empty\",\"A1,\xFF\xFE,\"\"x\ny\"\"\"\n\
               \"orders.csv\",9,\"amount: it is empty\",\"=A2,,\"\n"[..],
        ),
    ] {
        let published = publish(&target, &settings, &[], &rows)?;
        let mut roles: Vec<Role> = published.written.iter().map(|file| file.role).collect();
        roles.dedup();
        let expected_roles = [Role::Mismatches, Role::InvalidRows, Role::Manifest];
        assert_eq!(roles, expected_roles, "the report first");
        let invalid = published.written.iter().find(|file| file.role == Role::InvalidRows);
        let path = &invalid.ok_or("no invalid rows")?.path;
        assert_eq!(*path, directory.path().join("mismatches-run1-invalid-rows.csv"));
        assert_eq!(fs::read(path)?, expected);
        let parsed = records(&fs::read(path)?, b',')?;
        assert_eq!(&parsed[0][3], &rows[0].raw[..], "the first row needs no guard");
    }
    Ok(())
}
