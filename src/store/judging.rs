//! Keeping what a run judged: outcomes, what it reports, and the events of mismatches (contract,
//! "The report" and "The database"). One transaction: a run is judged whole or not at all.

use super::cases::{Shown, StoredCase};
use super::decisions::Stored;
use super::error::StoreError;
use super::events::event_ms;
use super::figures;
use super::reported_orders::{self, JudgedOrder};
use super::shared_payments::gather_payments;
use super::{Store, awaiting, digests, events, flood, warnings};
use crate::domain::amount::{Amount, Total};
use crate::domain::decision::{Decision, check_character};
use crate::domain::mismatch::{Event, Kind, Mismatch, Outcome, State};
use crate::domain::morning::Making;
use crate::domain::order::OrderKey;
use crate::domain::run::{Figures, SUSPECT, Warning};
use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;
use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior, named_params};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// How one order ended.
#[derive(Debug, Clone)]
pub(crate) struct Judged {
    /// The order.
    pub(crate) case: StoredCase,
    /// Its one outcome.
    pub(crate) outcome: Outcome,
    /// What is reported of it.
    pub(crate) rows: Vec<JudgedRow>,
    /// What has changed in the lives of its mismatches.
    pub(crate) events: Vec<Event>,
    /// The order as a whole. `None`: it has no finding.
    pub(crate) order: Option<JudgedOrder>,
}

/// A mismatch that is reported of an order.
#[derive(Debug, Clone)]
pub(crate) struct JudgedRow {
    /// What, how urgent, and the figures.
    pub(crate) mismatch: Mismatch,
    /// Where it is in its life.
    pub(crate) state: State,
    /// The day of the run that saw it first.
    pub(crate) first_seen: NaiveDate,
    /// Days from then to the run's day.
    pub(crate) open_days: i64,
    /// What finance says about it.
    pub(crate) decision: Decision,
    /// The earlier answer that showed it, if it is not the run's own.
    pub(crate) shown: Option<Shown>,
}

/// A run being judged. Dropped without [`Judging::commit`], it leaves nothing behind.
pub(crate) struct Judging<'a> {
    pub(super) transaction: Transaction<'a>,
    pub(super) path: PathBuf,
    pub(super) run_id: i64,
    /// Other judged runs that were answered since this run's first answer.
    pub(super) others: Vec<i64>,
    /// The run before, if findings of it are suspect.
    pub(super) suspect_run: Option<i64>,
}

impl Store {
    /// Begins to judge a run. What an earlier judgement of the same run reported is dropped.
    ///
    /// # Errors
    /// The database cannot be read or written.
    pub(crate) fn begin_judging(&mut self, run_id: i64) -> Result<Judging<'_>, StoreError> {
        let path = self.path.clone();
        let sqlite = |error: rusqlite::Error| StoreError::sqlite(&path, &error);
        let transaction = self
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(sqlite)?;
        let others = begin(&transaction, run_id).map_err(sqlite)?;
        let suspect_run = flood::suspect_run(&transaction, run_id).map_err(sqlite)?;
        Ok(Judging { transaction, path, run_id, others, suspect_run })
    }
}

fn begin(connection: &Connection, run_id: i64) -> rusqlite::Result<Vec<i64>> {
    digests::begin(connection, run_id)?;
    for table in ["reported_mismatches", "reported_orders", "solved_orders", "new_findings"] {
        let sql = ["DELETE FROM ", table, " WHERE run_id = ?1"].concat();
        connection.execute(&sql, [run_id])?;
    }
    warnings::forget(connection, run_id, SUSPECT)?;
    connection.execute_batch(
        "CREATE TEMP TABLE IF NOT EXISTS judged_since (order_id INTEGER PRIMARY KEY);",
    )?;
    gather_payments(connection, run_id)?;
    let first_ms: Option<i64> = connection.query_row(
        concat!(
            "SELECT min(",
            event_ms!(),
            ") FROM runs u CROSS JOIN run_orders r ON r.run_id = u.run_id WHERE u.run_id = ?1"
        ),
        [run_id],
        |row| row.get(0),
    )?;
    match first_ms {
        Some(first_ms) => events::runs_answered_since(connection, run_id, first_ms),
        None => Ok(Vec::new()),
    }
}

impl Judging<'_> {
    /// Keeps how the orders of a page of [`Judging::cases`] ended, all of them.
    ///
    /// # Errors
    /// The database cannot be written.
    pub(crate) fn keep(&mut self, page: &[Judged]) -> Result<(), StoreError> {
        self.keep_page(page).map_err(|error| StoreError::sqlite(&self.path, &error))
    }

    fn keep_page(&self, page: &[Judged]) -> rusqlite::Result<()> {
        let (Some(first), Some(last)) = (page.first(), page.last()) else { return Ok(()) };
        let range = (first.case.order_id, last.case.order_id);
        // Mark the whole page matched by one statement, then correct the exceptions.
        self.transaction
            .prepare_cached(
                "UPDATE run_orders SET outcome = ?4
                 WHERE run_id = ?1 AND order_id BETWEEN ?2 AND ?3",
            )?
            .execute([self.run_id, range.0, range.1, Outcome::Matched.number()])?;
        self.transaction.prepare_cached("DELETE FROM temp.judged_since")?.execute(())?;
        for judged in page {
            self.keep_order(judged)?;
        }
        awaiting::judged(&self.transaction, self.run_id, range)?;
        let is_suspect = |it: &&Judged| it.rows.iter().any(|row| row.state == State::Suspect);
        for judged in page.iter().filter(is_suspect) {
            awaiting::suspected(&self.transaction, judged.case.order_id)?;
        }
        digests::keep(&self.transaction, self.run_id, range, page.len())
    }

    fn keep_order(&self, judged: &Judged) -> rusqlite::Result<()> {
        let Judged { case, outcome, rows, events, order } = judged;
        if *outcome != Outcome::Matched {
            self.transaction
                .prepare_cached(
                    "UPDATE run_orders SET outcome = ?3 WHERE run_id = ?1 AND order_id = ?2",
                )?
                .execute([self.run_id, case.order_id, outcome.number()])?;
        }
        if !case.is_latest {
            self.transaction
                .prepare_cached("INSERT INTO temp.judged_since (order_id) VALUES (?1)")?
                .execute([case.order_id])?;
        }
        for row in rows {
            self.report(case, row)?;
            if row.mismatch.kind == Kind::DuplicatePayment {
                self.ask_partners_again(case)?;
            }
        }
        if let Some(order) = order {
            reported_orders::insert(&self.transaction, (self.run_id, case.order_id), order)?;
        }
        if !(case.replaced.is_empty() && events.is_empty()) {
            events::replace(&self.transaction, case.order_id, &case.replaced, events)?;
        }
        Ok(())
    }

    /// The other orders of a shared payment that this run leaves out get their row next time.
    fn ask_partners_again(&self, case: &StoredCase) -> rusqlite::Result<()> {
        for partner in &case.shared_with {
            let merchant_order_id = partner.clone();
            let partner = OrderKey { merchant_order_id, ..case.key.clone() };
            awaiting::partner(&self.transaction, self.run_id, &partner)?;
        }
        Ok(())
    }

    fn report(&self, case: &StoredCase, row: &JudgedRow) -> rusqlite::Result<()> {
        let JudgedRow { mismatch, state, first_seen, open_days, decision, shown } = row;
        let is_suspect = *state == State::Suspect;
        // See the column is_suspect.
        let state = if is_suspect { State::New } else { *state };
        let decision = Stored::from(decision);
        self.transaction
            .prepare_cached(
                "INSERT INTO reported_mismatches (run_id, order_id, kind, severity, state,
                     variance_micros, at_risk_micros, currency, reason, first_seen, open_days,
                     mismatch_id, verdict, until, owner, note, is_suspect, answer_id,
                     answered_at_ms)
                 SELECT :run_id, :order_id, :kind, :severity, :state, :variance, :at_risk,
                     :currency, :reason, :first_seen, :open_days, :mismatch_id,
                     :verdict, :until, :owner, :note, :is_suspect,
                     iif(:is_shown, :answer_id, answer_id),
                     iif(:is_shown, :answered_at_ms, answered_at_ms)
                 FROM run_orders WHERE run_id = :run_id AND order_id = :order_id",
            )?
            .execute(named_params! {
                ":run_id": self.run_id, ":order_id": case.order_id,
                ":kind": mismatch.kind.as_str(), ":severity": mismatch.severity.as_str(),
                ":state": state.as_str(), ":variance": mismatch.variance.map(Amount::micros),
                ":at_risk": mismatch.at_risk.micros(), ":currency": mismatch.currency,
                ":reason": mismatch.reason.as_str(), ":first_seen": first_seen.to_string(),
                ":open_days": open_days, ":mismatch_id": mismatch_id(&case.key, mismatch.kind),
                ":verdict": decision.verdict, ":until": decision.until,
                ":owner": decision.owner, ":note": decision.note, ":is_suspect": is_suspect,
                ":is_shown": shown.is_some(),
                ":answer_id": shown.as_ref().and_then(|shown| shown.answer_id),
                ":answered_at_ms": shown.as_ref().and_then(|shown| shown.answered_at_ms),
            })?;
        Ok(())
    }

    /// Open mismatches of orders that this run did not select.
    ///
    /// # Errors
    /// The database cannot be read.
    pub(crate) fn open_elsewhere(&self) -> Result<u64, StoreError> {
        let count: Option<i64> = self
            .transaction
            .query_row(
                // Most are of orders before the run's first one, which need no look at the run.
                "SELECT count(*) FROM open_now m
                 WHERE (m.order_id < (SELECT min(order_id) FROM run_orders WHERE run_id = ?1)
                        OR NOT EXISTS (SELECT 1 FROM run_orders r
                                       WHERE r.run_id = ?1 AND r.order_id = m.order_id))",
                [self.run_id],
                |row| row.get(0),
            )
            .optional()
            .map_err(|error| StoreError::sqlite(&self.path, &error))?;
        Ok(count.and_then(|count| u64::try_from(count).ok()).unwrap_or(0))
    }

    /// The sums of the run's selected ledger amounts by currency, as SQLite adds them.
    ///
    /// # Errors
    /// The database cannot be read.
    pub(crate) fn selected_amounts(&self) -> Result<BTreeMap<String, Total>, StoreError> {
        figures::selected_amounts(&self.transaction, self.run_id)
            .map_err(|error| StoreError::sqlite(&self.path, &error))
    }

    /// Keeps it all, with the run's figures, with what its report shows of other runs and of
    /// settings, with warnings, and with the digests of all that.
    ///
    /// # Errors
    /// The disk: then nothing was kept, or all of it.
    pub(crate) fn commit(
        self,
        figures: &Figures,
        making: &Making,
        warnings: &[Warning],
        zone: Tz,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let run_id = self.run_id;
        let kept = figures::store(&self.transaction, run_id, figures, now)
            .and_then(|()| self.keep_night(figures, making, zone))
            .and_then(|()| warnings::add(&self.transaction, run_id, warnings))
            .and_then(|()| digests::finish(&self.transaction, run_id));
        let Judging { path, transaction, .. } = self;
        kept.and_then(|()| transaction.commit()).map_err(|error| StoreError::sqlite(&path, &error))
    }
}

/// The same id for an order and kind in every run: `m-`, 16 digits of a hash and a check character
/// (see [`check_character`]). It begins with a letter, so that no spreadsheet reads it as a number.
fn mismatch_id(key: &OrderKey, kind: Kind) -> String {
    let mut digest = Sha256::new();
    for part in
        [key.merchant_uid.as_deref().unwrap_or_default(), &key.merchant_order_id, kind.as_str()]
    {
        // Lengths keep ("ab", "c") and ("a", "bc") apart.
        digest.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        digest.update(part.as_bytes());
    }
    let digest = digest.finalize();
    let digits = hex::encode(&digest[..8]);
    format!("m-{digits}{}", check_character(&digits))
}
