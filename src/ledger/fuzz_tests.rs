//! Ledgers of any bytes: each row is counted once, amounts are what their digits say, and messages
//! show nothing that they must not.

use super::tests::{Kept, try_read};
use super::*;
use crate::domain::fuzzing::{
    ACCOUNT, Bytes, WORDS, amount_text, assert_message, changed, config, hostile, plain_amount,
    quick,
};
use crate::domain::order::RowCells;
use proptest::prelude::*;
use proptest::sample::select;
use sha2::{Digest, Sha256};

const HEADER: &str = "merchant_order_id,amount,currency,created_at,status,note";

fn seeds() -> Vec<Vec<u8>> {
    let plain = format!(
        "{HEADER}\n\
         A1,500.00,inr,2026-04-10,paid,x\n\
         A2,1.5,INR,2026-04-10 11:11,refunded,\"a \"\"b\"\", c\"\n\
         A3,{ACCOUNT},{ACCOUNT},{ACCOUNT},{ACCOUNT},\"two\nlines\"\n\
         A1,500.00,inr,2026-04-10,paid,x\n\
         A2,,,,,item {ACCOUNT}\n\
         ,7,usd,2026-04-10T11:11:26+05:30,pending,\n\
         \"A4\",(0.000001),usd,10/04/2026,fee,../é\u{202e}🐙\n"
    );
    let utf_16 = plain.encode_utf16().flat_map(u16::to_le_bytes).collect();
    vec![
        plain.clone().into_bytes(),
        format!("\u{feff}{}", plain.replace('\n', "\r\n")).into_bytes(),
        plain.replace(',', ";").replace('.', ",").into_bytes(),
        utf_16,
        format!("title\n\n{plain}").into_bytes(),
    ]
}

const CONFIGS: [&str; 10] = [
    "",
    "delimiter = ';'\ndecimal_separator = ','\nthousands_separator = '.'",
    "line_items = true\ncurrency = 'inr'",
    "line_items = 'sum'\nsigned_amounts = true",
    "line_items = 'total'",
    "[[skip]]\ncolumn = 'status'\nvalues = ['fee', 'refunded']\nempty = true",
    "signed_amounts = true\ncurrency_in_amount = true\nround_amounts = 2\nid_prefix = '#'",
    "amount_unit = 'minor'\ntimezone = 'Asia/Kolkata'\ndate_format = ['%d/%m/%Y', 'epoch']",
    "encoding = 'utf-16le'",
    "encoding = 'shift_jis'\ncolumns = { credit = 'amount', debit = 'note' }",
];

/// What has to hold for every file.
fn check(bytes: &[u8], config: &str) {
    match (quick(|| try_read(bytes, config)), try_read(bytes, config)) {
        (Ok((read, kept)), Ok((again, kept_again))) => {
            assert_eq!(read, again);
            assert_eq!(kept, kept_again);
            check_counts(&read, &kept);
            assert_eq!(read.sha256, hex::encode(Sha256::digest(bytes)));
            for warning in &read.warnings {
                assert_message(&format!("{warning:?}"), &[]);
            }
        }
        (Err(error), Err(again)) => {
            assert_eq!(error.to_string(), again.to_string());
            assert_message(&error.to_string(), &[ACCOUNT]);
            if let Some(hint) = error.hint() {
                assert_message(&hint, &[ACCOUNT]);
            }
        }
        (one, other) => unreachable!("{:?} {:?}", one.is_ok(), other.is_ok()),
    }
}

fn check_counts(read: &FileRead, kept: &Kept) {
    let all = kept.rows.len() + kept.items.len() + kept.invalid.len();
    assert_eq!(u64::try_from(all).map(|all| all + kept.skipped), Ok(read.rows));
    assert_eq!(kept.skipped, read.skipped.rows);
    for row in &kept.invalid {
        assert_message(&row.reason, &[ACCOUNT]);
        assert!(row.line > 0 && row.reason.len() < 2_048, "{}", row.reason);
    }
    for row in &kept.items {
        if let Err(reason) = &row.cells {
            assert_message(reason, &[ACCOUNT]);
        }
    }
    for (_, row) in &kept.rows {
        assert!(!row.key.merchant_order_id.is_empty());
        assert!(row.amount.is_none_or(|amount| !amount.is_negative()));
    }
}

#[test]
fn the_seeds_are_ledgers() {
    for (seed, config) in [(0, 0), (1, 0), (2, 1), (3, 8), (4, 0)] {
        let read = try_read(&seeds()[seed], CONFIGS[config]);
        let counted = read.as_ref().map(|(read, kept)| (read.rows, kept.rows.len())).ok();
        assert!(
            counted.is_some_and(|(rows, usable)| rows == 7 && usable > 2),
            "{seed}: {counted:?}"
        );
    }
}

#[test]
fn hostile_files_are_read_first() {
    for (text, other) in hostile().into_iter().zip(CONFIGS.into_iter().cycle()) {
        for config in ["", other] {
            check(&text, config);
            check(&[HEADER.as_bytes(), b"\n", &text].concat(), config);
            let quoted = [b"\nA1,\"", &text[..], b"\",inr,2026-04-10,paid,x"].concat();
            check(&[HEADER.as_bytes(), &quoted].concat(), config);
        }
    }
}

/// A row: id, amount, currency, date, status and note, as they stand in their cells.
fn row() -> impl Strategy<Value = [String; 6]> {
    let word = || select(WORDS.to_vec()).prop_map(str::to_owned);
    let id = prop_oneof![6 => "[A-D][0-9]", 1 => word()];
    let currency =
        prop_oneof![6 => select(vec!["inr", "USD"]).prop_map(str::to_owned), 1 => word()];
    let date = prop_oneof![6 => Just("2026-04-10".to_owned()), 1 => word()];
    let status = prop_oneof![4 => select(vec!["paid", ""]).prop_map(str::to_owned), 1 => word()];
    let text = any::<String>().prop_map(|text| text.replace('\0', ""));
    let amount = amount_text().prop_map(|text| text.replace('\0', ""));
    (id, amount, currency, date, status, text).prop_map(
        |(id, amount, currency, date, status, note)| [id, amount, currency, date, status, note],
    )
}

fn csv_of(rows: &[[String; 6]]) -> Vec<u8> {
    let mut writer = csv::Writer::from_writer(format!("{HEADER}\n").into_bytes());
    for row in rows {
        assert!(writer.write_record(row).is_ok());
    }
    writer.into_inner().unwrap_or_default()
}

proptest! {
    #![proptest_config(config(400))]

    #[test]
    fn changed_files(Bytes(bytes) in changed(seeds()), config in select(CONFIGS.to_vec())) {
        check(&bytes, config);
    }

    /// Each row is handed over once and in its place; a usable one has the amount of its cell.
    #[test]
    fn rows_with_hostile_cells(rows in proptest::collection::vec(row(), 1..6)) {
        let bytes = csv_of(&rows);
        let is_mangled = rows.iter().any(|row| row[0].trim() == "1E+19");
        let (read, kept) = match try_read(&bytes, "") {
            Ok(read) => read,
            Err(error) => {
                prop_assert!(is_mangled, "{error}");
                return Ok(());
            }
        };
        prop_assert!(!is_mangled);
        check_counts(&read, &kept);
        let is_blank = |row: &&[String; 6]| row.iter().all(|cell| cell.trim().is_empty());
        let given: Vec<_> = rows.iter().filter(|row| !is_blank(row)).collect();
        prop_assert_eq!(usize::try_from(read.rows), Ok(given.len()));
        let mut lines: Vec<(u64, Option<&RowCells>)> =
            kept.rows.iter().map(|(line, cells)| (*line, Some(cells))).collect();
        lines.extend(kept.invalid.iter().map(|row| (row.line, None)));
        lines.sort_by_key(|(line, _)| *line);
        for (row, (_, read)) in given.into_iter().zip(lines) {
            let [id, amount, currency, date, ..] = row;
            let is_space = |character: char| character.is_ascii_whitespace();
            let plain = plain_amount(amount.trim_matches(is_space));
            let Some(cells) = read else {
                let is_usual = matches!(&**currency, "inr" | "USD") && date == "2026-04-10";
                let has_id = id.starts_with(['A', 'B', 'C', 'D']);
                prop_assert!(!(is_usual && has_id && plain.is_some()), "{:?}", row);
                continue;
            };
            prop_assert_eq!(cells.amount.map(|it| it.to_string()), plain, "{:?}", row);
            let id = id.trim_matches(is_space);
            prop_assert_eq!(&cells.key.merchant_order_id, id, "{:?}", row);
        }
    }
}
