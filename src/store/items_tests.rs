//! Rows of orders, in any order and in two files, against a plain second reading.

use crate::domain::amount::Amount;
use crate::domain::order::{
    CreatedAt, Directions, ItemRow, LedgerRow, LineItems, OrderKey, RowCells,
};
use crate::domain::payment::TransactionType;
use crate::domain::run::LedgerFigures;
use crate::store::{NewRun, Selection, Store};
use chrono::{DateTime, NaiveDate, Utc};
use proptest::prelude::*;
use std::collections::BTreeMap;

/// A row: its order, its amount in units, whether its date is given, and whether it can be read.
type Plain = (u8, Option<i64>, bool, bool);

fn rows() -> impl Strategy<Value = Vec<Plain>> {
    let amount = prop_oneof![Just(None), (-9..50_i64).prop_map(Some)];
    let row = (0..4_u8, amount, prop::bool::weighted(0.7), prop::bool::weighted(0.9));
    prop::collection::vec(row, 0..14)
}

fn item(line: u64, (order, amount, is_dated, is_readable): Plain) -> LedgerRow {
    let key = OrderKey { merchant_uid: None, merchant_order_id: format!("A{order}") };
    let created_at = CreatedAt {
        ages_from: DateTime::UNIX_EPOCH,
        date: NaiveDate::from_ymd_opt(2026, 4, 10).unwrap_or_default(),
    };
    let cells = RowCells {
        key: key.clone(),
        amount: amount.map(|units| Amount::from_micros(units * 1_000_000)),
        currency: Some("inr".to_owned()),
        created_at: is_dated.then_some(created_at),
        transaction_type: None,
        accounting_type: None,
        status: None,
    };
    LedgerRow::Item(ItemRow {
        file: "a.csv".to_owned(),
        line,
        key,
        cells: if is_readable { Ok(cells) } else { Err("unreadable".to_owned()) },
        directions: Directions::Signs,
        raw: Vec::new(),
    })
}

fn new_run(line_items: LineItems) -> NewRun {
    let selection = Selection::default();
    let started_at: DateTime<Utc> = DateTime::UNIX_EPOCH;
    NewRun {
        started_at,
        day: started_at.date_naive(),
        line_items,
        default_status: None,
        selection,
        clock_floor: None,
    }
}

/// The amount of each order with its sign, and the figures, as the store has them.
fn stored(mode: LineItems, files: &[Vec<Plain>; 2]) -> (BTreeMap<String, i64>, LedgerFigures) {
    let mut store = Store::temporary().unwrap_or_else(|error| unreachable!("{error}"));
    let figures = {
        let mut import = store.begin(new_run(mode)).unwrap_or_else(|error| unreachable!("{error}"));
        let mut all = || {
            for (number, rows) in files.iter().enumerate() {
                import.begin_file(&format!("{number}.csv"))?;
                for (line, row) in (2..).zip(rows) {
                    import.add(item(line, *row))?;
                }
                import.end_file("digest", None)?;
            }
            import.select(vec!["digest".to_owned()])
        };
        let imported = all().unwrap_or_else(|error| unreachable!("{error}"));
        import.commit().unwrap_or_else(|error| unreachable!("{error}"));
        imported.ledger
    };
    let mut entries = store
        .connection()
        .prepare(
            "SELECT o.merchant_order_id, e.amount_micros / 1000000, e.transaction_type
             FROM orders o JOIN entries e USING (order_id) WHERE e.version = o.entry_version",
        )
        .unwrap_or_else(|error| unreachable!("{error}"));
    let entries = entries
        .query_map((), |row| {
            let direction: Option<String> = row.get(2)?;
            let is_expense = direction.as_deref() == Some(TransactionType::Expense.as_str());
            let amount: i64 = row.get(1)?;
            Ok((row.get(0)?, if is_expense { -amount } else { amount }))
        })
        .and_then(Iterator::collect)
        .unwrap_or_else(|error| unreachable!("{error}"));
    (entries, figures)
}

/// The same, read plainly: the last file that gives an order counts.
fn expected(mode: LineItems, files: &[Vec<Plain>; 2]) -> (BTreeMap<String, i64>, u64, u64) {
    let (mut orders, mut invalid) = (BTreeMap::new(), 0);
    let rows = files.iter().map(Vec::len).sum::<usize>();
    for file in files {
        for order in 0..4 {
            let own: Vec<&Plain> = file.iter().filter(|row| row.0 == order).collect();
            let amounts = || own.iter().filter_map(|row| row.1);
            let is_valid = own.iter().all(|row| row.3)
                && own.iter().any(|row| row.2)
                && amounts().next().is_some();
            if is_valid {
                let amount = match mode {
                    LineItems::Sum => amounts().sum(),
                    _ => amounts().next_back().unwrap_or_default(),
                };
                orders.insert(format!("A{order}"), amount);
            } else {
                invalid += own.len();
            }
        }
    }
    let count = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
    (orders, count(rows), count(invalid))
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None,
        cases: 64,
        ..ProptestConfig::default()
    })]

    #[test]
    fn rows_of_an_order_are_taken_together(first in rows(), second in rows()) {
        let files = [first, second];
        for mode in [LineItems::Sum, LineItems::Total] {
            let (entries, figures) = stored(mode, &files);
            let (orders, rows, invalid) = expected(mode, &files);
            prop_assert_eq!(&entries, &orders);
            prop_assert_eq!((figures.rows, figures.invalid), (rows, invalid));
            let accepted = u64::try_from(orders.len()).unwrap_or(u64::MAX);
            prop_assert_eq!(figures.accepted, accepted);
            let others = figures.repeated + figures.superseded;
            prop_assert_eq!(figures.rows, figures.accepted + figures.invalid + others);
        }
    }
}
