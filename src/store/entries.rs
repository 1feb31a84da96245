//! Keeping the ledger: rows folded into entries, history kept, the run's orders fixed (contract,
//! "Ledger" and "`run`"). One transaction: a ledger is stored whole or not at all.

use super::error::StoreError;
use super::fold::{Fold, compare, overlay};
use super::runs::NewRun;
use super::{Store, decode, to_ms};
use crate::domain::order::{Entry, InvalidRow, LedgerRow, LedgerSink, LedgerStatus};
use crate::domain::payment::{AccountingType, TransactionType};
use crate::domain::run::LedgerFigures;
use rusqlite::{OptionalExtension, Transaction, TransactionBehavior, named_params, params};
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

/// The longest clause that is kept on a ledger that contradicts itself.
const LONGEST_CLAUSE: usize = 400;

/// A ledger being stored. Dropped without [`Import::commit`], it leaves nothing behind.
pub struct Import<'a> {
    pub(super) transaction: Transaction<'a>,
    pub(super) path: PathBuf,
    pub(super) run_id: i64,
    line_items: bool,
    default_status: Option<LedgerStatus>,
    file: Option<(i64, String)>,
    /// The last entry of earlier runs: later ones are this run's.
    pub(super) last_entry_id: i64,
    pub(super) figures: LedgerFigures,
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
                     order_id INTEGER PRIMARY KEY, file TEXT NOT NULL, line INTEGER NOT NULL,
                     times INTEGER NOT NULL);
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
        let last_entry_id = transaction
            .query_row("SELECT coalesce(max(entry_id), 0) FROM entries", (), |row| row.get(0))
            .map_err(sqlite)?;
        Ok(Import {
            transaction,
            path,
            run_id,
            line_items: run.line_items,
            default_status: run.default_status.clone(),
            file: None,
            last_entry_id,
            figures: LedgerFigures::default(),
        })
    }
}

impl LedgerSink for Import<'_> {
    type Error = StoreError;

    fn row(&mut self, row: &LedgerRow) -> Result<Option<String>, StoreError> {
        self.keep(row).map_err(|error| StoreError::sqlite(&self.path, &error))
    }

    fn invalid(&mut self, row: InvalidRow) -> Result<(), StoreError> {
        self.figures.rows += 1;
        self.figures.invalid += 1;
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

    fn keep(&mut self, row: &LedgerRow) -> rusqlite::Result<Option<String>> {
        let merchant_uid = row.key.merchant_uid.as_deref().unwrap_or_default();
        let known: Option<i64> = self
            .transaction
            .prepare_cached(
                "SELECT order_id FROM orders WHERE merchant_uid = ?1 AND merchant_order_id = ?2",
            )?
            .query_row(params![merchant_uid, row.key.merchant_order_id], |row| row.get(0))
            .optional()?;
        let given = match known {
            Some(order_id) => self.given_before(order_id)?,
            None => None,
        };
        if let (Some(order_id), Some(first)) = (known, given) {
            self.fold(order_id, &first, row)?;
            self.figures.rows += 1;
            return Ok(None);
        }
        let entry = match self.first_entry(row) {
            Ok(entry) => entry,
            Err(reason) => return Ok(Some(reason)),
        };
        self.figures.rows += 1;
        self.figures.accepted += 1;
        let order_id = match known {
            Some(order_id) => {
                let (current, _, _) = self.current(order_id)?;
                if current != entry {
                    self.save_version(None, order_id, row.line, &entry)?;
                }
                order_id
            }
            None => self.add_order(row.line, &entry)?,
        };
        let line = stored(row.line);
        self.transaction
            .prepare_cached("INSERT INTO temp.given VALUES (?1, ?2, ?3, 1)")?
            .execute(params![order_id, self.file_name(), line])?;
        Ok(None)
    }

    /// An order's first row in a run has to be whole.
    fn first_entry(&self, row: &LedgerRow) -> Result<Entry, String> {
        let missing =
            |column: &str| format!("{column} is empty, and no earlier row of this order gives it");
        Ok(Entry {
            key: row.key.clone(),
            amount: row.amount.ok_or_else(|| missing("amount"))?,
            currency: row.currency.clone().ok_or_else(|| missing("currency"))?,
            created_at: row.created_at.ok_or_else(|| missing("created_at"))?,
            transaction_type: row.transaction_type.clone(),
            accounting_type: row.accounting_type.clone(),
            status: row.status.clone().or_else(|| self.default_status.clone()),
            conflict: None,
            duplicate: None,
        })
    }

    fn file_name(&self) -> &str {
        self.file.as_ref().map_or("the ledger", |(_, name)| name)
    }

    /// Where this run's files gave what counts of the order so far, and how often they gave it.
    fn given_before(&self, order_id: i64) -> rusqlite::Result<Option<(String, i64)>> {
        self.transaction
            .prepare_cached(
                "UPDATE temp.given SET times = times + 1 WHERE order_id = ?1
                 RETURNING file || ' line ' || line, times",
            )?
            .query_row([order_id], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()
    }

    /// The order's entry as it stands, its id, and the run that read it.
    fn current(&self, order_id: i64) -> rusqlite::Result<(Entry, i64, i64)> {
        static SQL: LazyLock<String> = LazyLock::new(|| {
            [
                "SELECT e.entry_id AS entry_id, e.run_id AS run_id, ",
                decode::ENTRY_COLUMNS,
                " FROM orders o JOIN entries e ON e.entry_id = o.entry_id WHERE o.order_id = ?1",
            ]
            .concat()
        });
        self.transaction.prepare_cached(&SQL)?.query_row([order_id], |row| {
            Ok((decode::entry(row)?, row.get("entry_id")?, row.get("run_id")?))
        })
    }

    fn fold(
        &mut self,
        order_id: i64,
        (first, times): &(String, i64),
        row: &LedgerRow,
    ) -> rusqlite::Result<()> {
        let (mut entry, entry_id, run_id) = self.current(order_id)?;
        let before = entry.clone();
        let here = format!("{} line {}", self.file_name(), row.line);
        match compare(&entry, row, first, &here) {
            Fold::Repeated => {
                self.figures.repeated += 1;
                if !self.line_items {
                    let times =
                        if *times > 2 { format!(", {times} times in all") } else { String::new() };
                    entry.duplicate = Some(format!("in {first} and again in {here}{times}"));
                }
            }
            Fold::Superseded { conflict } => {
                self.figures.superseded += 1;
                self.transaction
                    .prepare_cached(
                        "UPDATE temp.given SET file = ?2, line = ?3 WHERE order_id = ?1",
                    )?
                    .execute(params![order_id, self.file_name(), stored(row.line)])?;
                if let Some(conflict) = conflict {
                    entry.conflict = Some(match &entry.conflict {
                        Some(earlier) if earlier.len() + conflict.len() > LONGEST_CLAUSE => {
                            earlier.clone()
                        }
                        Some(earlier) => format!("{earlier}; {conflict}"),
                        None => conflict,
                    });
                }
            }
        }
        overlay(&mut entry, row);
        if entry == before {
            return Ok(());
        }
        let replaced = (run_id == self.run_id).then_some(entry_id);
        self.save_version(replaced, order_id, row.line, &entry)
    }

    fn add_order(&self, line: u64, entry: &Entry) -> rusqlite::Result<i64> {
        let order_id = self
            .transaction
            .prepare_cached(
                "INSERT INTO orders (merchant_uid, merchant_order_id, entry_id)
                 VALUES (?1, ?2, 0) RETURNING order_id",
            )?
            .query_row(
                params![
                    entry.key.merchant_uid.as_deref().unwrap_or_default(),
                    entry.key.merchant_order_id
                ],
                |row| row.get(0),
            )?;
        self.save_version(None, order_id, line, entry)?;
        Ok(order_id)
    }

    /// Keeps what the ledger says now: as another version, or in the place of one of this very run,
    /// which nobody has seen yet.
    fn save_version(
        &self,
        replaced: Option<i64>,
        order_id: i64,
        line: u64,
        entry: &Entry,
    ) -> rusqlite::Result<()> {
        let entry_id: i64 = self
            .transaction
            .prepare_cached(
                "INSERT INTO entries (entry_id, order_id, run_id, file_id, line, amount_micros,
                     currency, order_date, ages_from_ms, transaction_type, accounting_type, status,
                     conflict, duplicate)
                 VALUES (:entry_id, :order_id, :run_id, :file_id, :line, :amount_micros, :currency,
                     :order_date, :ages_from_ms, :transaction_type, :accounting_type, :status,
                     :conflict, :duplicate)
                 ON CONFLICT (entry_id) DO UPDATE SET file_id = excluded.file_id,
                     line = excluded.line, amount_micros = excluded.amount_micros,
                     currency = excluded.currency, order_date = excluded.order_date,
                     ages_from_ms = excluded.ages_from_ms,
                     transaction_type = excluded.transaction_type,
                     accounting_type = excluded.accounting_type, status = excluded.status,
                     conflict = excluded.conflict, duplicate = excluded.duplicate
                 RETURNING entry_id",
            )?
            .query_row(
                named_params! {
                    ":entry_id": replaced,
                    ":order_id": order_id,
                    ":run_id": self.run_id,
                    ":file_id": self.file.as_ref().map(|(file_id, _)| *file_id),
                    ":line": stored(line),
                    ":amount_micros": entry.amount.micros(),
                    ":currency": entry.currency,
                    ":order_date": entry.created_at.date.to_string(),
                    ":ages_from_ms": to_ms(entry.created_at.ages_from),
                    ":transaction_type":
                        entry.transaction_type.as_ref().map(TransactionType::as_str),
                    ":accounting_type": entry.accounting_type.as_ref().map(AccountingType::as_str),
                    ":status": entry.status.as_ref().map(LedgerStatus::as_str),
                    ":conflict": entry.conflict,
                    ":duplicate": entry.duplicate,
                },
                |row| row.get(0),
            )?;
        if replaced.is_none() {
            self.transaction
                .prepare_cached("UPDATE orders SET entry_id = ?2 WHERE order_id = ?1")?
                .execute([order_id, entry_id])?;
        }
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

pub(super) fn stored(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
