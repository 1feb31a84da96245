//! Importing a ledger, row by row: new orders are stored in batches; the rows of known orders are
//! merged in a temporary table until the whole ledger has been read (contract, "Ledger" and
//! "`run`"). It is one transaction: a ledger is stored whole or not at all.

use super::error::StoreError;
use super::new_orders::Statements;
use super::runs::NewRun;
use super::selection::Selection;
use super::{Store, items, repeats, runs, to_ms};
use crate::domain::order::{
    Directions, Entry, InvalidRow, LedgerRow, LedgerStatus, LineItems, OrderKey, PartialRow,
    RowCells,
};
use crate::domain::run::LedgerFigures;
use chrono::{DateTime, Utc};
use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior, params};
use std::path::{Path, PathBuf};

/// Complete rows that are stored together. As many wait in `reconcile/importing.rs` meanwhile.
const BATCH: usize = 1_024;

/// An import in progress. Dropped without [`Import::commit`], it leaves nothing behind.
pub(crate) struct Import<'a> {
    pub(super) statements: Statements<'a>,
    transaction: Transaction<'a>,
    pub(super) connection: &'a Connection,
    pub(super) path: PathBuf,
    pub(super) run_id: i64,
    pub(super) selection: Selection,
    pub(super) default_status: Option<LedgerStatus>,
    pub(super) line_items: LineItems,
    /// What the amounts of the file that is being read say of the transaction type.
    pub(super) directions: Directions,
    pub(super) figures: LedgerFigures,
    pub(super) first_invalid: Option<String>,
    /// The last order of earlier runs.
    pub(super) orders_before: i64,
    pub(super) last_order_id: i64,
    /// Complete rows that are still to be stored.
    pub(super) waiting: Vec<(Entry, u64)>,
    /// New orders that are selected.
    pub(super) selected: u64,
    /// Ids and short names of the files; the last one is being read.
    files: Vec<(i64, String)>,
}

/// The result of an import.
#[derive(Debug, Clone)]
pub(crate) struct Imported {
    /// The new run.
    pub(crate) run_id: i64,
    /// The ledger's rows.
    pub(crate) ledger: LedgerFigures,
    /// The selected orders.
    pub(crate) selected: u64,
    /// Those of them that the ledger gave.
    pub(crate) from_ledger: u64,
    /// The first invalid row: where and why.
    pub(crate) first_invalid: Option<String>,
}

impl Store {
    /// Begins a run, for its ledger to be imported.
    ///
    /// # Errors
    /// The database cannot be written.
    pub(crate) fn begin(&mut self, run: NewRun) -> Result<Import<'_>, StoreError> {
        let path = self.path.clone();
        begin(&self.connection, path.clone(), run)
            .map_err(|error| StoreError::sqlite(&path, &error))
    }
}

fn begin(connection: &Connection, path: PathBuf, run: NewRun) -> rusqlite::Result<Import<'_>> {
    let transaction = Transaction::new_unchecked(connection, TransactionBehavior::Immediate)?;
    repeats::create_table(connection)?;
    if run.line_items.has_groups() {
        items::create_table(connection)?;
    }
    let run_id = runs::insert(connection, &run)?;
    let last_order_id =
        connection
            .query_row("SELECT coalesce(max(order_id), 0) FROM orders", (), |row| row.get(0))?;
    Ok(Import {
        statements: Statements::new(connection)?,
        transaction,
        connection,
        path,
        run_id,
        selection: run.selection,
        default_status: run.default_status,
        line_items: run.line_items,
        directions: Directions::Unsaid,
        figures: LedgerFigures::default(),
        first_invalid: None,
        orders_before: last_order_id,
        last_order_id,
        waiting: Vec::new(),
        selected: 0,
        files: Vec::new(),
    })
}

impl<'a> Import<'a> {
    /// Begins another file. Reasons show the last part of its name.
    ///
    /// # Errors
    /// The database cannot be written.
    pub(crate) fn begin_file(&mut self, name: &str) -> Result<(), StoreError> {
        let file_id = self
            .connection
            .query_row(
                "INSERT INTO ledger_files (run_id, name) VALUES (?1, ?2) RETURNING file_id",
                params![self.run_id, name],
                |row| row.get(0),
            )
            .map_err(|error| StoreError::sqlite(&self.path, &error))?;
        let short = Path::new(name).file_name().map(|name| name.to_string_lossy().into_owned());
        self.files.push((file_id, short.unwrap_or_else(|| name.to_owned())));
        Ok(())
    }

    /// Ends the file that is being read: what its rows say together is stored, and what proves
    /// which file it was. `modified_at` is when it was written; `None`: it is no regular file.
    ///
    /// # Errors
    /// The database cannot be written.
    pub(crate) fn end_file(
        &mut self,
        sha256: &str,
        modified_at: Option<DateTime<Utc>>,
    ) -> Result<(), StoreError> {
        let items = if self.line_items.has_groups() { self.store_items() } else { Ok(()) };
        let rows = items.and_then(|()| self.store_waiting());
        let proof = || {
            self.connection.execute(
                "UPDATE ledger_files SET sha256 = ?2, modified_at_ms = ?3 WHERE file_id = ?1",
                params![self.file_id(), sha256, modified_at.map(to_ms)],
            )
        };
        rows.and_then(|()| proof()).map_err(|error| StoreError::sqlite(&self.path, &error))?;
        Ok(())
    }

    /// Which orders it selects. The digests of the ledgers are in it once they are read.
    #[must_use]
    pub(crate) fn selection(&self) -> &Selection {
        &self.selection
    }

    /// The file that is being read.
    pub(super) fn file_id(&self) -> i64 {
        self.files.last().map_or(0, |(file_id, _)| *file_id)
    }

    /// The name of a file of this run in reasons.
    pub(super) fn file_name(&self, file_id: i64) -> &str {
        let name = self.files.iter().find(|(known, _)| *known == file_id);
        name.map_or("", |(_, name)| name)
    }

    /// Stores one row.
    ///
    /// # Errors
    /// The database cannot be written.
    pub(crate) fn add(&mut self, row: LedgerRow) -> Result<(), StoreError> {
        let added = match row {
            LedgerRow::Complete { line, entry } => self.add_complete(entry, line),
            LedgerRow::Partial(row) => self.add_partial(row),
            LedgerRow::Item(row) => self.add_item(&row),
            LedgerRow::Invalid(row) => self.add_invalid(&row),
            LedgerRow::Skipped => {
                self.figures.rows += 1;
                self.figures.skipped += 1;
                Ok(())
            }
        };
        added.map_err(|error| StoreError::sqlite(&self.path, &error))
    }

    pub(super) fn add_complete(&mut self, entry: Entry, line: u64) -> rusqlite::Result<()> {
        self.figures.rows += 1;
        self.waiting.push((entry, line));
        if self.waiting.len() < BATCH { Ok(()) } else { self.store_waiting() }
    }

    /// Adds a complete row of a known order.
    pub(super) fn add_known(&mut self, mut entry: Entry, line: u64) -> rusqlite::Result<()> {
        // An order that cannot be inserted is known.
        let order_id = self.find(&entry.key)?.ok_or(rusqlite::Error::QueryReturnedNoRows)?;
        if let Some(merged) = self.merged(order_id)? {
            let conflict = (entry.conflict.take(), entry.conflict_amounts.take());
            self.merge_row(order_id, merged, RowCells::from(entry), conflict, line)
        } else {
            self.figures.accepted += 1;
            self.keep_first_row(order_id, entry, line)
        }
    }

    fn add_partial(&mut self, row: PartialRow) -> rusqlite::Result<()> {
        self.store_waiting()?;
        if let Some(order_id) = self.find(&row.cells.key)?
            && let Some(merged) = self.merged(order_id)?
        {
            self.figures.rows += 1;
            return self.merge_row(order_id, merged, row.cells, (None, None), row.line);
        }
        let column = row.cells.missing_column().unwrap_or("a required cell");
        let reason = format!("{column} is empty, and no earlier row of this order gives it");
        let PartialRow { file, line, raw, .. } = row;
        self.add_invalid(&InvalidRow { file, line, reason, raw })
    }

    pub(super) fn add_invalid(&mut self, row: &InvalidRow) -> rusqlite::Result<()> {
        self.figures.rows += 1;
        self.figures.invalid += 1;
        if self.first_invalid.is_none() {
            self.first_invalid = Some(format!("{}, line {}: {}", row.file, row.line, row.reason));
        }
        let (number, line) = (stored(self.figures.invalid), stored(row.line));
        self.connection
            .prepare_cached(
                "INSERT INTO invalid_rows (run_id, number, file, line, reason, raw)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            )?
            .execute(params![self.run_id, number, row.file, line, row.reason, row.raw])?;
        Ok(())
    }

    fn find(&mut self, key: &OrderKey) -> rusqlite::Result<Option<i64>> {
        let merchant_uid = key.merchant_uid.as_deref().unwrap_or_default();
        self.statements
            .find_order
            .query_row([&key.merchant_order_id, merchant_uid], |row| row.get(0))
            .optional()
    }

    /// Ends the import without a commit. Gives its open transaction, the database's path and the
    /// run.
    pub(super) fn into_transaction(self) -> (Transaction<'a>, PathBuf, i64) {
        let Import { statements, transaction, path, run_id, .. } = self;
        drop(statements);
        (transaction, path, run_id)
    }

    /// Commits the import.
    ///
    /// # Errors
    /// The disk failed: then nothing was stored, or all of it.
    pub(crate) fn commit(self) -> Result<(), StoreError> {
        let (transaction, path, _) = self.into_transaction();
        transaction.commit().map_err(|error| StoreError::sqlite(&path, &error))
    }
}

/// A count as the database keeps it.
pub(super) fn stored(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
