//! Taking a ledger in, row by row: an order that is new is stored at once, what is known already
//! waits until the whole ledger has been read (contract, "Ledger" and "`run`"). One transaction: a
//! ledger is stored whole or not at all.

use super::error::StoreError;
use super::runs::{NewRun, Selection};
use super::{Store, repeats, to_ms};
use crate::domain::order::{Entry, InvalidRow, LedgerRow, LedgerSink, LedgerStatus, OrderKey};
use crate::domain::payment::{AccountingType, TransactionType};
use crate::domain::run::LedgerFigures;
use rusqlite::{
    CachedStatement, Connection, OptionalExtension, Transaction, TransactionBehavior, params,
};
use std::path::{Path, PathBuf};

/// A ledger being stored. Dropped without [`Import::commit`], it leaves nothing behind.
pub struct Import<'a> {
    statements: Statements<'a>,
    transaction: Transaction<'a>,
    pub(super) connection: &'a Connection,
    pub(super) path: PathBuf,
    pub(super) run_id: i64,
    pub(super) selection: Selection,
    pub(super) default_status: Option<LedgerStatus>,
    pub(super) line_items: bool,
    pub(super) figures: LedgerFigures,
    pub(super) first_invalid: Option<String>,
    /// The last order of earlier runs.
    pub(super) orders_before: i64,
    last_order_id: i64,
    /// New orders that are selected.
    pub(super) selected: u64,
    /// Rows and short names, the one that is read last.
    files: Vec<(i64, String)>,
}

/// What each row needs.
struct Statements<'a> {
    known: CachedStatement<'a>,
    insert_order: CachedStatement<'a>,
    insert_entry: CachedStatement<'a>,
    select: CachedStatement<'a>,
}

impl Statements<'_> {
    fn new(connection: &Connection) -> rusqlite::Result<Statements<'_>> {
        Ok(Statements {
            known: connection.prepare_cached(
                "SELECT order_id FROM orders WHERE merchant_order_id = ?1
                                              AND merchant_uid = ?2",
            )?,
            insert_order: connection.prepare_cached(
                "INSERT INTO orders (order_id, merchant_uid, merchant_order_id, entry_version)
                 VALUES (?1, ?2, ?3, 1) ON CONFLICT (merchant_order_id, merchant_uid) DO NOTHING",
            )?,
            insert_entry: connection.prepare_cached(
                "INSERT INTO entries (order_id, version, file_id, line, amount_micros, currency,
                     order_date, ages_from_ms, transaction_type, accounting_type, status)
                 VALUES (?1, 1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
            )?,
            select: connection.prepare_cached(
                "INSERT INTO run_orders (run_id, order_id, entry_version) VALUES (?1, ?2, 1)",
            )?,
        })
    }
}

/// What an import came to.
#[derive(Debug, Clone)]
pub struct Imported {
    /// The new run.
    pub run_id: i64,
    /// Its ledger's rows.
    pub ledger: LedgerFigures,
    /// Its orders.
    pub selected: u64,
    /// Those of them that its ledger gave and the dates allow.
    pub from_ledger: u64,
    /// The first row that is not usable: where and why.
    pub first_invalid: Option<String>,
}

impl Store {
    /// Begins a run: its row, then its ledger.
    ///
    /// # Errors
    /// The database.
    pub fn begin(&mut self, run: NewRun) -> Result<Import<'_>, StoreError> {
        let path = self.path.clone();
        begin(&self.connection, path.clone(), run)
            .map_err(|error| StoreError::sqlite(&path, &error))
    }
}

fn begin(connection: &Connection, path: PathBuf, run: NewRun) -> rusqlite::Result<Import<'_>> {
    let transaction = Transaction::new_unchecked(connection, TransactionBehavior::Immediate)?;
    repeats::create(connection)?;
    let run_id = connection.query_row(
        "INSERT INTO runs (started_at_ms, run_day, status, selection, base_url, merchant_uid)
         VALUES (?1, ?2, 'asking', '', '', '') RETURNING run_id",
        params![to_ms(run.started_at), run.day.to_string()],
        |row| row.get(0),
    )?;
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
        figures: LedgerFigures::default(),
        first_invalid: None,
        orders_before: last_order_id,
        last_order_id,
        selected: 0,
        files: Vec::new(),
    })
}

impl LedgerSink for Import<'_> {
    type Error = StoreError;

    fn row(&mut self, row: &LedgerRow) -> Result<Option<String>, StoreError> {
        self.take(row).map_err(|error| StoreError::sqlite(&self.path, &error))
    }

    fn invalid(&mut self, row: InvalidRow) -> Result<(), StoreError> {
        self.figures.rows += 1;
        self.figures.invalid += 1;
        if self.first_invalid.is_none() {
            self.first_invalid = Some(format!("{}, line {}: {}", row.file, row.line, row.reason));
        }
        self.connection
            .prepare_cached(
                "INSERT INTO invalid_rows (run_id, number, file, line, reason, raw)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            )
            .and_then(|mut statement| {
                let number = stored(self.figures.invalid);
                let line = stored(row.line);
                statement.execute(params![self.run_id, number, row.file, line, row.reason, row.raw])
            })
            .map(|_| ())
            .map_err(|error| StoreError::sqlite(&self.path, &error))
    }
}

impl Import<'_> {
    /// Begins another file, by the name that reasons show.
    ///
    /// # Errors
    /// The database.
    pub fn begin_file(&mut self, name: &str) -> Result<(), StoreError> {
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

    /// Which orders it selects, as far as it is known: the ledgers are only when they are read.
    #[must_use]
    pub fn selection(&self) -> &Selection {
        &self.selection
    }

    /// The file that is read.
    pub(super) fn file_id(&self) -> i64 {
        self.files.last().map_or(0, |(file_id, _)| *file_id)
    }

    /// A file of this run as reasons name it.
    pub(super) fn file_name(&self, file_id: i64) -> &str {
        let name = self.files.iter().find(|(known, _)| *known == file_id);
        name.map_or("", |(_, name)| name)
    }

    fn take(&mut self, row: &LedgerRow) -> rusqlite::Result<Option<String>> {
        // An order's first row in a run has to be whole.
        let first = first_entry(row);
        if let Ok(entry) = &first
            && self.insert(entry, row.line)?
        {
            self.figures.accepted += 1;
        } else {
            let known = self.known(&row.key)?;
            if let Some(order_id) = known
                && let Some(given) = self.given(order_id)?
            {
                self.fold(order_id, given, row)?;
            } else {
                let entry = match first {
                    Ok(entry) => entry,
                    Err(reason) => return Ok(Some(reason)),
                };
                // What could not be inserted is known.
                let order_id = known.ok_or(rusqlite::Error::QueryReturnedNoRows)?;
                self.give(order_id, entry, row.line)?;
                self.figures.accepted += 1;
            }
        }
        self.figures.rows += 1;
        Ok(None)
    }

    fn known(&mut self, key: &OrderKey) -> rusqlite::Result<Option<i64>> {
        let merchant_uid = key.merchant_uid.as_deref().unwrap_or_default();
        self.statements
            .known
            .query_row([&key.merchant_order_id, merchant_uid], |row| row.get(0))
            .optional()
    }

    /// Stores an order that was never given before; `false` where it is known.
    fn insert(&mut self, entry: &Entry, line: u64) -> rusqlite::Result<bool> {
        let order_id = self.last_order_id + 1;
        let inserted = self.statements.insert_order.execute(params![
            order_id,
            entry.key.merchant_uid.as_deref().unwrap_or_default(),
            entry.key.merchant_order_id,
        ])?;
        if inserted == 0 {
            return Ok(false);
        }
        self.last_order_id = order_id;
        let file_id = self.file_id();
        self.statements.insert_entry.execute(params![
            order_id,
            file_id,
            stored(line),
            entry.amount.micros(),
            entry.currency,
            entry.created_at.date.to_string(),
            to_ms(entry.created_at.ages_from),
            entry.transaction_type.as_ref().map(TransactionType::as_str),
            entry.accounting_type.as_ref().map(AccountingType::as_str),
            entry.status.as_ref().map(LedgerStatus::as_str),
        ])?;
        if self.selection.takes(entry) {
            self.statements.select.execute([self.run_id, order_id])?;
            self.selected += 1;
        }
        Ok(true)
    }

    /// Keeps it all.
    ///
    /// # Errors
    /// The disk: then nothing was kept, or all of it.
    pub fn commit(self) -> Result<(), StoreError> {
        let Import { statements, transaction, path, .. } = self;
        drop(statements);
        transaction.commit().map_err(|error| StoreError::sqlite(&path, &error))
    }
}

/// What an order's first row says.
fn first_entry(row: &LedgerRow) -> Result<Entry, String> {
    let missing =
        |column: &str| format!("{column} is empty, and no earlier row of this order gives it");
    Ok(Entry {
        key: row.key.clone(),
        amount: row.amount.ok_or_else(|| missing("amount"))?,
        currency: row.currency.clone().ok_or_else(|| missing("currency"))?,
        created_at: row.created_at.ok_or_else(|| missing("created_at"))?,
        transaction_type: row.transaction_type.clone(),
        accounting_type: row.accounting_type.clone(),
        status: row.status.clone(),
        conflict: None,
        duplicate: None,
    })
}

pub(super) fn stored(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
