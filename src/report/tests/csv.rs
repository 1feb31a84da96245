//! The bytes of a report, and that no text in it can become a formula.

use super::*;
use crate::domain::order::InvalidRow;
use crate::domain::text::{clean, printable};
use ::csv::{ByteRecord, ReaderBuilder};
use std::error::Error;
use std::fs;
use std::path::Path;

/// What a spreadsheet takes as the beginning of a formula, or strips before it looks.
const STARTERS: [char; 8] = ['=', '+', '-', '@', '\t', '\r', '\n', '\0'];

fn written(settings: &ReportSettings, rows: &[ReportRow]) -> Result<Vec<u8>, Box<dyn Error>> {
    let directory = tempfile::tempdir()?;
    let target = directory.path().join("report.csv");
    let mut report = MismatchReport::create(&target, settings)?;
    for row in rows {
        report.write(row)?;
    }
    assert_eq!(report.finish()?, u64::try_from(rows.len())?);
    Ok(fs::read(target)?)
}

fn records(bytes: &[u8], delimiter: u8) -> Result<Vec<ByteRecord>, ::csv::Error> {
    let mut reader = ReaderBuilder::new().delimiter(delimiter).from_reader(bytes);
    reader.byte_records().collect()
}

#[test]
fn the_columns_are_the_contracts() {
    let contract = "run_id, kind, severity, state, at_risk, currency, merchant_order_id, \
        payment_uid, order_date, transaction_type, accounting_type, ledger_amount, \
        gateway_amount, final_amount, variance, ledger_status, payment_status, \
        accounting_status, notify_status, channel, reason, first_seen, open_days, \
        last_verified, mismatch_id, decision, owner, note";
    assert_eq!(COLUMNS.join(", "), contract);
}

#[test]
fn a_spreadsheet_gets_these_bytes() -> Outcome {
    let bytes = written(&ReportSettings::default(), &[short_payment(), unverified()])?;
    let expected = format!(
        "\u{FEFF}{}\r\n{}\r\n{}\r\n",
        COLUMNS.join(","),
        "12,final_amount_difference,high,new,10.00,inr,00123456789012345678,pay_7,2026-11-20,\
         income,receive,500.00,500.00,490.00,-10.00,paid,completed,accounted,none,\
         \"upi, \"\"fast\"\"\",The gateway settled 490.00 of 500.00 inr: 10.00 short (2.00 %).,\
         2026-11-23,0,2026-11-23T05:10:09Z,m-0f3a,,,",
        "12,unverified,high,open,7.125,inr,Übung-2 ₹,,2026-11-20,,,7.125,,,,,,,,,\
         \"No trustworthy answer: the gateway answered 503, 4 tries.\",2026-11-20,3,,m-77,,,",
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
        COLUMNS.join(","),
        "12,unverified,high,open,7.125,inr,=1+1,,2026-11-20,,,7.125,,,,,,,,,\
         \"No trustworthy answer: the gateway answered 503, 4 tries.\",2026-11-20,3,,m-77,,,",
    );
    assert_eq!(String::from_utf8(bytes)?, expected);
    Ok(())
}

#[test]
fn an_empty_report_is_a_header_row_alone() -> Outcome {
    let bytes = written(&ReportSettings::default(), &[])?;
    assert_eq!(String::from_utf8(bytes)?, format!("\u{FEFF}{}\r\n", COLUMNS.join(",")));
    assert_eq!(String::from_utf8(written(&plain(), &[])?)?, format!("{}\n", COLUMNS.join(",")));
    Ok(())
}

/// The columns that somebody else may have written.
/// Text of the gateway's own making, which is cut and cleaned (contract, "Stored answers").
const OF_THE_GATEWAY: [&str; 6] = [
    "transaction_type",
    "accounting_type",
    "payment_status",
    "accounting_status",
    "notify_status",
    "channel",
];

const TEXT_COLUMNS: [&str; 12] = [
    "currency",
    "merchant_order_id",
    "payment_uid",
    "transaction_type",
    "accounting_type",
    "ledger_status",
    "payment_status",
    "accounting_status",
    "notify_status",
    "channel",
    "reason",
    "mismatch_id",
];

/// A row whose text cells all read `text`.
fn all_texts(text: &str) -> ReportRow {
    let mut row = short_payment();
    let own = || text.to_owned();
    row.mismatch.currency = own();
    row.mismatch.reason = Text::own(text);
    row.mismatch_id = own();
    row.key.merchant_order_id = own();
    row.entry = row.entry.map(|entry| Entry {
        transaction_type: Some(TransactionType::Unknown(own())),
        accounting_type: Some(AccountingType::Unknown(own())),
        status: Some(LedgerStatus::Unmapped(own())),
        ..entry
    });
    row.payment = row.payment.map(|payment| Payment {
        payment_uid: Some(own()),
        channel: Some(own()),
        payment_status: Some(PaymentStatus::Unknown(own())),
        accounting_status: AccountingStatus::Unknown(own()),
        notify_status: NotifyStatus::Unknown(own()),
        ..payment
    });
    row
}

#[test]
fn no_text_cell_becomes_a_formula() -> Outcome {
    let texts: Vec<String> = STARTERS
        .iter()
        .flat_map(|starter| {
            [
                format!("{starter}"),
                format!("{starter}1+1"),
                format!("{starter}cmd|' /C calc'!A0,\";=1+1\"\r\n=2+2"),
                format!("{starter}\u{202e}₹\u{1F419}"),
            ]
        })
        .collect();
    let rows: Vec<ReportRow> = texts.iter().map(|text| all_texts(text)).collect();
    for delimiter in [",", ";", "\t"] {
        let guarded = ReportSettings {
            delimiter: Delimiter::try_from(delimiter.to_owned())?,
            ..ReportSettings::default()
        };
        let plain = ReportSettings { csv: CsvStyle::Plain, ..guarded.clone() };
        for (settings, guard) in [(guarded, "'"), (plain, "")] {
            let bytes = written(&settings, &rows)?;
            let found = records(&bytes, delimiter.as_bytes()[0])?;
            assert_eq!(found.len(), rows.len());
            for (text, record) in texts.iter().zip(&found) {
                for (name, cell) in COLUMNS.iter().zip(record) {
                    if TEXT_COLUMNS.contains(name) {
                        let text = match *name {
                            "payment_uid" => printable(text),
                            name if OF_THE_GATEWAY.contains(&name) => clean(text),
                            _ => text.clone(),
                        };
                        let runs = text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '\0']);
                        let guard = if runs { guard } else { "" };
                        let expected = format!("{guard}{text}");
                        assert_eq!(cell, expected.as_bytes(), "{name} of {text:?}");
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
fn harmless_texts_stay_as_they_are() -> Outcome {
    for text in ["", "'quoted'", " =1", "a=b", "١٢", "＝1", "../../etc/passwd", "a;b"] {
        let bytes = written(&ReportSettings::default(), &[all_texts(text)])?;
        let found = records(&bytes, b',')?;
        assert_eq!(&found[0][6], text.as_bytes());
    }
    Ok(())
}

#[test]
fn invalid_rows_keep_their_bytes() -> Outcome {
    let directory = tempfile::tempdir()?;
    let report = directory.path().join("mismatches-run1.csv");
    let target = invalid_rows_file_name(&report);
    let invalid = |line, raw: &[u8]| InvalidRow {
        file: "orders.csv".to_owned(),
        line,
        reason: "amount: it is empty".to_owned(),
        raw: raw.to_vec(),
    };
    let rows = [invalid(3, b"A1,\xFF\xFE,\"x\ny\""), invalid(9, b"=A2,,")];
    for (settings, expected) in [
        (
            ReportSettings::default(),
            &b"\xEF\xBB\xBFledger,line,reason,row\r\n\
               orders.csv,3,amount: it is empty,\"A1,\xFF\xFE,\"\"x\ny\"\"\"\r\n\
               orders.csv,9,amount: it is empty,\"'=A2,,\"\r\n"[..],
        ),
        (
            plain(),
            &b"ledger,line,reason,row\n\
               orders.csv,3,amount: it is empty,\"A1,\xFF\xFE,\"\"x\ny\"\"\"\n\
               orders.csv,9,amount: it is empty,\"=A2,,\"\n"[..],
        ),
    ] {
        let mut file = InvalidRowsReport::create(&target, &settings)?;
        for row in &rows {
            file.write(row)?;
        }
        assert_eq!(file.finish()?, 2);
        assert_eq!(fs::read(&target)?, expected);
        let parsed = records(&fs::read(&target)?, b',')?;
        assert_eq!(&parsed[0][3], &rows[0].raw[..], "the first row needs no guard");
    }
    assert_eq!(target.file_name(), Path::new("mismatches-run1-invalid-rows.csv").file_name());
    Ok(())
}
