//! What an import has read, for people (contract, "Ledger": `ledger FILE`).

use super::entry_columns::read_entry;
use super::error::StoreError;
use super::import::Import;
use crate::domain::amount::Total;
use crate::domain::inspection::{Inspection, OrderSum, UnmappedWord};
use crate::domain::order::LedgerStatus;
use crate::domain::payment::{AccountingType, TransactionType};
use crate::domain::run::LedgerFigures;
use rusqlite::{Row, named_params};

/// Unmapped words that are shown of a column.
const MOST_WORDS: usize = 20;

/// The orders that the files of this run gave, each with what they say of it.
const ORDERS: &str = " FROM orders o
    JOIN entries e ON e.order_id = o.order_id AND e.version = o.entry_version
    WHERE (o.order_id > :before OR o.order_id IN (SELECT order_id FROM temp.merged)) ";

/// Whether a word is one of the contract's.
type IsKnown = fn(&str) -> bool;

/// The columns of words, by the contract's names.
const WORDS: [(&str, IsKnown); 3] = [
    ("status", |word| !matches!(LedgerStatus::from_word(word), LedgerStatus::Unmapped(_))),
    ("transaction_type", |word| TransactionType::from_word(word).is_known()),
    ("accounting_type", |word| AccountingType::from_word(word).is_known()),
];

impl Import<'_> {
    /// What the files say, after the orders have been selected.
    ///
    /// # Errors
    /// The database cannot be read.
    pub(crate) fn inspect(&self, rows: LedgerFigures) -> Result<Inspection, StoreError> {
        let mut inspection = Inspection { rows, ..Inspection::default() };
        self.look_at_invalid_rows(&mut inspection)
            .and_then(|()| self.look_at_orders(&mut inspection))
            .and_then(|()| self.look_at_words(&mut inspection))
            .map_err(|error| StoreError::sqlite(&self.path, &error))?;
        Ok(inspection)
    }

    /// The orders, as the files say them.
    #[cfg(test)]
    pub(crate) fn entries(&self) -> Vec<crate::domain::order::Entry> {
        let mut entries = Vec::new();
        let all = ["SELECT ", key_and_entry_columns!(), ORDERS, "ORDER BY o.order_id"];
        let read = self.each(&all.concat(), |row| {
            entries.push(read_entry(row)?);
            Ok(())
        });
        assert!(read.is_ok(), "{read:?}");
        entries
    }

    fn look_at_invalid_rows(&self, inspection: &mut Inspection) -> rusqlite::Result<()> {
        let mut statement = self.connection.prepare(
            "SELECT reason, file, line FROM invalid_rows WHERE run_id = ?1 ORDER BY number",
        )?;
        let mut rows = statement.query([self.run_id])?;
        while let Some(row) = rows.next()? {
            let (reason, file): (String, String) = (row.get("reason")?, row.get("file")?);
            inspection.add_invalid(&reason, &file, count(row, "line")?);
        }
        Ok(())
    }

    fn look_at_orders(&self, inspection: &mut Inspection) -> rusqlite::Result<()> {
        let sums = [
            "SELECT e.currency AS currency, e.transaction_type AS transaction_type,
                 count(*) AS orders, sum(e.amount_micros / 1000000) AS units,
                 sum(e.amount_micros % 1000000) AS micros, count(e.conflict) AS conflicts,
                 count(e.duplicate) AS duplicates",
            ORDERS,
            "GROUP BY e.currency, e.transaction_type ORDER BY e.currency, e.transaction_type",
        ];
        self.each(&sums.concat(), |row| {
            inspection.sums.push(OrderSum {
                currency: row.get("currency")?,
                transaction_type: row.get("transaction_type")?,
                orders: count(row, "orders")?,
                amount: Total::from_parts(row.get("units")?, row.get("micros")?),
            });
            inspection.conflicts += count(row, "conflicts")?;
            inspection.duplicates += count(row, "duplicates")?;
            Ok(())
        })?;
        let days = [
            "SELECT e.order_date AS entry_order_date, count(*) AS orders",
            ORDERS,
            "GROUP BY e.order_date",
        ];
        self.each(&days.concat(), |row| {
            let day = super::decode::date(row, "entry_order_date")?;
            inspection.days.insert(day, count(row, "orders")?);
            Ok(())
        })?;
        let first = ["SELECT ", key_and_entry_columns!(), ORDERS, "ORDER BY o.order_id LIMIT 1"];
        self.each(&first.concat(), |row| {
            inspection.example = Some(read_entry(row)?);
            Ok(())
        })
    }

    fn look_at_words(&self, inspection: &mut Inspection) -> rusqlite::Result<()> {
        for (column, is_known) in WORDS {
            // The column's name is one of the table above.
            let words = [
                "SELECT e.",
                column,
                " AS word, count(*) AS orders",
                ORDERS,
                "AND e.",
                column,
                " IS NOT NULL GROUP BY word ORDER BY orders DESC, word",
            ];
            let mut shown = 0;
            self.each(&words.concat(), |row| {
                let word: String = row.get("word")?;
                if !is_known(&word) && shown < MOST_WORDS {
                    shown += 1;
                    let orders = count(row, "orders")?;
                    inspection.unmapped.push(UnmappedWord { column, word, orders });
                }
                Ok(())
            })?;
        }
        Ok(())
    }

    fn each(
        &self,
        sql: &str,
        mut see: impl FnMut(&Row<'_>) -> rusqlite::Result<()>,
    ) -> rusqlite::Result<()> {
        let mut statement = self.connection.prepare(sql)?;
        let mut rows = statement.query(named_params! { ":before": self.orders_before })?;
        while let Some(row) = rows.next()? {
            see(row)?;
        }
        Ok(())
    }
}

fn count(row: &Row<'_>, column: &str) -> rusqlite::Result<u64> {
    let count: i64 = row.get(column)?;
    Ok(u64::try_from(count).unwrap_or(0))
}
