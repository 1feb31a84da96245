//! Orders of a run's files that are known already: from an earlier run, or from an earlier row.
//! Their rows are merged in a temporary table until the whole ledger has been read (contract,
//! "Ledger": an order that comes again).

use super::awaiting;
use super::entry_columns::{bind_entry, read_entry};
use super::import::{Import, stored};
use crate::domain::amount::Amount;
use crate::domain::order::{Entry, LedgerStatus, RowCells, widen};
use crate::domain::rows::{Comparison, compare, update};
use rusqlite::{Connection, OptionalExtension};

/// The longest clause on an order that its ledger contradicts.
const LONGEST_CLAUSE: usize = 400;

/// What the rows of the run's files so far say of an order.
pub(super) struct Merged {
    entry: Entry,
    /// The row whose values count.
    place: Place,
    /// The row that counts in the latest file with this order. Only a later row of the same file is
    /// a duplicate of it: exports overlap, so an order in two files is none.
    in_latest_file: Place,
    /// The rows of the order in that file.
    latest_file_rows: i64,
}

/// Where a row is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Place {
    file_id: i64,
    line: i64,
}

/// Makes the table, empty. Its values come from typed Rust values and end in the typed columns of
/// `entries`.
pub(super) fn create_table(connection: &Connection) -> rusqlite::Result<()> {
    connection.execute_batch(concat!(
        "CREATE TEMP TABLE IF NOT EXISTS merged (
             order_id INTEGER PRIMARY KEY, file_id, line, latest_file_id, latest_file_line,
             latest_file_rows, ",
        entry_columns!(""),
        "); DELETE FROM temp.merged;",
    ))
}

impl Import<'_> {
    /// What this run's files said of a known order so far; `None` where they said nothing.
    pub(super) fn merged(&self, order_id: i64) -> rusqlite::Result<Option<Merged>> {
        if order_id > self.orders_before {
            // The order is new in this run: its first row is its entry.
            self.connection
                .prepare_cached(concat!(
                    "INSERT INTO temp.merged (order_id, file_id, line, latest_file_id,
                         latest_file_line, latest_file_rows, ",
                    entry_columns!(""),
                    ") SELECT order_id, file_id, line, file_id, line, 1, ",
                    entry_columns!(""),
                    " FROM entries WHERE order_id = ?1 ON CONFLICT DO NOTHING",
                ))?
                .execute([order_id])?;
        }
        self.connection
            .prepare_cached(concat!(
                "SELECT ",
                key_and_entry_columns!(),
                ", e.file_id, e.line, e.latest_file_id, e.latest_file_line, e.latest_file_rows
                 FROM temp.merged e JOIN orders o ON o.order_id = e.order_id
                 WHERE e.order_id = ?1",
            ))?
            .query_row([order_id], |row| {
                Ok(Merged {
                    entry: read_entry(row)?,
                    place: Place { file_id: row.get("file_id")?, line: row.get("line")? },
                    in_latest_file: Place {
                        file_id: row.get("latest_file_id")?,
                        line: row.get("latest_file_line")?,
                    },
                    latest_file_rows: row.get("latest_file_rows")?,
                })
            })
            .optional()
    }

    /// Keeps the first row of an order that is known from an earlier run.
    pub(super) fn keep_first_row(
        &self,
        order_id: i64,
        entry: Entry,
        line: u64,
    ) -> rusqlite::Result<()> {
        let place = self.place(line);
        self.keep(order_id, &Merged { entry, place, in_latest_file: place, latest_file_rows: 1 })
    }

    fn keep(&self, order_id: i64, merged: &Merged) -> rusqlite::Result<()> {
        let mut statement = self.connection.prepare_cached(concat!(
            "INSERT OR REPLACE INTO temp.merged (order_id, file_id, line, latest_file_id,
                 latest_file_line, latest_file_rows, ",
            entry_columns!(""),
            ") VALUES (?, ?, ?, ?, ?, ?, ",
            entry_parameters!(),
            ")",
        ))?;
        let Merged { entry, place, in_latest_file, latest_file_rows } = merged;
        let integers = [
            order_id,
            place.file_id,
            place.line,
            in_latest_file.file_id,
            in_latest_file.line,
            *latest_file_rows,
        ];
        for (index, value) in (1..).zip(integers) {
            statement.raw_bind_parameter(index, value)?;
        }
        bind_entry(&mut statement, integers.len() + 1, entry)?;
        statement.raw_execute()?;
        Ok(())
    }

    /// A place in the file that is being read.
    fn place(&self, line: u64) -> Place {
        Place { file_id: self.file_id(), line: stored(line) }
    }

    /// Merges a later row of the same order, or what the rows of a later file say together, with
    /// their own `conflict`.
    pub(super) fn merge_row(
        &mut self,
        order_id: i64,
        merged: Merged,
        row: RowCells,
        (conflict, amounts): (Option<String>, Option<(Amount, Amount)>),
        line: u64,
    ) -> rusqlite::Result<()> {
        let Merged { mut entry, place, in_latest_file, latest_file_rows } = merged;
        let shown = |place: Place| format!("{} line {}", self.file_name(place.file_id), place.line);
        let here = self.place(line);
        let comparison = compare(&RowCells::from(entry.clone()), &row, &shown(place), &shown(here));
        let is_same_file = in_latest_file.file_id == here.file_id;
        let latest_file_rows = if is_same_file { latest_file_rows + 1 } else { 1 };
        let is_again = comparison.is_order_again() && row.amount.is_some();
        if is_same_file && is_again {
            let rows = match latest_file_rows {
                2 => String::new(),
                rows => format!(", {rows} times in all"),
            };
            let (before, here) = (shown(in_latest_file), shown(here));
            entry.duplicate = Some(format!("in {before} and again in {here}{rows}"));
        }
        if let Some(conflict) = conflict {
            add_clause(&mut entry.conflict, conflict);
        }
        let (lowest, highest) = amounts.unzip();
        widen(&mut entry.conflict_amounts, lowest, highest);
        widen(&mut entry.conflict_amounts, Some(entry.amount), row.amount);
        let mut merged = Merged { entry, place, in_latest_file, latest_file_rows };
        if !is_same_file {
            merged.in_latest_file = here;
        }
        match comparison {
            Comparison::Repeated => self.figures.repeated += 1,
            Comparison::Superseded { conflict, .. } => {
                self.figures.superseded += 1;
                (merged.place, merged.in_latest_file) = (here, here);
                if let Some(conflict) = conflict {
                    add_clause(&mut merged.entry.conflict, conflict);
                }
            }
        }
        update(&mut merged.entry, row);
        self.keep(order_id, &merged)
    }

    /// Turns what was merged into entries: another version of each order of which the ledger says
    /// something else than before this run.
    pub(super) fn store_merged(&mut self) -> rusqlite::Result<()> {
        let (connection, before) = (self.connection, self.orders_before);
        self.fill_in_default_status()?;
        // An order that is new in this run has one version, even where several rows give it.
        connection.execute(
            concat!(
                "UPDATE entries SET (file_id, line, ",
                entry_columns!(""),
                ") = (SELECT file_id, line, ",
                entry_columns!(""),
                " FROM temp.merged m WHERE m.order_id = entries.order_id)
                 WHERE order_id IN (SELECT order_id FROM temp.merged WHERE order_id > ?1)",
            ),
            [before],
        )?;
        connection.execute(
            concat!(
                "INSERT INTO entries (order_id, version, file_id, line, ",
                entry_columns!(""),
                ") SELECT m.order_id, e.version + 1, m.file_id, m.line, ",
                entry_columns!("m."),
                " FROM temp.merged m
                 CROSS JOIN orders o ON o.order_id = m.order_id
                 CROSS JOIN entries e ON e.order_id = o.order_id AND e.version = o.entry_version
                 WHERE m.order_id <= ?1 AND (",
                entry_columns!("e."),
                ") IS NOT (",
                entry_columns!("m."),
                ") ORDER BY m.order_id",
            ),
            [before],
        )?;
        self.figures.changed = self.count(
            "SELECT count(*) FROM temp.merged m
             CROSS JOIN orders o ON o.order_id = m.order_id
             CROSS JOIN entries e ON e.order_id = o.order_id AND e.version = o.entry_version + 1
             CROSS JOIN entries p ON p.order_id = o.order_id AND p.version = o.entry_version
             WHERE m.order_id <= ?1
               AND (p.amount_micros, p.currency, p.transaction_type, p.accounting_type) IS NOT
                   (e.amount_micros, e.currency, e.transaction_type, e.accounting_type)",
            before,
        )?;
        self.point_to_new_versions()
    }

    fn fill_in_default_status(&self) -> rusqlite::Result<()> {
        let Some(status) = self.default_status.as_ref().map(LedgerStatus::as_str) else {
            return Ok(());
        };
        self.connection
            .execute("UPDATE temp.merged SET status = ?1 WHERE status IS NULL", [status])?;
        self.connection.execute(
            "UPDATE entries SET status = ?1 WHERE order_id > ?2 AND status IS NULL",
            (status, self.orders_before),
        )?;
        Ok(())
    }

    /// Makes the new versions the current ones. Their orders await a judgement: the last one was of
    /// what the ledger said before.
    fn point_to_new_versions(&self) -> rusqlite::Result<()> {
        const CHANGED: &str = "SELECT o.order_id FROM temp.merged m
             CROSS JOIN orders o ON o.order_id = m.order_id
             CROSS JOIN entries e ON e.order_id = o.order_id AND e.version = o.entry_version + 1
             WHERE m.order_id <= ?1";
        awaiting::changed(self.connection, CHANGED, [self.orders_before])?;
        let next = "UPDATE orders SET entry_version = entry_version + 1 WHERE order_id IN (";
        self.connection.execute(&[next, CHANGED, ")"].concat(), [self.orders_before])?;
        Ok(())
    }
}

/// Adds a clause, unless the whole would become too long.
pub(super) fn add_clause(clauses: &mut Option<String>, clause: String) {
    match clauses {
        None => *clauses = Some(clause),
        Some(earlier) if earlier.len() + clause.len() <= LONGEST_CLAUSE => {
            earlier.push_str("; ");
            earlier.push_str(&clause);
        }
        Some(_) => {}
    }
}
