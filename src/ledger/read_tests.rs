//! Whole ledgers: what is read and what is counted.

use super::*;
use crate::domain::amount::Amount;
use crate::domain::order::{
    CreatedAt, InvalidRow, ItemRow, LedgerStatus, OrderKey, PartialRow, RowCells,
};
use crate::domain::payment::{AccountingType, TransactionType};
use chrono::NaiveDate;
use proptest::prelude::*;
use std::convert::Infallible;
use std::io::Cursor;

#[path = "cut_tests.rs"]
mod cuts;
#[path = "habit_tests.rs"]
mod habits;
#[path = "refusal_tests.rs"]
mod refusals;

/// What was handed over: rows with their lines, partial ones among them, and invalid rows.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Kept {
    pub(super) rows: Vec<(u64, RowCells)>,
    partial: Vec<PartialRow>,
    pub(super) items: Vec<ItemRow>,
    pub(super) invalid: Vec<InvalidRow>,
    pub(super) skipped: u64,
}

impl Kept {
    fn keep(&mut self, row: LedgerRow) {
        match row {
            LedgerRow::Complete { line, entry } => self.rows.push((line, entry.into())),
            LedgerRow::Partial(row) => {
                self.rows.push((row.line, row.cells.clone()));
                self.partial.push(row);
            }
            LedgerRow::Item(row) => self.items.push(row),
            LedgerRow::Invalid(row) => self.invalid.push(row),
            LedgerRow::Skipped => self.skipped += 1,
        }
    }
}

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_775_799_686, 0).unwrap_or_default() // 2026-04-10T05:41:26Z
}

fn settings(text: &str) -> LedgerSettings {
    toml::from_str(text).unwrap_or_else(|error| unreachable!("{text}: {error}"))
}

pub(super) fn try_read(bytes: &[u8], config: &str) -> Result<(FileRead, Kept), LedgerError> {
    let (source, mut kept) =
        (Source::from_reader("a.csv", Cursor::new(bytes.to_vec())), Kept::default());
    let sink = |row| {
        kept.keep(row);
        Ok::<_, Infallible>(())
    };
    match read(source, &settings(config), Some("M1"), now(), &|| false, sink) {
        Ok(read) => Ok((read, kept)),
        Err(ReadError::Ledger(error)) => Err(error),
        Err(other) => unreachable!("{other}"),
    }
}

fn read_bytes(bytes: &[u8], config: &str) -> (FileRead, Kept) {
    try_read(bytes, config).unwrap_or_else(|error| unreachable!("{error}"))
}

fn read_text(text: &str, config: &str) -> (FileRead, Kept) {
    read_bytes(text.as_bytes(), config)
}

const HEADER: &str = "merchant_order_id,amount,currency,created_at";

fn totals(read: &FileRead) -> String {
    let shown: Vec<_> = read.totals.iter().map(|(word, total)| format!("{total} {word}")).collect();
    shown.join(", ")
}

#[test]
fn a_row_with_everything() {
    let text = "Order,Status,note,AMOUNT,currency,created_at,transaction_type,accounting_type,\
                merchant_uid\n\
                \x20=1+1 ,Captured,\"a\n\"\"b\"\", c\",500.00,INR,2026-04-10T11:11:26+05:30,payout,\
                settlement, M9 \n\
                ../é\u{202e}🐙,Odd,,1,usd,2026-04-10,,,\n";
    let (read, kept) = read_text(text, "columns = { merchant_order_id = 'order' }");
    let first = RowCells {
        key: OrderKey { merchant_uid: Some("M9".to_owned()), merchant_order_id: "=1+1".to_owned() },
        amount: Amount::parse("500").ok(),
        currency: Some("inr".to_owned()),
        created_at: Some(CreatedAt {
            ages_from: now(),
            date: NaiveDate::from_ymd_opt(2026, 4, 10).unwrap_or_default(),
        }),
        transaction_type: Some(TransactionType::Expense),
        accounting_type: Some(AccountingType::Settle),
        status: Some(LedgerStatus::Paid),
    };
    assert_eq!(kept.rows[0], (2, first));
    let (line, second) = &kept.rows[1];
    assert_eq!(*line, 4);
    assert_eq!(second.key.merchant_order_id, "../é\u{202e}🐙");
    assert_eq!(second.key.merchant_uid.as_deref(), Some("M1"));
    assert_eq!(second.status, Some(LedgerStatus::Unmapped("Odd".to_owned())));
    assert_eq!((second.transaction_type.clone(), second.accounting_type.clone()), (None, None));
    assert_eq!((read.rows, kept.invalid.len(), read.without_offset), (2, 0, 1));
    assert_eq!(totals(&read), "500.00 inr, 1.00 usd");
}

#[test]
fn the_same_content_reads_the_same() {
    let plain = "merchant_order_id,amount,currency,created_at,note\n\
                 A1,500.00,inr,2026-04-10,x\nA2,1,inr,2026-04-10 11:11,y\n";
    let quoted = "\"merchant_order_id\",\"amount\",\"currency\",\"created_at\",\"note\"\n\
                  \"A1\",\"500.00\",\"inr\",\"2026-04-10\",\"x\"\n\
                  \"A2\",\"1\",\"inr\",\"2026-04-10 11:11\",\"y\"\n";
    let (_, expected) = read_text(plain, "");
    assert_eq!(expected.rows.len(), 2);
    for text in [
        format!("\u{feff}{plain}"),
        plain.replace('\n', "\r\n"),
        format!("\u{feff}{}", quoted.replace('\n', "\r\n")),
        plain.replace('\n', "\r"),
        plain.replacen('\n', "\r\n", 2),
        quoted.to_owned(),
        plain.trim_end().to_owned(),
        format!("{plain}\n\r\n  \n"),
        plain.replace(",x", ",\"x, \"\"z\"\"\""),
        plain.replace("note", " NOTE ").replace("amount", " Amount"),
    ] {
        assert_eq!(read_text(&text, "").1.rows, expected.rows, "{text:?}");
    }
    // Another separator, blank lines and line breaks in a cell move lines, and nothing else.
    let moved = plain.replace('\n', "\n\n").replace(",x", ",\"x\ny\"").replace(',', ";");
    let (_, got) = read_text(&moved, "delimiter = ';'");
    let lines: Vec<_> = got.rows.iter().map(|(line, _)| *line).collect();
    assert_eq!(lines, [3, 6]);
    for ((_, got), (_, expected)) in got.rows.iter().zip(&expected.rows) {
        assert_eq!(got, expected);
    }
}

#[test]
fn control_figures_sum_up_every_amount_that_can_be_read() {
    let rows = "A1,500.00,inr,2026-04-10\n\
                A1,500.00,INR,2026-04-10\n\
                A2,1.50,inr,no date\n\
                ,2,inr,2026-04-10\n\
                A3,4,12,2026-04-10\n\
                A4,x,inr,2026-04-10\n\
                A5,8,inr\n\
                A6,16,usd,2026-04-10\n";
    let mut text = format!("{HEADER}\n{rows}").into_bytes();
    text.extend_from_slice(b"\xE9,32,usd,2026-04-10\nA7,1,\xE9,2026-04-10\nA8,\xE9,usd,2026-04-10");
    let (read, kept) = read_bytes(&text, "");
    assert_eq!(totals(&read), "5.00 ?, 1003.50 inr, 48.00 usd");
    assert_eq!((read.rows, kept.invalid.len(), kept.rows.len()), (11, 8, 3));
}

#[test]
fn a_negative_amount_is_an_expense_where_that_is_configured() {
    let text = format!(
        "{HEADER},transaction_type\nA1,-5.00,inr,2026-04-10,\nA2,(1.00),inr,2026-04-10,payout\n\
         A3,-2,inr,2026-04-10,deposit\nA4,10,inr,2026-04-10,\nA5,20,inr,2026-04-10,expense\n\
         A6,-1,inr,2026-04-10,Odd\n"
    );
    let (read, kept) = read_text(&text, "signed_amounts = true");
    let rows: Vec<_> = kept
        .rows
        .iter()
        .map(|(_, row)| (row.amount.map(Amount::micros), row.transaction_type.clone()))
        .collect();
    let expense = Some(TransactionType::Expense);
    let odd = Some(TransactionType::Unknown("Odd".to_owned()));
    assert_eq!(
        rows,
        [
            (Some(5_000_000), expense.clone()),
            (Some(1_000_000), expense.clone()),
            (Some(10_000_000), Some(TransactionType::Income)),
            (Some(20_000_000), expense),
            (Some(1_000_000), odd),
        ]
    );
    assert!(kept.invalid[0].reason.contains("transaction_type says income"));
    assert_eq!(totals(&read), "21.00 inr");
}

#[test]
fn line_items_leave_cells_to_the_first_row() {
    let config = "line_items = true\ncurrency = 'inr'";
    let text = format!(
        "{HEADER},status\nA1,5,,2026-04-10,paid\nA1,,,,\nA1,,USD,2026-04-10,\n\
         A2,,,bad,\nA3,6,,,\n,,,,\n,,,,x\n"
    );
    let (read, kept) = read_text(&text, config);
    let rows: Vec<_> = kept
        .rows
        .iter()
        .map(|(_, row)| (row.amount.is_some(), row.currency.as_deref(), row.created_at.is_some()))
        .collect();
    assert_eq!(rows, [(true, Some("inr"), true), (false, None, false), (false, Some("usd"), true)]);
    let partial: Vec<_> =
        kept.partial.iter().map(|row| (&*row.file, row.line, &row.raw[..])).collect();
    assert_eq!(partial, [("a.csv", 3, &b"A1,,,,"[..]), ("a.csv", 4, b"A1,,USD,2026-04-10,")]);
    let reasons: Vec<_> = kept.invalid.iter().map(|row| (row.line, row.reason.as_str())).collect();
    assert!(reasons[0].1.starts_with("created_at \"bad\""));
    let item = "it is an item of the row in line 6, which is invalid";
    assert_eq!(reasons[1..], [(6, "created_at is empty"), (8, item)]);
    assert_eq!(totals(&read), "11.00 inr");
}

#[test]
fn an_error_of_the_sink_ends_the_reading() {
    let text = format!("{HEADER}\n{}", "A1,5,inr,2026-04-10\n".repeat(10));
    let source = Source::from_reader("a.csv", Cursor::new(text));
    let mut rows = 0;
    let got = read(source, &settings(""), None, now(), &|| false, |_| {
        rows += 1;
        if rows < 3 { Ok(()) } else { Err("full") }
    });
    assert!(matches!(got, Err(ReadError::Sink("full"))));
    assert_eq!(rows, 3);
}

#[test]
fn currencies() {
    let config = "currencies = { '₹' = 'INR', 'Rs.' = 'inr' }";
    let currency = |cell: &str| {
        let (_, mut kept) = read_text(&format!("{HEADER}\nA1,5,\"{cell}\",2026-04-10"), config);
        match (kept.rows.pop(), kept.invalid.pop()) {
            (Some((_, row)), None) => Ok(row.currency.unwrap_or_default()),
            (None, Some(row)) => Err(row.reason),
            other => unreachable!("{other:?}"),
        }
    };
    for (cell, expected) in
        [("INR", "inr"), (" Rs. ", "inr"), ("₹", "inr"), ("usdt", "usdt"), ("usdt-trc", "usdt-trc")]
    {
        assert_eq!(currency(cell).as_deref(), Ok(expected), "{cell}");
    }
    for cell in ["€", "R", "12", "in1", "in\u{7}r", "in r", "abcdefghijk", "--", "=a+b"] {
        let reason = currency(cell).err().unwrap_or_default();
        assert!(reason.contains("[ledger.currencies]"), "{cell}: {reason}");
    }
    for cell in ["", " "] {
        assert!(currency(cell).is_err_and(|reason| reason.starts_with("currency is empty")));
    }
}

#[test]
fn a_reason_names_the_setting_that_would_read_the_cell() {
    for (config, row, reason) in [
        (
            "",
            "A1,\"1,200.00\",inr,2026-04-10",
            "amount \"1,200.00\": it is not a plain decimal \
          number; see [ledger] thousands_separator and decimal_separator",
        ),
        (
            "",
            "A1, -5 ,inr,2026-04-10",
            "amount \"-5\": it is not a plain decimal number; [ledger] \
          signed_amounts = true",
        ),
        ("", "A1,1000000000000,inr,2026-04-10", "amount \"…0000\": it is not below"),
        (
            "",
            "A1,5,inr,10/04/2026",
            "created_at \"10/04/2026\": it is not a date as 2026-04-10 or \
          2026-04-10 11:11:26; [ledger] date_format",
        ),
        (
            "date_format = '%d/%m/%Y'",
            "A1,5,inr, 4111 1111 1111 1111 ",
            "created_at \"…1111\": it \
          is not a date as \"%d/%m/%Y\"",
        ),
    ] {
        let (_, kept) = read_text(&format!("{HEADER}\n{row}"), config);
        assert!(kept.invalid[0].reason.starts_with(reason), "{}", kept.invalid[0].reason);
    }
}

#[test]
fn future_rows_and_rows_without_offset_are_counted() {
    let text = format!(
        "{HEADER}\nA1,5,inr,2026-04-10\nA2,5,inr,2026-04-11\nA3,5,inr,2026-04-10T05:41:27Z\n\
         A4,5,inr,2026-04-10 05:41\nA5,5,inr,2026-04-10T05:41Z\n"
    );
    let (read, _) = read_text(&text, "");
    assert_eq!(read.future, Some(FutureRows { rows: 2, first_line: 3 }));
    assert_eq!(read.without_offset, 3);
    let digest = <sha2::Sha256 as sha2::Digest>::digest(&text);
    assert_eq!(read.sha256, hex::encode(digest));
}

#[test]
fn an_interruption_ends_the_reading() {
    let text = format!("{HEADER}\n{}", "A1,5,inr,2026-04-10\n".repeat(1000));
    let source = Source::from_reader("a.csv", Cursor::new(text));
    let mut rows = 0;
    let got = read(source, &settings(""), None, now(), &|| true, |_| {
        rows += 1;
        Ok::<_, Infallible>(())
    });
    assert!(matches!(got, Err(ReadError::Interrupted)));
    assert!(rows < 512);
}

/// One random row, and how each of its cells and its end is written.
fn written_row() -> impl Strategy<Value = (String, u32, String, bool, bool)> {
    (
        "[a-zA-Z0-9=+@,;\"\n\r \u{202e}é🐙./-]{0,20}",
        0..100_000_u32,
        "[ -~é\n\"]{0,20}",
        any::<bool>(),
        any::<bool>(),
    )
        .prop_map(|(id, cents, note, quote, crlf)| (format!("O{id}"), cents, note, quote, crlf))
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn written_rows_are_read_back(
        rows in prop::collection::vec(written_row(), 1..12), bom in any::<bool>(),
    ) {
        let mut text = if bom { b"\xEF\xBB\xBF".to_vec() } else { Vec::new() };
        text.extend_from_slice(b"note,merchant_order_id,amount,currency,created_at\n");
        let mut raws = Vec::new();
        for (id, cents, note, quote, crlf) in &rows {
            let style = if *quote { csv::QuoteStyle::Always } else { csv::QuoteStyle::Necessary };
            let mut writer = csv::WriterBuilder::new().quote_style(style).from_writer(Vec::new());
            let amount = format!("{}.{:02}", cents / 100, cents % 100);
            let cells = [note.as_str(), id.as_str(), &amount, "inr", "2026-04-10"];
            prop_assert!(writer.write_record(cells).is_ok());
            let mut row = writer.into_inner().unwrap_or_default();
            row.pop();
            text.extend_from_slice(&row);
            raws.push(row);
            text.extend_from_slice(if *crlf { b"\r\n" } else { b"\n" });
        }
        let (read, kept) = try_read(&text, "").map_err(|e| TestCaseError::fail(e.to_string()))?;
        prop_assert_eq!(kept.invalid, vec![]);
        let got: Vec<_> = kept
            .rows
            .iter()
            .map(|(_, row)| (row.key.merchant_order_id.clone(), row.amount.map(Amount::micros)))
            .collect();
        let expected: Vec<_> = rows
            .iter()
            .map(|(id, cents, ..)| (id.trim().to_owned(), Some(i64::from(*cents) * 10_000)))
            .collect();
        prop_assert_eq!(got, expected);
        let sum: i64 = rows.iter().map(|(_, cents, ..)| i64::from(*cents) * 10_000).sum();
        prop_assert_eq!(read.totals.get("inr"), Some(&Total::from_parts(0, sum)));
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let text = [HEADER.as_bytes(), b"\n", &bytes].concat();
        let skip = "skip = [{ column = 'currency', empty = true }]";
        for habits in [
            "signed_amounts = true\nline_items = true",
            "line_items = 'sum'\ncurrency_in_amount = true\nround_amounts = 2",
            "encoding = 'windows-1252'\nthousands_separator = ','\ndate_format = '%d/%m/%Y'",
            "encoding = 'utf-16le'\namount_unit = 'minor'",
        ] {
            if let Ok((read, kept)) = try_read(&text, &format!("{habits}\n{skip}")) {
                let rows = kept.rows.len() + kept.items.len() + kept.invalid.len();
                prop_assert_eq!(u64::try_from(rows).ok(), Some(read.rows - kept.skipped));
            }
        }
    }
}
