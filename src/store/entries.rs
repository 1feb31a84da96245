//! Taking a ledger in: its rows, folded an order at a time, wait in a temporary table until the
//! whole ledger has been read (contract, "Ledger" and "`run`"). One transaction: a ledger is
//! stored whole or not at all.

use super::error::StoreError;
use super::fold::{Fold, compare, overlay};
use super::runs::NewRun;
use super::{Store, decode, to_ms};
use crate::domain::order::{Entry, InvalidRow, LedgerRow, LedgerSink, LedgerStatus};
use crate::domain::payment::{AccountingType, TransactionType};
use crate::domain::run::LedgerFigures;
use rusqlite::{Transaction, TransactionBehavior, named_params, params};
use std::path::{Path, PathBuf};

/// The longest clause that is kept on a ledger that contradicts itself.
const LONGEST_CLAUSE: usize = 400;

/// A ledger being stored. Dropped without [`Import::commit`], it leaves nothing behind.
pub struct Import<'a> {
    pub(super) transaction: Transaction<'a>,
    pub(super) path: PathBuf,
    pub(super) run_id: i64,
    pub(super) default_status: Option<LedgerStatus>,
    pub(super) figures: LedgerFigures,
    pub(super) first_invalid: Option<String>,
    line_items: bool,
    file: Option<(i64, String)>,
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

/// What the run's files have said of an order so far.
struct Given {
    entry: Entry,
    /// Where what counts of it stands: file and line.
    place: String,
    times: i64,
}

impl Store {
    /// Begins a run: its row, then its ledger.
    ///
    /// # Errors
    /// The database.
    pub fn begin(&mut self, run: &NewRun) -> Result<Import<'_>, StoreError> {
        let path = self.path.clone();
        let sqlite = |error: rusqlite::Error| StoreError::sqlite(&path, &error);
        let transaction = self
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(sqlite)?;
        transaction
            .execute_batch(
                "CREATE TEMP TABLE IF NOT EXISTS given (
                     merchant_order_id TEXT NOT NULL, merchant_uid TEXT NOT NULL,
                     amount_micros INTEGER NOT NULL, currency TEXT NOT NULL,
                     order_date TEXT NOT NULL, ages_from_ms INTEGER NOT NULL,
                     transaction_type TEXT, accounting_type TEXT, status TEXT, conflict TEXT,
                     duplicate TEXT, file_id INTEGER NOT NULL, file TEXT NOT NULL,
                     line INTEGER NOT NULL, times INTEGER NOT NULL DEFAULT 1,
                     PRIMARY KEY (merchant_order_id, merchant_uid)) WITHOUT ROWID;
                 DELETE FROM temp.given;",
            )
            .map_err(sqlite)?;
        let run_id = transaction
            .query_row(
                "INSERT INTO runs (started_at_ms, run_day, status, selection, base_url,
                                   merchant_uid)
                 VALUES (?1, ?2, 'asking', '', '', '') RETURNING run_id",
                params![to_ms(run.started_at), run.day.to_string()],
                |row| row.get(0),
            )
            .map_err(sqlite)?;
        Ok(Import {
            transaction,
            path,
            run_id,
            default_status: run.default_status.clone(),
            figures: LedgerFigures::default(),
            first_invalid: None,
            line_items: run.line_items,
            file: None,
        })
    }
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
        self.transaction
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
            .transaction
            .query_row(
                "INSERT INTO ledger_files (run_id, name) VALUES (?1, ?2) RETURNING file_id",
                params![self.run_id, name],
                |row| row.get(0),
            )
            .map_err(|error| StoreError::sqlite(&self.path, &error))?;
        let short = Path::new(name).file_name().map(|name| name.to_string_lossy().into_owned());
        self.file = Some((file_id, short.unwrap_or_else(|| name.to_owned())));
        Ok(())
    }

    fn take(&mut self, row: &LedgerRow) -> rusqlite::Result<Option<String>> {
        let first = first_entry(row);
        if let Ok(entry) = &first
            && self.insert(entry, row.line)?
        {
            self.figures.rows += 1;
            self.figures.accepted += 1;
            return Ok(None);
        }
        match (self.given(row)?, first) {
            (Some(given), _) => {
                self.fold(given, row)?;
                self.figures.rows += 1;
                Ok(None)
            }
            // An order's first row in a run has to be whole.
            (None, Err(reason)) => Ok(Some(reason)),
            (None, Ok(_)) => Err(rusqlite::Error::QueryReturnedNoRows),
        }
    }

    /// Takes an order's first row; `false` if there has been one.
    fn insert(&self, entry: &Entry, line: u64) -> rusqlite::Result<bool> {
        let (file_id, file) = self.file.as_ref().map_or((0, ""), |(id, name)| (*id, name));
        let inserted = self
            .transaction
            .prepare_cached(
                "INSERT INTO temp.given (merchant_order_id, merchant_uid, amount_micros, currency,
                     order_date, ages_from_ms, transaction_type, accounting_type, status, file_id,
                     file, line)
                 VALUES (:merchant_order_id, :merchant_uid, :amount_micros, :currency,
                     :order_date, :ages_from_ms, :transaction_type, :accounting_type, :status,
                     :file_id, :file, :line)
                 ON CONFLICT DO NOTHING",
            )?
            .execute(named_params! {
                ":merchant_order_id": entry.key.merchant_order_id,
                ":merchant_uid": entry.key.merchant_uid.as_deref().unwrap_or_default(),
                ":amount_micros": entry.amount.micros(),
                ":currency": entry.currency,
                ":order_date": entry.created_at.date.to_string(),
                ":ages_from_ms": to_ms(entry.created_at.ages_from),
                ":transaction_type": entry.transaction_type.as_ref().map(TransactionType::as_str),
                ":accounting_type": entry.accounting_type.as_ref().map(AccountingType::as_str),
                ":status": entry.status.as_ref().map(LedgerStatus::as_str),
                ":file_id": file_id,
                ":file": file,
                ":line": stored(line),
            })?;
        Ok(inserted > 0)
    }

    fn given(&self, row: &LedgerRow) -> rusqlite::Result<Option<Given>> {
        let merchant_uid = row.key.merchant_uid.as_deref().unwrap_or_default();
        let mut statement = self.transaction.prepare_cached(
            "SELECT merchant_order_id, merchant_uid, amount_micros AS entry_amount_micros,
                    currency AS entry_currency, order_date, ages_from_ms,
                    transaction_type AS entry_transaction_type,
                    accounting_type AS entry_accounting_type, status AS entry_status, conflict,
                    duplicate, file || ' line ' || line AS place, times
             FROM temp.given WHERE merchant_order_id = ?1 AND merchant_uid = ?2",
        )?;
        let mut rows = statement.query(params![row.key.merchant_order_id, merchant_uid])?;
        rows.next()?
            .map(|row| {
                Ok(Given {
                    entry: decode::entry(row)?,
                    place: row.get("place")?,
                    times: row.get("times")?,
                })
            })
            .transpose()
    }

    /// A later row of the same order.
    fn fold(&mut self, given: Given, row: &LedgerRow) -> rusqlite::Result<()> {
        let Given { mut entry, place, times } = given;
        let (file_id, file) = self.file.as_ref().map_or((0, ""), |(id, name)| (*id, name));
        let here = format!("{file} line {}", row.line);
        let fold = compare(&entry, row, &place, &here);
        let superseded = matches!(fold, Fold::Superseded { .. });
        match fold {
            Fold::Repeated => self.figures.repeated += 1,
            Fold::Superseded { .. } => self.figures.superseded += 1,
        }
        if fold.is_given_again() && !self.line_items && row.amount.is_some() {
            let times =
                if times > 1 { format!(", {} times in all", times + 1) } else { String::new() };
            entry.duplicate = Some(format!("in {place} and again in {here}{times}"));
        }
        if let Fold::Superseded { conflict: Some(conflict), .. } = fold {
            entry.conflict = Some(match &entry.conflict {
                Some(earlier) if earlier.len() + conflict.len() > LONGEST_CLAUSE => earlier.clone(),
                Some(earlier) => format!("{earlier}; {conflict}"),
                None => conflict,
            });
        }
        overlay(&mut entry, row);
        self.transaction
            .prepare_cached(
                "UPDATE temp.given SET amount_micros = :amount_micros, currency = :currency,
                     order_date = :order_date, ages_from_ms = :ages_from_ms,
                     transaction_type = :transaction_type, accounting_type = :accounting_type,
                     status = :status, conflict = :conflict, duplicate = :duplicate,
                     times = times + 1, file_id = iif(:superseded, :file_id, file_id),
                     file = iif(:superseded, :file, file), line = iif(:superseded, :line, line)
                 WHERE merchant_order_id = :merchant_order_id AND merchant_uid = :merchant_uid",
            )?
            .execute(named_params! {
                ":merchant_order_id": entry.key.merchant_order_id,
                ":merchant_uid": entry.key.merchant_uid.as_deref().unwrap_or_default(),
                ":amount_micros": entry.amount.micros(),
                ":currency": entry.currency,
                ":order_date": entry.created_at.date.to_string(),
                ":ages_from_ms": to_ms(entry.created_at.ages_from),
                ":transaction_type": entry.transaction_type.as_ref().map(TransactionType::as_str),
                ":accounting_type": entry.accounting_type.as_ref().map(AccountingType::as_str),
                ":status": entry.status.as_ref().map(LedgerStatus::as_str),
                ":conflict": entry.conflict,
                ":duplicate": entry.duplicate,
                ":superseded": superseded,
                ":file_id": file_id,
                ":file": file,
                ":line": stored(row.line),
            })?;
        Ok(())
    }

    /// Keeps it all.
    ///
    /// # Errors
    /// The disk: then nothing was kept, or all of it.
    pub fn commit(self) -> Result<(), StoreError> {
        let path = self.path;
        self.transaction.commit().map_err(|error| StoreError::sqlite(&path, &error))
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
