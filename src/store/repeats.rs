//! Orders that a run's files give and that were known before: from an earlier run, or from an
//! earlier row. They wait in a temporary table until the whole ledger has been read (contract,
//! "Ledger": an order that comes again).

use super::import::{Import, stored};
use super::merge::{Comparison, compare, update};
use super::{decode, to_ms};
use crate::domain::order::{Entry, LedgerStatus, RowCells};
use crate::domain::payment::{AccountingType, TransactionType};
use rusqlite::{Connection, OptionalExtension, named_params};

/// The longest clause that is kept on a ledger that contradicts itself.
const LONGEST_CLAUSE: usize = 400;

/// What the run's files have said of an order so far.
pub(super) struct Given {
    entry: Entry,
    /// Where what counts of it stands.
    file_id: i64,
    line: i64,
    in_file: InFile,
}

/// What one file has said of an order: only there can it be a duplicate, because exports overlap.
#[derive(Clone, Copy)]
struct InFile {
    file_id: i64,
    line: i64,
    rows: i64,
}

/// Makes the table, empty.
pub(super) fn create(connection: &Connection) -> rusqlite::Result<()> {
    connection.execute_batch(
        "CREATE TEMP TABLE IF NOT EXISTS given (
             order_id INTEGER PRIMARY KEY, amount_micros INTEGER NOT NULL, currency TEXT NOT NULL,
             order_date TEXT NOT NULL, ages_from_ms INTEGER NOT NULL, transaction_type TEXT,
             accounting_type TEXT, status TEXT, conflict TEXT, duplicate TEXT,
             file_id INTEGER NOT NULL, line INTEGER NOT NULL, in_file_id INTEGER NOT NULL,
             in_file_line INTEGER NOT NULL, in_file_rows INTEGER NOT NULL);
         DELETE FROM temp.given;",
    )
}

impl Import<'_> {
    /// What the files have said of a known order, if they have said anything.
    pub(super) fn merged(&self, order_id: i64) -> rusqlite::Result<Option<Given>> {
        if order_id > self.orders_before {
            // What its first row said is its entry so far.
            self.connection
                .prepare_cached(
                    "INSERT INTO temp.given (order_id, amount_micros, currency, order_date,
                         ages_from_ms, transaction_type, accounting_type, status, file_id, line,
                         in_file_id, in_file_line, in_file_rows)
                     SELECT order_id, amount_micros, currency, order_date, ages_from_ms,
                         transaction_type, accounting_type, status, file_id, line, file_id, line, 1
                     FROM entries WHERE order_id = ?1
                     ON CONFLICT DO NOTHING",
                )?
                .execute([order_id])?;
        }
        self.connection
            .prepare_cached(
                "SELECT o.merchant_uid AS merchant_uid, o.merchant_order_id AS merchant_order_id,
                        g.amount_micros AS entry_amount_micros, g.currency AS entry_currency,
                        g.order_date AS order_date, g.ages_from_ms AS ages_from_ms,
                        g.transaction_type AS entry_transaction_type,
                        g.accounting_type AS entry_accounting_type, g.status AS entry_status,
                        g.conflict AS conflict, g.duplicate AS duplicate, g.file_id AS file_id,
                        g.line AS line, g.in_file_id AS in_file_id,
                        g.in_file_line AS in_file_line, g.in_file_rows AS in_file_rows
                 FROM temp.given g JOIN orders o ON o.order_id = g.order_id
                 WHERE g.order_id = ?1",
            )?
            .query_row([order_id], |row| {
                Ok(Given {
                    entry: decode::entry(row)?,
                    file_id: row.get("file_id")?,
                    line: row.get("line")?,
                    in_file: InFile {
                        file_id: row.get("in_file_id")?,
                        line: row.get("in_file_line")?,
                        rows: row.get("in_file_rows")?,
                    },
                })
            })
            .optional()
    }

    /// The first row of an order that is known from an earlier run.
    pub(super) fn keep_first_row(
        &self,
        order_id: i64,
        entry: Entry,
        line: u64,
    ) -> rusqlite::Result<()> {
        let (file_id, line) = (self.file_id(), stored(line));
        let in_file = InFile { file_id, line, rows: 1 };
        self.keep(order_id, &Given { entry, file_id, line, in_file })
    }

    fn keep(&self, order_id: i64, given: &Given) -> rusqlite::Result<()> {
        let Given { entry, file_id, line, in_file } = given;
        self.connection
            .prepare_cached(
                "INSERT OR REPLACE INTO temp.given (order_id, amount_micros, currency, order_date,
                     ages_from_ms, transaction_type, accounting_type, status, conflict, duplicate,
                     file_id, line, in_file_id, in_file_line, in_file_rows)
                 VALUES (:order_id, :amount_micros, :currency, :order_date, :ages_from_ms,
                     :transaction_type, :accounting_type, :status, :conflict, :duplicate,
                     :file_id, :line, :in_file_id, :in_file_line, :in_file_rows)",
            )?
            .execute(named_params! {
                ":order_id": order_id,
                ":amount_micros": entry.amount.micros(),
                ":currency": entry.currency,
                ":order_date": entry.created_at.date.to_string(),
                ":ages_from_ms": to_ms(entry.created_at.ages_from),
                ":transaction_type": entry.transaction_type.as_ref().map(TransactionType::as_str),
                ":accounting_type": entry.accounting_type.as_ref().map(AccountingType::as_str),
                ":status": entry.status.as_ref().map(LedgerStatus::as_str),
                ":conflict": entry.conflict,
                ":duplicate": entry.duplicate,
                ":file_id": file_id,
                ":line": line,
                ":in_file_id": in_file.file_id,
                ":in_file_line": in_file.line,
                ":in_file_rows": in_file.rows,
            })?;
        Ok(())
    }

    /// A later row of the same order.
    pub(super) fn merge_row(
        &mut self,
        order_id: i64,
        given: Given,
        row: RowCells,
        line: u64,
    ) -> rusqlite::Result<()> {
        let this_line = stored(line);
        let Given { mut entry, file_id, line, mut in_file } = given;
        let this_file_id = self.file_id();
        let place = |file_id, line| format!("{} line {line}", self.file_name(file_id));
        let here = place(this_file_id, this_line);
        let comparison = compare(&entry, &row, &place(file_id, line), &here);
        let superseded = matches!(comparison, Comparison::Superseded { .. });
        if in_file.file_id == this_file_id {
            in_file.rows += 1;
            if comparison.is_order_again() && !self.line_items && row.amount.is_some() {
                let before = place(this_file_id, in_file.line);
                let rows = match in_file.rows {
                    2 => String::new(),
                    rows => format!(", {rows} times in all"),
                };
                entry.duplicate = Some(format!("in {before} and again in {here}{rows}"));
            }
            if superseded {
                in_file.line = this_line;
            }
        } else {
            in_file = InFile { file_id: this_file_id, line: this_line, rows: 1 };
        }
        if superseded {
            self.figures.superseded += 1;
        } else {
            self.figures.repeated += 1;
        }
        if let Comparison::Superseded { conflict: Some(conflict), .. } = comparison {
            entry.conflict = Some(match &entry.conflict {
                Some(earlier) if earlier.len() + conflict.len() > LONGEST_CLAUSE => earlier.clone(),
                Some(earlier) => format!("{earlier}; {conflict}"),
                None => conflict,
            });
        }
        update(&mut entry, row);
        let (file_id, line) = if superseded { (this_file_id, this_line) } else { (file_id, line) };
        self.keep(order_id, &Given { entry, file_id, line, in_file })
    }

    /// What was given of known orders becomes their entries: another version for each order of
    /// which the ledger says something else than before this run.
    pub(super) fn store_merged(&mut self) -> rusqlite::Result<()> {
        let connection = self.connection;
        let before = self.orders_before;
        if let Some(status) = &self.default_status {
            let status = LedgerStatus::as_str(status);
            let fill = "UPDATE temp.given SET status = ?1 WHERE status IS NULL";
            connection.execute(fill, [status])?;
            connection.execute(
                "UPDATE entries SET status = ?1 WHERE order_id > ?2 AND status IS NULL",
                (status, before),
            )?;
        }
        // What is new in this run is one version, however often it is given.
        connection.execute(
            "UPDATE entries SET (file_id, line, amount_micros, currency, order_date, ages_from_ms,
                                 transaction_type, accounting_type, status, conflict, duplicate) =
                 (SELECT file_id, line, amount_micros, currency, order_date, ages_from_ms,
                         transaction_type, accounting_type, status, conflict, duplicate
                  FROM temp.given g WHERE g.order_id = entries.order_id)
             WHERE order_id IN (SELECT order_id FROM temp.given WHERE order_id > ?1)",
            [before],
        )?;
        connection.execute(
            "INSERT INTO entries (order_id, version, file_id, line, amount_micros, currency,
                 order_date, ages_from_ms, transaction_type, accounting_type, status, conflict,
                 duplicate)
             SELECT g.order_id, e.version + 1, g.file_id, g.line, g.amount_micros, g.currency,
                 g.order_date, g.ages_from_ms, g.transaction_type, g.accounting_type, g.status,
                 g.conflict, g.duplicate
             FROM temp.given g
             CROSS JOIN orders o ON o.order_id = g.order_id
             CROSS JOIN entries e ON e.order_id = o.order_id AND e.version = o.entry_version
             WHERE g.order_id <= ?1
               AND (e.amount_micros <> g.amount_micros OR e.currency <> g.currency
                    OR e.order_date <> g.order_date OR e.ages_from_ms <> g.ages_from_ms
                    OR e.transaction_type IS NOT g.transaction_type
                    OR e.accounting_type IS NOT g.accounting_type OR e.status IS NOT g.status
                    OR e.conflict IS NOT g.conflict OR e.duplicate IS NOT g.duplicate)
             ORDER BY g.order_id",
            [before],
        )?;
        self.figures.changed = self.count(
            "SELECT count(*) FROM temp.given g
             CROSS JOIN orders o ON o.order_id = g.order_id
             CROSS JOIN entries e ON e.order_id = o.order_id AND e.version = o.entry_version + 1
             CROSS JOIN entries p ON p.order_id = o.order_id AND p.version = o.entry_version
             WHERE g.order_id <= ?1
               AND (p.amount_micros <> e.amount_micros OR p.currency <> e.currency
                    OR p.transaction_type IS NOT e.transaction_type
                    OR p.accounting_type IS NOT e.accounting_type)",
            before,
        )?;
        // An order of which the ledger says something new has not been judged as it is now.
        connection.execute(
            "UPDATE orders SET entry_version = entry_version + 1, awaiting = 1
             WHERE order_id IN
                 (SELECT o.order_id FROM temp.given g
                  CROSS JOIN orders o ON o.order_id = g.order_id
                  CROSS JOIN entries e
                      ON e.order_id = o.order_id AND e.version = o.entry_version + 1
                  WHERE g.order_id <= ?1)",
            [before],
        )?;
        Ok(())
    }
}
