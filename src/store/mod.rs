//! The only owner of SQL and of the connection (contract, "The database").
//!
//! A run walks through it: [`Import`] keeps the ledger and fixes the run's orders,
//! [`Store::pending`] names those without an answer, [`Store::record`] commits answers,
//! [`Judging`] keeps the judgement, [`Store::report_rows`] reads it in the report's order.

// First: its macros are used in the modules below.
#[macro_use]
mod entry_columns;

mod answers;
mod awaiting;
mod backup;
mod before;
mod cases;
mod checking;
mod decisions;
mod decode;
mod digests;
mod endings;
mod error;
mod events;
mod figures;
mod flood;
mod hashed;
mod history;
mod import;
mod inspection;
mod items;
mod judging;
mod ledger_facts;
mod lives;
mod looking;
mod monitoring;
mod new_orders;
mod nights;
mod opening;
mod prune;
mod reading;
mod repeats;
mod reported;
mod reported_orders;
mod runs;
mod scheduling;
mod selecting;
mod selection;
mod shared_payments;
mod since;
mod stopping;
mod summing;
mod views;
mod warnings;
mod zones;

pub(crate) use answers::{Pending, Recorded, Recording};
pub(crate) use backup::BackedUp;
pub(crate) use cases::{Shown, StoredCase};
pub(crate) use checking::CheckedRows;
pub(crate) use decisions::{DecisionFilter, NewDecision, ReadFile};
pub(crate) use digests::THOUSAND;
pub(crate) use endings::RunEnd;
pub(crate) use error::StoreError;
pub(crate) use flood::{AllMissing, EarlierShares};
pub(crate) use history::{MismatchEvent, OrderHistory};
pub(crate) use import::{Import, Imported};
pub(crate) use judging::{Judged, JudgedRow, Judging};
pub(crate) use ledger_facts::{Compared, Comparison};
pub(crate) use lives::Lives;
pub(crate) use prune::{Cutoff, Dropped, FileSize, Pruned, Staying};
pub(crate) use reported_orders::JudgedOrder;
pub(crate) use runs::{NewRun, RunRow, RunStatus};
pub(crate) use scheduling::{Answered, Figures, Scheduling};
pub(crate) use selection::{Selection, SelectionKind};
pub(crate) use views::Kept;
pub(crate) use zones::RunZone;

use crate::domain::payment::PersonalData;
use chrono::{DateTime, Utc};
use rusqlite::Connection;
use serde::Deserialize;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// The `[store]` table of the configuration (contract, "Configuration" and "Stored answers").
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct StoreSettings {
    /// The database.
    pub path: PathBuf,
    /// What the evidence keeps of payers and payees.
    pub personal_data: PersonalData,
    /// For how many days `prune` keeps decisions.
    pub keep_decisions_days: u32,
}

impl Default for StoreSettings {
    fn default() -> StoreSettings {
        StoreSettings {
            path: PathBuf::from("octopus-recon.db"),
            personal_data: PersonalData::Drop,
            keep_decisions_days: 2_920,
        }
    }
}

/// What [`Store::quick_check`] found.
pub(crate) struct QuickCheck {
    /// SQLite's first complaint.
    pub(crate) complaint: Option<String>,
    /// The schema of the file, if an earlier release made it, and the one of this release.
    pub(crate) older_schema: Option<(i64, i64)>,
}

/// An open database.
pub(crate) struct Store {
    connection: Connection,
    path: PathBuf,
    /// Held by the process that may write.
    _lock: Option<opening::Lock>,
    /// A copy to read from, removed with it.
    copy: Option<TempDir>,
}

impl Store {
    /// Opens the database for a run: locks it, creates the file if there is none, migrates it.
    ///
    /// # Errors
    /// Held by another run, not ours, or the disk.
    pub(crate) fn open(path: &Path, now: DateTime<Utc>) -> Result<Store, StoreError> {
        let path = opening::real_path(path)?;
        let is_there = || path.symlink_metadata().is_ok();
        // Before a lock is put beside it.
        if is_there() {
            looking::refuse_special(&path)?;
        }
        let lock = opening::lock(&path, now)?;
        if !is_there() {
            opening::create(&path)?;
        }
        looking::inspect(&path)?;
        looking::refuse_other_tables(&path)?;
        opening::keep_private(&path)?;
        let connection = opening::open(&path, true)?;
        Ok(Store { connection, path, _lock: Some(lock), copy: None })
    }

    /// Opens an existing database to read its present state, also while a run is active. Nothing is
    /// ever written to it: one of an older schema is read through a private copy.
    ///
    /// # Errors
    /// There is no database, it is not ours, or the disk cannot be read.
    pub(crate) fn open_to_read(path: &Path) -> Result<Store, StoreError> {
        let sqlite = |error: rusqlite::Error| StoreError::sqlite(path, &error);
        let reading::ReadOnly { connection, copy } = existing(path, reading::open_read_only)?;
        connection.execute_batch("BEGIN").map_err(sqlite)?;
        Ok(Store { connection, path: path.to_owned(), _lock: None, copy })
    }

    /// A private copy of an existing database, to try something on it. It goes with the store.
    ///
    /// # Errors
    /// There is no database, it is not ours, or the disk.
    pub(crate) fn open_copy(path: &Path) -> Result<Store, StoreError> {
        let reading::ReadOnly { connection, copy } = existing(path, reading::open_copy)?;
        shared_payments::add_payment_hash(&connection)
            .map_err(|error| StoreError::sqlite(path, &error))?;
        Ok(Store { connection, path: path.to_owned(), _lock: None, copy })
    }

    /// Whether a run is at work on this database now.
    pub(crate) fn is_active(path: &Path) -> bool {
        opening::has_live_holder(path)
    }

    /// Whether this user may take the lock of a run. It is not taken.
    ///
    /// # Errors
    /// What a run would say: the lock's file is another user's.
    pub(crate) fn can_lock(path: &Path) -> Result<(), StoreError> {
        opening::can_lock(&opening::real_path(path)?)
    }

    /// A database for a rehearsal that leaves nothing behind.
    ///
    /// # Errors
    /// The disk.
    pub(crate) fn temporary() -> Result<Store, StoreError> {
        let path = PathBuf::from("(temporary)");
        let connection = opening::temporary().map_err(|error| StoreError::sqlite(&path, &error))?;
        Ok(Store { connection, path, _lock: None, copy: None })
    }

    /// A second connection of this process, to read beside the writer.
    ///
    /// # Errors
    /// The disk.
    pub(crate) fn reader(&self) -> Result<Store, StoreError> {
        let connection = opening::open(&self.path, false)?;
        Ok(Store { connection, path: self.path.clone(), _lock: None, copy: None })
    }

    /// SQLite's own check of the whole file, read only.
    ///
    /// # Errors
    /// The file cannot be read at all, or `stops` says to end.
    pub(crate) fn quick_check(
        path: &Path,
        stops: impl FnMut() -> bool + Send + 'static,
    ) -> Result<QuickCheck, StoreError> {
        let mut checked = existing(path, reading::open_in_place)?;
        stopping::stop_when(&mut checked.connection, stops)
            .map_err(|error| StoreError::sqlite(path, &error))?;
        let complaint = looking::complaint(&checked.connection, "PRAGMA quick_check(1)")
            .map_err(|error| StoreError::sqlite(path, &error))?;
        let older_schema = opening::older_schema(&checked.connection)
            .map_err(|error| StoreError::sqlite(path, &error))?;
        let Some(complaint) = complaint else {
            return Ok(QuickCheck { complaint: None, older_schema });
        };
        // A read that failed is not a damage.
        match StoreError::after_second_look(path.to_owned(), &complaint) {
            StoreError::Foreign { .. } => {
                Ok(QuickCheck { complaint: Some(complaint), older_schema })
            }
            unread => Err(unread),
        }
    }

    /// The connection, for tests that look at what is stored.
    #[cfg(test)]
    pub(crate) fn connection(&self) -> &Connection {
        &self.connection
    }

    fn error(&self, error: &rusqlite::Error) -> StoreError {
        StoreError::sqlite(&self.path, error)
    }
}

/// A database that must be there, and ours, opened in one of the two ways to read.
fn existing(
    path: &Path,
    open: fn(&Path) -> Result<reading::ReadOnly, StoreError>,
) -> Result<reading::ReadOnly, StoreError> {
    if path.symlink_metadata().is_err() {
        return Err(StoreError::Absent { path: path.to_owned() });
    }
    // Its -wal is beside the file, not beside a link to it.
    let path = opening::real_path(path)?;
    looking::inspect(&path)?;
    looking::refuse_other_tables(&path)?;
    open(&path)
}

/// Milliseconds since 1970, as instants are stored.
fn to_ms(instant: DateTime<Utc>) -> i64 {
    instant.timestamp_millis()
}
