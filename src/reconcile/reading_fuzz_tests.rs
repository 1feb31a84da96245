//! Ledgers of any bytes, read and stored: each row is counted once, whatever becomes of it.

use super::*;
use crate::domain::fuzzing::{Bytes, WORDS, assert_message, changed, config};
use crate::domain::run::LedgerFigures;
use crate::store::Selection;
use chrono::{DateTime, Utc};
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::TestRunner;
use std::cell::RefCell;
use std::io::Cursor;

const HEADER: &str = "merchant_order_id,amount,currency,created_at,status";

const CONFIGS: [&str; 5] = [
    "",
    "line_items = true",
    "line_items = 'sum'\nsigned_amounts = true",
    "line_items = 'total'",
    "[[skip]]\ncolumn = 'status'\nvalues = ['fee']",
];

/// What the store makes of a ledger, and of the same once more. `None`: it is refused.
fn figures(store: &mut Store, bytes: &[u8], config: &str) -> Option<(LedgerFigures, u64)> {
    let settings: LedgerSettings =
        toml::from_str(config).unwrap_or_else(|error| unreachable!("{error}"));
    let started_at: DateTime<Utc> = DateTime::UNIX_EPOCH;
    let new_run = NewRun {
        started_at,
        day: started_at.date_naive(),
        line_items: settings.line_items,
        default_status: None,
        selection: Selection::default(),
        clock_floor: None,
    };
    // Dropped without a commit, the import leaves nothing behind.
    let mut import = store.begin(new_run).unwrap_or_else(|error| unreachable!("{error}"));
    assert!(import.begin_file("a.csv").is_ok());
    let source = Source::from_reader("a.csv", Cursor::new(bytes.to_vec()));
    let add = |row| import.add(row);
    let read = match ledger::read(source, &settings, None, started_at, &|| false, add) {
        Ok(read) => read,
        Err(ReadError::Ledger(_)) => return None,
        Err(other) => unreachable!("{other}"),
    };
    assert!(import.end_file(&read.sha256, None).is_ok());
    let imported = import.select(vec![read.sha256]).unwrap_or_else(|it| unreachable!("{it}"));
    if let Some(reason) = &imported.first_invalid {
        assert_message(reason, &[]);
    }
    assert_eq!(imported.ledger.invalid > 0, imported.first_invalid.is_some());
    assert_eq!(imported.ledger.skipped, read.skipped.rows);
    Some((imported.ledger, read.rows))
}

/// Rows of few orders, so that they repeat, complete and contradict each other.
fn ledger() -> impl Strategy<Value = Vec<u8>> {
    let word = || select(WORDS.to_vec()).prop_map(|word| word.replace('"', "\"\""));
    let usual_or_word = |usual: Vec<&'static str>| {
        let usual = select(usual).prop_map(str::to_owned);
        prop_oneof![8 => usual, 1 => word()]
    };
    let cells = (
        usual_or_word(vec!["A1", "A1", "A2", "A3", ""]),
        usual_or_word(vec!["5", "5.00", "7.5", "", "-1"]),
        usual_or_word(vec!["inr", "inr", "usd", ""]),
        usual_or_word(vec!["2026-04-10", "2026-04-10", "2026-04-11", ""]),
        usual_or_word(vec!["paid", "failed", "fee", ""]),
    );
    let row = cells.prop_map(|(id, amount, currency, date, status)| {
        format!("\"{id}\",\"{amount}\",\"{currency}\",\"{date}\",\"{status}\"\n")
    });
    proptest::collection::vec(row, 0..12)
        .prop_map(|rows| format!("{HEADER}\n{}", rows.concat()).into_bytes())
        .prop_flat_map(
            |bytes| prop_oneof![3 => Just(Bytes(bytes.clone())), 1 => changed(vec![bytes])],
        )
        .prop_map(|Bytes(bytes)| bytes)
}

#[test]
fn every_row_is_counted_once() {
    let store = RefCell::new(Store::temporary().unwrap_or_else(|error| unreachable!("{error}")));
    let outcome = TestRunner::new(config(200)).run(
        &(ledger().prop_map(Bytes), select(CONFIGS.to_vec())),
        |(Bytes(bytes), config)| {
            let read = || figures(&mut store.borrow_mut(), &bytes, config);
            let found = read();
            prop_assert_eq!(&found, &read(), "read twice");
            if let Some((figures, rows)) = found {
                let LedgerFigures {
                    rows: stored,
                    accepted,
                    invalid,
                    repeated,
                    superseded,
                    skipped,
                    ..
                } = figures;
                prop_assert_eq!(stored, rows);
                prop_assert_eq!(rows, accepted + invalid + repeated + superseded + skipped);
            }
            Ok(())
        },
    );
    assert!(outcome.is_ok(), "{outcome:?}");
}
