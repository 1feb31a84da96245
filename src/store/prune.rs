//! `prune`: drops what is older than a day (contract, "Commands" and "Decisions").
//!
//! An order goes as a whole or stays as a whole, with all its rows of all runs. A run goes as a
//! whole too: its report cannot be written again. Its row in `runs` stays, because later runs are
//! compared with it. [`choosing`] says which orders and runs go; [`dropping`] deletes them.
//!
//! Each transaction leaves a whole database: first each run is marked, then its orders go in
//! batches. One that ended early is carried on by the next.

mod choosing;
mod dropping;
mod marking;
mod size;

pub(super) use marking::{fill, refuse};
pub(crate) use size::FileSize;

use super::error::StoreError;
use super::{Store, shared_payments, to_ms};
use crate::domain::text::Text;
use choosing::Batch;
use chrono::{DateTime, NaiveDate, Utc};
use rusqlite::{Connection, ErrorCode, TransactionBehavior, ffi, params};
use serde::Serialize;

/// What is older.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cutoff {
    /// Runs of earlier days and orders of earlier dates, both in the ledger's time zone.
    pub(crate) before: NaiveDate,
    /// Decisions that were taken earlier.
    pub(crate) decisions_before: DateTime<Utc>,
}

/// What goes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Dropped {
    /// Runs whose report cannot be written again.
    pub(crate) runs: u64,
    /// Orders with all that belongs to them.
    pub(crate) orders: u64,
    /// Answers of these orders.
    pub(crate) answers: u64,
    /// Decisions about these orders, and refused ones about none.
    pub(crate) decisions: u64,
}

/// Orders of earlier dates that stay, by the first reason that holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Staying {
    /// They have an open mismatch.
    pub(crate) open: u64,
    /// In transit, unverified, suspect or not judged: `--include-open` asks for them again.
    pub(crate) awaiting: u64,
    /// They have a decision that is kept.
    pub(crate) decided: u64,
    /// A run that stays has selected them, or has read their ledger entry.
    pub(crate) in_runs: u64,
    /// They share a payment with an order that stays.
    pub(crate) shared: u64,
    /// The newest order and the newest answer: their numbers are not given again.
    pub(crate) newest: u64,
}

/// What `prune` did, or would do.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Pruned {
    /// What goes.
    pub(crate) dropped: Dropped,
    /// What stays.
    pub(crate) staying: Staying,
    /// Whether it came to its end. A signal ends it early.
    pub(crate) is_complete: bool,
}

impl Store {
    /// Drops what is older, one transaction a batch. `system_user` is who asked for it. `is_wanted`
    /// hears after each batch what has gone so far, and says whether to go on.
    ///
    /// # Errors
    /// The database cannot be written. What was committed before stays dropped.
    pub(crate) fn prune(
        &mut self,
        cutoff: Cutoff,
        system_user: &Text,
        now: fn() -> DateTime<Utc>,
        mut is_wanted: impl FnMut(&Dropped) -> bool,
    ) -> Result<Pruned, StoreError> {
        let mut pruned = Pruned::default();
        let connection = &mut self.connection;
        // SQLite would look through whole tables for rows that refer to a deleted one: few of these
        // columns have an index, because each costs every night. All rows of an order go in one
        // transaction, and runs and files stay, so no reference is left without its row.
        let ended = connection.pragma_update(None, "foreign_keys", false).and_then(|()| {
            drop_all(connection, cutoff, system_user, now, &mut |it| {
                pruned = *it;
                is_wanted(&it.dropped)
            })
        });
        let is_on = connection.pragma_update(None, "foreign_keys", true);
        match ended.and(is_on) {
            Ok(()) => pruned.is_complete = true,
            Err(error) if error.sqlite_error_code() == Some(ErrorCode::OperationInterrupted) => {}
            Err(error) => return Err(self.error(&error)),
        }
        Ok(pruned)
    }

    /// What [`Store::prune`] would drop, and about how many bytes that is. Changes nothing.
    ///
    /// # Errors
    /// The database cannot be read, or the disk for temporary files.
    pub(crate) fn would_prune(&self, cutoff: Cutoff) -> Result<(Pruned, u64), StoreError> {
        self.count_all(cutoff).map_err(|error| self.error(&error))
    }

    fn count_all(&self, cutoff: Cutoff) -> rusqlite::Result<(Pruned, u64)> {
        let connection = &self.connection;
        shared_payments::add_payment_hash(connection)?;
        choosing::begin(connection)?;
        let runs = choosing::old_runs(connection, cutoff)?;
        choosing::keep_others(connection, &runs)?;
        let mut pruned = Pruned { is_complete: true, ..Pruned::default() };
        let mut rows = dropping::Rows::default();
        for run_id in &runs {
            marking::count_rows(connection, *run_id, &mut rows)?;
        }
        pruned.dropped.runs = u64::try_from(runs.len()).unwrap_or(u64::MAX);
        let all_old = choosing::all_old_runs(connection)?;
        let mut after = i64::MIN;
        while let Some(batch) =
            choosing::next_batch(connection, cutoff, after, &mut pruned.staying)?
        {
            after = batch.last;
            dropping::count_batch(connection, batch, &all_old, &mut rows)?;
        }
        pruned.dropped.decisions = dropping::count_stray_decisions(connection, cutoff)?;
        rows.add_to(&mut pruned.dropped);
        Ok((pruned, size::of_rows(connection, &rows)?))
    }
}

/// Marks the runs, then drops their orders in batches. `goes_on` hears after each transaction what
/// was done so far, and says whether to go on.
fn drop_all(
    connection: &mut Connection,
    cutoff: Cutoff,
    system_user: &Text,
    now: fn() -> DateTime<Utc>,
    goes_on: &mut impl FnMut(&Pruned) -> bool,
) -> rusqlite::Result<()> {
    let mut pruned = Pruned::default();
    choosing::begin(connection)?;
    let prune_id: i64 = connection.query_row(
        "INSERT INTO prunes (before_day, decisions_before_ms, started_at_ms, system_user)
         VALUES (?1, ?2, ?3, ?4) RETURNING prune_id",
        params![
            cutoff.before.to_string(),
            to_ms(cutoff.decisions_before),
            to_ms(now()),
            system_user.as_str()
        ],
        |row| row.get(0),
    )?;
    let runs = choosing::old_runs(connection, cutoff)?;
    for run_id in &runs {
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        marking::mark(&transaction, *run_id, prune_id)?;
        keep_counts(&transaction, prune_id, Dropped { runs: 1, ..Dropped::default() })?;
        transaction.commit()?;
        pruned.dropped.runs += 1;
        if !goes_on(&pruned) {
            return Err(interrupted());
        }
    }
    choosing::keep_others(connection, &runs)?;
    let all_old = choosing::all_old_runs(connection)?;
    let mut after = i64::MIN;
    loop {
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let mut staying = pruned.staying;
        let batch = choosing::next_batch(&transaction, cutoff, after, &mut staying)?;
        let gone = if let Some(batch) = batch {
            drop_batch(&transaction, batch, &all_old, prune_id)?
        } else {
            let decisions = dropping::drop_stray_decisions(&transaction, cutoff, prune_id)?;
            Dropped { decisions, ..Dropped::default() }
        };
        keep_counts(&transaction, prune_id, gone)?;
        if batch.is_none() {
            transaction.execute(
                "UPDATE prunes SET ended_at_ms = ?2 WHERE prune_id = ?1",
                params![prune_id, to_ms(now())],
            )?;
        }
        transaction.commit()?;
        pruned.staying = staying;
        pruned.dropped.add(gone);
        let Some(batch) = batch else {
            goes_on(&pruned);
            return Ok(());
        };
        after = batch.last;
        if !goes_on(&pruned) {
            return Err(interrupted());
        }
    }
}

/// As SQLite says it of a statement that a signal ends.
fn interrupted() -> rusqlite::Error {
    rusqlite::Error::SqliteFailure(ffi::Error::new(ffi::SQLITE_INTERRUPT), None)
}

fn drop_batch(
    connection: &Connection,
    batch: Batch,
    runs: &[i64],
    prune_id: i64,
) -> rusqlite::Result<Dropped> {
    let mut rows = dropping::Rows::default();
    dropping::drop_batch(connection, batch, runs, prune_id, &mut rows)?;
    let mut dropped = Dropped::default();
    rows.add_to(&mut dropped);
    Ok(dropped)
}

impl Dropped {
    fn add(&mut self, other: Dropped) {
        self.runs += other.runs;
        self.orders += other.orders;
        self.answers += other.answers;
        self.decisions += other.decisions;
    }
}

/// Adds to the record of this `prune`, in the transaction that drops.
fn keep_counts(connection: &Connection, prune_id: i64, gone: Dropped) -> rusqlite::Result<()> {
    let [runs, orders, answers, decisions] = [gone.runs, gone.orders, gone.answers, gone.decisions]
        .map(|count| i64::try_from(count).unwrap_or(i64::MAX));
    connection
        .prepare_cached(
            "UPDATE prunes SET runs = runs + ?2, orders = orders + ?3, answers = answers + ?4,
                 decisions = decisions + ?5
             WHERE prune_id = ?1",
        )?
        .execute([prune_id, runs, orders, answers, decisions])
        .map(|_| ())
}
